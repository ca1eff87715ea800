/** The feed of changes, for CHW apps: each person by the ids that the asking apps use. */
import { mayBeTold, type ToldChange } from '../core/change.ts';
import type { OwnedFact } from '../core/fact.ts';
import { consentsIn, judge } from '../core/gates/consents.ts';
import type { DestinationId } from '../core/model.ts';
import type { ChangeAsk, ChangePage } from '../core/story.ts';
import { type Queryable, statement } from './statement.ts';

type Row = {
  id: string;
  at: Date;
  destination: DestinationId;
  reference: string;
  kind: ToldChange['kind'];
  content: ToldChange['content'];
  ids: { source: string; sourcePatientId: string }[] | null;
  consents: OwnedFact[] | null;
};

const page = statement<Row>(
  'change-feed',
  `with told as (
      select * from change where told and id > $1 order by id limit $3
    ), person as (
      select distinct e.destination, e.reference, e.patient_key from told t
      join ehr_patient e on e.destination = t.destination and e.reference = t.patient_reference
    )
    select t.id::text, t.at, t.destination, t.reference, t.kind, t.content,
      (select json_agg(json_build_object('source', substr(i.system, 8), 'sourcePatientId', i.value) order by i.system, i.value)
        from person p join identity i on i.patient_key = p.patient_key and i.system like 'source:%'
          and ($2::text[] is null or substr(i.system, 8) = any ($2))
        where p.destination = t.destination and p.reference = t.patient_reference) as ids,
      (select json_agg(json_build_object('kind', f.kind, 'key', f.key, 'at', f.said_at, 'data', f.data,
          'source', f.source, 'recordId', f.record_id) order by f.at, f.message_id, f.ordinal)
        from person p join fact f on f.patient_key = p.patient_key and f.kind = 'consent' and f.until is null
        where p.destination = t.destination and p.reference = t.patient_reference) as consents
    from told t order by t.id`,
);

/**
 * At most `limit` changes were looked at: whose person no asking app knows, or has said no to the programme, are passed
 * over, now and for good.
 */
export async function listChanges(on: Queryable, ask: ChangeAsk, now: Date): Promise<ChangePage> {
  const rows = await page.run(on, [ask.after, ask.sources ?? null, ask.limit]);
  const changes = rows.flatMap(({ ids, consents, ...change }): readonly ToldChange[] => {
    if (ids === null) return [];
    const says = judge(consentsIn(consents ?? []), { kind: 'programme' }, now);
    return mayBeTold(says) ? [{ ...change, ids }] : [];
  });
  return { changes, next: rows.at(-1)?.id ?? ask.after, more: rows.length === ask.limit };
}
