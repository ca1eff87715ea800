/**
 * Filing a plan: each step ends as what stands in the EHR, or as the failure of that step. It goes in rounds, and every
 * round begins with what is known to stand:
 *
 *   look (known links; by identifier where in doubt) ─▶ read and compare ─▶ write the rest ─▶ read each answer ─┐
 *                                 ▲                                                                            │
 *                                 └── stood already · race · lost answer · no location · left a placeholder ◀──┘
 */
import type { EmittedLink } from '../../core/model.ts';
import { fail } from '../../core/outcome.ts';
import type { Failure, Issue } from '../../core/outcome.ts';
import type { Filing, FilingPlan, FilingStep, Resource } from '../../core/ports.ts';
import { amend } from './amend.ts';
import { bundleOf, nextChunk, readEntries } from './bundle.ts';
import type { Together, Write } from './bundle.ts';
import type { Capabilities } from './capability.ts';
import { takes } from './capability.ts';
import { classifyAnswer, isMultipleMatches, isTooLarge } from './classify.ts';
import type { Reply } from './client.ts';
import { overlay, ownedElements, sameContent } from './content.ts';
import { inDoubt, isLost } from './doubt.ts';
import { jittered, preferred } from './environment.ts';
import type { Environment, Run } from './environment.ts';
import { artifactsOn, identityQuery, parameterOf, withIdentity } from './identity.ts';
import { isResource } from './json.ts';
import type { Found } from './lookup.ts';
import { read } from './read.ts';
import { hasUnresolved, readLocation, referenceOf, referencesIn, resolved, subjectOf } from './reference.ts';
import { settle } from './twins.ts';
import { versionOf } from './version.ts';
import { canBeVoided, isVoided, voided } from './voiding.ts';

type PutStep = Extract<FilingStep, { do: 'put' }>;

/** One put on its way. */
type Work = {
  readonly step: PutStep;
  /** As it should stand, with its identifier; references to other steps not yet resolved. */
  readonly desired: Resource;
  state: 'todo' | 'done' | 'failed';
  /** We looked for it by identifier since it last may have been written. */
  looked: boolean;
  /** The EHR said that it stands, without saying where. */
  unplaced: boolean;
  reference?: string | undefined;
  current?: Resource | undefined;
  versionId?: string | undefined;
  action?: 'created' | 'updated';
  /** The EHR answered 201: what stands is what we sent, and nothing that stood before. */
  made?: boolean;
  failure?: Failure;
};

type Ended = Pick<Filing, 'links'> & { readonly failure?: Failure };

const defaultLookAgainMs = [150, 450];
const lookAgainMs = (env: Environment): readonly number[] => env.config.quirks?.lookAgainMs ?? defaultLookAgainMs;
const racesAtMost = 4;
const raceWaitMs = 80;
const wholesaleLimits = { conditionalEntries: 8, updateEntries: 50 };

/** Files the plan's steps. What is known to stand is in `links`, also when the rest failed. */
export async function filePlan(env: Environment, plan: FilingPlan, run: Run): Promise<Ended> {
  const stated = await env.capabilities.get(run);
  if (!stated.ok) return { links: [], failure: stated.failure };
  const puts = coalesced(plan.steps);
  const works = puts.map((step): Work => ({
    step,
    desired: withIdentity(step.resource, env.config.artifactSystem, step.artifact),
    state: 'todo',
    looked: false,
    unplaced: false,
    reference: step.known?.reference,
  }));
  const filing: Progress = {
    env,
    run,
    works,
    capabilities: stated.value,
    races: 0,
    losses: 0,
    oneByOne: false,
    refusedWhole: undefined,
  };
  const links = (): EmittedLink[] => works.flatMap((work) => linkOf(work));
  const stop = await filePuts(filing);
  if (stop !== undefined) return { links: links(), failure: stop };

  const more: EmittedLink[] = [];
  let failure = worst(works);
  for (const step of plan.steps) {
    if (step.do === 'put') continue;
    const ended = step.do === 'merge' ? await mergeStep(filing, step) : await voidStep(filing, step);
    more.push(...ended.links);
    if (ended.failure === undefined) continue;
    failure ??= ended.failure;
    if (ended.failure.cause !== 'send/refused' && ended.failure.cause !== 'send/gone') break;
  }
  return { links: [...links(), ...more], ...(failure === undefined ? {} : { failure }) };
}

