/**
 * What Prometheus may know: counts and times by source, kind, cause and destination, which all come from the
 * configuration or a closed list. Never an id of a message or person. A label that a sender could choose freely is
 * limited in number, so that nobody can grow the registry (or smuggle a name into it) from outside.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { isCause } from '../core/causes.ts';
import type { CauseCode } from '../core/causes.ts';
import { messageStates } from '../core/model.ts';
import type { MessageState } from '../core/model.ts';

type AttemptOutcome = 'filed' | 'transient' | 'ambiguous' | 'permanent' | 'auth' | 'held';

/** Read when Prometheus asks, so that they are never staler than the question. */
export type MetricReadings = {
  /** How many messages stand in each state. */
  readonly backlog: () => Promise<Partial<Record<MessageState, number>>>;
  /** Per destination, in ms: how long its oldest due delivery has been due. */
  readonly laneAges: () => Promise<readonly { readonly destination: string; readonly ageMs: number }[]>;
  /** Messages that the HL7 v2 door has acknowledged and nobody has handed on yet. */
  readonly intake: () => Promise<{ readonly count: number; readonly oldestMs: number | undefined }>;
  readonly wakeHealthy: () => boolean;
  /** By severity: escalations nobody has acknowledged, the oldest, and of the last 30 days how many were in time. */
  readonly escalations: () => Promise<
    readonly {
      readonly severity: string;
      readonly running: number;
      readonly oldestMs: number;
      readonly inTime: number;
      readonly late: number;
    }[]
  >;
};

export type Metrics = {
  readonly accepted: (source: string, kind: string, count?: number) => void;
  readonly duplicate: (source: string, count?: number) => void;
  readonly filed: (source: string, kind: string, count?: number) => void;
  readonly held: (source: string, kind: string, cause: CauseCode, count?: number) => void;
  readonly failed: (source: string, kind: string, cause: CauseCode, count?: number) => void;
  readonly superseded: (source: string, kind: string, count?: number) => void;
  /** From the request's arrival to the commit. */
  readonly acceptTook: (door: string, ms: number) => void;
  readonly attemptTook: (destination: string, outcome: AttemptOutcome, ms: number) => void;
  /** From a delivery being due to its being claimed. */
  readonly queueLag: (destination: string, ms: number) => void;
  readonly woke: (destination: string) => void;
  readonly healed: () => void;
  readonly mllp: {
    /** `code`: AA … CR, or `none` where the sender wants no answer. */
    readonly acknowledged: (source: string, code: string) => void;
    readonly dropped: (reason: string, count: number) => void;
    /** From a complete message to its answer. */
    readonly took: (ms: number) => void;
    readonly connections: (open: number) => void;
  };
  readonly expose: () => Promise<{ readonly contentType: string; readonly body: string }>;
};

const safe = /^[a-z/][\w.:/{}-]{0,63}$/i;

/** The value itself while it is a plain word and there are fewer than `most` of them; else `other`. */
export const boundedLabel = (most: number): ((value: string) => string) => {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (!safe.test(value) || seen.size >= most) return 'other';
    seen.add(value);
    return value;
  };
};

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * @param options.readings asked at every scrape; one that fails leaves its gauge out and counts in `tejido_scrape_failures_total`
 * @param options.processMetrics memory, event loop and GC of the process (default true)
 */
