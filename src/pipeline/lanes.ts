/**
 * Works off the lanes of one destination: many at once, each strictly in order. Claims in batches, keeps the leases
 * alive, gives back what it could not do. Everything it knows is in the ledger: it may die at any line.
 */
import { subjectKey } from '../core/artifact.ts';
import {
  type ClaimedLane,
  type Completed,
  consentCauses,
  matchCauses,
  type PersonContext,
  type Work,
} from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import { deliver } from './deliver.ts';
import type { PipelineDeps } from './deps.ts';
import { blamesData, mostBlamed, unkept } from './unkept.ts';

export type LaneRunnerOptions = {
  /** Lanes worked on at once. */
  readonly parallel: number;
  /** Lanes claimed in one statement. */
  readonly batch: number;
  readonly leaseMs: number;
};

export type LaneRunner = {
  /** Works until nothing is due. Calls while it works make it look once more afterwards. */
  readonly drain: () => Promise<void>;
  /** Finishes what is in flight, gives the rest back. */
  readonly stop: () => Promise<void>;
  readonly busy: () => number;
};

type Held = {
  readonly lane: ClaimedLane;
  readonly lost: AbortController;
  /** The lease is certainly ours until then, by our clock: from before it was asked for. */
  until: number;
};

export function createLaneRunner(deps: PipelineDeps, options: LaneRunnerOptions): LaneRunner {
  const held = new Map<PatientKey, Held>();
  let stopping = false;
  let draining: Promise<void> | undefined;
  let again = false;

  const heartbeat = setInterval(() => {
    void extend();
  }, options.leaseMs / 3);
  heartbeat.unref();

  async function extend(): Promise<void> {
    if (held.size === 0) return;
    const asked = deps.clock().getTime();
    const asking = [...held.values()];
    // Who cannot reach the ledger must not go on writing in charts that another worker has taken over by now.
    for (const one of asking) if (asked >= one.until) one.lost.abort();
    try {
      const lost = await deps.ledger.extend(asking.map((one) => one.lane));
      for (const one of asking) {
        if (lost.has(one.lane.patientKey)) one.lost.abort();
        else one.until = asked + options.leaseMs;
      }
    } catch (error) {
      // The leases run out by themselves if this lasts; another worker takes over, with doubt.
      deps.log('warn', 'lane.lease-not-extended', { error });
    }
  }

  async function runLane(mine: Held): Promise<void> {
    const { lane, lost } = mine;
    let done = 0;
    let againInMs: number | undefined = lane.more ? 0 : undefined;
    let certain = false;
    let othersWait = lane.hasHeld || lane.failedFrom !== undefined;
    try {
      let person: PersonContext | undefined;
      // Laboratory results of a patient who is matched already need nothing of it.
      const read = async (): Promise<PersonContext> =>
        (person ??= await deps.ledger.personContext(
          lane.patientKey,
          subjectKey(lane.patientKey),
          lane.work.flatMap(({ source, recordId }) => (recordId === undefined ? [] : [{ source, recordId }])),
        ));
      for (const work of lane.work) {
        if (lost.signal.aborted || stopping || deps.clock().getTime() >= mine.until) {
          againInMs = 0;
          break;
        }
        const completed = await deliver(work, lane, read, othersWait, deps, lost.signal);
        const kept = await keep(completed);
        if (!kept) return;
        done += 1;
        deps.observe(completed, lane.destination);
        certain ||= completed.look?.automatic === true;
        if (completed.progress.state === 'again') {
          againInMs = completed.progress.inMs;
          break;
        }
        const before = person;
        if (person !== undefined) person = after(person, work, completed);
        const stopped = completed.progress.state === 'held' || completed.progress.state === 'failed';
        if (othersWait && !stopped) {
          const causes = consentsChanged(before, person) ? consentCauses : [];
          await deps.ledger.releaseWaiting(lane.patientKey, causes);
        }
        othersWait ||= stopped;
      }
    } catch (error) {
      deps.log('error', 'lane.interrupted', { destination: lane.destination, error });
      againInMs = 1_000;
    }
    await finish(lane, lane.work.slice(done), againInMs);
    if (certain) await link(lane);
  }

  /** Only now: as long as the lane is worked on, it cannot become one with another. */
  async function link(lane: ClaimedLane): Promise<void> {
    try {
      const linked = await deps.ledger.linkCertain(lane.patientKey);
      deps.log('info', linked ? 'match.linked' : 'match.not-certain-any-more', { destination: lane.destination });
    } catch (error) {
      // It is held, and looked at again within the hour.
      deps.log('warn', 'match.not-linked', { destination: lane.destination, error });
    }
  }

  /** What was done in the destination is written down, also when the ledger is away for a moment. */
  async function keep(completed: Completed): Promise<boolean> {
    const until = deps.clock().getTime() + options.leaseMs;
    let blamed = 0;
    for (;;) {
      try {
        return await deps.ledger.complete(blamed < mostBlamed ? completed : unkept(completed));
      } catch (error) {
        if (blamesData(error)) blamed += 1;
        deps.log('warn', 'lane.completion-delayed', { id: completed.messageId, error });
        if (deps.clock().getTime() > until) return false;
        await pause(500);
      }
    }
  }

  async function finish(lane: ClaimedLane, untried: readonly Work[], againInMs: number | undefined): Promise<void> {
    try {
      await deps.ledger.finish({ lane, untried: untried.map((work) => work.messageId), againInMs });
    } catch (error) {
      // The lease runs out by itself.
      deps.log('warn', 'lane.not-given-back', { destination: lane.destination, error });
    }
  }

  async function claim(): Promise<readonly ClaimedLane[]> {
    try {
      return await deps.ledger.claim(options.batch);
    } catch (error) {
      // The next wake-up or sweep tries again.
      deps.log('warn', 'lane.not-claimed', { destination: deps.destination.id, error });
      return [];
    }
  }

  async function work(): Promise<void> {
    let waiting: Held[] = [];
    let exhausted = false;
    let ended = 0;
    const running = new Set<Promise<void>>();
    for (;;) {
      if (waiting.length === 0 && !exhausted && !stopping) {
        const endedBefore = ended;
        const until = deps.clock().getTime() + options.leaseMs;
        waiting = (await claim()).map((lane) => ({ lane, lost: new AbortController(), until }));
        for (const one of waiting) held.set(one.lane.patientKey, one);
        // A lane that was given back while we asked may be due again.
        exhausted = waiting.length === 0 && ended === endedBefore;
      }
      const next = stopping ? undefined : waiting.shift();
      if (next !== undefined) {
        const run = runLane(next).finally(() => {
          held.delete(next.lane.patientKey);
          running.delete(run);
          ended += 1;
          exhausted = false;
        });
        running.add(run);
      }
      if (next === undefined && running.size === 0 && (exhausted || stopping)) break;
      if (running.size > 0 && (next === undefined || running.size >= options.parallel)) await Promise.race(running);
    }
    await Promise.all(waiting.map(({ lane }) => finish(lane, lane.work, 0)));
    for (const { lane } of waiting) held.delete(lane.patientKey);
  }

  const stopped = (): boolean => stopping;

  async function drain(): Promise<void> {
    again = true;
    draining ??= (async () => {
      try {
        do {
          again = false;
          await work();
        } while (again && !stopped());
      } finally {
        draining = undefined;
      }
    })();
    await draining;
  }

  return {
    drain,
    busy: () => held.size,
    stop: async () => {
      stopping = true;
      await draining?.catch(() => undefined);
      clearInterval(heartbeat);
    },
  };
}