type Progress = {
  readonly env: Environment;
  readonly run: Run;
  readonly works: readonly Work[];
  readonly capabilities: Capabilities;
  races: number;
  losses: number;
  /** A whole Bundle was refused: find out which entry it was. */
  oneByOne: boolean;
  /** A Bundle of this type was refused as unsupported. */
  refusedWhole: 'transaction' | 'batch' | undefined;
};

/** Two puts of one artifact in one plan: some servers silently drop one. The last one counts, at the first one's place. */
function coalesced(steps: readonly FilingStep[]): readonly PutStep[] {
  const byArtifact = new Map<string, PutStep>();
  for (const step of steps) {
    if (step.do !== 'put') continue;
    const earlier = byArtifact.get(step.artifact);
    byArtifact.set(step.artifact, earlier === undefined ? step : { ...step, fullUrl: earlier.fullUrl });
  }
  return [...byArtifact.values()];
}

/** Undefined when every put is done or failed for itself; a failure when the whole must stop. */
async function filePuts(filing: Progress): Promise<Failure | undefined> {
  const { works, run } = filing;
  const unsupported = notTaken(filing);
  if (unsupported !== undefined) return unsupported;
  for (let rounds = 12 + 4 * works.length; rounds > 0; rounds -= 1) {
    if (run.signal?.aborted === true) return stopped(run);
    const stop = (await lookWhereNeeded(filing)) ?? (await compareStanding(filing));
    if (stop !== undefined) return stop;
    failDependents(works);
    const todo = works.filter((work) => work.state === 'todo');
    if (todo.length === 0) {
      learnWholesale(filing);
      return run.doubt ? await lookForTwins(filing) : undefined;
    }
    const together = howTogether(filing, todo.length);
    const chunk = nextChunk(
      todo.map((work) => writeOf(filing, work)),
      together,
      filing.env.learned,
    );
    const failed = await (chunk.length === 1 || together === 'one-by-one'
      ? sendOne(filing, chunk[0])
      : sendBundle(filing, chunk, together));
    if (failed !== undefined) return failed;
  }
  return fail('send/write-race', 'it did not come to rest: the EHR kept answering otherwise than what it then held')
    .failure;
}

/** What was refused as a Bundle and taken one by one: this EHR does not take such Bundles. */
function learnWholesale({ env: { learned }, refusedWhole, works }: Progress): void {
  if (refusedWhole === undefined || works.some((work) => work.state === 'failed')) return;
  if (refusedWhole === 'transaction') learned.noTransaction = true;
  else learned.noBatch = true;
}

const stopped = (run: Run): Failure => ({
  cause: run.doubt ? 'send/connection-lost' : 'send/unavailable',
  detail: 'stopped by Tejido before it was finished',
});

function notTaken({ env, works, capabilities }: Progress): Failure | undefined {
  const types = (refused: readonly Work[]): string =>
    [...new Set(refused.map((work) => work.desired.resourceType))].join(', ');
  const interaction = (work: Work): string => (work.reference === undefined ? 'create' : 'update');
  // An artifact without a known link may stand already; a type that cannot be created is refused all the same.
  const refused = works.filter((work) => !takes(capabilities, work.desired.resourceType, interaction(work)));
  if (refused.length > 0) {
    return fail('send/unsupported', `by its CapabilityStatement this EHR does not take ${types(refused)}`, {
      issues: refused.map((work) => ({ where: whereOf(work), what: `${interaction(work)} is not declared` })),
    }).failure;
  }
  // Asking all the same would be answered 403, and look as if all our credentials were bad.
  const forbidden = works.filter((work) => !env.mayWrite(work.desired.resourceType));
  if (forbidden.length === 0) return undefined;
  return fail('send/unsupported', `the granted scopes do not let us write ${types(forbidden)}`, {
    issues: forbidden.map((work) => ({ where: whereOf(work), what: 'no scope' })),
  }).failure;
}

// ---------------------------------------------------------------- looking

const conditional = ({ env, capabilities }: Progress, type: string): boolean => {
  const stated = capabilities.types.get(type);
  if (stated?.conditionalCreate !== true || env.learned.conditionIgnored.has(type)) return false;
  if (env.lookup.knowledge.ignored.has(type)) return false;
  return stated.searchParams.has(parameterOf(type)) || env.lookup.knowledge.honoured.has(type);
};

