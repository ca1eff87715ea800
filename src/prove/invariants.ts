/** Held against each other: what was sent and acknowledged, what the ledger says, what stands in the chart. Pure. */
import { recordKey } from '../core/artifact.ts';
import type { Chart, Standing } from './chart.ts';
import type { Receipt } from './sender.ts';
import { type PatientPlan, proofSystem, type RecordPlan, type Shape } from './work.ts';

export type LedgerMessage = {
  readonly id: string;
  readonly state: string;
  readonly kind: string;
  readonly recordId?: string;
  readonly cause?: string;
};

/** What one promise came to: how much was looked at, and what breaks it (synthetic ids only). */
export type Finding = { readonly promise: string; readonly checked: number; readonly broken: readonly string[] };

export type Evidence = {
  readonly receipts: ReadonlyMap<PatientPlan, readonly Receipt[]>;
  readonly messages: readonly LedgerMessage[];
  readonly chart: Chart;
  /** Artifact suffixes that a record of this shape files. */
  readonly slots: ReadonlyMap<Shape, readonly string[]>;
};

export function findings(evidence: Evidence): readonly Finding[] {
  return [acknowledged(evidence), settled(evidence), once(evidence), nothingElse(evidence), latest(evidence), order(evidence), goals(evidence)]; // prettier-ignore
}

const plans = ({ receipts }: Evidence): readonly PatientPlan[] => [...receipts.keys()];

function acknowledged({ receipts, messages }: Evidence): Finding {
  const known = new Set(messages.map((message) => message.id));
  const all = [...receipts.values()].flat();
  const broken = all.filter((receipt) => !known.has(receipt.id)).map((receipt) => `message ${receipt.id} is gone`);
  for (const [plan, given] of receipts)
    if (given.length !== plan.row.length)
      broken.push(`${plan.mrn}: ${String(plan.row.length - given.length)} without a receipt`);
  return { promise: 'every acknowledged activity is in the ledger', checked: all.length, broken };
}

const atRest = new Set(['filed', 'superseded', 'voided']);

function settled({ messages }: Evidence): Finding {
  const broken = messages
    .filter(({ state }) => !atRest.has(state))
    .map(
      ({ id, state, kind, cause, recordId }) =>
        `message ${id} (${kind} ${recordId ?? ''}) is ${state}${cause === undefined ? '' : `: ${cause}`}`,
    );
  return {
    promise: 'every message is filed, superseded or voided: none waits, none failed',
    checked: messages.length,
    broken,
  };
}

const artifactsOf = (record: RecordPlan, slots: Evidence['slots']): readonly string[] =>
  (slots.get(record.shape) ?? []).map((slot) => recordKey(proofSystem, record.recordId, 1) + slot);

const standing = (found: readonly Standing[] | undefined): readonly Standing[] =>
  (found ?? []).filter(({ errored }) => !errored);

function once(evidence: Evidence): Finding {
  const { chart, slots } = evidence;
  const broken: string[] = [];
  let checked = 0;
  for (const record of plans(evidence).flatMap((plan) => plan.records)) {
    for (const artifact of artifactsOf(record, slots)) {
      checked += 1;
      const alive = standing(chart.artifacts.get(artifact)).length;
      const wanted = record.voided && !artifact.endsWith('.provenance') ? 0 : 1;
      if (alive !== wanted)
        broken.push(
          `${record.recordId} (${record.shape}) ${artifact} stands ${String(alive)} times, not ${String(wanted)}`,
        );
    }
  }
  return {
    promise: 'every activity stands in the chart exactly once; what was voided stands as an error',
    checked,
    broken,
  };
}

/** What belongs to the person rather than to one record: these may stand once a patient. */
const ofPerson = /\.(goal\.g-1|careteam\.prove|episode\.prove)$/;

