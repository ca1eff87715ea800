/** The xhtml of a narrative (https://hl7.org/fhir/R4/narrative.html#xhtml; txt-1, txt-2). */

const elements = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ' +
    'li map ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var address area bdo ' +
    'basefont center del font ins kbd'
  ).split(' '),
);
const attributes = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset ' +
    'cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name noshade ' +
    'nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type valign value vspace ' +
    'width xml:lang xmlns color datetime face ismap size target usemap'
  ).split(' '),
);
const named = /^(?:\p{L}[\w:.-]*)$/u;
const attribute = /\s+([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/guy;
const entity = /&(?!(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);)/u;
const namespace = 'http://www.w3.org/1999/xhtml';

/** What is wrong with it, in words without its text; undefined when nothing is. */
export function narrativeFault(text: string): string | undefined {
  const source = text.trim();
  if (!source.startsWith('<div') && !source.startsWith('<?xml')) return 'a narrative is one xhtml div';
  const open: string[] = [];
  let said = false;
  let at = source.startsWith('<?xml') ? source.indexOf('?>') + 2 : 0;
  while (at < source.length) {
    const next = source.indexOf('<', at);
    const between = source.slice(at, next < 0 ? source.length : next);
    if (between.trim() !== '') {
      if (open.length === 0) return 'a narrative is one xhtml div';
      if (entity.test(between)) return 'the xhtml has an & that is no entity';
      said = true;
    }
    if (next < 0) break;
    if (source.startsWith('<!--', next)) {
      const end = source.indexOf('-->', next);
      if (end < 0) return 'the xhtml has a comment without end';
      at = end + 3;
      continue;
    }
    const end = endOfTag(source, next);
    if (end < 0) return 'the xhtml has a tag without end';
    const tag = source.slice(next + 1, end);
    at = end + 1;
    if (tag.startsWith('/')) {
      if (open.pop() !== tag.slice(1).trim()) return 'the xhtml closes another element than it opened';
      if (open.length === 0 && source.slice(at).trim() !== '') return 'a narrative is one xhtml div';
      continue;
    }
    const fault = tagFault(tag, open.length === 0);
    if (fault !== undefined) return fault;
    const name = nameOf(tag);
    if (name === 'img') said = true;
    if (!tag.endsWith('/')) open.push(name);
  }
  if (open.length > 0) return 'the xhtml does not close all that it opens';
  return said ? undefined : 'the narrative has neither text nor image';
}

const nameOf = (tag: string): string => /^[^\s/]*/u.exec(tag)?.[0] ?? '';

/** The `>` outside of quotes. */
function endOfTag(source: string, from: number): number {
  let quote = '';
  for (let at = from + 1; at < source.length; at += 1) {
    const letter = source[at] as string;
    if (quote !== '') {
      if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '>') return at;
    else if (letter === '<') return -1;
  }
  return -1;
}

function tagFault(tag: string, outermost: boolean): string | undefined {
  const name = nameOf(tag);
  if (!named.test(name)) return 'the xhtml has a tag without name';
  if (!elements.has(name)) return 'the xhtml has an element that narratives may not have';
  if (outermost && name !== 'div') return 'a narrative is one xhtml div';
  let inNamespace = false;
  let at = name.length;
  attribute.lastIndex = at;
  for (let found = attribute.exec(tag); found !== null; found = attribute.exec(tag)) {
    const [whole, key = '', double, single] = found;
    at += whole.length;
    if (!attributes.has(key) && !key.startsWith('data-'))
      return 'the xhtml has an attribute that narratives may not have';
    if (key === 'xmlns') inNamespace = (double ?? single) === namespace;
  }
  if (!/^\s*\/?$/u.test(tag.slice(at))) return 'the xhtml has an attribute without quotes';
  return outermost && !inNamespace ? `the div of a narrative has the namespace ${namespace}` : undefined;
}
