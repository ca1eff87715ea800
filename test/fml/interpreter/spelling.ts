/**
 * FHIRPath as fhirpath.js reads it. Authors write strings in double quotes, reserved words as names (`details.minutes`),
 * units of time in quotes (`6 'months'`), variables without `%` and the `value` of primitives; it takes none of these.
 */
const lexeme =
  /(?<space>\s+|\/\/[^\n]*|\/\*[^]*?\*\/)|(?<string>'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*")|(?<quoted>`(?:[^`\\]|\\[^])*`)|(?<date>@[\dT:.+Z-]+)|(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_]\w*)|(?<sign>[^])/gu;

type Lexeme = { readonly kind: string; readonly text: string };

const lexemesOf = (text: string): readonly Lexeme[] =>
  [...text.matchAll(lexeme)].flatMap(({ groups = {} }) => {
    const [found] = Object.entries(groups).filter(([, written]) => written !== undefined);
    return found === undefined ? [] : [{ kind: found[0], text: found[1] ?? '' }];
  });

const units = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'];
const reserved = new Set([...units, ...units.map((unit) => `${unit}s`), 'div', 'mod', 'and', 'or', 'xor', 'implies']);
const operators = new Set(['div', 'mod', 'and', 'or', 'xor', 'implies', 'is', 'as', 'in', 'contains', 'true', 'false']);

const singleQuoted = (text: string): string =>
  `'${text
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replace(/(?<!\\)'/gu, String.raw`\'`)}'`;

/** `is string`, `ofType(string)` */
const isTypeSpecifier = (lexemes: readonly Lexeme[], index: number): boolean => {
  const [call, before] = [lexemes[index - 2]?.text ?? '', lexemes[index - 1]?.text ?? ''];
  return before === 'is' || before === 'as' || (before === '(' && ['is', 'as', 'ofType'].includes(call));
};

/**
 * The expression with `%` before each bare name that `isVariable` knows: one that starts a path, outside the arguments
 * of a function that is called on something (there names are those of other items).
 */
export function spell(expression: string, isVariable: (name: string) => boolean): string {
  const lexemes = lexemesOf(expression).filter(({ kind }) => kind !== 'space');
  const inArgumentsOfOthers: boolean[] = [];
  const written = lexemes.map(({ kind, text }, index) => {
    const [before, after] = [lexemes[index - 1]?.text, lexemes[index + 1]?.text];
    if (text === '(') {
      const called = lexemes[index - 1]?.kind === 'name';
      inArgumentsOfOthers.push(called && lexemes[index - 2]?.text === '.');
    }
    if (text === ')') inArgumentsOfOthers.pop();
    const unit = text.slice(1, -1);
    if (kind === 'string' && lexemes[index - 1]?.kind === 'number' && reserved.has(unit)) return unit;
    if (kind === 'string' && after === '.' && lexemes[index + 2]?.text === 'toQuantity')
      return text.replaceAll(/\\['"]/gu, '');
    if (kind === 'string' && text.startsWith('"')) return singleQuoted(text);
    if (kind !== 'name') return text;
    if (before === '.' && text === 'value' && after !== '(') return 'valueOrItself()';
    const afterDot = before === '.' || before === '%';
    if (afterDot) return reserved.has(text) && after !== '(' ? `\`${text}\`` : text;
    const starts = before !== '$' && before !== '@' && after !== '(' && !operators.has(text);
    if (starts && !inArgumentsOfOthers.includes(true) && isVariable(text)) return `%${text}`;
    if (!starts || /^[A-Z]/u.test(text) || isTypeSpecifier(lexemes, index)) return text;
    // fhirpath.js takes the name of a type at the start for the focus of that type: `code` of a code.
    return text === 'value' ? '$this.valueOrItself()' : `$this.${text}`;
  });
  // A space between two words or numbers, none after `.`, `%` and `$`.
  return written
    .map((text, index) =>
      /[\w`')\]}]$/u.test(text) && /^[\w`'@%${(]/u.test(written[index + 1] ?? '') && written[index + 1] !== '('
        ? `${text} `
        : text,
    )
    .join('');
}
