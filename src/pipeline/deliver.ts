/**
 * One message, one attempt: prepare, file, decide. Rejects only when the ledger cannot be read; anything else that is
 * unexpected is a failure with that name.
 */
import { causeOf } from '../core/causes.ts';
import { decide, type Progress } from '../core/decide.ts';
import type { ClaimedLane, Completed, PersonContext, Work } from '../core/lane.ts';
import { isLabFormat } from '../core/lab/model.ts';
import type { EmittedLink, PatientKey } from '../core/model.ts';
import type { Failure } from '../core/outcome.ts';
import type { FilingStep, WorkListEntry } from '../core/ports.ts';
import type { LaneLedger, PipelineDeps, PrepareDeps } from './deps.ts';
import { leavingLab } from './lab/away.ts';
import { asWithdrawn, prepareLab } from './lab/prepare.ts';
import { leaving } from './leaving.ts';
import { prepare } from './prepare.ts';
import type { AlongTheWay, Prepared } from './prepared.ts';

/** So many workers in a row died with a message in hand: it is the message. */
const mostDeaths = 10;

export async function deliver(
  work: Work,
  lane: ClaimedLane,
  person: () => Promise<PersonContext>,
  othersStopped: boolean,
  deps: PipelineDeps,
  signal?: AbortSignal,
): Promise<Completed> {
  const startedAt = deps.clock();
  const mapper = deps.mapper();
  const way: AlongTheWay = { exchanges: [], unmapped: [] };
  const { exchanges } = way;
  let prepared: Prepared | undefined;
  let links: readonly EmittedLink[] = [];
  let failure: Failure | undefined;
  let workList: readonly WorkListEntry[] = [];
  let remarks: readonly string[] = [];
  let sending = false;
  try {
    if (
      deps.onFailure === 'lane' &&
      lane.failedFrom !== undefined &&
      BigInt(lane.failedFrom) < BigInt(work.messageId)
    ) {
      failure = { cause: 'lane/behind-failed', detail: `Waits for message ${lane.failedFrom}, as configured.` };
    } else if (work.deaths >= mostDeaths) {
      failure = { cause: 'internal/unexpected', detail: 'Every worker that filed it ended before it was done.' };
    } else {
      const asking = { ...deps, mapper, ledger: telling(deps.ledger) };
      prepared = isLabFormat(work.format)
        ? await prepareResults(work, lane.patientKey, () => orAway(person()), asking, way, signal)
        : await prepareActivity(work, lane.patientKey, await orAway(person()), othersStopped, asking, way, signal);
      if (prepared.do === 'stop') failure = prepared.failure;
      if (prepared.do === 'file' && prepared.steps.length > 0) {
        sending = true;
        const filing = await deps.destination.file(
          {
            messageId: work.messageId,
            steps: prepared.steps,
            doubt: work.doubt,
            anew: work.anew,
            receivedAt: work.receivedAt,
            ...(prepared.recordKey === undefined ? {} : { recordKey: prepared.recordKey }),
          },
          signal,
        );
        sending = false;
        links = asWithdrawn(ownedBy(prepared.steps, filing.links), prepared.lab?.versions ?? []);
        exchanges.push(...filing.exchanges);
        failure = filing.failure;
        ({ workList = [], remarks = [] } = filing);
      }
      if (prepared.do === 'file' && failure === undefined) links = [...links, ...(prepared.lab?.chart ?? [])];
      if (prepared.do === 'file') failure ??= prepared.waits;
    }
  } catch (error) {
    if (error instanceof LedgerAway) throw error.cause;
    deps.log('error', 'deliver.unexpected', { id: work.messageId, error });
    failure = { cause: 'internal/unexpected', detail: error instanceof Error ? error.name : 'unknown' };
  }
  // Also when the budget is spent now, or a fault of ours broke the filing off: the next attempt must look first.
  const doubt = sending || (failure !== undefined && causeOf(failure.cause).class === 'ambiguous');
  const attempt = work.attempts + 1;
  const progress: Progress =
    prepared?.do === 'settle'
      ? {
          state: prepared.state,
          ...(prepared.why === undefined ? {} : { detail: prepared.why }),
          ...(prepared.issues === undefined ? {} : { issues: prepared.issues }),
        }
      : decide(failure, deps.policy, { attempt, elapsedMs: work.elapsedMs, jitter: deps.random() });
  const record = prepared?.do === 'file' ? prepared.record : undefined;
  // Also when the rest failed: what stands has been seen.
  const disclosures = prepared?.do === 'file' ? (prepared.discloses?.(written(links)) ?? []) : [];
  return {
    lane,
    messageId: work.messageId,
    source: record?.source ?? work.source,
    recordId: record?.recordId ?? work.recordId,
    kind: work.kind,
    progress: progress.state === 'filed' && prepared?.do === 'file' ? ended(prepared, remarks) : progress,
    doubt,
    startedAt,
    durationMs: deps.clock().getTime() - startedAt.getTime(),
    attempt,
    mappingVersion: mapper.version,
    unmapped: way.unmapped,
    links,
    exchanges,
    ...(way.look === undefined ? {} : { look: way.look }),
    ...((work.record?.generation ?? 1) > 1 ? { moved: true } : {}),
    ...(prepared?.do === 'file' && progress.state === 'filed' ? { facts: prepared.facts } : {}),
    ...(prepared?.do === 'file' && progress.state === 'filed' && prepared.rewords !== undefined
      ? { rewords: prepared.rewords }
      : {}),
    ...(prepared?.do === 'file' &&
    prepared.lab !== undefined &&
    (progress.state === 'filed' || isOnlyWaiting(prepared, failure))
      ? { lab: prepared.lab.versions, labMoved: prepared.lab.voided }
      : {}),
    ...(disclosures.length === 0 ? {} : { disclosures }),
    ...(workList.length === 0 ? {} : { workList }),
    ...(prepared?.do === 'file' && prepared.voids !== undefined ? { voids: prepared.voids } : {}),
    ...(prepared?.do === 'file' && prepared.patient !== undefined ? { patient: prepared.patient } : {}),
  };
}