/** By identifier: whatever may have been written by an earlier attempt, and whatever the server will not look for itself. */
async function lookWhereNeeded(filing: Progress): Promise<Failure | undefined> {
  const { works, run } = filing;
  const unknown = works.filter(
    (work) =>
      work.state === 'todo' &&
      work.reference === undefined &&
      !work.looked &&
      (work.unplaced || run.doubt || !conditional(filing, work.desired.resourceType)),
  );
  if (unknown.length === 0) return undefined;
  const stop = await look(filing, unknown);
  if (stop !== undefined) return stop;
  return unknown.some((work) => work.unplaced && work.reference === undefined && work.state === 'todo')
    ? fail(
        'send/answer-unreadable',
        'it was written, but the answer does not say where and the identifier is not found',
      ).failure
    : undefined;
}

/** Sets `reference` and `current` of those that stand. When in doubt, asks again after a while: an index may lag. */
async function look(filing: Progress, works: readonly Work[]): Promise<Failure | undefined> {
  const { env, run } = filing;
  const written = run.doubt || works.some((work) => work.unplaced);
  const blind = written
    ? works.find((work) => env.learned.identity.get(work.desired.resourceType) === 'dropped')
    : undefined;
  if (blind !== undefined) {
    return fail(
      'send/unsupported',
      `this EHR drops our identifier from ${blind.desired.resourceType}: whether it was written can only be seen in the chart`,
    ).failure;
  }
  const waits = written ? lookAgainMs(env) : [];
  let absent = works;
  for (const waitMs of [0, ...waits]) {
    if (absent.length === 0) break;
    if (waitMs > 0) await env.wait(waitMs, run.signal);
    const found = await findAll(filing, absent);
    if ('cause' in found) return found;
    for (const work of absent) {
      const matches = found.get(work.step.artifact);
      if (matches === undefined) continue;
      const keeper = await settle(env, matches, found, run, work.step.known?.reference);
      if (!keeper.ok) {
        if (keeper.failure.cause !== 'send/duplicates-found') return keeper.failure;
        failWork(work, keeper.failure);
        continue;
      }
      work.reference = referenceOf(keeper.value);
      work.current = keeper.value;
      work.versionId = versionOf(keeper.value);
    }
    absent = absent.filter((work) => work.reference === undefined && work.state === 'todo');
  }
  for (const work of works) work.looked = true;
  return undefined;
}

async function findAll({ env, run }: Progress, works: readonly Work[]): Promise<Found | Failure> {
  const found = new Map<string, readonly Resource[]>();
  for (const [type, ofType] of Map.groupBy(works, (work) => work.desired.resourceType)) {
    const subject = ofType.map((work) => subjectOf(work.desired)).find((each) => each !== undefined);
    const got = await env.lookup.find(
      type,
      ofType.map((work) => work.step.artifact),
      { subject },
      run,
    );
    if (!got.ok) return inDoubt(run.doubt, got.failure);
    for (const [artifact, resources] of got.value) found.set(artifact, resources);
  }
  return found;
}

/** After a lost answer something may have been written late, beside what we wrote then. */
async function lookForTwins(filing: Progress): Promise<Failure | undefined> {
  const { env, run, works } = filing;
  const created = works.filter((work) => work.state === 'done' && work.action === 'created');
  if (created.length === 0) return undefined;
  const found = await findAll(filing, created);
  if ('cause' in found) return found;
  for (const work of created) {
    const matches = found.get(work.step.artifact) ?? [];
    if (matches.length < 2) continue;
    const keeper = await settle(env, matches, found, run, work.reference);
    if (!keeper.ok) return keeper.failure;
  }
  return undefined;
}

// ---------------------------------------------------------------- comparing

/** References of everything that stands, by the `fullUrl` others refer to it by. */
const filedReferences = (works: readonly Work[]): ReadonlyMap<string, string> =>
  new Map(
    works.flatMap((work) => (work.reference === undefined ? [] : [[work.step.fullUrl, work.reference] as const])),
  );

const wantedOver = (filing: Progress, work: Work, current: Resource): Resource =>
  overlay(current, resolved(work.desired, filedReferences(filing.works)), work.step.known?.owned);

