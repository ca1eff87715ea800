/**
 * One order as a typed tree, the logical model lab-order:
 * `{ format, MSH, PID?, PV1?, ORC?, OBR, NTE, observation: [{ OBX, NTE, lines? }], specimen: [{ SPM, observation }], zone }`.
 * `observation` and `specimen` stand in the order of `LabOrder.results` and `.specimens`. NTE is always there, and empty
 * ones are left out. `zone`: Z segments of the order, `{ name, text }`.
 */
import { encodeSegment } from './encode.ts';
import type { Segment } from './message.ts';
import { narrativeOf } from './narrative.ts';
import type { OrderGroup, ResultGroup } from './oru-groups.ts';
import { type Tree, type TreeContext, treeOf } from './tree.ts';

type Head = {
  readonly msh: Segment | undefined;
  readonly pid: Segment | undefined;
  readonly pv1: Segment | undefined;
};

export function orderTree(order: OrderGroup, { msh, pid, pv1 }: Head, context: TreeContext): Tree {
  const { orc, obr, notes, results, specimens, zone } = order;
  const one = (name: string, segment: Segment | undefined): Tree => {
    const tree = segment === undefined ? undefined : treeOf(segment, context);
    return tree === undefined ? {} : { [name]: tree };
  };
  return {
    format: 'hl7v2',
    ...one('MSH', msh),
    ...one('PID', pid),
    ...one('PV1', pv1),
    ...one('ORC', orc),
    ...one('OBR', obr),
    NTE: notesOf(notes, context),
    observation: results.map((result) => observationOf(result, context)),
    specimen: specimens.map(({ segment, results: own }) => ({
      ...one('SPM', segment),
      observation: own.map((result) => observationOf(result, context)),
    })),
    zone: zone.map((segment) => ({ name: segment.name, text: encodeSegment(segment, context.delimiters) })),
  };
}

const notesOf = (notes: readonly Segment[], context: TreeContext): readonly Tree[] =>
  notes.flatMap((note) => {
    const tree = treeOf(note, context);
    return tree?.['comment'] === undefined && tree?.['codedComment'] === undefined ? [] : [tree];
  });

function observationOf({ segments, notes }: ResultGroup, context: TreeContext): Tree {
  const NTE = notesOf(notes, context);
  const [first, ...more] = segments.map((segment) => treeOf(segment, context) ?? {});
  if (first === undefined || more.length === 0) return { OBX: first ?? {}, NTE };
  return { ...narrativeOf([first, ...more]), NTE };
}
