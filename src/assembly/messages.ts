/** The ledger's messages as the doors serve them. */
import { mapAndValidate } from '../pipeline/prepare.ts';
import type { Config } from '../config/config.ts';
import type { Activity } from '../core/activity.ts';
import { recordKey, subjectKey } from '../core/artifact.ts';
import { factsAround, factsOf } from '../core/fact.ts';
import type { DestinationId, PatientKey } from '../core/model.ts';
import type { Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { Clock, Mapped } from '../core/ports.ts';
import type { ActionResult } from '../core/story.ts';
import type { Messages } from '../inbound/deps.ts';
import { releaseMessage, retryMessage, voidMessage } from '../ledger/actions.ts';
import { listMessages, messageRaw, messageStory } from '../ledger/messages.ts';
import { listUnmapped } from '../ledger/unmapped.ts';
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
    story: (id) => messageStory(store.db, id),
    unmapped: () => listUnmapped(store.pool),
    raw: (id, actor) => messageRaw(store.db, id, actor),
    retry: (id, actor) => told(retryMessage(store.pool, destinations, id, actor)),
    release: (id, actor) => told(releaseMessage(store.pool, destinations, id, actor)),
    void: (id, actor) => told(voidMessage(store.pool, id, actor)),
  };
}

/** What would be filed for this activity, with a patient who is not looked up. Nothing is stored or sent. */
export function dryRun(
  knowledge: Knowledge,
  config: Config,
  clock: Clock,
): (activity: Activity) => Outcome<readonly Mapped[]> {
  return (activity) => {
    if (activity.activityType === 'void' || activity.activityType === 'amend') return ok([]);
    const patient = activity.subject?.mrn ?? activity.subject?.sourcePatientId ?? 'unknown';
    return mapAndValidate(
      activity,
      { mapper: knowledge.maps.now(), validate: knowledge.validate },
      {
        patient: { reference: 'Patient/dry-run' },
        performer: knowledge.performer(activity.source.systemId, activity.performer.sourceUserId),
        programme: config.programme,
        recordKey: recordKey(activity.source.systemId, activity.source.recordId, 1),
        subjectKey: subjectKey(patient as PatientKey),
        receivedAt: clock().toISOString(),
        filed: {},
        facts: factsAround(
          { source: activity.source.systemId, recordId: activity.source.recordId },
          factsOf(activity),
          [],
        ),
      },
    );
  };
}