/** The person as the next message of the lane finds them. */
function after(person: PersonContext, work: Work, completed: Completed): PersonContext {
  const before = new Map(person.links.map((link) => [link.artifact, link]));
  const touched = new Set(completed.links.map((link) => link.artifact));
  return {
    ...person,
    patient: completed.patient ?? person.patient,
    ...unmatched(person, completed),
    mrn: person.mrn ?? work.identifiers?.mrn,
    dob: person.dob ?? work.identifiers?.dob,
    links: [
      ...person.links.filter((link) => !touched.has(link.artifact)),
      ...completed.links.map((link) => {
        const standing = before.get(link.artifact);
        // What is merged into is its owner's still.
        if (link.action === 'merged' && standing !== undefined && standing.action !== 'voided') return standing;
        return { ...link, source: completed.source, recordId: completed.recordId };
      }),
    ],
    facts: factsAfter(person, completed),
  };
}

/** What held one message for its patient holds the next one: nobody is asked twice in one go. */
function unmatched(person: PersonContext, { progress }: Completed): Pick<PersonContext, 'unmatched'> {
  const failure = 'failure' in progress ? progress.failure : undefined;
  if (person.unmatched !== undefined || failure === undefined || !matchCauses.includes(failure.cause)) return {};
  return { unmatched: failure };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function factsAfter({ facts: before }: PersonContext, { source, recordId, facts: told }: Completed) {
  if (told === undefined || recordId === undefined) return before;
  const others = before.filter((fact) => fact.source !== source || fact.recordId !== recordId);
  return [...others, ...told.map((fact) => ({ ...fact, source, recordId }))];
}

const consentsOf = ({ facts }: PersonContext): string =>
  JSON.stringify(facts.filter(({ kind }) => kind === 'consent').map(({ key, at, data }) => [key, at, data]));

const consentsChanged = (before: PersonContext | undefined, now: PersonContext | undefined): boolean =>
  before !== undefined && now !== undefined && before.facts !== now.facts && consentsOf(before) !== consentsOf(now);