/** Its steps are done: what has left a chart counts there no more, although the message itself waits. */
const isOnlyWaiting = ({ waits }: Extract<Prepared, { do: 'file' }>, failure: Failure | undefined): boolean =>
  waits !== undefined && failure === waits;

/** The types of what was written anew or changed. */
const written = (links: readonly EmittedLink[]): readonly string[] =>
  links.filter(({ action }) => action === 'created' || action === 'updated').map(({ resourceType }) => resourceType);

async function prepareActivity(
  work: Work,
  patientKey: PatientKey,
  person: PersonContext,
  othersStopped: boolean,
  deps: PrepareDeps,
  way: AlongTheWay,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const prepared = await prepare(work, patientKey, person, othersStopped, deps, way, signal);
  return leaving(prepared, work, patientKey, person, deps);
}

async function prepareResults(
  work: Work,
  patientKey: PatientKey,
  person: () => Promise<PersonContext>,
  deps: PrepareDeps,
  way: AlongTheWay,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  const prepared = await prepareLab(work, patientKey, person, deps, way, signal);
  return leavingLab(prepared, work, patientKey, deps);
}

/** The ledger could not be read: no message is to blame, none is given up. */
class LedgerAway extends Error {
  override readonly name = 'LedgerAway';
}

const orAway = <T>(reading: Promise<T>): Promise<T> =>
  reading.catch((error: unknown) => {
    throw new LedgerAway('The ledger could not be read.', { cause: error });
  });

const telling = (ledger: LaneLedger): LaneLedger => ({
  ...ledger,
  personContext: (...given) => orAway(ledger.personContext(...given)),
  recordStates: (...given) => orAway(ledger.recordStates(...given)),
  recordPayloads: (...given) => orAway(ledger.recordPayloads(...given)),
  disclosures: (...given) => orAway(ledger.disclosures(...given)),
  peopleTold: (...given) => orAway(ledger.peopleTold(...given)),
  inFlightElsewhere: (...given) => orAway(ledger.inFlightElsewhere(...given)),
  ownedLinks: (...given) => orAway(ledger.ownedLinks(...given)),
  described: (...given) => orAway(ledger.described(...given)),
  alike: (...given) => orAway(ledger.alike(...given)),
  labKnown: (...given) => orAway(ledger.labKnown(...given)),
  onCharts: (...given) => orAway(ledger.onCharts(...given)),
});

function ended({ as, left, issues }: Extract<Prepared, { do: 'file' }>, remarks: readonly string[]): Progress {
  const detail = [...(left === undefined ? [] : [left]), ...remarks].join(' ');
  return {
    state: as ?? 'filed',
    ...(detail === '' ? {} : { detail }),
    ...(issues === undefined ? {} : { issues }),
  };
}

/** A merge sets elements on what another record owns, and what is derived is of several: a void of this record leaves it. */
function ownedBy(steps: readonly FilingStep[], links: readonly EmittedLink[]): readonly EmittedLink[] {
  const merges = new Set(
    steps.filter((step) => step.do === 'merge' || (step.do === 'put' && step.shared)).map((step) => step.artifact),
  );
  return links.map((link) => (merges.has(link.artifact) ? { ...link, action: 'merged' } : link));
}
