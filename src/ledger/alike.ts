/** Whom the ledger knows who could be the one that is looked for: by blocking keys, so that it costs the same in a crowd. */
import type { KnownAlike } from '../core/matching/candidates.ts';
import { type Demographics, updated } from '../core/matching/demographics.ts';
import type { DestinationId, PatientKey } from '../core/model.ts';
import { type Queryable, statement } from './statement.ts';

type Row = {
  person: PatientKey;
  reference: string | null;
  mrn: string | null;
  told: Demographics | null;
  same_source: boolean;
};

/** More than so many share no key that tells them apart. */
const mostAlike = 100;

const who = `
    left join ehr_patient e on e.destination = $1 and e.patient_key = n.patient_key
    left join identity mrn on mrn.patient_key = n.patient_key and mrn.system = 'mrn'`;
const sameSource = `exists (select 1 from identity mine join identity theirs on theirs.system = mine.system
      where mine.patient_key = $2 and theirs.patient_key = n.patient_key and mine.system like 'source:%')`;

const readAlike = statement<Row>(
  'people-alike',
  `select n.patient_key as person, n.told, e.reference, mrn.value as mrn, ${sameSource} as same_source
    from (select patient_key, told, cardinality(array(select unnest(blocks) intersect select unnest($3::text[]))) as shared
      from demographics where blocks && $3::text[] and patient_key <> $2
      order by shared desc, patient_key limit ${String(mostAlike)}) n ${who}`,
);

const readOnCharts = statement<Row>(
  'people-on-charts',
  `select n.patient_key as person, d.told, e.reference, mrn.value as mrn, ${sameSource} as same_source
    from (select patient_key from ehr_patient where destination = $1 and reference = any($3::text[])
      union select patient_key from identity where system = 'mrn' and value = any($4::text[])) n ${who}
    left join demographics d on d.patient_key = n.patient_key
    where n.patient_key <> $2`,
);

const readDescribed = statement<{ told: Demographics[] | null; rejected: string[] | null }>(
  'person-described',
  `select (select jsonb_agg(told order by updated_at) from demographics where patient_key = $2) as told,
    (select array_agg(target) from match_case c join match_candidate n on n.case_id = c.id
      where c.destination = $1 and c.patient_key = $2 and n.rejected_by is not null) as rejected`,
);

const alikeOf = (row: Row): KnownAlike => ({
  person: row.person,
  sameSource: row.same_source,
  ...(row.reference === null ? {} : { reference: row.reference }),
  ...(row.mrn === null ? {} : { mrn: row.mrn }),
  ...(row.told === null ? {} : { demographics: row.told }),
});

export function createAlike(on: Queryable, destination: DestinationId) {
  return {
    /** Everybody else who shares one of these keys; those who share most first, when there are too many. */
    alike: async (patient: PatientKey, keys: readonly string[]): Promise<readonly KnownAlike[]> =>
      (await readAlike.run(on, [destination, patient, keys])).map(alikeOf),
    /** Everybody else who is on one of these charts. */
    onCharts: async (
      patient: PatientKey,
      charts: readonly { readonly reference: string; readonly mrn?: string }[],
    ): Promise<readonly KnownAlike[]> => {
      const references = charts.map(({ reference }) => reference);
      const mrns = charts.flatMap(({ mrn }) => mrn ?? []);
      return (await readOnCharts.run(on, [destination, patient, references, mrns])).map(alikeOf);
    },
    /** What is known of the person beside identifiers, and who was said to be somebody else. */
    described: async (
      patient: PatientKey,
    ): Promise<{ readonly told: Demographics; readonly rejected: readonly string[] }> => {
      const [row] = await readDescribed.run(on, [destination, patient]);
      const told = (row?.told ?? []).reduce<Demographics>((before, now) => updated(before, now), {});
      return { told, rejected: row?.rejected ?? [] };
    },
  };
}
