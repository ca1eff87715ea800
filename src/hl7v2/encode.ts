/** Tree to text: reading it again gives the same tree (as parse gives it: without empty ends). */
import { encodingCharacters, isHeader } from './delimiters.ts';
import { escapeText } from './escape.ts';
import type { Component, Delimiters, Field, Hl7Message, Repetition, Segment } from './message.ts';

/**
 * Each segment ends with CR. MSH-1 and MSH-2 are written from `delimiters`, whatever the fields say. Control characters
 * are escaped, so the text fits into an MLLP frame. Throws a RangeError when a text needs an escape character and
 * `delimiters` has none.
 */
export const encodeMessage = ({ delimiters, segments }: Hl7Message): string =>
  segments.map((segment) => `${encodeSegment(segment, delimiters)}\r`).join('');

/** One segment, without its end. */
export function encodeSegment({ name, fields }: Segment, delimiters: Delimiters): string {
  const head = isHeader(name) ? `${name}${delimiters.field}${encodingCharacters(delimiters)}` : name;
  const rest = (isHeader(name) ? fields.slice(2) : fields).map((field) => encodeField(field, delimiters));
  return [head, ...rest].join(delimiters.field);
}

const encodeField = (field: Field, delimiters: Delimiters): string =>
  field.map((repetition) => encodeRepetition(repetition, delimiters)).join(delimiters.repetition);

const encodeRepetition = (repetition: Repetition, delimiters: Delimiters): string =>
  repetition.map((component) => encodeComponent(component, delimiters)).join(delimiters.component);

const encodeComponent = (component: Component, delimiters: Delimiters): string =>
  component.map((text) => escapeText(text, delimiters)).join(delimiters.subcomponent);
