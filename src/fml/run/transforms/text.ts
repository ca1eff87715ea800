/** `truncate`, `append` and `escape`: texts. */
import { required, textOf } from '../argument.ts';
import { escapeText } from '../escape.ts';
import { Fault } from '../fault.ts';
import { textMade, typed, type Parts, type Produce } from './transform.ts';

/** `truncate(text, length)`: at most so many characters. */
export const truncate = ({ rules, given: [text, length] }: Parts): Produce =>
  textMade(typed(rules, 'string'), (frame) => {
    const whole = textOf(text, frame, 'the text of truncate');
    const characters = Number(required(length, frame, 'the length of truncate'));
    if (!Number.isInteger(characters) || characters < 0)
      throw new Fault('wrong-parameters', 'the length of truncate is no whole number');
    // Characters, not UTF-16 units: a cut through one would not be text.
    return whole === undefined || whole.length <= characters ? whole : Array.from(whole).slice(0, characters).join('');
  });

/** `append(a, b, …)`: the texts one after the other. */
export const append = ({ rules, given }: Parts): Produce =>
  textMade(typed(rules, 'string'), (frame) => {
    let text = '';
    for (const part of given) text += textOf(part, frame, 'a part of append') ?? '';
    return text === '' ? undefined : text;
  });

/** `escape(text, to)` and `escape(text, from, to)`: a text in the notation of another format. */
export const escape = ({ rules, given: [text, first, second] }: Parts): Produce =>
  textMade(typed(rules, 'string'), (frame) => {
    const whole = textOf(text, frame, 'the text of escape');
    if (whole === undefined) return undefined;
    const format = required(first, frame, 'the format of escape');
    return second === undefined
      ? escapeText(whole, 'plain', format)
      : escapeText(whole, format, required(second, frame, 'the second format of escape'));
  });
