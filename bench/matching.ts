/** Who could it be: candidates by blocking keys from a ledger of up to a hundred thousand people, and their scores; beside a look-up by primary key. */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { blockingKeys, searchKeys } from '../src/core/matching/blocking.ts';
import { candidatesOf } from '../src/core/matching/candidates.ts';
import type { Demographics } from '../src/core/matching/demographics.ts';
import { judge, type MatchingRules } from '../src/core/matching/judge.ts';
import type { DestinationId, PatientKey } from '../src/core/model.ts';
import type { Resource } from '../src/core/ports.ts';
import { createAlike } from '../src/ledger/alike.ts';
import { syntheticPatients } from '../src/sandbox/patients.ts';
import { freshSite, startTejido } from './stack.ts';

/** The defaults of the configuration. */
const rules: MatchingRules = { automatic: 'certain', review: 8, certain: 24, margin: 8, weights: {} };
const questions = 400;

type Name = { readonly given: readonly string[]; readonly family: string };

/** One in four shares the phone of the one before. */
function described(patient: Resource, index: number): Demographics {
  const [name] = patient['name'] as readonly Name[];
  const [family, secondFamily] = (name?.family ?? '').split(' ');
  return {
    given: name?.given.join(' '),
    family,
    secondFamily,
    dob: String(patient['birthDate']),
    phones: [`312${String(2_000_000 + (index % 4 === 3 ? index - 1 : index))}`],
  };
}

/** As another source writes the same person down: no second surname, or no accents, or another phone. */
const otherwise = (one: Demographics, index: number): Demographics => {
  if (index % 3 === 0) return { ...one, secondFamily: undefined };
  if (index % 3 === 1) return { ...one, family: one.family?.normalize('NFD').replaceAll(/\p{M}/gu, '') };
  return { ...one, phones: ['3129999999'] };
};

async function insert(pool: Pool, people: readonly Demographics[], from: number): Promise<void> {
  const rows = people.map((told, n) => ({
    key: randomUUID(),
    value: String(from + n),
    told,
    blocks: blockingKeys(told),
  }));
  const input = `jsonb_to_recordset($1::jsonb) as x (key uuid, value text, told jsonb, blocks text[])`;
  const json = [JSON.stringify(rows)];
  await pool.query(`insert into patient (key) select key from ${input}`, json);
  await pool.query(`insert into identity (system, value, patient_key) select 'mrn', value, key from ${input}`, json);
  await pool.query(
    `insert into demographics (system, value, patient_key, told, blocks) select 'mrn', value, key, told, blocks from ${input}`,
    json,
  );
}

const ms = async (run: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await run();
  return performance.now() - began;
};

export async function benchMatching({ steps }: { readonly steps: readonly number[] }): Promise<void> {
  const site = await freshSite();
  try {
    const tejido = await startTejido(site);
    const pool = new Pool({ connectionString: tejido.databaseUrl, max: 1 });
    const { alike } = createAlike(pool, 'ehr' as DestinationId);
    const people = syntheticPatients(Math.max(...steps)).map(described);
    console.log(`matching · ${String(questions)} questions, one after the other`);
    let known = 0;
    for (const step of steps) {
      for (; known < step; known += 1_000)
        await insert(pool, people.slice(known, Math.min(step, known + 1_000)), known);
      await pool.query('analyze demographics');
      const asked = Array.from({ length: questions }, (_, n) => otherwise(people[(n * 7_919) % step] ?? {}, n));
      const stranger = randomUUID() as PatientKey;
      const ask = async () => {
        let [candidates, found, judgingMs] = [0, 0, 0];
        for (const [n, about] of asked.entries()) {
          const alikes = await alike(stranger, searchKeys(about));
          const began = performance.now();
          const all = candidatesOf(alikes, [], new Set());
          const [best] = judge(about, all.candidates, all.others, rules);
          judgingMs += performance.now() - began;
          candidates += all.candidates.length;
          if (best?.mrn === String((n * 7_919) % step)) found += 1;
        }
        return { candidates, found, judgingMs };
      };
      await ask();
      let result = { candidates: 0, found: 0, judgingMs: 0 };
      const took = await ms(async () => (result = await ask()));
      const lookups = await ms(async () => {
        for (let n = 0; n < questions; n += 1)
          await pool.query({ name: 'by-id', text: `select patient_key from identity where system = 'mrn' and value = $1`, values: [String((n * 7_919) % step)] }); // prettier-ignore
      });
      const { candidates, found, judgingMs } = result;
      console.log(
        `  ${String(step).padStart(7)} known  ${(took / questions).toFixed(2)} ms a question (of it scoring ${(judgingMs / questions).toFixed(2)} ms), ` +
          `${(candidates / questions).toFixed(1)} candidates each, ${((candidates * 1_000) / took).toFixed(0)} candidates/s; ` +
          `the right one first: ${String(found)} of ${String(questions)}; baseline, by id: ${(lookups / questions).toFixed(2)} ms`,
      );
    }
    console.log('');
    await pool.end();
    await tejido.stop();
  } finally {
    await site.remove();
  }
}
