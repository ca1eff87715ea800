/**
 * An HL7 v2 interface of an EHR, as the filing tiers use it: makes the message, sends it, and says what became of it.
 * A lost answer is doubt, never a failure: the same bytes go again under the same MSH-10.
 */
import type { SentByV2 } from '../../core/model.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import type { Clock, Log, Resource } from '../../core/ports.ts';
import { placeOf, type ReadAck } from '../../hl7v2/read-ack.ts';
import { type MllpClient, mllpClient, type SendOutcome } from '../../mllp/client.ts';
import { admit, closed, defaultCircuitPolicy, learn } from '../circuit.ts';
import type { Circuit, CircuitPolicy, Evidence } from '../circuit.ts';
import type { Call } from '../fhir/client.ts';
import type { Body, Wanted } from './built.ts';
import type { Hl7InterfaceConfig } from './config.ts';
import { seal } from './envelope.ts';
import type { Sealed } from './envelope.ts';
import { mdmOf } from './mdm.ts';
import { oruOf } from './oru.ts';
import { pidOf } from './people.ts';

export type Post = {
  readonly wanted: Wanted;
  readonly as: 'document' | 'result';
  /** Whose chart it is for, as read from the EHR. */
  readonly patient: Resource;
  /** Of the message of the ledger. */
  readonly messageId: string;
  readonly receivedAt: Date;
};

/** `reference`: `MDM_T02/<MSH-10>`. With `failure` it may have been taken, and `sent` says so. */
export type Posted = {
  readonly reference: string;
  readonly sent: SentByV2;
  readonly failure?: Failure;
};

export type Hl7Interface = {
  readonly takes: { readonly documents: boolean; readonly results: boolean };
  /** `where`: host and port. */
  readonly where: string;
  readonly post: (post: Post, call: Call) => Promise<Outcome<Posted>>;
  /** What a message of it says, as far as a later one must know; undefined: it is not taken this way. */
  readonly sentOf: (wanted: Wanted, as: Post['as']) => Body['sent'] | undefined;
  /** Why it cannot be connected to, if so. */
  readonly probe: () => Promise<string | undefined>;
  readonly close: () => Promise<void>;
};

export type Hl7InterfaceDeps = {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly circuit?: CircuitPolicy;
};

