/** The proof must be able to fail: a world where all is well, and each promise broken in it once. */
import { describe, expect, test } from '@jest/globals';
import { recordKey } from '../../src/core/artifact.ts';
import { searchSinks } from '../../src/prove/canaries.ts';
import type { Standing } from '../../src/prove/chart.ts';
import { type Evidence, findings, type LedgerMessage } from '../../src/prove/invariants.ts';
import { blows, schedule } from '../../src/prove/schedule.ts';
import type { Receipt } from '../../src/prove/sender.ts';
import {
  canary,
  planPatient,
  type PatientPlan,
  proofSystem,
  type RecordPlan,
  type Shape,
} from '../../src/prove/work.ts';
import { seededRandom, syntheticPatients } from '../../src/sandbox/patients.ts';

const slots = new Map<Shape, readonly string[]>([
  ['roster.enrol', ['.provenance']],
  ['goal.set', []],
  ['contact.phone', ['.encounter', '.note', '.v.glucose']],
  ['contact.phone+review', ['.encounter', '.note', '.v.glucose', '.g.review']],
  ['contact.home', ['.encounter', '.note', '.bp.bp', '.v.glucose']],
  ['vital.measure', ['.glucose']],
  ['goal.review', ['.review']],
  ['contact.attempt', ['.attempt']],
]);
const artifact = (record: RecordPlan, slot: string): string => recordKey(proofSystem, record.recordId, 1) + slot;

type World = {
  plans: PatientPlan[];
  receipts: Map<PatientPlan, Receipt[]>;
  messages: LedgerMessage[];
  artifacts: Map<string, Standing[]>;
  achievements: Map<string, string[]>;
  strangers: string[];
};

function allIsWell(): World {
  const random = seededRandom(5);
  const plans = syntheticPatients(6).map((person, index) => planPatient(person, index, 14, new Date(), random));
  const world: World = {
    plans,
    receipts: new Map(),
    messages: [],
    artifacts: new Map(),
    achievements: new Map(),
    strangers: [],
  };
  let id = 0;
  let commit = 0;
  for (const plan of plans) {
    world.receipts.set(
      plan,
      plan.row.map(() => {
        id += 1;
        world.messages.push({ id: String(id), state: 'filed', kind: 'any' });
        return { id: String(id), state: 'received' };
      }),
    );
    const stand = (name: string, reference: string, more: Partial<Standing> = {}) =>
      world.artifacts.set(name, [{ reference, first: commit, errored: false, text: '', value: undefined, ...more }]);
    for (const record of plan.records) {
      commit += 1;
      for (const slot of slots.get(record.shape) ?? []) {
        const name = artifact(record, slot);
        const value = slot.endsWith('glucose') ? record.glucose : undefined;
        stand(name, `Any/${name}`, {
          text: `${record.mark}. ${canary}`,
          value,
          errored: record.voided && slot !== '.provenance',
        });
      }
    }
    const goal = `Goal/${plan.mrn}`;
    stand(`${plan.mrn}.goal.g-1`, goal, { text: `"subject":{"reference":"${plan.reference}"` });
    stand(`${plan.mrn}.careteam.prove`, `CareTeam/${plan.mrn}`);
    stand(`${plan.mrn}.episode.prove`, `EpisodeOfCare/${plan.mrn}`);
    world.achievements.set(goal, ['in-progress', ...plan.achievements]);
  }
  return world;
}

const broken = ({ receipts, messages, artifacts, achievements, strangers }: World): readonly string[] => {
  const evidence: Evidence = { receipts, messages, slots, chart: { artifacts, achievements, strangers } };
  return findings(evidence)
    .filter((one) => one.broken.length > 0)
    .map(({ promise }) => promise);
};

