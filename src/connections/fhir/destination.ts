/** A FHIR R4 EHR as a destination: the port, over the parts of this folder. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JSONWebKeySet } from 'jose';
import type { CauseCode } from '../../core/causes.ts';
import { causeOf } from '../../core/causes.ts';
import type { DestinationId, Exchange } from '../../core/model.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import type { CapabilityReport, Clock, Destination, Log } from '../../core/ports.ts';
import { admit, closed, defaultCircuitPolicy, learn, pause } from '../circuit.ts';
import type { Circuit, CircuitPolicy, Evidence } from '../circuit.ts';
import { httpClient } from '../http.ts';
import { keyedLock } from '../keyed-lock.ts';
import { filedTypes, levelOf, problemsOf, readCapabilities, scopeAllows } from './capability.ts';
import type { Capabilities, Problem } from './capability.ts';
import { fhirClient } from './client.ts';
import type { Call, FhirClient, Wait } from './client.ts';
import type { FhirDestinationConfig } from './config.ts';
import { inDoubt } from './doubt.ts';
import { newLearned } from './environment.ts';
import type { CapabilitySource, Environment, Run } from './environment.ts';
import { filePlan } from './file.ts';
import { lookup } from './lookup.ts';
import { findPatient } from './patient.ts';
import { bearerAuthorizer, noAuthorizer, publicKeys, smartAuthorizer } from './smart.ts';
import type { Authorizer } from './smart.ts';
import { isVoided } from './voiding.ts';

export type FhirDestinationDeps = {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** A pause of so many milliseconds that ends early, by rejecting, when the signal aborts. */
  readonly wait?: Wait;
  readonly circuit?: CircuitPolicy;
};

export type FhirDestination = Destination & {
  /** Public keys of SMART Backend Services, to be served at a JWKS URL. Absent for other kinds of auth. */
  readonly jwks?: () => Promise<JSONWebKeySet>;
  readonly state: () => Circuit;
  /** Stops all requests until `resume`; `file` answers at once with `cause`. */
  readonly pause: (reason: string, cause?: CauseCode) => void;
  readonly resume: () => void;
  readonly close: () => Promise<void>;
};

const hourMs = 3_600_000;
/** A statement that was just read is not read again at every surprise. */
const distrustAfterMs = 30_000;
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
    learned: newLearned(config.limits),
    mayWrite: (type) => scopeAllows(authorizer.granted(), type, true),
    clock,
    random,
    wait,
    log,
  };
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

  const report = (failure: Failure | undefined): void =>
    turn(learn(circuit, evidenceOf(failure), { now: clock(), jitter: random() }, policy));

  return {
    id: config.id as DestinationId,
    file: (plan, signal) =>
      // Our own serialisation per identity: servers' conditional creates race.
      locks.hold(
        plan.steps.map((step) => step.artifact),
        async () => {
          const refused = gate();
          if (refused !== undefined) return { links: [], exchanges: [], failure: inDoubt(plan.doubt, refused) };
          const exchanges: Exchange[] = [];
          const run: Run = { record: (exchange) => exchanges.push(exchange), signal, doubt: plan.doubt };
          let failure: Failure | undefined = fail('internal/unexpected', 'filing ended without a result').failure;
          try {
            const ended = await filePlan(env, plan, run);
            failure = ended.failure;
            return {
              links: ended.links,
              exchanges,
              ...(failure === undefined ? {} : { failure: inDoubt(plan.doubt, failure) }),
            };
          } finally {
            report(signal?.aborted === true ? abandoned : failure);
          }
        },
      ),
    findPatient: async (identifiers, signal) => {
      const refused = gate();
      if (refused !== undefined) return { outcome: { ok: false, failure: refused }, exchanges: [] };
      const exchanges: Exchange[] = [];
      const run: Run = { record: (exchange) => exchanges.push(exchange), signal, doubt: false };
      let failure: Failure | undefined = abandoned;
      try {
        const stated = await env.capabilities.get(run);
        const outcome = stated.ok ? await findPatient(env, identifiers, run) : stated;
        failure = outcome.ok ? undefined : outcome.failure;
        return { outcome, exchanges };
      } finally {
        report(signal?.aborted === true ? abandoned : failure);
      }
    },
    standing: async (artifacts) => {
      const refused = gate();
      if (refused !== undefined) return { ok: false, failure: refused };
      const call: Call = { record: () => {} };
      const outcome = await count(env, artifacts, call);
      report(outcome.ok ? undefined : outcome.failure);
      return outcome;
    },
    report: () => capabilityReport(env, authorizer),
    ...(config.auth.kind === 'smart' ? { jwks: jwksOf(config.auth.privateKeys) } : {}),
    state: () => circuit,
    pause: (reason, cause = 'send/unavailable') => turn(pause(clock(), cause, reason)),
    resume: () => turn(closed),
    close: () => http.close(),
  };
}

const jwksOf =
  (keys: Parameters<typeof publicKeys>[0]): (() => Promise<JSONWebKeySet>) =>
  () =>
    publicKeys(keys);

type Standing = { readonly artifact: string; readonly count: number; readonly errored: number };

/** Which of our artifacts stand, how often, and in what status. */
async function count(
  env: Environment,
  artifacts: readonly { readonly artifact: string; readonly resourceType: string }[],
  call: Call,
): Promise<Outcome<readonly Standing[]>> {
  const counted: Standing[] = [];
  const stated = await env.capabilities.get(call);
  if (!stated.ok) return stated;
  for (const [type, asked] of Map.groupBy(artifacts, (each) => each.resourceType)) {
    const names = asked.map((each) => each.artifact);
    const found = await env.lookup.find(type, names, {}, call);
    if (!found.ok) return found;
    for (const artifact of names) {
      const matches = found.value.get(artifact) ?? [];
      counted.push({ artifact, count: matches.length, errored: matches.filter(isVoided).length });
    }
  }
  return ok(counted);
}

