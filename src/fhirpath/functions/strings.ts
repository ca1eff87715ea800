/** https://hl7.org/fhirpath/N1/#string-manipulation, and encode, decode, escape, unescape, trim, split, join (N1 §5.6, STU). */
import { nothing, type Item } from '../../definitions/item.ts';
import { FhirPathError } from '../errors.ts';
import { truthNode, type Call } from '../node.ts';
import { integerItem, integerOf, stringItem, stringOf } from '../system.ts';
import { onString, parameter, type BuiltIn, type BuiltIns } from './define.ts';

/** A pattern of a map or profile. `.` matches line ends, and the pattern may match a part of the text (N1 §5.6.9). */
function patternOf(text: string, flags: string, what: string): RegExp {
  try {
    return new RegExp(text, `${flags}su`);
  } catch {
    // R4's own patterns escape more than the strict reading allows: `\-`, `\'`.
    try {
      return new RegExp(text, `${flags}s`);
    } catch {
      throw new FhirPathError(`the pattern is no regular expression: ${what}`);
    }
  }
}

/** Compiles a constant pattern once, and another one when it changes. */
function patternFrom(call: Call, flags: string, wrap: (text: string) => string): (text: string) => RegExp {
  let last: string | undefined;
  let made: RegExp | undefined;
  const find = (text: string): RegExp => {
    if (made === undefined || text !== last) {
      made = patternOf(wrap(text), flags, call.what);
      last = text;
    }
    return made;
  };
  const constant = call.parameters[0]?.constant?.json;
  if (typeof constant === 'string') find(constant);
  return find;
}

const matching = (wrap: (text: string) => string): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const pattern = parameter(call, 0);
    const find = patternFrom(call, '', wrap);
    return truthNode((focus, scope) => {
      const text = stringOf(items(focus, scope), call.what);
      if (text === undefined) return undefined;
      const written = stringOf(pattern(focus, scope), call.what);
      return written === undefined ? undefined : find(written).test(text);
    });
  },
});

const replaceMatches: BuiltIn = {
  min: 2,
  max: 2,
  compile: (call) => {
    const { items } = call.of;
    const [pattern, substitution] = [parameter(call, 0), parameter(call, 1)];
    const find = patternFrom(call, 'g', (text) => text);
    return {
      items: (focus, scope) => {
        const text = stringOf(items(focus, scope), call.what);
        const written = stringOf(pattern(focus, scope), call.what);
        const by = stringOf(substitution(focus, scope), call.what);
        if (text === undefined || written === undefined || by === undefined) return nothing;
        // Names of groups are `$name` or `${name}` elsewhere, `$<name>` here.
        return [
          stringItem(written === '' ? text : text.replaceAll(find(written), by.replaceAll(/\$\{(\w+)\}/gu, '$<$1>'))),
        ];
      },
    };
  },
};

/** A function of a text and one other text. */
const withText = (apply: (text: string, other: string) => readonly Item[]): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const other = parameter(call, 0);
    return {
      items: (focus, scope) => {
        const text = stringOf(items(focus, scope), call.what);
        if (text === undefined) return nothing;
        const given = stringOf(other(focus, scope), call.what);
        return given === undefined ? nothing : apply(text, given);
      },
    };
  },
});

const withTextTruth = (apply: (text: string, other: string) => boolean): BuiltIn => ({
  min: 1,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const other = parameter(call, 0);
    return truthNode((focus, scope) => {
      const text = stringOf(items(focus, scope), call.what);
      if (text === undefined) return undefined;
      const given = stringOf(other(focus, scope), call.what);
      return given === undefined ? undefined : apply(text, given);
    });
  },
});

const substring: BuiltIn = {
  min: 1,
  max: 2,
  compile: (call) => {
    const { items } = call.of;
    const [start, length] = [parameter(call, 0), parameter(call, 1)];
    return {
      items: (focus, scope) => {
        const text = stringOf(items(focus, scope), call.what);
        const from = integerOf(start(focus, scope), call.what);
        if (text === undefined || from === undefined || from < 0 || from >= text.length) return nothing;
        const count = integerOf(length(focus, scope), call.what);
        return [stringItem(count === undefined ? text.slice(from) : text.slice(from, from + Math.max(0, count)))];
      },
    };
  },
};

