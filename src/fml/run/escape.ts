/**
 * `escape(s, from, to)`: text that is itself escaped in one way, in another (plain, java, xml, json; also html, url and
 * HL7 v2). With one format the text is plain.
 */
import { Fault } from './fault.ts';

type Format = { readonly escape: (text: string) => string; readonly unescape: (text: string) => string };

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const v2: Readonly<Record<string, string>> = { '\\': '\\E\\', '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\' };
const v2Letters: Readonly<Record<string, string>> = { E: '\\', F: '|', S: '^', T: '&', R: '~' };

const xml: Format = {
  escape: (text) => text.replace(/[&<>"']/gu, (character) => entities[character] ?? character),
  unescape: (text) =>
    text.replace(
      /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/giu,
      (whole: string, hex?: string, decimal?: string, name?: string) => {
        if (name !== undefined) return named[name] ?? whole;
        const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      },
    ),
};

const json: Format = {
  escape: (text) => JSON.stringify(text).slice(1, -1),
  unescape: (text) => {
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch (error) {
      throw new Fault('cast-failed', 'the text of escape is not escaped as it says', { value: text, cause: error });
    }
  },
};

const formats: Readonly<Record<string, Format>> = {
  plain: { escape: (text) => text, unescape: (text) => text },
  java: json,
  json,
  xml,
  html: xml,
  url: {
    escape: encodeURIComponent,
    unescape: (text) => {
      try {
        return decodeURIComponent(text);
      } catch (error) {
        throw new Fault('cast-failed', 'the text of escape is not escaped as it says', { value: text, cause: error });
      }
    },
  },
  v2: {
    escape: (text) => text.replace(/[\\|^&~]/gu, (character) => v2[character] ?? character),
    unescape: (text) => text.replace(/\\([EFSTR])\\/gu, (whole: string, letter: string) => v2Letters[letter] ?? whole),
  },
};

const formatOf = (name: string): Format => {
  const key = name.toLowerCase();
  const format = Object.hasOwn(formats, key) ? formats[key] : undefined;
  if (format === undefined)
    throw new Fault('wrong-parameters', `escape knows ${Object.keys(formats).join(', ')}, not “${name}”`);
  return format;
};

export const escapeText = (text: string, from: string, to: string): string =>
  formatOf(to).escape(formatOf(from).unescape(text));
