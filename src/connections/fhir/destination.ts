/** A FHIR R4 EHR as a destination: the port, over the parts of this folder. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JSONWebKeySet } from 'jose';
import type { Observed } from '../../core/change.ts';
import type { CauseCode } from '../../core/causes.ts';
import { causeOf } from '../../core/causes.ts';
import type { DestinationId, Exchange } from '../../core/model.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import type { Clock, Destination, Log } from '../../core/ports.ts';
import { admit, closed, defaultCircuitPolicy, learn, pause } from '../circuit.ts';
import type { Circuit, CircuitPolicy, Evidence } from '../circuit.ts';
import { httpClient } from '../http.ts';
import { keyedLock } from '../keyed-lock.ts';
import { changedSince } from './changes.ts';
import type { Hl7Interface } from '../hl7v2/interface.ts';
import { findAlike } from './alike.ts';
import { capabilitySource, defaultCapabilityMaxAgeMs } from './capability-source.ts';
import { fhirClient } from './client.ts';
import type { Call, Wait } from './client.ts';
import type { FhirDestinationConfig } from './config.ts';
import { inDoubt } from './doubt.ts';
import { newLearned } from './environment.ts';
import type { Environment, Run } from './environment.ts';
import { labReads } from './labs.ts';
import type { LabReads } from './labs.ts';
import { lookup } from './lookup.ts';
import { findPatient } from './patient.ts';
import { read } from './read.ts';
import { capabilityReport } from './report.ts';
import { bearerAuthorizer, noAuthorizer, publicKeys, smartAuthorizer } from './smart.ts';
import type { Authorizer } from './smart.ts';
import { standingOf } from './standing.ts';
import { abilitiesOf } from './tiers/abilities.ts';
import type { Refusals } from './tiers/abilities.ts';
import { filePlan } from './tiers/file-plan.ts';

export type FhirDestinationDeps = {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** A pause of so many milliseconds that ends early, by rejecting, when the signal aborts. */
  readonly wait?: Wait;
  readonly circuit?: CircuitPolicy;
  /** What the EHR takes by HL7 v2, beside FHIR. Closed together with the destination. */
  readonly hl7v2?: Hl7Interface;
};

export type FhirDestination = Destination & {
  /** The status of a Task that stands there: whether somebody has taken it. */
  readonly taskStatus: (reference: string) => Promise<Outcome<string | undefined>>;
  /** Resources of patients that changed at or after `since`, by the EHR's clock, as they stand now. */
  readonly changedSince: (type: 'Appointment' | 'Task', since: Date) => Promise<Outcome<readonly Observed[]>>;
  /** Laboratory results that stand there. */
  readonly labs: LabReads;
  /** Public keys of SMART Backend Services, to be served at a JWKS URL. Absent for other kinds of auth. */
  readonly jwks?: () => Promise<JSONWebKeySet>;
  readonly state: () => Circuit;
  /** Stops all requests until `resume`; `file` answers at once with `cause`. */
  readonly pause: (reason: string, cause?: CauseCode) => void;
  readonly resume: () => void;
  readonly close: () => Promise<void>;
};

const defaultAnswerBytes = 32 * 1024 * 1024;

const sleeping: Wait = async (ms, signal) => {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    // An aborted wait ends; who waited sees the signal.
    if (signal?.aborted !== true) throw error;
  });
};

