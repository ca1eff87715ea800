/** What senders say of people beside identifiers: kept by the identifier, with keys by which others alike are found. */
import { matchCauses } from '../core/lane.ts';
import { blockingKeys } from '../core/matching/blocking.ts';
import { type Demographics, updated } from '../core/matching/demographics.ts';
import type { PatientKey } from '../core/model.ts';
import { type Identity, identitiesOf } from '../core/person.ts';
import type { PatientIdentifiers } from '../core/ports.ts';
import type { PeopleOfBatch } from './patients.ts';
import { releaseWaiting } from './release.ts';
import { type Queryable, statement } from './statement.ts';
import { asJsonb } from './storable.ts';

export type Told = Identity & { readonly key: PatientKey; readonly demographics: Demographics };

/** Of a batch, what it says of people it names without contradiction; of each identifier all of it, once. */
export function toldOf(
  given: readonly (PatientIdentifiers | undefined)[],
  { people }: Pick<PeopleOfBatch, 'people'>,
): readonly Told[] {
  const told = new Map<string, Told>();
  for (const [at, one] of given.entries()) {
    const person = people[at];
    const [identity] = one?.demographics === undefined ? [] : identitiesOf(one);
    if (one?.demographics === undefined || identity === undefined) continue;
    if (person === undefined || person.conflict !== undefined) continue;
    const name = `${identity.system}\n${identity.value}`;
    const demographics = updated(told.get(name)?.demographics, one.demographics);
    told.set(name, { ...identity, key: person.key, demographics });
  }
  return [...told.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

const read = statement<{ system: string; value: string; told: Demographics }>(
  'demographics-read',
  `select d.system, d.value, d.told from unnest($1::text[], $2::text[]) as g (system, value)
    join demographics d on d.system = g.system and d.value = g.value`,
);

const write = statement(
  'demographics-write',
  `insert into demographics (system, value, patient_key, told, blocks)
    select system, value, key, told, blocks
    from jsonb_to_recordset($1::jsonb) as x (system text, value text, key uuid, told jsonb, blocks text[])
    on conflict (system, value) do update set patient_key = excluded.patient_key, told = excluded.told,
      blocks = excluded.blocks, updated_at = clock_timestamp()`,
);

const waiting = statement<{ patient_key: PatientKey }>(
  'demographics-waiting',
  `select distinct c.patient_key from match_case c join demographics d on d.patient_key = c.patient_key
    where c.state in ('open', 'not-sure', 'new') and d.blocks && $1::text[]`,
);

/** Inside an accepting transaction. What waits to be matched and could be one of these is looked at again. */
export async function keepDemographics(on: Queryable, told: readonly Told[]): Promise<void> {
  const known = await read.run(on, [told.map(({ system }) => system), told.map(({ value }) => value)]);
  const before = new Map(known.map((row) => [`${row.system}\n${row.value}`, row.told]));
  const rows = told.flatMap(({ system, value, key, demographics }) => {
    const old = before.get(`${system}\n${value}`);
    const now = updated(old, demographics);
    const changed = old === undefined || JSON.stringify(updated(undefined, old)) !== JSON.stringify(now);
    return changed ? [{ system, value, key, told: now, blocks: blockingKeys(now) }] : [];
  });
  if (rows.length === 0) return;
  await write.run(on, [asJsonb(rows)]);
  const blocks = [...new Set(rows.flatMap((row) => row.blocks))];
  const patients = (await waiting.run(on, [blocks])).map((row) => row.patient_key);
  if (patients.length > 0) await releaseWaiting(on, { patients, causes: matchCauses });
}
