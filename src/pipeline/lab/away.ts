/**
 * What must not stay in a chart: an order that the laboratory has given to somebody else before this message of it came to
 * its end, and what was filed for somebody whom the message is not about any more (an identifier un-linked).
 */
import { namesOf } from '../../core/lab/identity.ts';
import type { LabOrder } from '../../core/lab/model.ts';
import type { Work } from '../../core/lane.ts';
import type { EmittedLink, PatientKey } from '../../core/model.ts';
import { voidSteps } from '../../core/plan.ts';
import type { FilingStep, FoundPatient } from '../../core/ports.ts';
import type { PrepareDeps } from '../deps.ts';
import { movedHere } from '../leaving.ts';
import type { Prepared } from '../prepared.ts';
import type { LabKnown } from './deps.ts';

/** An order of the message that stands for another patient, and the report that it was for this one. */
export type Away = { readonly order: LabOrder; readonly report: string };

const isOf = (artifact: string, reports: readonly string[]): boolean =>
  reports.some((report) => artifact.startsWith(`${report}.`));

const standingOf = (away: readonly Away[], { links }: LabKnown): readonly EmittedLink[] => {
  const reports = away.map(({ report }) => report);
  return links.filter(({ artifact, action }) => action !== 'voided' && isOf(artifact, reports));
};

/** Something of it stands here, or may: an answer was lost. */
export const leavesAnything = (away: readonly Away[], { doubt }: Work, known: LabKnown): boolean =>
  away.length > 0 && (doubt || standingOf(away, known).length > 0);

/** The plan, and what an attempt of this message has left, or may have, of orders that are somebody else's. */
export function takeAway(
  planned: Prepared,
  away: readonly Away[],
  known: LabKnown,
  patient: FoundPatient,
  work: Work,
  deps: PrepareDeps,
): Prepared {
  if (planned.do !== 'file' || !leavesAnything(away, work, known)) return planned;
  const standing = standingOf(away, known);
  const named = new Set(standing.map(({ artifact }) => artifact));
  const sought = work.doubt ? away.flatMap((one) => soughtOf(one, patient, work, deps)) : [];
  const voids = [...voidSteps(standing), ...sought.filter(({ artifact }) => !named.has(artifact))];
  const nothingElse = planned.lab?.versions.length === 0 && planned.steps.length === 0;
  const why = 'The laboratory has moved it to another patient since.';
  return {
    ...planned,
    steps: [...voids, ...planned.steps],
    ...(nothingElse ? { as: 'superseded' as const, left: why } : {}),
  };
}

/** What the lost attempt may have written, looked for by its identifiers. What cannot be mapped was never sent. */
function soughtOf(
  { order, report }: Away,
  patient: FoundPatient,
  { source, receivedAt }: Work,
  { labs, programme, mapper }: PrepareDeps,
): readonly FilingStep[] {
  const context = {
    patient,
    programme,
    source,
    receivedAt: receivedAt.toISOString(),
    filed: {},
    ...labs.about(source),
  };
  const made = labs.map(order, namesOf(report, order, undefined), context, mapper, []);
  if (!made.ok) return [];
  return made.value
    .map(({ artifact, resource }): FilingStep => ({
      do: 'void',
      artifact,
      resourceType: resource.resourceType,
      subject: patient.reference,
      was: resource,
    }))
    .toReversed();
}

/**
 * A message whose identifier was un-linked from a person leaves nothing standing in that person's chart, also while it
 * must wait for a person to say whose it is.
 */
export async function leavingLab(
  prepared: Prepared,
  work: Work,
  patientKey: PatientKey,
  deps: PrepareDeps,
): Promise<Prepared> {
  const moved = await movedHere(prepared, work, patientKey, deps);
  if (moved === undefined || prepared.do === 'settle') return prepared;
  const { record } = moved;
  const owned = await deps.ledger.ownedLinks(record);
  const here = prepared.do === 'file' ? (prepared.lab?.versions ?? []).map(({ report }) => report) : [];
  const planned = new Set(prepared.do === 'file' ? prepared.steps.map(({ artifact }) => artifact) : []);
  const left = owned.filter(({ artifact }) => !isOf(artifact, here) && !planned.has(artifact));
  if (left.length === 0) return prepared;
  const voids = voidSteps(left);
  const names = left.map(({ artifact }) => artifact);
  if (prepared.do === 'file') {
    const { versions = [], voided = [], chart } = prepared.lab ?? {};
    const lab = { versions, voided: [...voided, ...names], ...(chart === undefined ? {} : { chart }) };
    return { ...prepared, steps: [...voids, ...prepared.steps], lab };
  }
  return { do: 'file', record, steps: voids, facts: [], lab: { versions: [], voided: names }, waits: prepared.failure };
}