export function hl7Interface(
  config: Hl7InterfaceConfig & { readonly id: string; readonly mrnSystem: string },
  deps: Hl7InterfaceDeps,
): Hl7Interface {
  const { clock, random, log } = deps;
  const policy = deps.circuit ?? defaultCircuitPolicy;
  const destination = config.id;
  const onLate = (): void => log('info', 'hl7.late-answer', { destination });
  const clients = Array.from({ length: config.connections }, () => mllpClient({ ...config, onLate }));
  const free = [...clients];
  const queue: ((client: MllpClient) => void)[] = [];
  let circuit: Circuit = closed;

  const turn = (next: Circuit): void => {
    if (next.state !== circuit.state)
      log(next.state === 'closed' ? 'info' : 'warn', `hl7.interface-${next.state}`, { destination });
    circuit = next;
  };
  const withClient = async <T>(use: (client: MllpClient) => Promise<T>): Promise<T> => {
    const client = free.shift() ?? (await new Promise<MllpClient>((resolve) => queue.push(resolve)));
    try {
      return await use(client);
    } finally {
      const next = queue.shift();
      if (next === undefined) free.unshift(client);
      else next(client);
    }
  };

  const send = async (sealed: Sealed, type: string, call: Call): Promise<Failure | undefined> => {
    const admission = admit(circuit, clock(), policy);
    turn(admission.circuit);
    if (!admission.admitted) {
      const detail = 'HL7 v2: the interface did not answer a moment ago';
      return fail(admission.cause, detail, { retryAfterMs: admission.waitMs }).failure;
    }
    let evidence: Evidence = 'nothing';
    try {
      const startedAt = clock();
      const outcome = await withClient((client) => client.send(sealed.bytes, sealed.controlId, call.signal));
      evidence = evidenceOf(outcome);
      const failure = failureOf(outcome);
      call.record({
        method: 'MLLP',
        url: `mllp://${config.host}:${config.port}/${type}`,
        requestBody: sealed.text,
        ...('answer' in outcome ? { responseBody: outcome.answer.toString('utf8') } : {}),
        ...(outcome.kind === 'accepted' || outcome.kind === 'rejected' || failure === undefined
          ? {}
          : { error: failure.cause }),
        startedAt,
        durationMs: clock().getTime() - startedAt.getTime(),
      });
      return failure;
    } finally {
      turn(learn(circuit, evidence, { now: clock(), jitter: random() }, policy));
    }
  };

  return {
    takes: { documents: config.documents !== undefined, results: config.results !== undefined },
    where: `${config.host}:${config.port}`,
    post: async ({ wanted, as, patient, messageId, receivedAt }, call) => {
      const body = bodyOf(wanted, as, config);
      if (body === undefined) return fail('send/unsupported', `HL7 v2: the interface takes no such ${as}`);
      const pid = pidOf(patient, config.mrnSystem, config.mrnAuthority);
      if (pid === undefined) return fail('send/unsupported', 'HL7 v2: the chart has no number of its own (PID-3)');
      const about = [messageId, wanted.artifact];
      const sealed = seal({ body, pid, about, receivedAt }, config);
      if (sealed === undefined)
        return fail('send/unsupported', `HL7 v2: it has characters that ${config.charset} does not have`);
      const [type, trigger] = body.type;
      const failure = await send(sealed, `${type}_${trigger}`, call);
      const sent = { ...body.sent, patient: `Patient/${patient.id ?? ''}`, acknowledged: failure === undefined };
      const reference = `${type}_${trigger}/${sealed.controlId}`;
      if (failure === undefined) return ok({ reference, sent });
      return inDoubt(failure) ? ok({ reference, sent, failure }) : { ok: false, failure };
    },
    sentOf: (wanted, as) => bodyOf(wanted, as, config)?.sent,
    probe: () => withClient((client) => client.probe()),
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** Undefined: the interface does not take it. */
function bodyOf(wanted: Wanted, as: Post['as'], config: Hl7InterfaceConfig): Body | undefined {
  const namespace = config.sending.application;
  if (as === 'document') return config.documents && mdmOf(wanted, config.documents, namespace);
  return config.results && oruOf(wanted, config.results, namespace);
}

const inDoubt = ({ cause }: Failure): boolean =>
  cause === 'send/timeout' || cause === 'send/connection-lost' || cause === 'send/answer-unreadable';

/** What the receiver writes of an error may quote the patient: only codes and places are told. */
function failureOf(outcome: SendOutcome): Failure | undefined {
  switch (outcome.kind) {
    case 'accepted':
      return undefined;
    case 'retryable':
      return fail('send/unavailable', `HL7 v2: answered ${toldOf(outcome)}`).failure;
    case 'rejected':
      return fail('send/refused', `HL7 v2: answered ${toldOf(outcome)}`).failure;
    case 'unreachable':
      return fail('send/connection-refused', `HL7 v2: the interface could not be reached (${outcome.why})`).failure;
    case 'unreadable':
      return fail('send/answer-unreadable', `HL7 v2: ${outcome.why}`).failure;
    case 'ambiguous':
  }
  return outcome.why === 'timeout'
    ? fail('send/timeout', 'HL7 v2: no acknowledgement came in time').failure
    : fail('send/connection-lost', 'HL7 v2: the connection broke before the acknowledgement').failure;
}

function toldOf({ ack }: { readonly ack: ReadAck }): string {
  const codes = ack.errors.flatMap(({ code, location }) => {
    const where = /^[A-Z][A-Z0-9]{2}(\^\d{1,3}){0,5}$/.test(location) ? [placeOf(location)] : [];
    const what = /^\d{1,3}$/.test(code) ? [`error ${code}`] : [];
    return where.length + what.length === 0 ? [] : [[...what, ...where].join(' at ')];
  });
  return codes.length === 0 ? ack.code : `${ack.code} (${codes.slice(0, 3).join(', ')})`;
}

function evidenceOf(outcome: SendOutcome): Evidence {
  if (outcome.kind === 'unreachable') return outcome.why === 'stopped' ? 'nothing' : 'fails';
  if (outcome.kind === 'ambiguous') return outcome.why === 'stopped' ? 'nothing' : 'fails';
  return 'answers';
}
