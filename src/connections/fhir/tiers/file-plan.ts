/**
 * Filing a plan in the forms that the EHR takes. What it refuses although it states it is learnt, and goes in the next
 * form in the same attempt; what cannot be changed any more is replaced, or left to a person.
 */
import type { EmittedLink } from '../../../core/model.ts';
import { fail, ok } from '../../../core/outcome.ts';
import type { Outcome } from '../../../core/outcome.ts';
import type { Filing, FilingPlan, FilingStep, WorkListEntry } from '../../../core/ports.ts';
import type { Capabilities } from '../capability.ts';
import type { Environment, Run } from '../environment.ts';
import { fileSteps } from '../file.ts';
import type { Ended, Unchanged } from '../filing/links.ts';
import { identified } from '../identity.ts';
import { referenceOf } from '../reference.ts';
import { isVoided } from '../voiding.ts';
import { postAll } from './by-v2.ts';
import { lineOf } from './lines.ts';
import { lower } from './lower.ts';
import type { Lowered, Placed, Suspect } from './lower.ts';
import { successorOf } from './names.ts';
import { replacing, withdrawal } from './note.ts';
import { remarksOn } from './remarks.ts';

type Filed = Omit<Filing, 'exchanges'>;

type KnownVoid = Extract<FilingStep, { do: 'void' }> & { readonly known: EmittedLink };

/** As many refusals as a message may meet before it is left as it is. */
const turnsAtMost = 24;

export async function filePlan(env: Environment, plan: FilingPlan, run: Run): Promise<Filed> {
  const stated = await env.capabilities.get(run);
  if (!stated.ok) return { links: [], failure: stated.failure };
  let { steps } = plan;
  let links: readonly EmittedLink[] = [];
  for (let turn = 0; turn < turnsAtMost; turn += 1) {
    const lowered = lower(
      { ...plan, steps, doubt: plan.doubt || run.doubt },
      env.abilities(),
      env.config.artifactSystem,
    );
    const before = refusals(env);
    const ended = await fileLowered(env, lowered, plan, stated.value, run);
    links = joined(links, linksOf(lowered, ended));
    if (ended.failure === undefined) {
      const workList = [...lowered.workList, ...ended.unchanged.map(byHand)];
      const remarks = remarksOn(lowered, env.abilities());
      return { links, ...(workList.length === 0 ? {} : { workList }), ...(remarks.length === 0 ? {} : { remarks }) };
    }
    if (refusals(env) === before) return { links, failure: ended.failure };
    steps = withKnown(steps, links);
  }
  return { links, failure: fail('send/unsupported', 'the EHR kept refusing what it states').failure };
}

const refusals = ({ learned }: Environment): string => [...learned.refused.keys()].join();

/** The steps; then what must be replaced rather than changed, and what another attempt left in another form. */
async function fileLowered(
  env: Environment,
  lowered: Lowered,
  plan: FilingPlan,
  capabilities: Capabilities,
  run: Run,
): Promise<Ended> {
  const first = await fileSteps(env, lowered.steps, capabilities, run);
  if (first.failure !== undefined) return first;
  const ended = await replaceUnchanged(env, first, capabilities, run);
  if (ended.failure !== undefined) return ended;
  const suspected = await found(env, lowered.suspects, run);
  if (!suspected.ok) return { ...ended, failure: suspected.failure };
  // Only cleared away: none of it is what the artifact stands as.
  const { unchanged, failure } = await fileSteps(env, suspected.value, capabilities, run);
  const left = [...ended.unchanged, ...unchanged];
  if (failure !== undefined) return { links: ended.links, unchanged: left, failure };
  const posted = await postAll(env, lowered.posts, plan, run);
  return { ...posted, links: [...ended.links, ...posted.links], unchanged: left };
}

async function replaceUnchanged(env: Environment, first: Ended, capabilities: Capabilities, run: Run): Promise<Ended> {
  const replaceable = first.unchanged.filter(
    ({ resource }) => resource?.resourceType === 'DocumentReference' && env.abilities().create('DocumentReference'),
  );
  if (replaceable.length === 0) return first;
  const second = await fileSteps(
    env,
    replaceable.flatMap((one) => successor(env, one)),
    capabilities,
    run,
  );
  const replaced = new Set(replaceable.map(({ artifact }) => artifact));
  const notices = new Set(
    replaceable.flatMap(({ artifact, wanted }) => (wanted === 'voided' ? [successorOf(artifact)] : [])),
  );
  const voided = (names: ReadonlySet<string>, links: readonly EmittedLink[]): readonly EmittedLink[] =>
    links.map((link) => (names.has(link.artifact) ? { ...link, action: 'voided' } : link));
  return {
    ...second,
    // A notice of withdrawal stands; the record does not any more.
    links: [...voided(replaced, first.links), ...voided(notices, second.links)],
    unchanged: [...first.unchanged.filter(({ artifact }) => !replaced.has(artifact)), ...second.unchanged],
  };
}

