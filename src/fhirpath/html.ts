/**
 * The rule of narratives (txt-1, https://hl7.org/fhir/R4/narrative.html#xhtml): well-formed XHTML in a div, with the
 * formatting elements and attributes of HTML 4 only: no script, form, frame, event or style sheet.
 */

const elements = new Set(
  (
    'div p br h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr address bdo kbd ' +
    'sub sup ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp img map area'
  ).split(' '),
);
const attributes = new Set(
  (
    'title style class id lang xml:lang dir accesskey tabindex xmlns xml:space span width align valign char charoff abbr axis ' +
    'headers scope rowspan colspan'
  ).split(' '),
);
const ofElement = new Set(
  (
    'a.href a.name img.src img.border img.alt img.longdesc img.height img.width img.usemap img.ismap area.href area.shape area.coords ' +
    'area.alt area.nohref map.name blockquote.cite q.cite table.summary table.border table.frame table.rules ' +
    'table.cellspacing table.cellpadding td.nowrap pre.space'
  ).split(' '),
);
const xhtml = 'http://www.w3.org/1999/xhtml';

const piece =
  /<!--(?:(?!--)[\s\S])*-->|<(\/?)([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/uy;
const attribute = /([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/gu;
const brokenEntity = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)/u;

/** Whether a narrative's div keeps the rules and says something. */
export function isSafeHtml(text: string): boolean {
  const html = text.trim();
  const open: string[] = [];
  let says = false;
  let started = false;
  piece.lastIndex = 0;
  while (piece.lastIndex < html.length) {
    const found = piece.exec(html);
    if (found === null || brokenEntity.test(found[0])) return false;
    const [all, closing, name, written = '', selfClosed] = found;
    if (name === undefined) {
      if (all.startsWith('<!--')) continue;
      if (open.length === 0) return false;
      says ||= all.trim() !== '';
    } else if (closing === '/') {
      if (selfClosed === '/' || written !== '' || open.pop() !== name) return false;
    } else {
      if (!elements.has(name) || (open.length === 0 && (started || name !== 'div')) || !attributesFit(name, written))
        return false;
      started = true;
      says ||= name === 'img';
      if (selfClosed !== '/') open.push(name);
    }
  }
  return started && open.length === 0 && says;
}

function attributesFit(element: string, written: string): boolean {
  const met = new Set<string>();
  for (const [, name = '', double, single] of written.matchAll(attribute)) {
    const value = double ?? single ?? '';
    if (met.has(name) || !(attributes.has(name) || ofElement.has(`${element}.${name}`))) return false;
    if (name === 'xmlns' && value !== xhtml) return false;
    if ((name === 'href' || name === 'src') && /^\s*(?:javascript|vbscript):/iu.test(value)) return false;
    met.add(name);
  }
  return true;
}
