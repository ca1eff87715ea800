/** A shadow run: messages of the past through the maps they were made with and through a working copy. Sends nothing. */
import type { Config } from '../config/config.ts';
import type { MappingDiff, MappingDiffRequest } from '../core/story.ts';
import type { DestinationId, MessageId } from '../core/model.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import type { Clock, Log, Mapped, Mapper, Validate } from '../core/ports.ts';
import { personContext, recordPayloads, recordStates } from '../ledger/context.ts';
import { deployedVersion, mapsOf } from '../ledger/mapping-versions.ts';
import { pastMessages } from '../ledger/past.ts';
import type { Queryable } from '../ledger/statement.ts';
import { type Change, changeKinds, changesBetween } from '../mapping/diff.ts';
import { flagged } from './flagged-maps.ts';
import { loadMapper, mapperOf } from '../mapping/load.ts';
import { mapSetOf } from '../mapping/map-set.ts';
import { type Replayed, replay, type ReplayDeps } from '../pipeline/replay.ts';
import { KnowledgeError, loadKnowledge, mapFolders } from './knowledge.ts';
import type { Store } from './store.ts';

const mostIds = 5;
const mostExamples = 2;

type Group = { -readonly [K in keyof MappingDiff['changes'][number]]: MappingDiff['changes'][number][K] } & {
  messageIds: MessageId[];
  examples: { messageId: MessageId; before?: unknown; after?: unknown }[];
};

/** `folders` of the request replace those of the configuration. Rejects with `KnowledgeError` when they are not sound. */
export async function shadowRun(
  config: Config,
  store: Pick<Store, 'pool'>,
  request: MappingDiffRequest,
  clock: Clock,
  log: Log,
  onProgress: (done: number) => void,
): Promise<MappingDiff> {
  const knowledge = await loadKnowledge({ ...config, mappings: { folders: [], watch: false } }, clock, log);
  const working = await workingCopy(config, request.folders);
  const deployed = deployedMaps(store.pool, working, config);
  const latest = await deployedVersion(store.pool);
  const notCompared = new Map<string, number>();
  const versions = new Map<string, number>();
  const groups = new Map<string, Group>();
  let [compared, changed] = [0, 0];
  const leaveOut = (why: string): void => void notCompared.set(why, (notCompared.get(why) ?? 0) + 1);

  const anyDestination = config.destinations[0]?.id ?? ('' as DestinationId);
  for await (const past of pastMessages(store.pool, request)) {
    onProgress(compared);
    const version = past.mappingVersion ?? latest;
    const then = version === undefined ? undefined : await deployed(version);
    if (version === undefined || then === undefined) {
      leaveOut('the maps it was made with are not known');
      continue;
    }
    const destination = past.destination ?? anyDestination;
    const given = await replay(past, replayDeps(config, knowledge, store.pool, destination));
    if (given === undefined) continue;
    if (!given.ok) {
      leaveOut(given.failure.cause);
      continue;
    }
    compared += 1;
    versions.set(version, (versions.get(version) ?? 0) + 1);
    if (then === working) continue;
    const changes = differences(given.value, then, working, knowledge.validate);
    if (changes.length > 0) changed += 1;
    const seen = new Set<string>();
    for (const change of changes) {
      const kind = kindOf(change, given.value);
      const key = `${kind} ${change.what} ${change.at}`;
      const group = groups.get(key) ?? {
        kind,
        map: (working.mapOf(kind) ?? then.mapOf(kind) ?? '').replace(/^.*\//u, ''),
        what: change.what,
        at: change.at,
        messages: 0,
        messageIds: [],
        examples: [],
      };
      groups.set(key, group);
      if (!seen.has(key)) {
        group.messages += 1;
        if (group.messageIds.length < mostIds) group.messageIds.push(past.messageId);
      }
      seen.add(key);
      if (request.values && group.examples.length < mostExamples) {
        const { before, after } = change;
        group.examples.push({
          messageId: past.messageId,
          ...(before === undefined ? {} : { before }),
          ...(after === undefined ? {} : { after }),
        });
      }
    }
  }
  onProgress(compared);
  return {
    since: request.since,
    working: working.version,
    deployed: Object.fromEntries(versions),
    compared,
    changed,
    notCompared: Object.fromEntries(notCompared),
    changes: [...groups.values()]
      .toSorted(
        (a, b) =>
          a.kind.localeCompare(b.kind) ||
          changeKinds.indexOf(a.what) - changeKinds.indexOf(b.what) ||
          b.messages - a.messages ||
          a.at.localeCompare(b.at),
      )
      .map(({ examples, ...group }) => (request.values ? { ...group, examples } : group)),
  };
}

async function workingCopy(config: Config, folders: readonly string[] | undefined): Promise<Mapper> {
  const wanted = folders === undefined ? config : { mappings: { folders, watch: false } };
  const loaded = await loadMapper({ folders: mapFolders(wanted) });
  if (!loaded.ok) throw new KnowledgeError('The working copy cannot be used.', loaded.failure.issues ?? []);
  return flagged(loaded.value, config.redFlags);
}

/** The mapper of a version, from the ledger; undefined when it is not there, or cannot be loaded by this Tejido. */
function deployedMaps(
  on: Queryable,
  working: Mapper,
  config: Pick<Config, 'redFlags'>,
): (version: string) => Promise<Mapper | undefined> {
  const known = new Map<string, Mapper | undefined>([[working.version, working]]);
  return async (version) => {
    if (!known.has(version)) {
      const files = await mapsOf(on, version);
      const loaded = files === undefined ? undefined : mapperOf(mapSetOf(files));
      known.set(version, loaded?.ok === true ? flagged(loaded.value, config.redFlags) : undefined);
    }
    return known.get(version);
  };
}

function replayDeps(
  config: Config,
  knowledge: Pick<ReplayDeps, 'read' | 'ignores' | 'performer'>,
  on: Queryable,
  destination: DestinationId,
): ReplayDeps {
  const { read, ignores, performer } = knowledge;
  return {
    read,
    ignores,
    performer,
    programme: config.programme,
    ledger: {
      personContext: (patient, prefix, records) => personContext(on, destination, patient, prefix, records),
      recordStates: (records) => recordStates(on, records),
      recordPayloads: (record, before) => recordPayloads(on, record, before),
    },
  };
}

/** What validation says is asked only where something differs. */
function differences(
  { activity, context }: Replayed,
  then: Mapper,
  now: Mapper,
  validate: Validate,
): readonly Change[] {
  const [before, after] = [then.map(activity, context), now.map(activity, context)];
  const changes = changesBetween(before, after, context);
  if (changes.length === 0 || !before.ok || !after.ok) return changes;
  const [valid, stillValid] = [validated(before.value, validate), validated(after.value, validate)];
  return valid.ok === stillValid.ok ? changes : [...changesBetween(valid, stillValid, context), ...changes];
}

function validated(mapped: readonly Mapped[], validate: Validate): Outcome<readonly Mapped[]> {
  const issues = mapped.flatMap((one) =>
    one.do === 'merge' ? [] : validate(one.resource).filter(({ severity }) => severity !== 'warning'),
  );
  return issues.length === 0 ? { ok: true, value: mapped } : fail('validation/failed', '', { issues });
}

/** The activity type whose map made it: that of a component, where the artifact is the component's. */
function kindOf({ artifact = '' }: Change, { activity, context }: Replayed): string {
  const own = activity.components?.find(({ key }) => artifact.startsWith(`${context.recordKey}.${key}.`));
  return (own ?? activity).activityType;
}
