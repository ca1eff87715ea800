/** Lanes on a real ledger with the maps of the repository: one patient, M1, and what is asked of their chart. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { sql } from 'kysely';
import type { Receipt } from '../../src/core/model.ts';
import type { FilingPlan, Incoming } from '../../src/core/ports.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { aChart, anActivity, type Chart, drain, type Given, statesOf, until } from './support.ts';

const loaded = await loadMapper({ folders: ['mappings'] });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.failure));
const real = { mapper: () => loaded.value };

/** The ledger and the chart of the test that runs; `onPlan` sees each plan before it is filed. */
export type World = {
  ledger: TestLedger;
  chart: Chart;
  readonly accept: (...items: readonly Incoming[]) => Promise<readonly Receipt[]>;
};

/** Sets up and empties a ledger for the tests of a file. */
export function aWorld(onPlan: (plan: FilingPlan) => void): World {
  const world: World = {
    ledger: undefined as unknown as TestLedger,
    chart: aChart(),
    /** Until all of them have come to rest. */
    accept: async (...items) => {
      const receipts = await world.ledger.acceptor.accept(items);
      await until(
        async () => (await statesOf(world.ledger)).every((state) => !/received|filing/.test(state)),
        () => drain(world.ledger, world.chart, real),
      );
      return receipts;
    },
  };
  beforeAll(async () => {
    world.ledger = await aLedger();
  });
  afterAll(() => world.ledger.end());
  beforeEach(async () => {
    await sql`truncate message, record, payload, event, attempt, delivery, lane, link, fact, ehr_patient, identity, patient, audit cascade`.execute(
      world.ledger.db,
    );
    world.chart = aChart();
    world.chart.answer = (plan) => {
      onPlan(plan);
      return Promise.resolve(undefined);
    };
  });
  return world;
}

/** An activity about M1 on a day of May. */
export const onDay = (day: number, given: Given): Incoming =>
  anActivity({
    mrn: 'M1',
    programmeId: 'msep',
    occurredAt: `2026-05-${String(day).padStart(2, '0')}T10:00:00-05:00`,
    ...given,
  });