export function createMetrics(
  options: { readonly readings?: MetricReadings; readonly processMetrics?: boolean } = {},
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  const { readings } = options;
  const sourceOf = boundedLabel(100);
  const kindOf = boundedLabel(200);
  const doorOf = boundedLabel(50);

  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: `tejido_${name}_total`, help, labelNames: [...labelNames], registers });
  const histogram = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram<L>({
      name: `tejido_${name}_seconds`,
      help,
      labelNames: [...labelNames],
      buckets: seconds,
      registers,
    });

  const accepted = counter('accepted', 'Items committed to the ledger.', ['source', 'kind']);
  const duplicates = counter('duplicates', 'Items that were already in the ledger.', ['source']);
  const filed = counter('filed', 'Messages that stand in the chart.', ['source', 'kind']);
  const held = counter('held', 'Times a message began to wait for a person or an event.', ['source', 'kind', 'cause']);
  const failed = counter('failed', 'Times a message was given up.', ['source', 'kind', 'cause']);
  const superseded = counter('superseded', 'Messages whose place another version took.', ['source', 'kind']);
  const wakes = counter('wakes', 'Looks for due work.', ['destination']);
  const heals = counter('heals', 'Times the watchdog rebuilt the wake-ups.', []);
  const acknowledged = counter('mllp_acknowledged', 'HL7 v2 messages by their answer.', ['source', 'code']);
  const dropped = counter(
    'mllp_dropped',
    'What came to the HL7 v2 door and is no message: bytes of noise, blocks without an end, slow senders, acknowledgements.',
    ['reason'],
  );
  const mllpConnections = new Gauge({
    name: 'tejido_mllp_connections',
    help: 'Connections to the HL7 v2 door.',
    registers,
  });
  const scrapeFailures = counter('scrape_failures', 'Readings that failed while Prometheus asked.', ['reading']);
  const acceptLatency = histogram('accept', 'From the arrival of a request to its commit.', ['door']);
  const attemptLatency = histogram('attempt', 'Attempts to file a message.', ['destination', 'outcome']);
  const lag = histogram('queue_lag', 'From a delivery being due to its being claimed.', ['destination']);

  if (readings) {
    const attempt = async (reading: string, read: () => Promise<void>): Promise<void> => {
      try {
        await read();
      } catch {
        scrapeFailures.inc({ reading });
      }
    };
    registry.registerMetric(
      new Gauge({
        name: 'tejido_backlog',
        help: 'Messages by state.',
        labelNames: ['state'],
        registers: [],
        async collect() {
          await attempt('backlog', async () => {
            const backlog = await readings.backlog();
            for (const state of messageStates) this.set({ state }, backlog[state] ?? 0);
          });
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: 'tejido_lane_age_seconds',
        help: 'How long the oldest due delivery of a destination has been due.',
        labelNames: ['destination'],
        registers: [],
        async collect() {
          this.reset();
          await attempt('lane_age', async () => {
            for (const { destination, ageMs } of await readings.laneAges()) this.set({ destination }, ageMs / 1_000);
          });
        },
      }),
    );
    registry.registerMetric(
      new Gauge({
        name: 'tejido_intake_waiting',
        help: 'HL7 v2 messages that were acknowledged and not handed on yet.',
        registers: [],
        async collect() {
          await attempt('intake', async () => {
            const { count, oldestMs } = await readings.intake();
            this.set(count);
            intakeAge.set((oldestMs ?? 0) / 1_000);
          });
        },
      }),
    );
    const intakeAge = new Gauge({
      name: 'tejido_intake_age_seconds',
      help: 'How long the oldest of them has waited.',
      registers,
    });
    type Read = Awaited<ReturnType<MetricReadings['escalations']>>[number];
    const escalations = <const L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      set: (gauge: Gauge<L>, read: Read) => void,
    ) => {
      registry.registerMetric(
        new Gauge<L>({
          name: `tejido_${name}`,
          help,
          labelNames: [...labelNames],
          registers: [],
          async collect() {
            await attempt('escalations', async () => {
              for (const read of await readings.escalations()) set(this, read);
            });
          },
        }),
      );
    };
    escalations('escalations_running', 'Escalations that nobody has acknowledged.', ['severity'], (gauge, read) => {
      gauge.set({ severity: read.severity }, read.running);
    });
    escalations('escalation_oldest_seconds', 'Age of the oldest of them.', ['severity'], (gauge, read) => {
      gauge.set({ severity: read.severity }, read.oldestMs / 1_000);
    });
    escalations(
      'escalations_acknowledged_30d',
      'Those of the last 30 days that were acknowledged, by whether in the time of their first level (SAF-1).',
      ['severity', 'in_time'],
      (gauge, { severity, inTime, late }) => {
        gauge.set({ severity, in_time: 'true' }, inTime);
        gauge.set({ severity, in_time: 'false' }, late);
      },
    );
    registry.registerMetric(
      new Gauge({
        name: 'tejido_wake_healthy',
        help: '1 while the wake-up backend answers.',
        registers: [],
        collect() {
          this.set(readings.wakeHealthy() ? 1 : 0);
        },
      }),
    );
  }

  const labels = (source: string, kind: string) => ({ source: sourceOf(source), kind: kindOf(kind) });
  const causeLabel = (cause: string) => (isCause(cause) ? cause : 'other');
  return {
    accepted: (source, kind, count = 1) => accepted.inc(labels(source, kind), count),
    duplicate: (source, count = 1) => duplicates.inc({ source: sourceOf(source) }, count),
    filed: (source, kind, count = 1) => filed.inc(labels(source, kind), count),
    held: (source, kind, cause, count = 1) => held.inc({ ...labels(source, kind), cause: causeLabel(cause) }, count),
    failed: (source, kind, cause, count = 1) =>
      failed.inc({ ...labels(source, kind), cause: causeLabel(cause) }, count),
    superseded: (source, kind, count = 1) => superseded.inc(labels(source, kind), count),
    acceptTook: (door, ms) => acceptLatency.observe({ door: doorOf(door) }, ms / 1_000),
    attemptTook: (destination, outcome, ms) => attemptLatency.observe({ destination, outcome }, ms / 1_000),
    queueLag: (destination, ms) => lag.observe({ destination }, ms / 1_000),
    woke: (destination) => wakes.inc({ destination }),
    healed: () => heals.inc(),
    mllp: {
      acknowledged: (source, code) => acknowledged.inc({ source: sourceOf(source), code }),
      dropped: (reason, count) => dropped.inc({ reason }, count),
      took: (ms) => acceptLatency.observe({ door: 'mllp' }, ms / 1_000),
      connections: (open) => mllpConnections.set(open),
    },
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