/** A note in the place of the one that cannot be changed (`relatesTo` replaces): never beside it. */
function successor(
  { config }: Environment,
  { artifact, reference, resource, wanted }: Unchanged,
): readonly FilingStep[] {
  if (resource === undefined) return [];
  const { id: _id, meta: _meta, ...content } = resource;
  const next = successorOf(artifact);
  const said = wanted === 'voided' ? withdrawal({ ...content, resourceType: resource.resourceType }) : resource;
  const step = identified(replacing(said, reference), config.artifactSystem, next);
  return [{ do: 'put', artifact: next, fullUrl: `urn:tejido:${next}`, resource: step }];
}

/** What stands in a form that is not the one of now: marked as an error. Not found is what is hoped for. */
async function found(env: Environment, suspects: readonly Suspect[], run: Run): Promise<Outcome<readonly KnownVoid[]>> {
  const steps: KnownVoid[] = [];
  for (const [resourceType, ofType] of Map.groupBy(suspects, (each) => each.resourceType)) {
    const subject = ofType.map((each) => each.subject).find((each) => each !== undefined);
    const artifacts = [...new Set(ofType.map(({ artifact }) => artifact))];
    const got = await env.lookup.find(resourceType, artifacts, { subject }, run);
    if (!got.ok && got.failure.cause === 'send/unsupported') continue;
    if (!got.ok) return got;
    for (const [artifact, resources] of got.value) {
      for (const resource of resources.filter((each) => !isVoided(each))) {
        const reference = referenceOf(resource);
        steps.push({
          do: 'void',
          artifact,
          resourceType,
          known: { artifact, resourceType, reference, action: 'unchanged', tier: 'native', owned: [] },
        });
      }
    }
  }
  return ok(steps);
}

/** Links of what was filed as itself, then of what that holds. */
function linksOf({ steps, placed, links }: Lowered, ended: Ended): readonly EmittedLink[] {
  const filed = new Map(ended.links.map((link) => [link.artifact, link]));
  // A note that had to be replaced holds its lines under its new name.
  const at = (artifact: string): EmittedLink | undefined => filed.get(successorOf(artifact)) ?? filed.get(artifact);
  const asOther = new Set(placed.flatMap(({ artifact, tier }) => (tier === 'elsewhere' ? [artifact] : [])));
  const retracted = new Set(
    steps.flatMap((step) =>
      step.do === 'void' && steps.some((other) => other.do === 'put' && other.artifact === step.artifact)
        ? [step.known?.reference]
        : [],
    ),
  );
  const native = ended.links.filter(({ artifact, reference }) => !asOther.has(artifact) && !retracted.has(reference));
  const inNotes = new Set(placed.flatMap((each) => (each.tier === 'elsewhere' ? [] : [each.artifact])));
  return joined(
    native.filter(({ artifact, action }) => !(inNotes.has(artifact) && action === 'voided')),
    [...placed.flatMap((each) => linkOf(each, at(holderOf(each)))), ...links],
  );
}

const holderOf = (placed: Placed): string => ('artifact' in placed.in ? placed.in.artifact : placed.artifact);

function linkOf(
  { artifact, resourceType, tier, in: where }: Placed,
  holder: EmittedLink | undefined,
): readonly EmittedLink[] {
  if ('reference' in where)
    return [{ artifact, resourceType, reference: where.reference, action: 'created', tier, owned: [] }];
  if (holder === undefined) return [];
  return tier === 'elsewhere'
    ? [{ ...holder, artifact, resourceType, tier }]
    : [{ artifact, resourceType, reference: holder.reference, action: holder.action, tier, owned: [] }];
}

const joined = (before: readonly EmittedLink[], after: readonly EmittedLink[]): readonly EmittedLink[] => [
  ...new Map([...before, ...after].map((link) => [link.artifact, link])).values(),
];

/** The same steps, knowing what stands by now; notes of ours that were made on the way are among them. */
function withKnown(steps: readonly FilingStep[], links: readonly EmittedLink[]): readonly FilingStep[] {
  const standing = new Map(links.filter(({ action }) => action !== 'voided').map((link) => [link.artifact, link]));
  const named = new Set(steps.map(({ artifact }) => artifact));
  return [
    ...steps.map((step) => {
      const known = standing.get(step.artifact);
      return known === undefined || step.do === 'merge' ? step : { ...step, known };
    }),
    ...[...standing.values()]
      .filter(({ artifact }) => !named.has(artifact))
      .map((link): FilingStep => ({
        do: 'void',
        artifact: link.artifact,
        resourceType: link.resourceType,
        known: link,
      })),
  ];
}

/** For a person: one line that says what stands where, and what it should say. */
function byHand({ artifact, reference, resource, wanted }: Unchanged): WorkListEntry {
  const line = resource === undefined ? '' : `: ${lineOf(resource)}`;
  return wanted === 'voided'
    ? { do: 'remove', artifact, lines: [`Mark ${reference} as entered in error${line}`] }
    : { do: 'correct', artifact, lines: [`Correct ${reference}, so that it says${line}`] };
}
