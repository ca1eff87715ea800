/** The feed of changes, for CHW apps: each person by the ids that the asking apps use. */
import { isLabKind, mayBeTold, type ToldChange } from '../core/change.ts';
import type { OwnedFact } from '../core/fact.ts';
import { consentsIn, judge } from '../core/gates/consents.ts';
import { isFollowed } from '../core/lab/release.ts';
import type { ChangeAsk, ChangePage } from '../core/story.ts';
import { type Queryable, statement } from './statement.ts';

type Row = Omit<ToldChange, 'ids' | 'kind' | 'content'> & {
  kind: ToldChange['kind'];
  content: ToldChange['content'];
  ids: { source: string; sourcePatientId: string }[] | null;
  facts: OwnedFact[] | null;
};

/** Of appointments and tasks whoever is matched with the chart now; of results the person, whatever the chart. */
const page = statement<Row>(
  'change-feed',
  `with told as (
      select * from change where told and id > $1 order by id limit $3
    ), person as (
      select t.id, e.patient_key from told t
      join ehr_patient e on e.destination = t.destination and e.reference = t.patient_reference where t.patient_key is null
      union all
      select t.id, coalesce(a.patient_key, t.patient_key) from told t left join person_alias a on a.alias = t.patient_key
      where t.patient_key is not null
    )
    select t.id::text, t.at, t.destination, t.reference, t.kind, t.content,
      (select json_agg(json_build_object('source', substr(i.system, 8), 'sourcePatientId', i.value) order by i.system, i.value)
        from person p join identity i on i.patient_key = p.patient_key and i.system like 'source:%'
          and ($2::text[] is null or substr(i.system, 8) = any ($2)) and substr(i.system, 8) <> all ($4::text[])
        where p.id = t.id) as ids,
      (select json_agg(json_build_object('kind', f.kind, 'key', f.key, 'at', f.said_at, 'data', f.data,
          'source', f.source, 'recordId', f.record_id) order by f.at, f.message_id, f.ordinal)
        from person p join fact f on f.patient_key = p.patient_key and f.kind in ('consent', 'status') and f.until is null
        where p.id = t.id) as facts
    from told t order by t.id`,
);

/**
 * At most `limit` changes were looked at: whose person no asking app knows, or has said no to the programme, are passed
 * over, now and for good; of results also who is not in the programme. `labSources` are no apps.
 */
export async function listChanges(
  on: Queryable,
  ask: ChangeAsk,
  now: Date,
  labSources: readonly string[] = [],
): Promise<ChangePage> {
  const rows = await page.run(on, [ask.after, ask.sources ?? null, ask.limit, labSources]);
  const changes = rows.flatMap(({ ids, facts, ...change }): readonly ToldChange[] => {
    if (ids === null) return [];
    const told = facts ?? [];
    const may = isLabKind(change.kind)
      ? isFollowed(told, now)
      : mayBeTold(judge(consentsIn(told), { kind: 'programme' }, now));
    return may ? [{ ...change, ids } as ToldChange] : [];
  });
  return { changes, next: rows.at(-1)?.id ?? ask.after, more: rows.length === ask.limit };
}
