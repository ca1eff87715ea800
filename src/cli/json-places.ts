/** Where in a JSON text the value of a FHIRPath location stands. */
import { findNodeAtLocation, type Node } from 'jsonc-parser';

export type TextPlace = { readonly line: number; readonly column: number };

/** Line and column of an offset, from 1. `starts`: offsets of the lines. */
export function placeAt(starts: readonly number[], offset: number): TextPlace {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

const step = /\.?(?:`([^`]+)`|([A-Za-z_]\w*))(\([^)]*\))?(?:\[(\d+)\])?/gu;

/**
 * The node of `Observation.component[1].value.code`: as deep as it exists, for what is missing has no place of its own.
 * A name without its type leads to the one key of a choice (`value` → `valueQuantity`).
 */
export function nodeAt(root: Node, location: string): Node {
  let node = root;
  for (const [index, [, quoted, plain = '', call, position]] of [...location.matchAll(step)].entries()) {
    // The type that a location begins with; functions (`resolve()`, `ofType(…)`) lead no deeper in the text.
    if (index === 0 || call !== undefined) continue;
    const name = quoted ?? plain;
    const key = keyFor(node, name);
    const child = key === undefined ? undefined : findNodeAtLocation(node, [key]);
    if (child === undefined) break;
    const item = child.type === 'array' ? findNodeAtLocation(child, [Number(position ?? 0)]) : child;
    node = item ?? child;
    if (item === undefined) break;
  }
  return node;
}

function keyFor(node: Node, name: string): string | undefined {
  const keys = (node.children ?? []).map(({ children }) => String(children?.[0]?.value));
  return (
    keys.find((key) => key === name) ??
    keys.find((key) => key === `_${name}`) ??
    keys.find((key) => key.startsWith(name) && /^[A-Z]/u.test(key.slice(name.length)))
  );
}