/** Stopped by ourselves: it tells nothing about the destination. */
const abandoned: Failure = { cause: 'internal/unexpected', detail: 'given up' };

/** What a call's end says about the destination as a whole. A refusal is an answer too. */
function evidenceOf(failure: Failure | undefined): Evidence {
  if (failure === undefined) return 'answers';
  if (failure === abandoned) return 'nothing';
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

function capabilitySource(config: FhirDestinationConfig, client: FhirClient, clock: Clock): CapabilitySource {
  const maxAgeMs = config.capabilityMaxAgeMs ?? hourMs;
  let held: Capabilities | undefined;
  let suspect = false;
  let asking: Promise<Outcome<Capabilities>> | undefined;

  const ask = async (call: Call): Promise<Outcome<Capabilities>> => {
    const reply = await client.ask({ method: 'GET', path: 'metadata', doing: 'read' }, call);
    if (!reply.ok)
      // A wrong base URL, or a server half up: nothing that any one message is to blame for.
      return reply.failure.cause === 'send/gone'
        ? fail('send/unavailable', 'there is no CapabilityStatement at the base URL')
        : reply;
    const read = readCapabilities(reply.json, clock(), config.quirks);
    return read === undefined
      ? fail('send/unavailable', 'the base URL does not answer with a CapabilityStatement')
      : ok(read);
  };

  return {
    known: () => held,
    distrust: () => {
      suspect = true;
    },
    get: async (call) => {
      const age = held === undefined ? Number.POSITIVE_INFINITY : clock().getTime() - held.readAt.getTime();
      if (held !== undefined && age < maxAgeMs && !(suspect && age >= distrustAfterMs)) return ok(held);
      asking ??= ask(call).finally(() => {
        asking = undefined;
      });
      const got = await asking;
      if (got.ok) {
        held = got.value;
        suspect = false;
      }
      // What it said an hour ago is better than nothing while it cannot say it again.
      return got.ok || held === undefined || causeOf(got.failure.cause).class !== 'transient' ? got : ok(held);
    },
  };
}

async function capabilityReport(env: Environment, authorizer: Authorizer): Promise<CapabilityReport> {
  const { config, learned, lookup: search } = env;
  const exchanges: Exchange[] = [];
  const call: Call = { record: (exchange) => exchanges.push(exchange) };
  const problems: Problem[] = [];
  const token = await authorizer.header(call.record);
  if (!token.ok) problems.push({ cause: token.failure.cause, detail: token.failure.detail });
  env.capabilities.distrust();
  const stated = await env.capabilities.get(call);
  const reachable = stated.ok || exchanges.some((exchange) => exchange.status !== undefined);
  if (!stated.ok) {
    if (token.ok) problems.push({ cause: stated.failure.cause, detail: stated.failure.detail });
    return {
      destination: config.id,
      reachable,
      transaction: false,
      batch: false,
      auth: authorizer.says,
      resources: [],
      problems,
    };
  }
  const capabilities = stated.value;
  problems.push(...problemsOf(capabilities, authorizer.granted()));
  const learnedProblems: readonly (readonly [boolean, Problem])[] = [
    [
      learned.noTransaction,
      {
        cause: 'send/unsupported',
        detail: 'it declares transactions and refused one; entries are filed in smaller steps',
      },
    ],
    [
      learned.transactionsAreBatches,
      { cause: 'send/partial', detail: 'it runs transactions as batches: a part may be written without the rest' },
    ],
    [
      learned.placeholders === 'left',
      { cause: 'send/partial', detail: 'it leaves placeholder references in place; Tejido resolves them itself' },
    ],
    [
      learned.conditionIgnored.size > 0,
      {
        cause: 'send/duplicates-found',
        detail: `it ignores the condition of a create of ${[...learned.conditionIgnored].join(', ')}; Tejido searches first`,
      },
    ],
    [
      search.knowledge.ignored.size > 0,
      {
        cause: 'send/unsupported',
        detail: `it does not search ${[...search.knowledge.ignored].join(', ')} by our identifier; Tejido reads through the patient’s`,
      },
    ],
  ];
  for (const [holds, problem] of learnedProblems) if (holds) problems.push(problem);
  const dropped = [...learned.identity].flatMap(([type, seen]) => (seen === 'dropped' ? [type] : []));
  if (dropped.length > 0)
    problems.push({
      cause: 'send/duplicates-found',
      detail: `it drops our identifier from ${dropped.join(', ')}: after a lost answer a person must look`,
    });
  const scopes = authorizer.granted();
  return {
    destination: config.id,
    reachable,
    ...(capabilities.software === undefined ? {} : { software: capabilities.software }),
    ...(capabilities.fhirVersion === undefined ? {} : { fhirVersion: capabilities.fhirVersion }),
    transaction: capabilities.transaction && !learned.noTransaction,
    batch: capabilities.batch && !learned.noBatch,
    auth:
      scopes === undefined || scopes.length === 0
        ? authorizer.says
        : `${authorizer.says}, granted: ${scopes.join(' ')}`,
    resources: [...filedTypes, 'Patient'].map((type) => levelOf(capabilities, type)),
    problems,
  };
}
