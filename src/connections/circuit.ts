/**
 * Whether a destination is asked at all. Pure: the caller supplies the time and the dice.
 *
 *             failures in a row                 wait is over
 *   closed ────────────────────▶ open ─────────────────────▶ half-open (one probe)
 *     ▲                            ▲                             │    │
 *     └────────── it answers ──────┼─────────────────────────────┘    │
 *                                  └────────── it fails again ────────┘
 *   any ── credentials refused, or a person ──▶ paused ── resume ──▶ closed
 */
import type { CauseCode } from '../core/causes.ts';

export type CircuitPolicy = {
  /** So many failures in a row open the circuit. */
  readonly failures: number;
  /** First wait; doubles each time the probe fails. */
  readonly baseMs: number;
  readonly capMs: number;
};

export const defaultCircuitPolicy: CircuitPolicy = { failures: 5, baseMs: 1_000, capMs: 60_000 };

export type Circuit =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: Date; readonly opened: number }
  | { readonly state: 'half-open'; readonly since: Date; readonly opened: number }
  | { readonly state: 'paused'; readonly since: Date; readonly cause: CauseCode; readonly reason: string };

export const closed: Circuit = { state: 'closed', failures: 0 };

/** How long callers are asked to stay away from a paused destination: only a person or a configuration ends the pause. */
const pausedWaitMs = 60_000;
/** A probe that never reported (its process was stopped) must not keep the circuit half-open for ever. */
const probeLostMs = 120_000;

export type Admission =
  | { readonly admitted: true; readonly circuit: Circuit }
  | { readonly admitted: false; readonly circuit: Circuit; readonly cause: CauseCode; readonly waitMs: number };

/** May one more request go out now? In the half-open state exactly one may. */
export function admit(circuit: Circuit, now: Date, policy: CircuitPolicy = defaultCircuitPolicy): Admission {
  switch (circuit.state) {
    case 'closed':
      return { admitted: true, circuit };
    case 'open': {
      const waitMs = circuit.until.getTime() - now.getTime();
      if (waitMs > 0) return { admitted: false, circuit, cause: 'send/unavailable', waitMs };
      return { admitted: true, circuit: { state: 'half-open', since: now, opened: circuit.opened } };
    }
    case 'half-open':
      if (now.getTime() - circuit.since.getTime() >= probeLostMs) {
        return { admitted: true, circuit: { ...circuit, since: now } };
      }
      return { admitted: false, circuit, cause: 'send/unavailable', waitMs: policy.baseMs };
    case 'paused':
  }
  return { admitted: false, circuit, cause: circuit.cause, waitMs: pausedWaitMs };
}

/** What an attempt told about the destination itself, whatever became of the message. */
export type Evidence = 'answers' | 'fails' | 'refuses-credentials' | 'nothing';

/**
 * `answers`: it is alive, even if it said no.  `fails`: unreachable, hanging, or unable to serve.
 * `nothing`: the attempt was given up before it could tell (stopped by us, throttled).
 * `jitter` is in [0, 1).
 */
export function learn(
  circuit: Circuit,
  evidence: Evidence,
  moment: { readonly now: Date; readonly jitter: number },
  policy: CircuitPolicy = defaultCircuitPolicy,
): Circuit {
  if (circuit.state === 'paused') return circuit;
  switch (evidence) {
    case 'answers':
      return closed;
    case 'nothing':
      return circuit.state === 'half-open' ? { state: 'open', until: moment.now, opened: circuit.opened } : circuit;
    case 'refuses-credentials':
      return pause(moment.now, 'send/auth', 'the destination refused our credentials');
    case 'fails':
  }
  // Attempts that left before it opened report late: they neither lengthen nor shorten the wait.
  if (circuit.state === 'open') return circuit;
  if (circuit.state === 'half-open') return opened(circuit.opened + 1, moment, policy);
  const failures = circuit.failures + 1;
  return failures >= policy.failures ? opened(1, moment, policy) : { state: 'closed', failures };
}

export const pause = (now: Date, cause: CauseCode, reason: string): Circuit => ({
  state: 'paused',
  since: now,
  cause,
  reason,
});

function opened(times: number, { now, jitter }: { now: Date; jitter: number }, policy: CircuitPolicy): Circuit {
  const waitMs = Math.min(policy.capMs, policy.baseMs * 2 ** (times - 1)) * (0.5 + jitter / 2);
  return { state: 'open', until: new Date(now.getTime() + waitMs), opened: times };
}
