/** People and their identifiers, read and extended inside an accepting transaction. */
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type Identity, identitiesOf, type KnownPerson, recognise } from '../core/person.ts';
import type { PatientKey } from '../core/model.ts';
import type { Failure } from '../core/outcome.ts';
import type { PatientIdentifiers } from '../core/ports.ts';

type Tx = Kysely<Record<string, never>>;

export type Recognised = { readonly key: PatientKey; readonly conflict?: undefined } | { readonly conflict: Failure };

const label = (identity: Identity): string => `${identity.system}\n${identity.value}`;

async function load(tx: Tx, identities: readonly Identity[]): Promise<KnownPerson[]> {
  if (identities.length === 0) return [];
  const { rows } = await sql<{ key: PatientKey; dob: string | null; identities: Identity[] }>`
    select p.key, p.dob, json_agg(json_build_object('system', i.system, 'value', i.value)) as identities
    from patient p join identity i on i.patient_key = p.key
    where p.key in (
      select k.patient_key from identity k
      join unnest(${identities.map((i) => i.system)}::text[], ${identities.map((i) => i.value)}::text[]) as g (system, value)
        on k.system = g.system and k.value = g.value)
    group by p.key, p.dob`.execute(tx);
  return rows.map((row) => ({
    key: row.key,
    identities: row.identities,
    ...(row.dob === null ? {} : { dob: row.dob }),
  }));
}

/** Somebody else added the same identifier in the same moment: run the transaction again. */
export class IdentityRace extends Error {
  override readonly name = 'IdentityRace';
}

/**
 * Recognises each person, in order, so that two items about a new patient in one batch are one person. New people and
 * newly learnt identifiers are written. `learnt` lists people whose MRN became known now: what waited for it may go on.
 */
export async function recogniseAll(
  tx: Tx,
  given: readonly (PatientIdentifiers | undefined)[],
): Promise<{ readonly people: readonly (Recognised | undefined)[]; readonly learnt: readonly PatientKey[] }> {
  const wanted = new Map<string, Identity>();
  for (const one of given) {
    for (const identity of one === undefined ? [] : identitiesOf(one)) wanted.set(label(identity), identity);
  }
  const people = new Map<PatientKey, KnownPerson>();
  const byIdentity = new Map<string, PatientKey>();
  const remember = (person: KnownPerson): void => {
    people.set(person.key, person);
    for (const identity of person.identities) byIdentity.set(label(identity), person.key);
  };
  for (const person of await load(tx, [...wanted.values()])) remember(person);

  const newPeople: { key: PatientKey; dob: string | undefined }[] = [];
  const newIdentities: (Identity & { key: PatientKey })[] = [];
  const dobs: { key: PatientKey; dob: string }[] = [];
  const learnt = new Set<PatientKey>();

  const results = given.map((one): Recognised | undefined => {
    if (one === undefined || identitiesOf(one).length === 0) return undefined;
    const keys = new Set(identitiesOf(one).flatMap((identity) => byIdentity.get(label(identity)) ?? []));
    const known = [...keys].flatMap((key) => people.get(key) ?? []);
    const recognition = recognise(one, known);
    if (recognition.kind === 'conflict') {
      return { conflict: { cause: 'match/conflict', detail: recognition.detail } };
    }
    const key = recognition.kind === 'known' ? recognition.key : (randomUUID() as PatientKey);
    const before = people.get(key);
    if (before === undefined) newPeople.push({ key, dob: one.dob });
    else if (before.dob === undefined && one.dob !== undefined) dobs.push({ key, dob: one.dob });
    if (before !== undefined && recognition.learns.some((identity) => identity.system === 'mrn')) learnt.add(key);
    newIdentities.push(...recognition.learns.map((identity) => ({ ...identity, key })));
    const dob = before?.dob ?? one.dob;
    remember({
      key,
      identities: [...(before?.identities ?? []), ...recognition.learns],
      ...(dob === undefined ? {} : { dob }),
    });
    return { key };
  });

  if (newPeople.length > 0) {
    await sql`insert into patient (key, dob)
      select * from unnest(${newPeople.map((p) => p.key)}::uuid[], ${newPeople.map((p) => p.dob ?? null)}::text[])`.execute(
      tx,
    );
  }
  if (dobs.length > 0) {
    await sql`update patient set dob = given.dob
      from unnest(${dobs.map((d) => d.key)}::uuid[], ${dobs.map((d) => d.dob)}::text[]) as given (key, dob)
      where patient.key = given.key and patient.dob is null`.execute(tx);
  }
  if (newIdentities.length > 0) {
    newIdentities.sort((a, b) => (label(a) < label(b) ? -1 : 1));
    const { numAffectedRows } = await sql`insert into identity (system, value, patient_key)
      select * from unnest(${newIdentities.map((i) => i.system)}::text[], ${newIdentities.map((i) => i.value)}::text[],
        ${newIdentities.map((i) => i.key)}::uuid[])
      on conflict do nothing`.execute(tx);
    if (Number(numAffectedRows) !== newIdentities.length) throw new IdentityRace();
  }
  return { people: results, learnt: [...learnt] };
}
