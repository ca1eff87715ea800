/** Finds answers in a form. An answer is text, or `{"#text": …}` when it carries attributes; the empty one is none. */
import { fail, ok, type Outcome } from '../core/outcome.ts';

export type Answers = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The node at `path`, or undefined. A repeat with one row is that row; one with more has no single answer. */
export function find(roots: Answers, path: string): Outcome<unknown> {
  let node: unknown = roots;
  for (const name of path.split('.')) {
    if (Array.isArray(node)) {
      if (node.length > 1) {
        return fail('activity/invalid', `${path}: this group repeats; map it by a component with \`each\`.`);
      }
      [node] = node;
    }
    if (!isRecord(node) || !Object.hasOwn(node, name)) return ok(undefined);
    node = node[name];
  }
  return ok(node);
}

/** Rows of a repeat: an array, or the one row itself. */
export function rows(roots: Answers, path: string): Outcome<readonly unknown[]> {
  const found = find(roots, path);
  if (!found.ok) return found;
  const node = found.value;
  if (Array.isArray(node)) return ok(node);
  return ok(node === undefined || node === null || node === '' ? [] : [node]);
}

/** The text of an answer; undefined when it is not answered. */
export function textOf(node: unknown): string | undefined {
  if (isRecord(node)) return Object.hasOwn(node, '#text') ? textOf(node['#text']) : undefined;
  if (typeof node === 'number' || typeof node === 'boolean') return String(node);
  if (typeof node !== 'string') return undefined;
  const text = node.trim();
  return text === '' ? undefined : text;
}

/** A multi-select is its choices with spaces between them. */
export const choicesOf = (text: string): readonly string[] => text.split(/\s+/);

/** The answer at `path` as text. */
export function answerAt(roots: Answers, path: string): Outcome<string | undefined> {
  const found = find(roots, path);
  if (!found.ok) return found;
  const node = Array.isArray(found.value) && found.value.length === 1 ? (found.value[0] as unknown) : found.value;
  if (Array.isArray(node)) {
    return fail('activity/invalid', `${path}: this question repeats; map it by a component with \`each\`.`);
  }
  return ok(textOf(node));
}
