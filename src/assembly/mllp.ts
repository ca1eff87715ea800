/** The HL7 v2 door of one process: its listener, the intake behind it, and what hands the messages on. */
import type { Config, MllpConfig } from '../config/config.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import type { Accept, Clock, Incoming, Log } from '../core/ports.ts';
import { identifyHl7 } from '../hl7v2/identify.ts';
import { runAlone } from '../ledger/alone.ts';
import { createIntake, intakeAfter } from '../ledger/intake.ts';
import { listenMllp, type MllpServer } from '../mllp/server.ts';
import type { Metrics } from '../observe/metrics.ts';
import { cannotListen } from './cannot-listen.ts';
import { createIntakeMover, type IntakeMover } from './intake.ts';
import { criticalReader } from './lab-alarms.ts';
import type { Store } from './store.ts';

/** The sender that a message was kept for. One that is not configured any more is read as one that never was. */
export function senderNamed({ senders, anySender }: MllpConfig, name: string): Hl7Sender {
  return senders.find((one) => one.name === name) ?? { ...anySender, name };
}

export type MllpParts = {
  readonly config: Pick<Config, 'mllp' | 'labs' | 'redFlags'>;
  readonly store: Pick<Store, 'pool'>;
  readonly accept: Accept;
  readonly log: Log;
};

/** Runs in every process, also where no door is: what a process that died had acknowledged is handed on by another. */
export function startMover({ config, store: { pool }, accept, log }: MllpParts): IntakeMover {
  const readCritical = criticalReader(config);
  return createIntakeMover({
    next: (after, limit) => intakeAfter(pool, after, limit),
    alone: (run) => runAlone(pool, 'intake', run),
    identify: ({ bytes, source, actor }): readonly Incoming[] =>
      identifyHl7({ raw: bytes, source: senderNamed(config.mllp, source), actor, readCritical }),
    accept,
    log,
  });
}

/** Undefined: switched off. Rejects with what to do when the port cannot be had. */
export async function startMllp({
  config: { mllp },
  store: { pool },
  mover,
  metrics,
  clock,
  random,
  log,
}: Omit<MllpParts, 'accept'> & {
  readonly mover: IntakeMover;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
}): Promise<MllpServer | undefined> {
  if (!mllp.enabled) return undefined;
  const { keep } = createIntake({ pool, onKept: mover.poke });
  return listenMllp({ ...mllp, keep, clock, random, log, observe: metrics.mllp }).catch((error: unknown) => {
    throw cannotListen(error, mllp, {
      port: 'MLLP_PORT (or mllp.port in tejido.yaml)',
      host: 'HOST (or mllp.host in tejido.yaml)',
    });
  });
}