export function fhirDestination(config: FhirDestinationConfig, deps: FhirDestinationDeps): FhirDestination {
  const { clock, random, log } = deps;
  const wait = deps.wait ?? sleeping;
  const policy = deps.circuit ?? defaultCircuitPolicy;
  const baseUrl = config.baseUrl.replace(/\/+$/, '');
  const limits = {
    timeoutMs: config.timeoutMs,
    connections: config.connections,
    answerBytes: config.limits?.answerBytes ?? defaultAnswerBytes,
  };
  const http = httpClient(limits, clock);
  const authorizer: Authorizer =
    config.auth.kind === 'smart'
      ? smartAuthorizer(config.auth, baseUrl, { http, clock, uuid: randomUUID })
      : config.auth.kind === 'bearer'
        ? bearerAuthorizer(config.auth.token)
        : noAuthorizer;
  const client = fhirClient({ baseUrl, paceMs: config.limits?.paceMs }, { http, authorizer, clock, wait });
  const capabilities = capabilitySource(config, client, clock);
  const learned = newLearned(config.limits);
  const believedMs = config.capabilityMaxAgeMs ?? defaultCapabilityMaxAgeMs;
  const refusals: Refusals = {
    has: (what) => clock().getTime() - (learned.refused.get(what)?.getTime() ?? -Infinity) < believedMs,
  };
  const env: Environment = {
    config,
    baseUrl,
    client,
    capabilities,
    lookup: lookup(
      { artifactSystem: config.artifactSystem, identifiersPerSearch: config.limits?.identifiersPerSearch },
      client,
      capabilities.known,
    ),
    hl7v2: deps.hl7v2,
    learned,
    abilities: () => abilitiesOf(capabilities.known(), authorizer.granted(), refusals, config.tiers, deps.hl7v2?.takes),
    clock,
    random,
    wait,
    log,
  };
  const keys = config.auth.kind === 'smart' ? config.auth.privateKeys : undefined;
  const locks = keyedLock();
  let circuit: Circuit = closed;

  const turn = (next: Circuit): void => {
    if (next.state !== circuit.state) {
      const cause = next.state === 'paused' ? { cause: next.cause } : {};
      log(next.state === 'closed' ? 'info' : 'warn', `destination.${next.state}`, { destination: config.id, ...cause });
    }
    circuit = next;
  };

  /** The failure to answer with at once, or undefined when a request may go out. */
  const gate = (): Failure | undefined => {
    const admission = admit(circuit, clock(), policy);
    turn(admission.circuit);
    if (admission.admitted) return undefined;
    const detail =
      circuit.state === 'paused' ? `paused: ${circuit.reason}` : 'the circuit is open: it did not answer a moment ago';
    return fail(admission.cause, detail, { retryAfterMs: admission.waitMs }).failure;
  };

  /** One call: answered with a failure at once where the circuit says so, else made. The circuit learns from its end. */
  const through = async <T>(
    make: () => Promise<T>,
    failureIn: (made: T) => Failure | undefined,
    signal?: AbortSignal,
  ): Promise<Outcome<T>> => {
    const refused = gate();
    if (refused !== undefined) return { ok: false, failure: refused };
    // A call that throws, or that we stopped ourselves, tells nothing about the destination.
    let evidence: Evidence = 'nothing';
    try {
      const made = await make();
      if (signal?.aborted !== true) evidence = evidenceOf(failureIn(made));
      return ok(made);
    } finally {
      turn(learn(circuit, evidence, { now: clock(), jitter: random() }, policy));
    }
  };

  const open = labReads(client, baseUrl);
  const flat = async <T>(make: () => Promise<Outcome<T>>): Promise<Outcome<T>> => {
    const made = await through(make, failureOf);
    return made.ok ? made.value : made;
  };

  return {
    id: config.id as DestinationId,
    file: (plan, signal) =>
      // Our own serialisation per identity: servers' conditional creates race.
      locks.hold(
        plan.steps.map((step) => step.artifact),
        async () => {
          const exchanges: Exchange[] = [];
          const run: Run = {
            record: (exchange) => exchanges.push(exchange),
            signal,
            doubt: plan.doubt,
            anew: plan.anew === true,
          };
          const made = await through(
            () => filePlan(env, plan, run),
            (ended) => (run.interfaceFailed === true ? undefined : ended.failure),
            signal,
          );
          const { failure, ...filed } = made.ok ? made.value : { links: [], failure: made.failure };
          return {
            ...filed,
            exchanges,
            ...(failure === undefined ? {} : { failure: inDoubt(plan.doubt || run.doubt, failure) }),
          };
        },
      ),
    findPatient: async (identifiers, signal) => {
      const exchanges: Exchange[] = [];
      const call: Call = { record: (exchange) => exchanges.push(exchange), signal };
      const made = await through(() => findPatient(env, identifiers, call), failureOf, signal);
      return { outcome: made.ok ? made.value : made, exchanges };
    },
    findAlike: async (about, signal) => {
      const exchanges: Exchange[] = [];
      const call: Call = { record: (exchange) => exchanges.push(exchange), signal };
      const made = await through(() => findAlike(env, about, call), failureOf, signal);
      return { outcome: made.ok ? made.value : made, exchanges };
    },
    standing: async (artifacts) => {
      const made = await through(() => standingOf(env, artifacts, { record: () => {} }), failureOf);
      return made.ok ? made.value : made;
    },
    taskStatus: async (reference) => {
      const made = await through(() => read(client, reference, { record: () => {} }), failureOf);
      const task = made.ok ? made.value : made;
      return task.ok ? ok(typeof task.value['status'] === 'string' ? task.value['status'] : undefined) : task;
    },
    changedSince: async (type, since) => {
      const made = await through(() => changedSince(client, baseUrl, type, since, { record: () => {} }), failureOf);
      return made.ok ? made.value : made;
    },
    labs: {
      changed: (...asked) => flat(() => open.changed(...asked)),
      referring: (...asked) => flat(() => open.referring(...asked)),
      around: (...asked) => flat(() => open.around(...asked)),
      deleted: (...asked) => flat(() => open.deleted(...asked)),
    },
    report: () => capabilityReport(env, authorizer),
    ...(keys === undefined ? {} : { jwks: () => publicKeys(keys) }),
    state: () => circuit,
    pause: (reason, cause = 'send/unavailable') => turn(pause(clock(), cause, reason)),
    resume: () => turn(closed),
    close: async () => {
      await Promise.all([http.close(), deps.hl7v2?.close()]);
    },
  };
}

const failureOf = (outcome: Outcome<unknown>): Failure | undefined => (outcome.ok ? undefined : outcome.failure);

/** What a call's end says about the destination as a whole. A refusal is an answer too. */
function evidenceOf(failure: Failure | undefined): Evidence {
  if (failure === undefined) return 'answers';
  if (silent.has(failure.cause)) return 'fails';
  if (failure.cause === 'send/throttled' || failure.cause === 'internal/unexpected') return 'nothing';
  return causeOf(failure.cause).class === 'auth' ? 'refuses-credentials' : 'answers';
}

const silent: ReadonlySet<CauseCode> = new Set([
  'send/connection-refused',
  'send/unavailable',
  'send/timeout',
  'send/connection-lost',
]);