function nothingElse(evidence: Evidence): Finding {
  const { chart, slots } = evidence;
  const wanted = new Set(
    plans(evidence).flatMap((plan) => plan.records.flatMap((record) => artifactsOf(record, slots))),
  );
  const broken = chart.strangers.map((reference) => `${reference} carries no identifier of Tejido`);
  const persons = new Map<string, number>();
  for (const [artifact, found] of chart.artifacts) {
    const kind = ofPerson.exec(artifact)?.[1];
    const alive = standing(found).length;
    if (kind !== undefined) persons.set(kind, (persons.get(kind) ?? 0) + alive);
    else if (!wanted.has(artifact) && alive > 0) broken.push(`${artifact} stands, and nothing that was sent made it`);
  }
  for (const [kind, count] of persons)
    if (count !== plans(evidence).length)
      broken.push(`${kind} stands ${String(count)} times for ${String(plans(evidence).length)} patients`);
  return { promise: 'nothing stands in the chart that was not sent', checked: chart.artifacts.size, broken };
}

function latest(evidence: Evidence): Finding {
  const { chart, slots } = evidence;
  const broken: string[] = [];
  let checked = 0;
  for (const record of plans(evidence).flatMap((plan) => plan.records)) {
    if (record.voided) continue;
    for (const artifact of artifactsOf(record, slots)) {
      const [found] = standing(chart.artifacts.get(artifact));
      if (found === undefined) continue;
      const marks = found.text.match(/marca r-\d+-\d+ v\d+(?: enmendada)?/g) ?? [];
      const other = marks.find((mark) => mark !== record.mark);
      if (other !== undefined) broken.push(`${found.reference} says ${other}; the latest is ${record.mark}`);
      if (artifact.endsWith('.note') && marks.length === 0)
        broken.push(`${found.reference} does not say ${record.mark}`);
      if (artifact.endsWith('.glucose') && found.value !== record.glucose)
        broken.push(
          `${found.reference} says ${String(found.value)}; the latest of ${record.recordId} is ${String(record.glucose)}`,
        );
      checked += 1;
    }
  }
  return { promise: 'what stands is the latest version', checked, broken };
}

/** An edit or a void may take the place of the first version before that was filed: only the others show the order. */
function order(evidence: Evidence): Finding {
  const { chart, slots } = evidence;
  const broken: string[] = [];
  let checked = 0;
  for (const plan of plans(evidence)) {
    let before: { readonly last: number; readonly recordId: string } | undefined;
    for (const record of plan.records) {
      if (record.voided || record.version > 1) continue;
      const places = artifactsOf(record, slots).flatMap((artifact) =>
        (chart.artifacts.get(artifact) ?? []).map(({ first }) => first),
      );
      if (places.length === 0) continue;
      checked += 1;
      const here = { first: Math.min(...places), last: Math.max(...places), recordId: record.recordId };
      if (before !== undefined && here.first <= before.last)
        broken.push(`${plan.mrn}: ${here.recordId} was filed before ${before.recordId}`);
      before = here;
    }
  }
  return { promise: 'a patient’s activities were filed in the order in which they were acknowledged', checked, broken };
}

function goals(evidence: Evidence): Finding {
  const { chart } = evidence;
  const byPatient = new Map<string, readonly string[]>();
  for (const found of chart.artifacts.values())
    for (const { reference, text } of found) {
      const patient = reference.startsWith('Goal/')
        ? /"subject":\{"reference":"(Patient\/[^"]+)"/.exec(text)?.[1]
        : undefined;
      if (patient !== undefined) byPatient.set(patient, chart.achievements.get(reference) ?? []);
    }
  const broken: string[] = [];
  for (const { mrn, reference, achievements } of plans(evidence)) {
    const seen = byPatient.get(reference) ?? [];
    // A goal begins in progress; the reviews follow.
    const wanted = ['in-progress', ...achievements];
    if (seen.join() !== wanted.join())
      broken.push(`${mrn}: the goal went ${seen.join(' ')}; sent was ${wanted.join(' ')}`);
  }
  return { promise: 'the reviews of a goal were applied each, in order', checked: plans(evidence).reduce((sum, plan) => sum + plan.achievements.length, 0), broken }; // prettier-ignore
}
