/**
 * Lines of one narrative, sent as OBX of their own, as one result. The first OBX speaks for all, but for the values, which
 * are those of all lines in their order (also in `lines`), and the status: a corrected line makes the whole corrected, a
 * line that is not final makes it preliminary. Lines that were withdrawn (D, W) or could not be had (X) are left out,
 * while another stands.
 */
import type { Tree } from './tree.ts';

const without: ReadonlySet<unknown> = new Set(['D', 'W', 'X']);
/** The first that one line has is that of the whole. */
const strongest = ['C', 'A', 'B', 'P', 'R', 'S', 'I', 'O'] as const;

export function narrativeOf(segments: readonly [Tree, ...Tree[]]): Tree {
  const standing = segments.filter((obx) => !without.has(obx['observationResultStatus']));
  const [first, ...rest] = standing;
  const kept: readonly [Tree, ...Tree[]] = first === undefined ? segments : [first, ...rest];
  const values = kept.flatMap((obx) => valuesOf(obx));
  const statuses = kept.map((obx) => obx['observationResultStatus']);
  const status = strongest.find((one) => statuses.includes(one)) ?? statuses[0];
  return {
    OBX: {
      ...kept[0],
      ...(values.length === 0 ? {} : { observationValue: values }),
      ...(status === undefined ? {} : { observationResultStatus: status }),
    },
    lines: values.map(({ text }) => text),
  };
}

const valuesOf = (obx: Tree): readonly { readonly text: string }[] =>
  (obx['observationValue'] as readonly { readonly text: string }[] | undefined) ?? [];
