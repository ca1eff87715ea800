/** The ledger's messages as the doors serve them. */
import { mapAndValidate } from '../pipeline/map-and-validate.ts';
import type { Config } from '../config/config.ts';
import type { Activity } from '../core/activity.ts';
import { recordKey, subjectKey } from '../core/artifact.ts';
import { factsAround, factsOf } from '../core/fact.ts';
import { receivesAll } from '../core/gates/minimum.ts';
import type { DestinationId, PatientKey } from '../core/model.ts';
import type { Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { Clock, Mapped } from '../core/ports.ts';
import type { ActionResult } from '../core/story.ts';
import type { Accounts, Messages } from '../inbound/deps.ts';
import { disclosuresOf } from '../ledger/disclosures.ts';
import { listReferrals } from '../ledger/referrals.ts';
import { releaseMessage, retryMessage, voidMessage } from '../ledger/actions.ts';
import { escalationsOfMessage } from '../ledger/escalations-read.ts';
import { listMessages, messageRaw, messageStory } from '../ledger/messages.ts';
import { listUnmapped } from '../ledger/unmapped.ts';
import { finishWorkItem, listWorkItems } from '../ledger/work-list.ts';
import type { Knowledge } from './knowledge.ts';
import type { Store } from './store.ts';

/** `acted`: something may be due now. */
export function doorMessages(store: Store, destinations: readonly DestinationId[], acted: () => void): Messages {
  const told = async (run: Promise<ActionResult>): Promise<ActionResult> => {
    const result = await run;
    if (result.ok) acted();
    return result;
  };
  return {
    list: (filter) => listMessages(store.db, filter),
    story: async (id) => {
      const story = await messageStory(store.db, id);
      const escalations = story === undefined ? [] : await escalationsOfMessage(store.pool, id);
      return story === undefined || escalations.length === 0 ? story : { ...story, escalations };
    },
    unmapped: () => listUnmapped(store.pool),
    workList: (filter) => listWorkItems(store.pool, filter),
    finishWork: (id, actor, reference) => finishWorkItem(store.pool, id, actor, reference),
    raw: (id, actor) => messageRaw(store.db, id, actor),
    retry: (id, actor) => told(retryMessage(store.pool, destinations, id, actor)),
    release: (id, actor) => told(releaseMessage(store.pool, destinations, id, actor)),
    void: (id, actor) => told(voidMessage(store.pool, id, actor)),
  };
}

/** What left the clinic, and how the referrals stand, as doors and commands read it. */
export const accountsOf = ({ pool }: Pick<Store, 'pool'>): Accounts => ({
  disclosures: (wanted) => disclosuresOf(pool, wanted),
  referrals: (filter) => listReferrals(pool, filter),
});

/** What would be filed for this activity, with a patient who is not looked up. Nothing is stored or sent. */
export function dryRun(
  knowledge: Knowledge,
  config: Config,
  clock: Clock,
): (activity: Activity) => Outcome<readonly Mapped[]> {
  const [first] = config.destinations;
  return (given) => {
    if (given.activityType === 'void' || given.activityType === 'amend') return ok([]);
    const record = { source: given.source.systemId, recordId: given.source.recordId };
    const now = clock();
    const gated = knowledge.gates.check({
      activity: given,
      record,
      facts: [],
      receivedAt: now,
      now,
      released: [],
      receives: first?.receives ?? receivesAll,
      to: first?.id ?? '',
    });
    if (gated.do === 'stop') return { ok: false, failure: gated.failure };
    if (gated.do === 'withhold') return ok([]);
    const { activity } = gated;
    const patient = activity.subject?.mrn ?? activity.subject?.sourcePatientId ?? 'unknown';
    const key = recordKey(activity.source.systemId, activity.source.recordId, 1);
    return mapAndValidate(
      activity,
      { mapper: knowledge.maps.now(), validate: knowledge.validate },
      {
        patient: { reference: 'Patient/dry-run' },
        performer: knowledge.performer(activity.source.systemId, activity.performer.sourceUserId),
        programme: config.programme,
        recordKey: key,
        subjectKey: subjectKey(patient as PatientKey),
        receivedAt: now.toISOString(),
        filed: {},
        facts: factsAround(record, factsOf(given, key), []),
      },
    );
  };
}