/** Reads what stands and is not read yet; what stands as it should is done. */
async function compareStanding(filing: Progress): Promise<Failure | undefined> {
  const { env, run, works } = filing;
  const standing = works.flatMap((work) =>
    work.state === 'todo' && work.reference !== undefined ? [{ work, reference: work.reference }] : [],
  );
  const unread = standing.filter(({ work }) => work.current === undefined);
  const reads = await Promise.all(
    unread.map(async (each) => [each.work, await read(env.client, each.reference, run)] as const),
  );
  const outcomes = new Map(reads);
  for (const { work } of standing) {
    const got = outcomes.get(work);
    if (got !== undefined) {
      if (!got.ok) {
        if (got.failure.cause !== 'send/gone') return inDoubt(run.doubt, got.failure);
        failWork(work, got.failure);
        continue;
      }
      if (checkIdentity(filing, work, got.value) === 'not ours') continue;
      work.current = got.value;
      work.versionId = versionOf(got.value);
      if (work.action === 'created' && env.learned.placeholders === 'unknown' && refersToSteps(filing, work)) {
        env.learned.placeholders = hasUnresolved(got.value) ? 'left' : 'resolved';
      }
    }
    // What this run created is as we sent it, but for placeholders that the server left in place.
    const { current } = work;
    if (current === undefined) continue;
    const asSent = work.made === true && !hasUnresolved(current);
    if (asSent || sameContent(current, wantedOver(filing, work, current), env.baseUrl)) work.state = 'done';
  }
  return undefined;
}

const refersToSteps = ({ works }: Progress, work: Work): boolean => {
  const urls = new Set(works.map((each) => each.step.fullUrl));
  return referencesIn(work.step.resource).some((reference) => urls.has(reference));
};

/**
 * What a conditional create pointed us to must carry our identifier: else the server did not look at the condition, and
 * we would overwrite somebody else's resource. What we created and lost its identifier is ours all the same.
 */
function checkIdentity({ env }: Progress, work: Work, current: Resource): 'ours' | 'not ours' {
  const { resourceType } = work.desired;
  const carries = artifactsOn(current, env.config.artifactSystem).includes(work.step.artifact);
  if (work.action === 'created') {
    if (!env.learned.identity.has(resourceType)) {
      env.learned.identity.set(resourceType, carries ? 'kept' : 'dropped');
      if (!carries) env.log('warn', 'ehr.identifier-dropped', { destination: env.config.id, resourceType });
    }
    return 'ours';
  }
  if (carries || work.step.known !== undefined) return 'ours';
  env.learned.conditionIgnored.add(resourceType);
  env.log('warn', 'ehr.condition-ignored', { destination: env.config.id, resourceType });
  work.reference = undefined;
  work.looked = false;
  return 'not ours';
}

// ---------------------------------------------------------------- writing

type Outgoing = Write & { readonly work: Work };

function writeOf(filing: Progress, work: Work): Outgoing {
  const { env } = filing;
  const { artifact, fullUrl } = work.step;
  if (work.reference !== undefined && work.current !== undefined) {
    const resource = wantedOver(filing, work, work.current);
    const { versionId } = work;
    return {
      kind: 'update',
      fullUrl,
      resource,
      reference: work.reference,
      ...(versionId === undefined ? {} : { versionId }),
      work,
    };
  }
  const { id: _id, ...resource } = resolved(work.desired, filedReferences(filing.works));
  const type = work.desired.resourceType;
  const ifNoneExist = conditional(filing, type)
    ? identityQuery(type, env.config.artifactSystem, [artifact])
    : undefined;
  return {
    kind: 'create',
    fullUrl,
    resource,
    ...(ifNoneExist === undefined ? {} : { ifNoneExist }),
    work,
  };
}

function howTogether({ env, capabilities, oneByOne }: Progress, count: number): Together {
  if (oneByOne || count === 1) return 'one-by-one';
  const { learned } = env;
  if (capabilities.transaction && !learned.noTransaction) {
    // A server that leaves placeholders in place gets none: then each entry refers only to what stands.
    return learned.placeholders === 'left' || learned.transactionsAreBatches ? 'batch' : 'transaction';
  }
  return capabilities.batch && !learned.noBatch ? 'batch' : 'one-by-one';
}

