/** Slices: each value is given to the first that it matches, which then asks more of it, and counts. */
import type { Discriminator, SlicingRules } from './definition.ts';
import { matcherOf, type Found, type Matcher } from './discriminator.ts';
import type { Delta, Knowledge } from './knowledge.ts';
import type { Run } from './run.ts';
import type { Group, Node, Slice } from './tree.ts';

/** The place is that of the sliced element; `place` is its name without index. */
export type Slicing = (found: readonly Found[], place: string, run: Run) => void;

/** What a node asks of a value of a type beyond `applied`. */
export type DeltaOfNode = (node: Node, applied: readonly Node[], type: string) => Delta | undefined;

type CompiledSlice = {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly matches: Matcher;
  readonly deltas: ReadonlyMap<string, Delta | undefined>;
  readonly again: Slicing | undefined;
};

const byUrl: readonly Discriminator[] = [{ type: 'value', path: 'url' }];
const byType: readonly Discriminator[] = [{ type: 'type', path: '$this' }];

/** Extensions are sliced by url and choices by type even where the definition does not say so. */
const discriminatorsOf = (rules: SlicingRules | undefined, name: string): readonly Discriminator[] => {
  if (rules?.discriminator !== undefined && rules.discriminator.length > 0) return rules.discriminator;
  if (name === 'extension' || name === 'modifierExtension') return byUrl;
  return name.endsWith('[x]') ? byType : [];
};

/** Undefined when there is nothing to check. `typeName`: of the values, where it is one in place. */
export function slicingOf(
  { name, node, slices }: Group,
  applied: readonly Node[],
  types: readonly string[],
  typeName: string | undefined,
  know: Knowledge,
  deltaOfNode: DeltaOfNode,
): Slicing | undefined {
  return compile(name, node, slices, applied, types, typeName, know, deltaOfNode);
}

function compile(
  name: string,
  sliced: Node,
  slices: readonly Slice[],
  applied: readonly Node[],
  types: readonly string[],
  typeName: string | undefined,
  know: Knowledge,
  deltaOfNode: DeltaOfNode,
): Slicing | undefined {
  if (slices.length === 0) return undefined;
  const rules = sliced.element.slicing;
  const discriminators = discriminatorsOf(rules, name);
  const before = [...applied, sliced];
  const compiled = slices.map((slice): CompiledSlice => {
    const { element } = slice.node;
    const deltas = new Map(
      types
        .filter((type) => element.type === undefined || element.type.some(({ code }) => code === type))
        .map((type) => [type, deltaOfNode(slice.node, before, type)]),
    );
    return {
      name: slice.name,
      min: element.min ?? 0,
      max: element.max === undefined || element.max === '*' ? Number.POSITIVE_INFINITY : Number(element.max),
      matches: matcherOf(slice.node, discriminators, typeName, know) ?? byContent(deltas),
      deltas,
      again: compile(name, slice.node, slice.reslices, before, types, typeName, know, deltaOfNode),
    };
  });
  const closed = rules?.rules === 'closed';
  const openAtEnd = rules?.rules === 'openAtEnd';
  const ordered = rules?.ordered === true;
  return (found, place, run) => {
    const members: Found[][] = compiled.map(() => []);
    let undecided = 0;
    let last = -1;
    let other = false;
    for (const each of found) {
      run.keys[run.depth] = each.key;
      run.indexes[run.depth] = each.index;
      const at = sliceOf(each, compiled, run);
      if (at === undefined) undecided += 1;
      else if (at < 0) {
        if (closed) run.add('structure', 'this is none of the slices that the profile allows');
        other = true;
      } else {
        const slice = compiled[at] as CompiledSlice;
        members[at]?.push(each);
        if (ordered && at < last) run.add('structure', `the slice ${slice.name} stands behind another that follows it`);
        if (openAtEnd && other) run.add('structure', `the slice ${slice.name} stands behind what is in no slice`);
        last = Math.max(last, at);
        slice.deltas.get(each.type)?.(each.value, each.extra, run);
      }
    }
    for (let at = 0; at < compiled.length; at += 1) {
      const { name: slice, min, max, again } = compiled[at] as CompiledSlice;
      const own = members[at] ?? [];
      run.keys[run.depth] = place;
      run.indexes[run.depth] = -1;
      // What could not be decided may be what is missing.
      if (own.length + undecided < min)
        run.add('required', `the slice ${slice} is required${min > 1 ? ` at least ${min} times` : ''}`);
      if (own.length > max)
        run.add(
          'structure',
          max === 0 ? `the slice ${slice} is not allowed` : `the slice ${slice} is allowed at most ${max} times`,
        );
      again?.(own, place, run);
    }
  };
}

/** The first slice that matches, −1 for none, undefined when it cannot be decided. */
function sliceOf(found: Found, slices: readonly CompiledSlice[], run: Run): number | undefined {
  let result: number | undefined = -1;
  for (let at = 0; at < slices.length; at += 1) {
    const matches = (slices[at] as CompiledSlice).matches(found, run);
    if (matches === true) return at;
    if (matches === undefined) result = undefined;
  }
  return result;
}

/** A definition that does not say how to tell its slices: what meets all that a slice asks is in it. */
const byContent =
  (deltas: ReadonlyMap<string, Delta | undefined>): Matcher =>
  ({ value, extra, type }, run) =>
    deltas.has(type) && run.holds(value, deltas, () => deltas.get(type)?.(value, extra, run));
