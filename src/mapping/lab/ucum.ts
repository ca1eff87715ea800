/**
 * Whether a text is a unit of the Unified Code for Units of Measure (ucum.org, case sensitive, §2.1), of those that
 * laboratories use. Left out on purpose: what upper-case units turn into (`K` kelvin, `G` gauss, `C` coulomb, `F` farad). Pure.
 */

const metric = new Set(
  "m s g L l mol eq osm U kat [IU] [iU] Pa bar Hz J W V A Bq Ci Da u t cal m[Hg] m[H2O] Cel [Cal] [arb'U]".split(' '),
);

const plain = new Set(
  (
    '% [ppth] [ppm] [ppb] [pptr] [pH] min h d wk mo a 10* 10^ [HPF] [LPF] [CFU] [PFU] [FFU] [drp] [degF] [lb_av] [oz_av] ' +
    "[in_i] [ft_i] [NTU] [FNU] [tb'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [CCID_50] [TCID_50] [EID_50] [BAU] " +
    "[ka'U] [bdsk'U] [knk'U] [mclg'U] [todd'U] [dye'U] [smgy'U] [AU] [kU] deg B[V] B [MET] [diop] ["
  )
    .split(' ')
    .filter((each) => each !== '['),
);

const prefixes = new Set([
  'Y',
  'Z',
  'E',
  'P',
  'T',
  'G',
  'M',
  'k',
  'h',
  'da',
  'd',
  'c',
  'm',
  'u',
  'n',
  'p',
  'f',
  'a',
  'z',
  'y',
]);

function isAtom(text: string): boolean {
  if (plain.has(text) || metric.has(text)) return true;
  return [1, 2].some((length) => prefixes.has(text.slice(0, length)) && metric.has(text.slice(length)));
}

/** One component: a number, an annotation, or an atom with exponent and annotation. */
function isComponent(text: string): boolean {
  const annotation = /\{[\x21-\x7A|~]*\}$/.exec(text)?.[0] ?? '';
  const bare = text.slice(0, text.length - annotation.length);
  if (bare === '') return annotation !== '';
  if (/^[1-9]\d*$/.test(bare)) return true;
  const power = /^(10[*^])([+-]?\d+)$/.exec(bare) ?? /^(.*?[^\d+-])([+-]?\d+)$/.exec(bare);
  return isAtom(bare) || (power !== null && isAtom(power[1] ?? ''));
}

/** Components at `.` and `/` outside of brackets and braces. */
function componentsOf(text: string): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth += 1;
    if (char === ']' || char === '}') depth -= 1;
    if (depth === 0 && (char === '/' || char === '.')) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

/** `mg/(24.h)`: what stands in parentheses is a unit of its own. */
function withoutParentheses(text: string): string | undefined {
  const opened = text.split(/(?<=^|[./(])\(/).length;
  const bare = text.replaceAll(/(?<=^|[./(])\(/g, '').replaceAll(/\)(?=[./)]|$)/g, '');
  return opened === text.length - bare.length - opened + 2 ? bare : undefined;
}

export function isUcum(text: string): boolean {
  if (text === '' || !/^[\x21-\x7E]+$/.test(text)) return false;
  const bare = withoutParentheses(text.startsWith('/') ? text.slice(1) : text);
  if (bare === undefined) return false;
  const parts = componentsOf(bare);
  return parts.every((each) => each !== '' && isComponent(each));
}