async function sendBundle(
  filing: Progress,
  chunk: readonly Outgoing[],
  together: 'transaction' | 'batch',
): Promise<Failure | undefined> {
  const { env, run, capabilities } = filing;
  // A server that calls its batches transactions may take nothing called a batch.
  const type = together === 'batch' && !capabilities.batch ? 'transaction' : together;
  const reply = await env.client.ask(
    { method: 'POST', path: '', doing: 'bundle', body: bundleOf(chunk, type, env.baseUrl), headers: preferred(env) },
    run,
  );
  if (!reply.ok) return bundleFailed(filing, chunk, type, reply);
  const entries = readEntries(reply.json, chunk);
  if (entries === undefined) {
    if (reply.json === undefined) return acceptUntold(chunk);
    return lost(
      filing,
      chunk,
      fail('send/answer-unreadable', 'the answer to a bundle does not tell its entries apart').failure,
    );
  }
  if (type === 'transaction' && entries.some((entry) => entry.status >= 400)) {
    if (!env.learned.transactionsAreBatches)
      env.log('warn', 'ehr.transaction-is-batch', { destination: env.config.id });
    env.learned.transactionsAreBatches = true;
  }
  let raced = false;
  let passing: Failure | undefined;
  for (const [index, { work }] of chunk.entries()) {
    const entry = entries[index];
    if (entry === undefined) continue;
    const failure = classifyAnswer(entry.answer, 'entry', env.clock());
    if (failure === undefined) accept(filing, work, entry, chunk);
    else if (failure.cause === 'send/write-race') {
      raced = true;
      forget(work);
    } else if (failure.cause === 'send/unavailable' || failure.cause === 'send/throttled') passing ??= failure;
    else if (isLost(failure)) {
      run.doubt = true;
      forget(work);
      passing ??= failure;
    } else if (type === 'transaction' && refersWithin(chunk, work)) {
      // Run as a batch, it may have been refused for a placeholder alone: once more, with real references.
      forget(work);
    } else failWork(work, failure);
  }
  if (passing !== undefined) {
    return {
      ...passing,
      cause: 'send/partial',
      detail: `a part of the bundle was written; the rest: ${passing.detail}`,
    };
  }
  return raced ? race(filing) : undefined;
}

/** Success, and no word more (`return=minimal`): all of it stands, and where is to be found out. */
function acceptUntold(chunk: readonly Outgoing[]): undefined {
  for (const { work, kind } of chunk) {
    forget(work);
    work.action ??= kind === 'create' ? 'created' : 'updated';
    work.unplaced = kind === 'create';
  }
}

/** One entry or one resource was written, or stood already. What is not certain is read in the next round. */
function accept(
  { env }: Progress,
  work: Work,
  answered: {
    readonly status: number;
    readonly reference?: string | undefined;
    readonly versionId?: string | undefined;
  },
  chunk: readonly Outgoing[],
): void {
  const creating = work.reference === undefined;
  const { resourceType } = work.desired;
  if (creating && answered.status === 201) {
    work.action = 'created';
    work.made = true;
  } else if (!creating) work.action ??= 'updated';
  work.reference ??= answered.reference;
  work.versionId = answered.versionId;
  work.current = undefined;
  work.looked = false;
  work.unplaced = work.reference === undefined;
  if (work.unplaced || (creating && answered.status !== 201)) return;
  const trusts = env.learned.placeholders === 'resolved' && !env.learned.transactionsAreBatches;
  const refers = refersWithin(chunk, work);
  if ((!creating || env.learned.identity.has(resourceType)) && (trusts || !refers)) work.state = 'done';
}

function refersWithin(chunk: readonly Outgoing[], work: Work): boolean {
  const urls = new Set(chunk.map((each) => each.fullUrl));
  return referencesIn(work.step.resource).some((reference) => urls.has(reference));
}

const forget = (work: Work): void => {
  work.current = undefined;
  work.looked = false;
};

async function bundleFailed(
  filing: Progress,
  chunk: readonly Outgoing[],
  type: 'transaction' | 'batch',
  { failure, answer }: Extract<Reply, { ok: false }>,
): Promise<Failure | undefined> {
  const { env } = filing;
  if (answer !== undefined && isTooLarge(answer)) {
    learnLimit(env, chunk);
    return undefined;
  }
  if (isLost(failure)) return lost(filing, chunk, failure, answer?.status);
  if (answer !== undefined && isMultipleMatches(answer)) return lookAgain(filing, chunk);
  if (failure.cause === 'send/write-race') return race(filing);
  if (failure.cause === 'send/unsupported') {
    // It declared what it does not do: the Bundle, or something in it. One by one it comes out which.
    env.capabilities.distrust();
    filing.oneByOne = true;
    filing.refusedWhole = type;
    return undefined;
  }
  if (failure.cause === 'send/refused' || failure.cause === 'send/gone') {
    filing.oneByOne = true;
    for (const { work } of chunk) forget(work);
    return undefined;
  }
  return failure;
}

