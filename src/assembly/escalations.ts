/**
 * The clock of escalations in one process. All processes have it, one at a time runs it (a lock of the ledger). It is a
 * plain timer, and not a wake-up: it must not stand still while Redis does.
 */
import type { Config } from '../config/config.ts';
import { webhookSender, type WebhookSender } from '../connections/webhook.ts';
import { noticeBody, saidByTask } from '../core/escalation.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { FindFlags } from '../core/red-flag/detect.ts';
import type { RedFlag } from '../core/red-flag/rules.ts';
import type { Escalations } from '../inbound/deps.ts';
import { runAlone } from '../ledger/alone.ts';
import { actOnEscalation } from '../ledger/escalations-act.ts';
import {
  moveEscalations,
  noticeTried,
  takeNotices,
  type TakenNotice,
  tasksToLookAt,
} from '../ledger/escalations-clock.ts';
import { escalationStory, listEscalations } from '../ledger/escalations-read.ts';
import { type Recheck, recheckDone, rechecksWaiting } from '../ledger/escalations-recheck.ts';
import type { ReadActivity } from '../pipeline/deps.ts';
import { amended, intentOf } from '../pipeline/intent.ts';
import type { Connected } from './destinations.ts';
import type { Store } from './store.ts';

export type EscalationParts = {
  readonly config: Config;
  readonly store: Store;
  readonly connected: readonly Connected[];
  readonly read: ReadActivity;
  readonly findFlags: FindFlags;
  readonly clock: Clock;
  readonly log: Log;
};

export type EscalationClock = {
  /** Something may be due now. */
  readonly poke: () => void;
  readonly stop: () => Promise<void>;
};

const noticesAtOnce = 20;

export function startEscalations(parts: EscalationParts): EscalationClock {
  const { config, store, log, clock } = parts;
  const { redFlags } = config;
  if (!redFlags.enabled) return { poke: () => undefined, stop: () => Promise.resolve() };
  const routes = new Map(
    redFlags.pools.flatMap(({ id, webhook }) =>
      webhook === undefined ? [] : [[id, webhookSender(webhook, clock)] as const],
    ),
  );
  let running: Promise<void> | undefined;
  let again = false;
  let stopping = false;

  const turn = async (): Promise<void> => {
    do {
      again = false;
      await runAlone(store.pool, 'escalations', () => look(parts, routes));
    } while (again && !isStopping());
  };
  const isStopping = (): boolean => stopping;
  const poke = (): void => {
    again = true;
    if (stopping) return;
    running ??= turn()
      .catch((error: unknown) => {
        // The ledger is away: what is due stays due.
        log('error', 'escalations.not-looked-at', { error });
      })
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(poke, redFlags.lookSeconds * 1_000);
  timer.unref();
  poke();
  return {
    poke,
    stop: async () => {
      stopping = true;
      clearInterval(timer);
      // A pool that does not answer must not keep the ledger from closing.
      await Promise.all([...routes.values()].map((route) => route.close()));
      await running;
    },
  };
}

/** One look: what amendments changed, what is due, what somebody has taken in the EHR. */
async function look(parts: EscalationParts, routes: ReadonlyMap<string, WebhookSender>): Promise<void> {
  const { config, store, log } = parts;
  const { pool } = store;
  const { clock: policy, taskSeconds } = config.redFlags;
  for (const recheck of await rechecksWaiting(pool)) {
    await recheckDone(pool, recheck, flagsOf(recheck, parts), policy);
  }
  await lookAtTasks(parts, taskSeconds * 1_000);
  for (const { id, severity, level, told } of await moveEscalations(pool, policy)) {
    log('warn', 'escalation.not-acknowledged', { id, kind: severity, attempt: level, count: told });
  }
  const leaseMs = 5 * Math.max(10_000, ...config.redFlags.pools.map(({ webhook }) => webhook?.timeoutMs ?? 0));
  for (;;) {
    const notices = await takeNotices(pool, noticesAtOnce, leaseMs);
    await Promise.all(notices.map((notice) => carry(notice, parts, routes)));
    if (notices.length < noticesAtOnce) return;
  }
}

async function carry(
  notice: TakenNotice,
  { config, store, clock, log }: EscalationParts,
  routes: ReadonlyMap<string, WebhookSender>,
): Promise<void> {
  const { phone = config.programme.phone, link } = config.redFlags;
  const route = routes.get(notice.pool);
  if (route === undefined) {
    await noticeTried(store.pool, notice, { end: 'no-route', result: 'no-route', at: clock(), durationMs: 0 });
    log('warn', 'escalation.no-alternate-route', { id: notice.escalation, name: notice.pool });
    return;
  }
  const body = noticeBody(notice, {
    ...(phone === undefined ? {} : { phone }),
    ...(link === undefined ? {} : { link }),
  });
  const { ok, ...tried } = await route.send(notice.id, body);
  await noticeTried(store.pool, notice, { end: ok ? 'sent' : 'failed', ...tried });
  log(ok ? 'info' : 'error', ok ? 'escalation.told' : 'escalation.not-told', {
    id: notice.escalation,
    name: notice.pool,
    kind: notice.kind,
    attempt: notice.attempt,
    ...(tried.status === undefined ? { cause: tried.result } : { status: tried.status }),
  });
}

/** The Task accepted, begun or completed in the EHR is an acknowledgement. What the EHR does not answer is asked again. */
async function lookAtTasks({ store, connected, config, log }: EscalationParts, everyMs: number): Promise<void> {
  for (const task of await tasksToLookAt(store.pool, everyMs)) {
    const found = connected.find((one) => one.config.id === task.destination);
    const status = await found?.destination.taskStatus(task.reference);
    if (status?.ok !== true) continue;
    const said = saidByTask(status.value);
    if (said === undefined || said === task.state) continue;
    const act = said === 'resolved' ? 'resolve' : 'ack';
    await actOnEscalation(store.pool, task.escalation, { do: act }, `ehr:${task.destination}`, config.redFlags.clock);
    log('info', 'escalation.taken', { id: task.escalation, destination: task.destination, action: act });
  }
}

/** What a record shows with its amendments. Undefined: that cannot be told, and what stands is left alone. */
function flagsOf(
  { voided, payloads }: Recheck,
  { read, findFlags }: Pick<EscalationParts, 'read' | 'findFlags'>,
): readonly RedFlag[] | undefined {
  if (voided) return [];
  let activity;
  for (const payload of payloads) {
    const told = read(payload);
    const intent = told.ok ? intentOf(told.value) : undefined;
    if (intent?.ok !== true) continue;
    if (intent.value.do === 'void') return [];
    if (intent.value.do === 'file') activity = intent.value.activity;
    else if (activity !== undefined) activity = amended(activity, intent.value.changes);
  }
  return activity === undefined ? undefined : findFlags(activity);
}

/** Escalations as doors and commands serve them. `acted`: somebody may have to be told now. */
export function doorEscalations(store: Store, { redFlags }: Pick<Config, 'redFlags'>, acted: () => void): Escalations {
  return {
    list: (filter, restrictedToo) => listEscalations(store.pool, filter, restrictedToo),
    story: (id, restrictedToo) => escalationStory(store.pool, id, restrictedToo),
    act: async (id, act, actor) => {
      if (act.do === 'reassign' && !redFlags.pools.some((pool) => pool.id === act.pool)) {
        const pools = redFlags.pools.map((pool) => pool.id).join(', ');
        return { ok: false, refused: `There is no such pool. Pools: ${pools}.` };
      }
      const result = await actOnEscalation(store.pool, id, act, actor, redFlags.clock);
      if (result.ok) acted();
      return result;
    },
  };
}
