/**
 * From the bytes of one message to the steps that make it stand in the chart: read, gate, match, map, validate, plan.
 * Every way out that is not a plan names its cause.
 */
import type { Activity } from '../core/activity.ts';
import { subjectKey } from '../core/artifact.ts';
import { type Fact, factsAround } from '../core/fact.ts';
import { disclosuresOf, type RecordedDisclosure } from '../core/disclosure.ts';
import type { PersonContext, Work } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { type Failure, type Issue, ok } from '../core/outcome.ts';
import { standingNames, underStandingNames } from '../core/person-artifacts.ts';
import { planSteps, voidSteps, withdrawnSteps, withoutKept } from '../core/plan.ts';
import type { Mapper } from '../core/ports.ts';
import { amendmentBase } from './amendment.ts';
import { contextOf } from './context.ts';
import type { PrepareDeps } from './deps.ts';
import { leftBehind, toldBy, untold } from './derive.ts';
import { amended, intentOf } from './intent.ts';
import { mapAndValidate } from './map-and-validate.ts';
import { match } from './match.ts';
import { type AlongTheWay, open, type Prepared, stop } from './prepared.ts';
import { split, withLinksOf } from './standing.ts';
import { behindAnotherChart, isMoved, isVoidedSince, prepareVoid, prepareVoided, takeBack } from './take-back.ts';

/** `othersStopped`: an earlier message of the lane is held or failed, and may still bring what this one refers to. */
export async function prepare(
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  othersStopped: boolean,
  deps: PrepareDeps,
  way: AlongTheWay,
  signal?: AbortSignal,
): Promise<Prepared> {
  const replaced = work.record?.latestMessage !== undefined && work.record.latestMessage !== work.messageId;
  // What may stand already is filed to its end: the newer version, behind it in this lane, then knows what to change.
  if (replaced && !work.doubt) return { do: 'settle', state: 'superseded' };
  // Not read any more: what was held because it cannot be read is settled too.
  if (!work.doubt && isVoidedSince(work)) return { do: 'settle', state: 'voided' };
  if (work.body === undefined) {
    return stop({
      cause: 'source/unreadable',
      detail: 'The payload has aged out under the retention in force, or is sealed with another key.',
    });
  }
  const payload = { ...work, body: work.body };
  if (deps.ignores(payload))
    return { do: 'settle', state: 'superseded', why: 'Not filed, as the source is configured.' };
  const read = deps.read(payload);
  if (!read.ok) return stop(read.failure);
  const intent = intentOf(read.value);
  if (!intent.ok) return stop(intent.failure);

  const current = work.record?.generation ?? 1;
  if (replaced && isMoved(work, patientKey)) {
    return takeBack(intent.value, current - 1, 'superseded', work, patientKey, person, deps);
  }
  if (current > 1 && work.recordId !== undefined) {
    const own = { source: work.source, recordId: work.recordId };
    if (await deps.ledger.inFlightElsewhere(own, patientKey)) return stop(behindAnotherChart);
    // The version before may have been filed since this lane was claimed.
    person = { ...person, links: await withLinksOf(own, patientKey, subjectKey(patientKey), person, deps) };
  }
  if (intent.value.do === 'void') {
    return prepareVoid(intent.value.record, read.value, work, patientKey, person, deps);
  }
  if (work.record?.voidedBy !== undefined && !work.released.includes('record/voided')) {
    const voided = prepareVoided(work, work.record.voidedBy, person);
    return voided.do === 'settle' && work.doubt
      ? takeBack(intent.value, current, 'voided', work, patientKey, person, deps)
      : voided;
  }

  const record = intent.value.record;
  let activity: Activity;
  let generation = current;
  let rewords = false;
  if (intent.value.do === 'amend') {
    const base = await amendmentBase(record, work, patientKey, deps);
    if (!base.ok) return stop(base.failure);
    activity = amended(base.value.activity, intent.value.changes);
    generation = base.value.generation;
    rewords = base.value.rewords;
  } else {
    activity = intent.value.activity;
  }

  const gated = deps.gates.check({
    activity,
    record,
    facts: person.facts,
    receivedAt: work.receivedAt,
    now: deps.clock(),
    released: work.released,
    receives: deps.receives,
    to: deps.destination.id,
  });
  if (gated.do === 'stop') return stop(gated.failure);
  if (gated.do === 'withhold') return { do: 'settle', state: 'superseded', why: gated.why, issues: gated.issues };
  const told = toldBy(activity, record, generation, person, deps.mapper);
  const reworded = rewords ? activity : undefined;
  activity = gated.activity;
  const waits = await waitsFor(activity, deps);
  if (waits !== undefined) return stop(waits);

  if (isUncharted(activity, deps.mapper)) {
    const own = split(person.links, record).mine;
    return { do: 'file', record, steps: voidSteps([...own.values()]), facts: told, left: notInTheChart };
  }

  const patient = await match(work, patientKey, person, deps, way, signal);
  if (!patient.ok) return stop(patient.failure);

  const subject = subjectKey(patientKey);
  const facts = factsAround(record, told, person.facts);
  const plain = contextOf(activity, record, generation, patient.value, work, patientKey, person, facts, deps);
  const context = gated.lateDays === undefined ? plain : { ...plain, lateDays: gated.lateDays };
  const made = mapAndValidate(activity, deps, context, way.unmapped);
  if (!made.ok) return stop(made.failure);
  const mapped = underStandingNames(made.value, standingNames(subject, person.aliases, person.links));

  // An amendment is a record of its own: what its target emitted is not among the links of the lane's records.
  const links =
    intent.value.do === 'amend' ? await withLinksOf(record, patientKey, subject, person, deps) : person.links;
  const { mine, others } = split(links, record);
  const planned = planSteps(mapped, mine, others, deps.programme.artifactSystem);
  const { missing } = planned;
  const left = current > 1 ? await leftBehind(record, activity, work, patientKey, deps) : ok([]);
  if (!left.ok) return stop(left.failure);
  const steps = [
    ...left.value,
    ...withoutKept(planned.steps, left.value),
    ...withdrawnSteps(links, untold(facts, [subject, ...person.aliases])),
  ];
  const past = withdraws(told) ? await deps.ledger.disclosures(patientKey) : [];
  const file = {
    do: 'file' as const,
    record,
    steps,
    recordKey: context.recordKey,
    facts: told,
    patient: patient.value,
    ...(reworded === undefined ? {} : { rewords: reworded }),
    issues: [...gated.issues, ...past.map(pastDisclosure)],
    discloses: (filed: readonly string[]) => disclosuresOf(gated.activity, filed, deps.receives, deps.destination.id),
  };
  if (missing.length === 0) return file;
  const names = missing.join(', ');
  if (othersStopped) return stop({ cause: 'match/unknown-reference', detail: `Nothing filed stands as ${names}.` });
  // Nothing on its way will bring it (a goal agreed before Tejido, say): the visit is worth more than the update.
  const omitted = `Not updated, because Tejido never filed it: ${names}.`;
  return { ...file, left: omitted };
}

