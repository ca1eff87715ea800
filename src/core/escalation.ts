/**
 * An escalation: one red flag of one record, from the moment it was accepted until somebody has taken it. Pure.
 *
 *   open ──▶ notified ──▶ acknowledged ──▶ resolved
 *     └──────────┴──────────────┴─────────▶ cancelled   (the record was corrected or withdrawn)
 *
 * `notified`: the EHR has the Task, or the alternate route was taken. Until somebody acknowledges, the clock goes on:
 * at the end of each level's time the next pool is told, and the last one again and again.
 */
import type { Severity } from './red-flag/rules.ts';

export const escalationStates = ['open', 'notified', 'acknowledged', 'resolved', 'cancelled'] as const;
export type EscalationState = (typeof escalationStates)[number];

export type Level = { readonly pool: string; readonly ackMinutes: number };

export type EscalationPolicy = {
  readonly [S in Severity]: {
    /** The alternate route is taken when the EHR has not taken the Task by then; 0: at once, in any case. */
    readonly alternateAfterSeconds: number;
    /** At least one; each begins when the one before has not acknowledged in its time. */
    readonly levels: readonly Level[];
  };
};

/** Where the clock of an escalation stands. */
export type Clockwork = {
  readonly level: number;
  readonly pool: string;
  /** When the level's time ends. */
  readonly dueAt: Date;
  /** When the alternate route is due, until that is decided. */
  readonly alternateAt: Date | undefined;
};

const minuteMs = 60_000;
const later = (at: Date, ms: number): Date => new Date(at.getTime() + ms);

/** The last level repeats. */
export function levelAt(policy: EscalationPolicy, severity: Severity, level: number): Level {
  const { levels } = policy[severity];
  const found = levels[Math.min(level, levels.length) - 1];
  if (found === undefined) throw new Error(`The severity ${severity} has no level.`);
  return found;
}

/** Within how many minutes each severity is to be acknowledged. */
export const ackMinutes = (policy: EscalationPolicy): Readonly<Record<Severity, number>> => ({
  stat: levelAt(policy, 'stat', 1).ackMinutes,
  urgent: levelAt(policy, 'urgent', 1).ackMinutes,
  routine: levelAt(policy, 'routine', 1).ackMinutes,
});

export function opening(severity: Severity, policy: EscalationPolicy, at: Date): Clockwork {
  const { pool, ackMinutes } = levelAt(policy, severity, 1);
  return {
    level: 1,
    pool,
    dueAt: later(at, ackMinutes * minuteMs),
    alternateAt: later(at, policy[severity].alternateAfterSeconds * 1_000),
  };
}

export type Running = Clockwork & {
  readonly severity: Severity;
  readonly state: 'open' | 'notified';
  /** The EHR has taken the Task, or a message to the pool. */
  readonly inChart: boolean;
};

export type Tick = Clockwork & { readonly state: 'open' | 'notified'; readonly tell: readonly Level[] };

/** What the clock does to an escalation that nobody has acknowledged. `tell`: pools for the alternate route, now. */
export function tick(running: Running, policy: EscalationPolicy, now: Date): Tick {
  const { severity, inChart } = running;
  const atOnce = policy[severity].alternateAfterSeconds === 0;
  let { level, pool, dueAt, alternateAt } = running;
  const tell: Level[] = [];
  if (alternateAt !== undefined && (alternateAt <= now || (inChart && !atOnce))) {
    if (!inChart || atOnce) tell.push(levelAt(policy, severity, level));
    alternateAt = undefined;
  }
  if (dueAt <= now) {
    level = Math.min(level + 1, policy[severity].levels.length);
    const next = levelAt(policy, severity, level);
    if (!tell.includes(next)) tell.push(next);
    pool = next.pool;
    // From now, not from when it was due: after an outage of ours each level still has its time.
    dueAt = later(now, next.ackMinutes * minuteMs);
  }
  return { level, pool, dueAt, alternateAt, tell, state: inChart ? 'notified' : running.state };
}

const firstWaitMs = 5_000;
const longestWaitMs = 5 * minuteMs;

/** Until the alternate route is tried again; without an end while nobody has acknowledged. */
export const retryAfterMs = (attempts: number): number =>
  Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(attempts - 1, 10));

/** What the status of its Task in the EHR says about an escalation. */
export function saidByTask(status: unknown): 'acknowledged' | 'resolved' | undefined {
  if (status === 'completed') return 'resolved';
  return status === 'accepted' || status === 'in-progress' ? 'acknowledged' : undefined;
}

export type NoticeKind = 'alert' | 'withdrawn';

export type Notice = {
  /** Stays the same when it is sent again: who gets it twice can tell. */
  readonly id: string;
  readonly escalation: string;
  readonly kind: NoticeKind;
  readonly severity: Severity;
  readonly level: number;
  readonly openedAt: Date;
};

const fixedText = {
  alert: {
    es: 'Hay una alerta clínica sin confirmar. Abra Tejido o llame al programa.',
    en: 'There is an unacknowledged clinical alert. Open Tejido or call the programme.',
  },
  withdrawn: {
    es: 'Se retiró una alerta clínica. Abra Tejido antes de actuar, o llame al programa.',
    en: 'A clinical alert was withdrawn. Open Tejido before acting on it, or call the programme.',
  },
} as const satisfies Record<NoticeKind, { readonly es: string; readonly en: string }>;

/**
 * All that leaves by the alternate route: nothing of the patient, and not the code, which would tell the condition.
 * The envelope is that of Standard Webhooks: type, timestamp, data.
 */
export function noticeBody(
  { escalation, kind, severity, level, openedAt }: Notice,
  programme: { readonly phone?: string; readonly link?: string },
): Readonly<Record<string, unknown>> {
  return {
    type: `escalation.${kind}`,
    timestamp: openedAt.toISOString(),
    data: {
      escalation,
      severity,
      level,
      ...(programme.link === undefined ? {} : { link: `${programme.link.replace(/\/+$/, '')}/${escalation}` }),
      ...(programme.phone === undefined ? {} : { phone: programme.phone }),
      text: fixedText[kind],
    },
  };
}