/** Refused for its size alone: first the limits seen on real servers, then ever smaller halves. */
function learnLimit(env: Environment, chunk: readonly Outgoing[]): void {
  const { learned } = env;
  const updates = chunk.filter((each) => each.kind === 'update').length;
  const conditions = chunk.some((each) => each.kind === 'create' && each.ifNoneExist !== undefined);
  const smaller = (size: number, usual: number): number => (size > usual ? usual : Math.max(1, Math.floor(size / 2)));
  if (updates > wholesaleLimits.updateEntries || (!conditions && updates > 0)) {
    learned.updateEntries = smaller(updates, wholesaleLimits.updateEntries);
  } else if (conditions) learned.conditionalEntries = smaller(chunk.length, wholesaleLimits.conditionalEntries);
  else learned.entries = Math.max(1, Math.floor(chunk.length / 2));
  env.log('info', 'ehr.bundle-limit', { destination: env.config.id, count: chunk.length });
}

/** Nothing was written. A little later, with what stands read again; when that does not help, the caller waits longer. */
async function race(filing: Progress): Promise<Failure | undefined> {
  const { env, run, works } = filing;
  filing.races += 1;
  if (filing.races > racesAtMost) return fail('send/write-race', 'the EHR kept reporting conflicting writes').failure;
  for (const work of works) if (work.state === 'todo') forget(work);
  await jittered(env, raceWaitMs * 2 ** filing.races, run);
  return undefined;
}

/** A condition met more than one: look at them, and repair what can be repaired. */
async function lookAgain(filing: Progress, chunk: readonly Outgoing[]): Promise<Failure | undefined> {
  filing.races += 1;
  if (filing.races > racesAtMost) return fail('send/write-race', 'the EHR kept reporting more than one match').failure;
  const creates = chunk.flatMap((each) => (each.kind === 'create' ? [each.work] : []));
  for (const { work } of chunk) forget(work);
  return creates.length === 0 ? undefined : look(filing, creates);
}

/** The answer was lost: look before anything is written again. */
async function lost(
  filing: Progress,
  chunk: readonly Outgoing[],
  failure: Failure,
  status?: number,
): Promise<Failure | undefined> {
  const { run } = filing;
  run.doubt = true;
  filing.losses += 1;
  for (const { work } of chunk) forget(work);
  const creates = chunk.flatMap((each) => (each.kind === 'create' ? [each.work] : []));
  const blocked = await look(filing, creates);
  if (blocked !== undefined) return isLost(blocked) || blocked.cause === 'send/unsupported' ? blocked : failure;
  // Most likely what this attempt made; an earlier version may have stood, so its content is compared all the same.
  for (const work of creates) if (work.reference !== undefined && work.state === 'todo') work.action ??= 'created';
  const absent = creates.filter((work) => work.reference === undefined && work.state === 'todo');
  if (absent.length === 0) return filing.losses > 3 ? failure : undefined;
  // The server said that it fell over, and nothing came of it: that is no doubt any more, it is a bad moment.
  if (status !== undefined && status >= 500 && filing.losses > 1)
    return { ...failure, cause: 'send/unavailable', detail: `${failure.detail}; nothing of it stands` };
  // What is still on its way may yet be written. Only a server that looks for itself may be asked again at once.
  const guarded = absent.every((work) => conditional(filing, work.desired.resourceType));
  if (failure.cause === 'send/timeout' || !guarded || filing.losses > 1) return failure;
  return undefined;
}