const withdraws = (facts: readonly Fact[]): boolean =>
  facts.some(({ kind, data }) => kind === 'consent' && data['status'] === 'withdrawn');

/** What was given away before a withdrawal cannot be taken back: who acts on it must know to whom it went. */
const pastDisclosure = ({ recipient, at, what, messageId }: RecordedDisclosure): Issue => ({
  where: `message ${messageId}`,
  what: `Disclosed before: ${at.toISOString().slice(0, 10)}, ${what.join(', ')} to ${recipient}.`,
  code: 'gate/past-disclosure',
  severity: 'information',
});

const notInTheChart = 'Kept in the programme store, not in the chart.';

/** Nothing of it goes to the chart: no patient is looked for, and it need not name one. */
const isUncharted = (activity: Activity, { uncharted }: Pick<Mapper, 'uncharted'>): boolean =>
  [activity, ...(activity.components ?? [])].every(({ activityType }) => uncharted.includes(activityType));

/** An earlier message that this one builds on, and that is not filed. */
async function waitsFor(activity: Activity, deps: PrepareDeps): Promise<Failure | undefined> {
  if (activity.basedOn === undefined || activity.basedOn.length === 0) return undefined;
  const source = activity.source.systemId;
  const states = await deps.ledger.recordStates(activity.basedOn.map((recordId) => ({ source, recordId })));
  const blocking = states.find((record) => record.state !== undefined && open.has(record.state));
  return blocking?.latestMessage === undefined
    ? undefined
    : { cause: 'lane/behind-failed', detail: `Builds on message ${blocking.latestMessage}.` };
}
