/**
 * From the bytes of one message to the steps that make it stand in the chart: read, gate, match, map, validate, plan.
 * Every way out that is not a plan names its cause.
 */
import type { Activity } from '../core/activity.ts';
import { recordKey, subjectKey } from '../core/artifact.ts';
import { type Fact, factsAround, factsOf, factsOn, type FactView, noFacts } from '../core/fact.ts';
import { type Disclosure, disclosuresOf, type RecordedDisclosure } from '../core/disclosure.ts';
import type { OwnedLink, PersonContext, RecordName, Work } from '../core/lane.ts';
import { nobody } from '../core/model.ts';
import type { PatientKey } from '../core/model.ts';
import { fail, type Failure, type Issue, ok, type Outcome } from '../core/outcome.ts';
import { standingNames, underStandingNames } from '../core/person-artifacts.ts';
import { planSteps, voidSteps, withdrawnSteps } from '../core/plan.ts';
import type {
  FilingStep,
  FoundPatient,
  Mapped,
  Mapper,
  MappingContext,
  Resource,
  UnmappedCode,
} from '../core/ports.ts';
import type { PrepareDeps } from './deps.ts';
import { amended, type Intent, intentOf } from './intent.ts';
import { match, type Matching } from './match.ts';

export type Prepared =
  | {
      readonly do: 'file';
      readonly record: RecordName;
      readonly steps: readonly FilingStep[];
      /** What the record says from now on. */
      readonly facts: readonly Fact[];
      /** Prefix of the artifacts of the record; absent where nothing new is filed. */
      readonly recordKey?: string;
      /** The record whose messages this one voids. */
      readonly voids?: RecordName;
      readonly patient?: FoundPatient;
      /** What is left out, for the history. */
      readonly left?: string;
      /** What the gates said. */
      readonly issues?: readonly Issue[];
      /** The record as an amendment made it, when it was held for its wording. */
      readonly rewords?: Activity;
      /** What leaves the clinic when these resource types stand. */
      readonly discloses?: (filed: readonly string[]) => readonly Disclosure[];
      /** What the message is when the steps are done; else `filed`. */
      readonly as?: 'superseded' | 'voided';
      /** The steps only clean up: the message itself waits all the same. */
      readonly waits?: Failure;
    }
  | {
      readonly do: 'settle';
      readonly state: 'superseded' | 'voided';
      readonly why?: string;
      readonly issues?: readonly Issue[];
    }
  | { readonly do: 'stop'; readonly failure: Failure };

const stop = (failure: Failure): Prepared => ({ do: 'stop', failure });
const open = new Set(['received', 'filing', 'held', 'failed']);

/** What comes up on the way, also when it ends with a failure. */
export type AlongTheWay = Matching & {
  /** Codes that no ConceptMap listed. */
  readonly unmapped: UnmappedCode[];
};

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
    const base = await amendmentBase(record, work, deps);
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
    ...planned.steps,
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

/** What the activity says; a contact, with the functions that it served. */
function toldBy(
  activity: Activity,
  record: RecordName,
  generation: number,
  person: PersonContext,
  mapper: Mapper,
): readonly Fact[] {
  const told = factsOf(activity, recordKey(record.source, record.recordId, generation));
  if (!told.some(({ kind }) => kind === 'contact')) return told;
  const { others } = factsAround(record, [], person.facts);
  const functions = mapper.functionsOf(activity, others).map(({ code }) => code);
  return told.map((fact) => (fact.kind === 'contact' ? { ...fact, data: { ...fact.data, functions } } : fact));
}

/** Artifacts of what was derived of facts that nobody tells any more. */
const untold = (facts: FactView, subjects: readonly string[]): readonly string[] =>
  facts.touched
    .filter((topic) => factsOn(topic, facts).length === 0)
    .flatMap(({ kind, key }) => subjects.map((subject) => `${subject}.${kind}.${key}`));

const isOf = (link: OwnedLink, { source, recordId }: RecordName): boolean =>
  link.source === source && link.recordId === recordId;

const stands = (link: OwnedLink): boolean => link.action !== 'voided';

/** A line of a note is nothing that a reference could lead to. */
const isReferable = (link: OwnedLink): boolean => link.tier === 'native';

/** What this record emitted, and what others did that it may build on. */
function split(links: readonly OwnedLink[], record: RecordName) {
  const isMine = (link: OwnedLink): boolean => isOf(link, record);
  const standing = links.filter(stands);
  return {
    mine: new Map(standing.filter(isMine).map((link) => [link.artifact, link])),
    others: new Map(standing.filter((link) => !isMine(link)).map((link) => [link.artifact, link])),
  };
}