async function sendOne(filing: Progress, write: Outgoing | undefined): Promise<Failure | undefined> {
  if (write === undefined) return undefined;
  const { env, run } = filing;
  const { work } = write;
  if (write.kind === 'update') {
    const done = await amend(env, write.reference, (current) => wantedOver(filing, work, current), run, work.current);
    if (!done.ok) return stepFailed(work, done.failure);
    if (done.value.changed) work.action ??= 'updated';
    work.versionId = done.value.versionId;
    work.state = 'done';
    return undefined;
  }
  const headers = {
    ...preferred(env),
    ...(write.ifNoneExist === undefined ? {} : { 'if-none-exist': write.ifNoneExist }),
  };
  const { resourceType } = work.desired;
  const reply = await env.client.ask(
    { method: 'POST', path: resourceType, doing: 'create', body: write.resource, headers },
    run,
  );
  if (reply.ok) {
    const located = readLocation(
      reply.answer.headers['location'] ?? reply.answer.headers['content-location'],
      resourceType,
    );
    const place = located === 'other' ? undefined : located;
    const body = isResource(reply.json) && reply.json.resourceType === resourceType ? reply.json : undefined;
    accept(
      filing,
      work,
      {
        status: reply.answer.status,
        reference: place?.reference ?? (body?.id === undefined ? undefined : referenceOf(body)),
        versionId: place?.versionId ?? (body === undefined ? undefined : versionOf(body)),
      },
      [write],
    );
    return undefined;
  }
  const { failure, answer } = reply;
  if (isLost(failure)) return lost(filing, [write], failure, answer?.status);
  if (answer !== undefined && isMultipleMatches(answer)) return lookAgain(filing, [write]);
  if (failure.cause === 'send/write-race') return race(filing);
  if (failure.cause === 'send/unsupported') env.capabilities.distrust();
  return stepFailed(work, failure);
}

// ---------------------------------------------------------------- failing

const whereOf = (work: Work): string =>
  `${work.desired.resourceType} ${work.step.artifact.slice(work.step.artifact.indexOf('.') + 1)}`;

function failWork(work: Work, failure: Failure): void {
  work.state = 'failed';
  work.failure = {
    ...failure,
    issues: (failure.issues ?? []).map((issue): Issue => ({ ...issue, where: `${whereOf(work)}: ${issue.where}` })),
  };
}

/** A refusal is of this step alone; anything else stops the whole. */
function stepFailed(work: Work, failure: Failure): Failure | undefined {
  if (failure.cause !== 'send/refused' && failure.cause !== 'send/gone' && failure.cause !== 'send/unsupported')
    return failure;
  failWork(work, failure);
  return undefined;
}

/** What refers to a step that failed must not be written with a reference that leads nowhere. */
function failDependents(works: readonly Work[]): void {
  const failed = new Set(
    works.flatMap((work) =>
      work.state === 'failed' && (work.reference === undefined || work.failure?.cause === 'send/gone')
        ? [work.step.fullUrl]
        : [],
    ),
  );
  for (const work of works) {
    if (work.state !== 'todo' || work.reference !== undefined) continue;
    if (!referencesIn(work.step.resource).some((reference) => failed.has(reference))) continue;
    failWork(work, {
      cause: 'send/refused',
      detail: 'it refers to a step that was not filed',
      issues: [{ where: 'reference', what: 'refers to a step that was not filed' }],
    });
    failed.add(work.step.fullUrl);
  }
}

/** The failure of the plan: the first step's, with the issues of all. */
function worst(works: readonly Work[]): Failure | undefined {
  const failures = works.flatMap((work) => (work.failure === undefined ? [] : [{ work, failure: work.failure }]));
  const first = failures[0];
  if (first === undefined) return undefined;
  return {
    ...first.failure,
    detail: `${whereOf(first.work)}: ${first.failure.detail}${failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''}`,
    issues: failures.flatMap(({ failure }) => failure.issues ?? []),
  };
}

function linkOf(work: Work): EmittedLink[] {
  if (work.reference === undefined) return [];
  const { known } = work.step;
  // A resource that is gone stands no more; a link to it would say that it does.
  if (work.state === 'failed' && work.failure?.cause === 'send/gone') return [];
  // Not yet made what it should be: it stands as the earlier version left it, and that version's elements are ours.
  if (work.state !== 'done' && known !== undefined && work.action === undefined) return [known];
  return [
    {
      artifact: work.step.artifact,
      resourceType: work.desired.resourceType,
      reference: work.reference,
      ...(work.versionId === undefined ? {} : { versionId: work.versionId }),
      action: work.action ?? 'unchanged',
      tier: 'native',
      owned: ownedElements(work.desired),
    },
  ];
}

// ---------------------------------------------------------------- merging and voiding

type Located =
  | { readonly resources: readonly { readonly reference: string; readonly current?: Resource }[] }
  | { readonly failure: Failure };