/** A record whose first version stands. */
const plain = (world: World, shape: Shape, of = 0): RecordPlan => {
  const found = world.plans
    .slice(of)
    .flatMap(({ records }) => records)
    .find((record) => record.shape === shape && !record.voided && record.version === 1);
  if (found === undefined) throw new Error(`The plan has no ${shape}.`);
  return found;
};
const change = (world: World, name: string, how: (one: Standing) => readonly Standing[]): void => {
  world.artifacts.set(name, (world.artifacts.get(name) ?? []).flatMap(how));
};

describe('the proof', () => {
  test('finds nothing where all is well', () => {
    expect(broken(allIsWell())).toEqual([]);
  });

  const cases: readonly (readonly [string, string, (world: World) => void])[] = [
    ['a receipt whose message is gone', 'every acknowledged activity is in the ledger', (w) => void w.messages.pop()],
    ['a message that waits', 'every message is filed', (w) => void w.messages.push({ id: '0', state: 'held', kind: 'any' })],
    ['a resource that is missing', 'every activity stands in the chart exactly once', (w) => void w.artifacts.delete(artifact(plain(w, 'vital.measure'), '.glucose'))],
    ['a resource that stands twice', 'every activity stands in the chart exactly once', (w) => change(w, artifact(plain(w, 'vital.measure'), '.glucose'), (one) => [one, { ...one, reference: 'Any/twin' }])],
    ['a resource that is errored and should stand', 'every activity stands in the chart exactly once', (w) => change(w, artifact(plain(w, 'contact.home'), '.note'), (one) => [{ ...one, errored: true }])],
    ['a resource that stands and was voided', 'every activity stands in the chart exactly once', (w) => {
      const record = w.plans.flatMap(({ records }) => records).find(({ voided }) => voided);
      if (record !== undefined) for (const slot of slots.get(record.shape) ?? []) change(w, artifact(record, slot), (one) => [{ ...one, errored: false }]);
    }],
    ['a resource that nobody sent', 'nothing stands in the chart that was not sent', (w) => void w.artifacts.set('x.note', [{ reference: 'Any/x', first: 1, errored: false, text: '', value: undefined }])],
    ['a resource without our identifier', 'nothing stands in the chart that was not sent', (w) => void w.strangers.push('Any/y')],
    ['an old measurement', 'what stands is the latest version', (w) => change(w, artifact(plain(w, 'vital.measure'), '.glucose'), (one) => [{ ...one, value: 1 }])],
    ['the words of another version', 'what stands is the latest version', (w) => change(w, artifact(plain(w, 'contact.home'), '.note'), (one) => [{ ...one, text: 'marca r-0-1 v9' }])],
    ['two activities in the wrong order', 'in the order in which they were acknowledged', (w) => change(w, artifact(plain(w, 'vital.measure'), '.glucose'), (one) => [{ ...one, first: one.first - 1.5 }])],
    ['a review that was left out', 'the reviews of a goal', (w) => {
      for (const [goal, seen] of w.achievements) w.achievements.set(goal, seen.slice(0, -1));
    }],
  ]; // prettier-ignore
  test.each(cases)('notices %s', (_what, promise, spoil) => {
    const world = allIsWell();
    spoil(world);
    expect(broken(world).join('\n')).toContain(promise);
  });

  test('notices a patient’s words in a log, and names the place, not the line', async () => {
    const found = await searchSinks([{ name: 'a.log', text: `ok\n{"detail":"${canary}"}` }], [canary]);
    expect(found.broken).toEqual(['a.log holds a narrative']);
  });
});

describe('the schedule', () => {
  const plan = (seed: number, redis = true) =>
    schedule({ random: seededRandom(seed), durationMs: 20_000, workers: redis, redis });

  test('is the same for the same seed, and has every blow that is possible', () => {
    expect(plan(3)).toEqual(plan(3));
    expect(plan(3)).not.toEqual(plan(4));
    expect(new Set(plan(3).map(({ blow }) => blow))).toEqual(new Set(blows));
  });

  test('leaves alone what is not there', () => {
    expect(plan(3, false).some(({ blow }) => blow.endsWith('redis') || blow.endsWith('worker'))).toBe(false);
  });
});