async function withLinksOf(
  record: RecordName,
  patientKey: PatientKey,
  subject: string,
  person: PersonContext,
  deps: PrepareDeps,
): Promise<readonly OwnedLink[]> {
  const known = new Set(person.links.map((link) => link.artifact));
  const target = await deps.ledger.personContext(patientKey, subject, [record]);
  return [...person.links, ...target.links.filter((link) => !known.has(link.artifact))];
}

async function prepareVoid(
  record: RecordName,
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Promise<Prepared> {
  const own = work.source === record.source && work.recordId === record.recordId;
  const [target] = own ? [] : await deps.ledger.recordStates([record]);
  if (!own && target?.latestMessage === undefined) {
    return stop({ cause: 'record/target-unknown', detail: 'The record to be voided has not arrived.' });
  }
  if (target?.state !== undefined && open.has(target.state)) {
    return stop({ cause: 'record/target-unknown', detail: 'The record to be voided is not settled yet.' });
  }
  // No person: only the record's own links are wanted.
  const links = own ? person.links : (await deps.ledger.personContext(nobody, '-', [record])).links;
  const mine = [...split(links, record).mine.values()];
  const again = work.anew ? links.filter((link) => isOf(link, record) && !stands(link)) : [];
  // What was taken back before, and is asked for again, stands in the EHR all the same.
  const voided = voidSteps([...mine, ...again.map((link): OwnedLink => ({ ...link, action: 'updated' }))]);
  const derived = derivedWithout(record, activity, work, patientKey, person, deps);
  if (!derived.ok) return stop(derived.failure);
  const gone = new Set(voided.map(({ artifact }) => artifact));
  const steps = [...derived.value.filter(({ artifact }) => !gone.has(artifact)), ...voided];
  return { do: 'file', record, steps, facts: [], voids: record };
}

/** The record was said of somebody else before: what was derived for them of it, derived again without it. */
export async function leftBehind(
  record: RecordName,
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  deps: PrepareDeps,
): Promise<Outcome<readonly FilingStep[]>> {
  const steps: FilingStep[] = [];
  for (const other of await deps.ledger.peopleTold(record)) {
    if (other === patientKey) continue;
    const person = await deps.ledger.personContext(other, subjectKey(other), [record]);
    const derived = derivedWithout(record, activity, work, other, person, deps);
    if (!derived.ok) return derived;
    steps.push(...derived.value);
  }
  return ok(steps);
}

/** What was derived with the help of a record that says nothing any more, derived again without it. */
function derivedWithout(
  record: RecordName,
  activity: Activity,
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Outcome<readonly FilingStep[]> {
  const facts = factsAround(record, [], person.facts);
  if (facts.touched.length === 0 || person.patient === undefined) return ok([]);
  const subject = subjectKey(patientKey);
  const context = contextOf(activity, record, 1, person.patient, work, patientKey, person, facts, deps);
  const made = mapAndValidate(undefined, deps, context);
  if (!made.ok) return made;
  const mapped = underStandingNames(made.value, standingNames(subject, person.aliases, person.links));
  const standing = new Map(person.links.filter(stands).map((link) => [link.artifact, link]));
  const { steps } = planSteps(mapped, new Map(), standing, deps.programme.artifactSystem);
  return ok([...steps, ...withdrawnSteps(person.links, untold(facts, [subject, ...person.aliases]))]);
}

/** The record was voided: before it was filed, it never will be; a later version asks a person. */
function prepareVoided(work: Work, voidedBy: string, person: PersonContext): Prepared {
  const emitted = person.links.some((link) => link.source === work.source && link.recordId === work.recordId);
  if (!emitted || BigInt(voidedBy) > BigInt(work.messageId)) return { do: 'settle', state: 'voided' };
  return stop({ cause: 'record/voided', detail: `Voided by message ${voidedBy}.` });
}

const isVoidedSince = ({ record, messageId }: Work): boolean =>
  record?.voidedBy !== undefined && BigInt(record.voidedBy) > BigInt(messageId);

/** The version that counts is about somebody else: this one stands, if at all, in the wrong chart. */
const isMoved = (work: Work, patientKey: PatientKey): boolean =>
  work.record?.patientKey !== undefined && work.record.patientKey !== patientKey;

const behindAnotherChart: Failure = {
  cause: 'send/write-race',
  detail: 'The version before is on its way in the chart of another patient.',
  retryAfterMs: 1_000,
};

/**
 * Voided, or moved to another patient, before it was known to be filed; but the answer to an attempt was lost, and what
 * it asked for may stand. It is looked for by its identifiers, and marked. Which generation the attempt wrote is not
 * recorded: every one up to `upTo` is looked for.
 */
function takeBack(
  intent: Intent,
  upTo: number,
  as: 'superseded' | 'voided',
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  deps: PrepareDeps,
): Prepared {
  if (intent.do !== 'file') return { do: 'settle', state: as };
  const { activity, record } = intent;
  const patient = person.patient ?? { reference: 'Patient/unknown' };
  const { mine, others } = split(person.links, record);
  const steps = new Map<string, FilingStep>();
  for (let generation = 1; generation <= upTo; generation += 1) {
    const context = contextOf(activity, record, generation, patient, work, patientKey, person, noFacts, deps);
    const mapped = deps.mapper.map(activity, context);
    // What cannot be mapped was never sent.
    if (!mapped.ok) return { do: 'settle', state: as };
    for (const { artifact, do: how, resource } of mapped.value) {
      if (how !== 'put' || others.has(artifact)) continue;
      const known = mine.get(artifact);
      const step = {
        do: 'void',
        artifact,
        resourceType: resource.resourceType,
        ...(person.patient === undefined ? {} : { subject: person.patient.reference }),
      } as const;
      steps.set(artifact, known === undefined ? step : { ...step, known });
    }
  }
  return { do: 'file', record, steps: [...steps.values()].reverse(), facts: [], as };
}

/** All that a map may read beside the activity. */
export function contextOf(
  activity: Activity,
  record: RecordName,
  generation: number,
  patient: FoundPatient,
  work: Pick<Work, 'receivedAt'>,
  patientKey: PatientKey,
  person: Pick<PersonContext, 'links' | 'aliases'>,
  facts: FactView,
  deps: Pick<PrepareDeps, 'performer' | 'programme'>,
): MappingContext {
  const subject = subjectKey(patientKey);
  const filed = Object.fromEntries(
    person.links
      .filter(stands)
      .filter(isReferable)
      .map((link) => [link.artifact, link.reference]),
  );
  for (const [name, standing] of standingNames(subject, person.aliases, person.links)) {
    const reference = filed[standing];
    if (reference !== undefined) filed[name] = reference;
  }
  return {
    patient,
    performer: deps.performer(activity.source.systemId, activity.performer.sourceUserId),
    programme: deps.programme,
    recordKey: recordKey(record.source, record.recordId, generation),
    subjectKey: subject,
    receivedAt: work.receivedAt.toISOString(),
    filed,
    facts,
  };
}

/** What an amendment changes: the record as it was filed, with the amendments before this one. */
export async function amendmentBase(
  record: RecordName,
  work: Pick<Work, 'messageId'>,
  deps: Pick<PrepareDeps, 'read'> & { readonly ledger: Pick<PrepareDeps['ledger'], 'recordStates' | 'recordPayloads'> },
): Promise<Outcome<{ activity: Activity; generation: number; rewords: boolean }>> {
  const [target] = await deps.ledger.recordStates([record]);
  if (target?.latestMessage === undefined)
    return fail('record/target-unknown', 'The record to be amended has not arrived.');
  if (target.state === 'voided') return fail('record/voided', 'The record to be amended was voided.');
  // Held for its wording: an amendment is how its author rewords it.
  const rewords = target.state === 'held' && target.cause === 'gate/sensitive-text';
  if (target.state !== 'filed' && !rewords)
    return fail('lane/behind-failed', 'The record to be amended has not been filed.');
  const payloads = await deps.ledger.recordPayloads(record, work.messageId);
  let activity: Activity | undefined;
  for (const payload of payloads) {
    const read = deps.read(payload);
    if (!read.ok) return read;
    const intent = intentOf(read.value);
    if (!intent.ok) return intent;
    if (intent.value.do === 'file') activity = intent.value.activity;
    if (intent.value.do === 'amend' && activity !== undefined) activity = amended(activity, intent.value.changes);
  }
  if (activity === undefined) return fail('source/unreadable', 'The payload to be amended has aged out.');
  return ok({ activity, generation: target.generation, rewords });
}

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

/** Also the dry run: what would be filed, or why not. */
export function mapAndValidate(
  activity: Activity | undefined,
  deps: Pick<PrepareDeps, 'mapper' | 'validate'>,
  context: MappingContext,
  unmapped?: UnmappedCode[],
): Outcome<readonly Mapped[]> {
  const mapped = deps.mapper.map(activity, context, unmapped);
  if (!mapped.ok) return mapped;
  const issues = mapped.value.flatMap((one) =>
    one.do === 'merge'
      ? []
      : deps
          .validate(one.resource)
          .filter((issue) => issue.severity !== 'warning')
          .map((issue) => ({ ...issue, where: `${nameOf(one.resource)}: ${issue.where}` })),
  );
  return issues.length === 0
    ? mapped
    : fail('validation/failed', `${String(issues.length)} of the rules of the profiles are not met.`, { issues });
}

const nameOf = (resource: Resource): string => resource.resourceType;
