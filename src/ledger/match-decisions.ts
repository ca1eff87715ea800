/** What is decided of a match, by the front desk or because it is certain. Decision, link and release are one transaction. */
import type pg from 'pg';
import { matchCauses } from '../core/lane.ts';
import type { DestinationId, PatientKey } from '../core/model.ts';
import type { DecisionResult, MatchDecision, MatchState } from '../core/people.ts';
import { audited, isBusy, mergeInto, whileBusy } from './merge.ts';
import { releaseWaiting } from './release.ts';
import { inTransaction } from './transaction.ts';

type Case = { readonly id: string; readonly destination: DestinationId; readonly patient_key: PatientKey };
type Target = { readonly person: PatientKey | null; readonly reference: string | null; readonly mrn: string | null };

const refuse = (refused: string) => ({ ok: false, refused }) as const;
const busy = refuse('Something of this patient is being filed at this moment. Try again.');

export function decideMatch(
  pool: pg.Pool,
  id: string,
  decision: MatchDecision,
  actor: string,
): Promise<DecisionResult> {
  return whileBusy(busy, () =>
    inTransaction(pool, async (client) => {
      const found = await client.query<Case>(
        `select id::text, destination, patient_key from match_case c where id = $1 for update`,
        [id],
      );
      const [kase] = found.rows;
      if (kase === undefined) return { ...refuse('There is no such match.'), unknown: true };
      const { rows: matched } = await client.query(
        `select 1 from ehr_patient where destination = $1 and patient_key = $2
         union all select 1 from person_alias where alias = $2`,
        [kase.destination, kase.patient_key],
      );
      if (matched.length > 0)
        return refuse(
          'This patient has a chart by now. See `tejido people show`; un-link it when it is the wrong one.',
        );
      return decided(client, kase, decision, actor);
    }),
  );
}

async function decided(
  client: pg.PoolClient,
  kase: Case,
  decision: MatchDecision,
  actor: string,
): Promise<DecisionResult> {
  if (decision.kind === 'candidate') return linkToCandidate(client, kase, decision.number, actor);
  if (decision.kind === 'mrn') {
    const target = { person: null, reference: null, mrn: decision.mrn };
    return linkTo(client, kase, await ownerOf(client, kase.destination, target), target, actor);
  }
  if (decision.kind === 'not-sure') {
    await settle(client, kase, 'not-sure', actor);
    return { ok: true, state: 'not-sure', released: 0 };
  }
  await client.query(
    'update match_candidate set rejected_by = $2 where case_id = $1 and current and rejected_by is null',
    [kase.id, actor],
  );
  await settle(client, kase, 'new', actor);
  // Looked at again without those: another may be found, or the cause says that a chart is missing.
  return { ok: true, state: 'new', released: await release(client, kase.patient_key) };
}

async function linkToCandidate(
  client: pg.PoolClient,
  kase: Case,
  number: number,
  actor: string,
): Promise<DecisionResult> {
  const { rows } = await client.query<Target>(
    `select coalesce(a.patient_key, n.patient_key) as person, n.reference, n.mrn
     from match_candidate n left join person_alias a on a.alias = n.patient_key
     where n.case_id = $1 and n.number = $2 and n.rejected_by is null`,
    [kase.id, number],
  );
  const [target] = rows;
  if (target === undefined) return refuse('This match has no such candidate. `tejido matches show` lists them.');
  return linkTo(client, kase, target.person ?? (await ownerOf(client, kase.destination, target)), target, actor);
}

/** Whom the ledger knows on this chart, or by this MRN. */
async function ownerOf(
  client: pg.PoolClient,
  destination: DestinationId,
  { reference, mrn }: Target,
): Promise<PatientKey | null> {
  const { rows } = await client.query<{ patient_key: PatientKey }>(
    `select patient_key from ehr_patient where destination = $1 and reference = $2
     union select patient_key from identity where system = 'mrn' and value = $3`,
    [destination, reference, mrn],
  );
  return rows[0]?.patient_key ?? null;
}

async function linkTo(
  client: pg.PoolClient,
  kase: Case,
  owner: PatientKey | null,
  target: Target,
  actor: string,
): Promise<DecisionResult> {
  const { patient_key: patient, destination } = kase;
  if (owner !== null && owner !== patient) {
    const merged = await mergeInto(client, patient, owner, actor);
    if (!merged.ok) return merged.refused === 'busy' ? busy : refuse(merged.refused);
    const released = await release(client, owner);
    return { ok: true, state: 'linked', released: released + merged.moved };
  }
  if (await isBusy(client, [patient])) return busy;
  if (target.mrn !== null) {
    // An MRN that led nowhere was a slip.
    await client.query(`delete from identity where patient_key = $1 and system = 'mrn' and value <> $2`, [
      patient,
      target.mrn,
    ]);
    await client.query(
      `insert into identity (system, value, patient_key) values ('mrn', $2, $1) on conflict do nothing`,
      [patient, target.mrn],
    );
  }
  if (target.reference !== null) {
    await client.query(
      'insert into ehr_patient (destination, patient_key, reference) values ($1, $2, $3) on conflict do nothing',
      [destination, patient, target.reference],
    );
  }
  await client.query('update patient set review = false where key = $1', [patient]);
  await settle(client, kase, 'linked', actor);
  return { ok: true, state: 'linked', released: await release(client, patient) };
}

async function settle(client: pg.PoolClient, kase: Case, state: MatchState, actor: string): Promise<void> {
  await client.query(
    `update match_case set state = $2, decided_by = $3, decided_at = clock_timestamp(), changed_at = clock_timestamp()
     where id = $1`,
    [kase.id, state, actor],
  );
  await audited(client, actor, `match.${state}`, `match ${kase.id}, person ${kase.patient_key}`);
}

const release = async (client: pg.PoolClient, patient: PatientKey): Promise<number> =>
  (await releaseWaiting(client, { patients: [patient], causes: matchCauses })).length;

/** Once the lane is given back. False when it is not certain any more, or another worker has the lane. */
export async function linkCertain(pool: pg.Pool, destination: DestinationId, patient: PatientKey): Promise<boolean> {
  const { rows } = await pool.query<{ id: string; number: number }>(
    `select c.id::text, n.number from match_case c join match_candidate n on n.case_id = c.id
     where c.destination = $1 and c.patient_key = $2 and c.state = 'open' and n.current and n.class = 'certain'
       and n.rejected_by is null and n.doubts = '{}'`,
    [destination, patient],
  );
  const [certain, other] = rows;
  if (certain === undefined || other !== undefined) return false;
  const result = await decideMatch(pool, certain.id, { kind: 'candidate', number: certain.number }, 'system');
  return result.ok;
}