/** Where a step's resource stands: by its link, else by its identifier. */
async function locate(
  { env, run }: Progress,
  type: string,
  step: { readonly artifact: string; readonly known?: EmittedLink },
  subject?: string,
): Promise<Located> {
  if (step.known !== undefined) return { resources: [{ reference: step.known.reference }] };
  for (const waitMs of [0, ...(run.doubt ? lookAgainMs(env) : [])]) {
    if (waitMs > 0) await env.wait(waitMs, run.signal);
    const found = await env.lookup.find(type, [step.artifact], { subject }, run);
    if (!found.ok) return { failure: inDoubt(run.doubt, found.failure) };
    const resources = found.value.get(step.artifact) ?? [];
    if (resources.length > 0)
      return { resources: resources.map((current) => ({ reference: referenceOf(current), current })) };
  }
  return { resources: [] };
}

async function mergeStep(filing: Progress, step: Extract<FilingStep, { do: 'merge' }>): Promise<Ended> {
  const { env, run, works, capabilities } = filing;
  const { resourceType } = step.resource;
  if (!takes(capabilities, resourceType, 'update')) {
    return {
      links: [],
      failure: fail('send/unsupported', `by its CapabilityStatement this EHR takes no changes of ${resourceType}`)
        .failure,
    };
  }
  const mine = works.find((work) => work.step.artifact === step.artifact && work.reference !== undefined);
  const located: Located =
    mine?.reference === undefined
      ? await locate(filing, resourceType, step, subjectOf(step.resource))
      : { resources: [{ reference: mine.reference }] };
  if ('failure' in located) return { links: [], failure: located.failure };
  const live = located.resources.filter((each) => each.current === undefined || !isVoided(each.current));
  const target = live[0];
  if (target === undefined) {
    return {
      links: [],
      failure: fail('match/unknown-reference', `the ${resourceType} to be changed does not stand in the EHR`).failure,
    };
  }
  if (live.length > 1) {
    return {
      links: [],
      failure: fail('send/duplicates-found', `${live.length} ${resourceType} resources carry one identifier of ours`)
        .failure,
    };
  }
  const { id: _id, ...elements } = resolved(step.resource, filedReferences(works));
  const done = await amend(env, target.reference, (current) => overlay(current, elements), run, target.current);
  if (!done.ok) return { links: [], failure: inDoubt(run.doubt, done.failure) };
  const { changed, versionId } = done.value;
  return {
    links: [
      {
        artifact: step.artifact,
        resourceType,
        reference: target.reference,
        ...(versionId === undefined ? {} : { versionId }),
        action: changed ? 'updated' : 'unchanged',
        tier: 'native',
        owned: [...new Set([...(step.known?.owned ?? []), ...ownedElements(step.resource)])],
      },
    ],
  };
}

async function voidStep(filing: Progress, step: Extract<FilingStep, { do: 'void' }>): Promise<Ended> {
  const { env, run, capabilities } = filing;
  const { resourceType, artifact } = step;
  const link = (reference: string, action: EmittedLink['action'], versionId?: string): EmittedLink => ({
    artifact,
    resourceType,
    reference,
    ...(versionId === undefined ? {} : { versionId }),
    action,
    tier: step.known?.tier ?? 'native',
    owned: step.known?.owned ?? [],
  });
  if (!canBeVoided(resourceType)) {
    // It is a record of what was done, and has no status: it is left standing, and its link says so.
    env.log('info', 'void.left-standing', { destination: env.config.id, resourceType });
    return { links: step.known === undefined ? [] : [link(step.known.reference, 'unchanged', step.known.versionId)] };
  }
  const located = await locate(filing, resourceType, step);
  if ('failure' in located) return { links: [], failure: located.failure };
  const links: EmittedLink[] = [];
  for (const { reference, current } of located.resources) {
    if (current !== undefined && isVoided(current)) {
      links.push(link(reference, 'voided', versionOf(current)));
      continue;
    }
    if (!takes(capabilities, resourceType, 'update')) {
      return {
        links,
        failure: fail(
          'send/unsupported',
          `this EHR takes no changes of ${resourceType}: a person must mark it entered-in-error in the chart`,
        ).failure,
      };
    }
    const done = await amend(env, reference, voided, run, current);
    // Marked already, by an attempt whose answer was lost or by a person: either way it stands as an error.
    if (done.ok) links.push(link(reference, 'voided', done.value.versionId));
    else if (done.failure.cause === 'send/gone') links.push(link(reference, 'voided'));
    else return { links, failure: inDoubt(run.doubt, done.failure) };
  }
  return { links };
}