const replace: BuiltIn = {
  min: 2,
  max: 2,
  compile: (call) => {
    const { items } = call.of;
    const [pattern, substitution] = [parameter(call, 0), parameter(call, 1)];
    return {
      items: (focus, scope) => {
        const text = stringOf(items(focus, scope), call.what);
        const old = stringOf(pattern(focus, scope), call.what);
        const by = stringOf(substitution(focus, scope), call.what);
        return text === undefined || old === undefined || by === undefined
          ? nothing
          : [stringItem(text.split(old).join(by))];
      },
    };
  },
};

const join: BuiltIn = {
  min: 0,
  max: 1,
  compile: (call) => {
    const { items } = call.of;
    const separator = parameter(call, 0);
    return {
      items: (focus, scope) => {
        const texts = items(focus, scope).flatMap((item) => stringOf([item], call.what) ?? []);
        return texts.length === 0
          ? nothing
          : [stringItem(texts.join(stringOf(separator(focus, scope), call.what) ?? ''))];
      },
    };
  },
};

const encodings: Readonly<Record<string, BufferEncoding>> = {
  base64: 'base64',
  urlbase64: 'base64url',
  base64url: 'base64url',
  hex: 'hex',
};

const htmlEscapes: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
];

const escaped = (text: string, target: string): readonly Item[] => {
  if (target === 'html') return [stringItem(htmlEscapes.reduce((out, [char, by]) => out.replaceAll(char, by), text))];
  return target === 'json' ? [stringItem(JSON.stringify(text).slice(1, -1))] : nothing;
};

const unescaped = (text: string, target: string): readonly Item[] => {
  if (target === 'html')
    return [stringItem(htmlEscapes.reduceRight((out, [char, by]) => out.replaceAll(by, char), text))];
  if (target !== 'json') return nothing;
  try {
    return [stringItem(String(JSON.parse(`"${text}"`)))];
  } catch {
    return nothing;
  }
};

export const strings: BuiltIns = {
  matches: matching((text) => text),
  matchesFull: matching((text) => `^(?:${text})$`),
  replaceMatches,
  startsWith: withTextTruth((text, prefix) => text.startsWith(prefix)),
  endsWith: withTextTruth((text, suffix) => text.endsWith(suffix)),
  contains: withTextTruth((text, part) => text.includes(part)),
  indexOf: withText((text, part) => [integerItem(text.indexOf(part))]),
  lastIndexOf: withText((text, part) => [integerItem(text.lastIndexOf(part))]),
  substring,
  replace,
  upper: onString((text) => [stringItem(text.toUpperCase())]),
  lower: onString((text) => [stringItem(text.toLowerCase())]),
  length: {
    min: 0,
    max: 0,
    compile: ({ of: { items }, what }) => ({
      items: (focus, scope) => {
        const text = stringOf(items(focus, scope), what);
        return text === undefined ? nothing : [integerItem(text.length)];
      },
      number: (focus, scope) => stringOf(items(focus, scope), what)?.length,
    }),
  },
  toChars: onString((text) => Array.from(text, stringItem)),
  trim: onString((text) => [stringItem(text.trim())]),
  split: withText((text, separator) => text.split(separator).map(stringItem)),
  join,
  encode: withText((text, format) => {
    const encoding = encodings[format];
    return encoding === undefined ? nothing : [stringItem(Buffer.from(text, 'utf8').toString(encoding))];
  }),
  decode: withText((text, format) => {
    const encoding = encodings[format];
    return encoding === undefined ? nothing : [stringItem(Buffer.from(text, encoding).toString('utf8'))];
  }),
  escape: withText(escaped),
  unescape: withText(unescaped),
};
