/**
 * Results that stand in the chart by another hand, as the EHR's own interface brought them: read there, never written to,
 * and never filed beside. Pure.
 */
import type { LabNames, LabOrder, LabVersion, StandsAs } from '../../core/lab/model.ts';
import type { JudgeResult } from '../../core/lab/sensitive.ts';
import { countingOf } from '../../core/lab/versions.ts';
import type { EmittedLink } from '../../core/model.ts';
import { voidSteps } from '../../core/plan.ts';
import type { FilingStep, Mapped } from '../../core/ports.ts';
import { judgeAll } from './judged.ts';
import { chartArtifact, type Known, versionsOf } from './known.ts';
import { versionOf } from './versions.ts';

export type ChartPlan = {
  /** Of what stands there. */
  readonly links: readonly EmittedLink[];
  /** What Tejido filed of the same before: two would stand. */
  readonly steps: readonly FilingStep[];
  readonly versions: readonly LabVersion[];
};

/**
 * An order as it was read from the chart. What Tejido filed of it stays as long as it counts more: the EHR's own interface
 * may be behind.
 */
export function planChart(
  order: LabOrder,
  standsAs: StandsAs,
  report: string,
  names: LabNames,
  mapped: readonly Mapped[],
  judge: JudgeResult,
  part2: boolean,
  known: Known,
): ChartPlan {
  const references = new Map([
    ...(standsAs.report === undefined ? [] : [[names.report, standsAs.report] as const]),
    ...names.results.flatMap((artifact, n) => {
      const reference = standsAs.results[n];
      return reference === undefined ? [] : [[artifact, reference] as const];
    }),
  ]);
  const told = judgeAll(
    mapped.filter(({ artifact }) => references.has(artifact)),
    names,
    judge,
    part2,
  ).map(({ one, says }) => ({ one, version: versionOf(one, report, order, names, says.toChw) }));
  const counting = told.filter(({ one, version }) => {
    const link = known.links.get(one.artifact);
    if (link === undefined || link.action === 'voided') return true;
    return countingOf([...versionsOf(known, one.artifact), version])?.top === version;
  });
  const links = counting.map(({ one: { artifact, resource } }): EmittedLink => ({
    artifact: chartArtifact(artifact),
    resourceType: resource.resourceType,
    reference: references.get(artifact) ?? '',
    action: 'merged',
    tier: 'native',
    owned: [],
  }));
  const ours = counting.flatMap(({ one }) => known.links.get(one.artifact) ?? []);
  return { links, steps: voidSteps(ours), versions: told.map(({ version }) => version) };
}
