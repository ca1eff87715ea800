/** Lanes on a real ledger, against a chart that remembers what was written, also when its answer was lost. */
import type { Activity } from '../../src/core/activity.ts';
import { createGates, type GateRules } from '../../src/core/gates/index.ts';
import { receivesAll } from '../../src/core/gates/minimum.ts';
import type { EmittedLink } from '../../src/core/model.ts';
import { fail, type Failure, ok } from '../../src/core/outcome.ts';
import type { Destination, FilingPlan, Incoming, Mapper } from '../../src/core/ports.ts';
import { createLaneLedger } from '../../src/ledger/lane-ledger.ts';
import { listMessages } from '../../src/ledger/messages.ts';
import type { PipelineDeps } from '../../src/pipeline/deps.ts';
import { createLaneRunner } from '../../src/pipeline/lanes.ts';
import { noLabs } from '../support/no-labs.ts';
import { anItem, ehr, type TestLedger } from '../ledger/support.ts';
import { matchingRules } from '../support/matching.ts';

/** One resource of the chart. */
type Standing = { readonly patient: string; readonly what: string; errored: boolean };

export type Chart = {
  /** By artifact. */
  readonly resources: Map<string, Standing>;
  /** May refuse a plan (`lost`: it was written all the same), or hold it up. */
  answer: (plan: FilingPlan) => Promise<{ failure: Failure; lost?: boolean } | undefined>;
  readonly destination: Destination;
  /** What stands, as `patient what`. */
  readonly standing: () => readonly string[];
};

export function aChart(): Chart {
  const resources = new Map<string, Standing>();
  const chart: Chart = {
    resources,
    answer: () => Promise.resolve(undefined),
    standing: () =>
      [...resources.values()]
        .filter((one) => !one.errored)
        .map((one) => `${one.patient} ${one.what}`)
        .toSorted(),
    destination: {
      id: ehr,
      findPatient: ({ mrn }) =>
        Promise.resolve({
          outcome: mrn === undefined ? fail('match/unknown-patient', 'No MRN.') : ok({ reference: `Patient/${mrn}` }),
          exchanges: [],
        }),
      file: async (plan) => {
        const refused = await chart.answer(plan);
        if (refused !== undefined && refused.lost !== true)
          return { links: [], exchanges: [], failure: refused.failure };
        const links = plan.steps.flatMap((step): EmittedLink[] => {
          const before = resources.get(step.artifact);
          if (step.do === 'void') {
            if (before === undefined) return [];
            before.errored = true;
          } else {
            const [what = ''] = step.artifact.split('.').slice(-1);
            resources.set(step.artifact, { patient: String(step.resource['subject']), what, errored: false });
          }
          return [
            {
              artifact: step.artifact,
              resourceType: step.do === 'void' ? step.resourceType : step.resource.resourceType,
              reference: `Any/${step.artifact}`,
              action: step.do === 'void' ? 'voided' : before === undefined ? 'created' : 'updated',
              tier: 'native',
              owned: [],
            },
          ];
        });
        return refused === undefined
          ? { links, exchanges: [] }
          : { links: [], exchanges: [], failure: refused.failure };
      },
      standing: () => Promise.resolve(ok([])),
      report: () => Promise.reject(new Error('not asked for')),
    },
  };
  return chart;
}

/** Gates that let everything pass. */
export const noRules: GateRules = {
  wording: { phrases: [], harmless: [] },
  substanceUse: { phrases: [], harmless: [] },
  clock: { aheadMinutes: 1_440 },
  late: { markDays: 36_500, holdDays: 36_500 },
  consent: { require: 'referenced', needed: {} },
  review: { activityTypes: [], users: [], percent: 0 },
};

/** Makes one Observation for each name in details.parts. */
export const testMapper: Mapper = {
  version: 'test',
  files: [],
  kinds: [],
  mapOf: () => undefined,
  uncharted: [],
  answers: () => false,
  functionsOf: () => [],
  mapLab: () => fail('mapping/no-route', 'No laboratory results here.'),
  // Without an activity only what is derived is asked for: this map derives nothing.
  map: (activity, context) =>
    ok(
      (activity === undefined ? [] : ((activity.details?.['parts'] ?? ['encounter']) as string[])).map((part) => ({
        do: 'put' as const,
        artifact: `${context.recordKey}.${part}`,
        fullUrl: `urn:uuid:${part}`,
        resource: { resourceType: 'Observation', subject: context.patient.reference },
      })),
    ),
};

export async function drain(
  ledger: TestLedger,
  chart: Chart,
  over: Partial<PipelineDeps> = {},
  leaseMs = 60_000,
): Promise<void> {
  const runner = createLaneRunner(
    {
      ledger: createLaneLedger(ledger.pool, { destination: ehr, worker: 'w', perLane: 3, leaseMs: 60_000 }),
      destination: chart.destination,
      ignores: () => false,
      read: ({ body }) => ok(JSON.parse(Buffer.from(body).toString()) as Activity),
      mapper: () => testMapper,
      validate: () => [],
      labs: noLabs,
      gates: createGates({ ...noRules, review: { activityTypes: ['dsme.individual'], users: [], percent: 0 } }),
      receives: receivesAll,
      matching: matchingRules,
      programme: { id: 'msep', name: 'P', timeZone: 'America/Chicago', artifactSystem: 'urn:a' },
      performer: (system, id) => ({ system, id }),
      policy: { attempts: 3, baseMs: 0, capMs: 0, budgetMs: 1e9 },
      onFailure: 'dependants',
      clock: () => new Date(),
      random: () => 0.5,
      log: () => undefined,
      observe: () => undefined,
      ...over,
    },
    { parallel: 4, batch: 8, leaseMs },
  );
  await runner.drain();
  await runner.stop();
}

export type Given = { recordId?: string; version?: number; mrn?: string; sourcePatientId?: string } & Partial<
  Omit<Activity, 'source'>
>;

export function anActivity({ recordId = 'r1', version = 1, mrn, sourcePatientId, ...given }: Given = {}): Incoming {
  const subject = {
    ...(mrn === undefined ? {} : { mrn }),
    ...(sourcePatientId === undefined ? {} : { sourcePatientId }),
  };
  const activity = {
    activityType: 'contact.phone',
    status: 'completed',
    occurredAt: '2026-05-06T18:05:00-05:00',
    performer: { sourceUserId: 'u' },
    ...given,
    source: { systemId: 'app', recordId, recordVersion: version },
    subject,
  };
  const target = (given.details as { target?: { recordId: string } } | undefined)?.target?.recordId;
  return anItem({
    recordId,
    version,
    content: JSON.stringify(activity),
    kind: activity.activityType,
    patient: { source: 'app', ...subject },
    ...(target === undefined ? {} : { dependsOn: [target] }),
  });
}

export const aVoid = (target: string, given: Given = {}): Incoming =>
  anActivity({ recordId: `void-${target}`, activityType: 'void', details: { target: { recordId: target } }, ...given });

/** States with causes, in the order of acceptance. */
export async function statesOf(ledger: TestLedger): Promise<readonly string[]> {
  const { messages } = await listMessages(ledger.db, { limit: 500 });
  return messages.toReversed().map(({ state, cause }) => (cause === undefined ? state : `${state} ${cause}`));
}

/** Drains until `done`, at most 10 s. */
export async function until(done: () => Promise<boolean>, work: () => Promise<void>): Promise<void> {
  const limit = Date.now() + 10_000;
  while (!(await done())) {
    if (Date.now() > limit) throw new Error('It did not come about within 10 s.');
    await work();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
