/** tejido.yaml as data that remembers where everything stands. */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

export type Path = readonly (string | number)[];
type Position = { readonly line: number; readonly column: number };

export type Yaml = {
  readonly data: unknown;
  /** Where the value at this path begins, or, with `key`, the name of it; else the nearest place above. */
  readonly at: (path: Path, key?: boolean) => Position;
  readonly errors: readonly (Position & { readonly says: string })[];
};

/** `destinations[0].auth.token` */
export const pathText = (path: Path): string =>
  path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );

export const readYaml = (text: string): Yaml => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, version: '1.2' });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const errors = document.errors.map(({ pos, message }) => ({
    ...position(pos[0]),
    // The library repeats the source line below the message; a secret may stand in it.
    says: (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
  }));
  const at = (path: Path, key = false): Position => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const [index, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(({ key: name }) => isScalar(name) && String(name.value) === String(step));
        if (!pair) break;
        if (isNode(pair.key) && pair.key.range) offset = pair.key.range[0];
        if (key && index === path.length - 1) break;
        node = pair.value;
      } else if (isSeq(node) && typeof step === 'number') {
        node = node.items[step];
      } else break;
      if (isNode(node) && node.range) offset = node.range[0];
    }
    return position(offset);
  };
  let data: unknown;
  if (errors.length === 0) {
    try {
      data = document.toJS({ maxAliasCount: 100 });
    } catch {
      return { data: undefined, at, errors: [{ line: 1, column: 1, says: 'Aliases (*name) expand too far.' }] };
    }
  }
  return { data, at, errors };
};
