/** The proof of reliability: activities of many patients; then everything must be as if nothing had happened. */
import { recordKey } from '../core/artifact.ts';
import { seededRandom } from '../sandbox/patients.ts';
import { carryOut, type Proof, type ProofOptions } from './carry-out.ts';
import { artifactsIn, readChart } from './chart.ts';
import { artifactSystem, type Fleet } from './fleet.ts';
import { findings } from './invariants.ts';
import { asked } from './readings.ts';
import { sendAll } from './sender.ts';
import { type PatientPlan, planPatient, proofSystem, type Shape } from './work.ts';

/** Rejects when the proof itself could not be carried out. */
export function prove(options: ProofOptions & { readonly activities: number }): Promise<Proof> {
  const { seed, durationMs, signal } = options;
  const steps = Math.ceil(options.activities / options.patients);
  return carryOut(options, (people, random) => {
    const plans = people.map((person, index) => planPatient(person, index, steps, new Date(), random));
    let slots: ReadonlyMap<Shape, readonly string[]> = new Map();
    let receipts: Awaited<ReturnType<typeof sendAll>>['receipts'] = new Map();
    return {
      what: 'activities',
      count: plans.reduce((sum, plan) => sum + plan.row.length, 0),
      begin: async (fleet) => {
        slots = await learnSlots(fleet, plans);
      },
      send: async ({ url, key }) => {
        const sent = await sendAll({
          url,
          key,
          patients: plans,
          durationMs,
          senders: 12,
          random: seededRandom(seed + 2),
          signal,
          onSent: (done) => options.onProgress(done, 'acknowledged'),
        });
        ({ receipts } = sent);
        return {
          acknowledged: [...receipts.values()].reduce((sum, given) => sum + given.length, 0),
          resent: sent.resent,
        };
      },
      judge: async (messages, journal) =>
        findings({ receipts, messages, chart: await readChart(journal, artifactSystem), slots }),
    };
  });
}

type DryRun = {
  readonly results: readonly {
    readonly bundle?: { readonly entry: readonly { readonly resource: Record<string, unknown> }[] };
  }[];
};

/** One example of each shape, asked of Tejido itself: the maps decide what a record files. */
async function learnSlots(fleet: Fleet, plans: readonly PatientPlan[]): Promise<ReadonlyMap<Shape, readonly string[]>> {
  const examples = new Map<Shape, { readonly recordId: string; readonly activity: unknown }>();
  for (const { records, row } of plans)
    for (const { shape, recordId, at } of records)
      if (!examples.has(shape)) examples.set(shape, { recordId, activity: row[at] });
  const body = JSON.stringify([...examples.values()].map(({ activity }) => activity));
  const { results } = (await asked(fleet, '/v1/activities?dryRun=true', { method: 'POST', body })) as DryRun;
  return new Map(
    [...examples].map(([shape, { recordId }], index): [Shape, readonly string[]] => {
      const bundle = results[index]?.bundle;
      if (bundle === undefined)
        throw new Error(`The maps do not take the proof's ${shape}: ${JSON.stringify(results[index])}`);
      const prefix = recordKey(proofSystem, recordId, 1);
      const artifacts = bundle.entry.flatMap(({ resource }) => artifactsIn(resource, artifactSystem));
      return [shape, artifacts.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length))];
    }),
  );
}
