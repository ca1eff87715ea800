/** The puts of a plan on their way: what is known of each, and what of them refers to what. Pure. */
import type { Failure, Issue } from '../../../core/outcome.ts';
import type { FilingStep, Resource } from '../../../core/ports.ts';
import { withIdentity } from '../identity.ts';
import { referencesIn } from '../reference.ts';
import { versionOf } from '../version.ts';

export type PutStep = Extract<FilingStep, { do: 'put' }>;

/** One put: to do until it is done, or has failed for itself. */
export type Work = {
  readonly step: PutStep;
  /** As it should stand, with its identifier; references to other steps not yet resolved. */
  readonly desired: Resource;
  done: boolean;
  failure?: Failure;
  /** We looked for it by identifier since it last may have been written. */
  looked: boolean;
  /** The EHR said that it stands, without saying where. */
  unplaced: boolean;
  reference?: string | undefined;
  /** What stands at `reference`, unless it may have changed since it was read. */
  current?: Resource | undefined;
  versionId?: string | undefined;
  action?: 'created' | 'updated';
  /** It stands, not as it should, and the EHR takes no changes of it. */
  unchangeable?: boolean;
  /** The EHR answered 201: what stands is what we sent, and nothing that stood before. */
  made?: boolean;
};

/** One work for each artifact that the steps put, in their order; other steps are left aside. */
export const worksOf = (steps: readonly FilingStep[], artifactSystem: string): readonly Work[] =>
  coalesced(steps).map((step) => ({
    step,
    desired: withIdentity(step.resource, artifactSystem, step.artifact),
    done: false,
    looked: false,
    unplaced: false,
    reference: step.known?.reference,
  }));

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

export const isTodo = (work: Work): boolean => !work.done && work.failure === undefined;

/** Its type and the part of the record it is, for an operator; the record itself is not named. */
export const nameOf = ({ desired, step }: Work): string =>
  `${desired.resourceType} ${step.artifact.slice(step.artifact.indexOf('.') + 1)}`;

/** References of everything that stands, by the `fullUrl` others refer to it by. */
export const filedReferences = (works: readonly Work[]): ReadonlyMap<string, string> =>
  new Map(works.flatMap(({ step, reference }) => (reference === undefined ? [] : [[step.fullUrl, reference]])));

export const refersTo = (work: Work, fullUrls: ReadonlySet<string>): boolean =>
  referencesIn(work.step.resource).some((reference) => fullUrls.has(reference));

/** What stands was read. */
export function seen(work: Work, standing: Resource): void {
  work.current = standing;
  work.versionId = versionOf(standing);
}

/** It may have changed since it was read, or been written since it was looked for. */
export function forget(work: Work): void {
  work.current = undefined;
  work.looked = false;
}

export function failWork(work: Work, failure: Failure): void {
  work.failure = {
    ...failure,
    issues: (failure.issues ?? []).map((issue): Issue => ({ ...issue, where: `${nameOf(work)}: ${issue.where}` })),
  };
}

/** What refers to a step that failed must not be written with a reference that leads nowhere. */
export function failDependents(works: readonly Work[]): void {
  const missing = new Set(works.filter(isMissing).map((work) => work.step.fullUrl));
  for (const work of works) {
    if (!isTodo(work) || work.reference !== undefined || !refersTo(work, missing)) continue;
    failWork(work, {
      cause: 'send/refused',
      detail: 'it refers to a step that was not filed',
      issues: [{ where: 'reference', what: 'refers to a step that was not filed' }],
    });
    missing.add(work.step.fullUrl);
  }
}

/** It failed, and nothing of it stands. */
const isMissing = ({ failure, reference }: Work): boolean =>
  failure !== undefined && (reference === undefined || failure.cause === 'send/gone');
