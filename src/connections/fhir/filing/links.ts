/** What a filing says at its end: the links of what stands, and the one failure of what does not. Pure. */
import type { EmittedLink } from '../../../core/model.ts';
import type { Failure } from '../../../core/outcome.ts';
import type { Filing, Resource } from '../../../core/ports.ts';
import { ownedElements } from '../content.ts';
import { nameOf } from './work.ts';
import type { Work } from './work.ts';

/** What stands otherwise than it should, because the EHR takes no changes of its type. */
export type Unchanged = {
  readonly artifact: string;
  readonly reference: string;
  readonly wanted: 'amended' | 'voided';
  /** Amended: as it should stand. Voided: as it stands, if it could be read. */
  readonly resource: Resource | undefined;
};

/** What has become of a plan or of one of its steps. `links` is what is known to stand, also beside a failure. */
export type Ended = Pick<Filing, 'links' | 'failure'> & { readonly unchanged: readonly Unchanged[] };

/** A link, without a version where the EHR does not tell it. */
export const link = (of: Omit<EmittedLink, 'versionId'> & { readonly versionId: string | undefined }): EmittedLink => {
  const { versionId, ...rest } = of;
  return versionId === undefined ? rest : { ...rest, versionId };
};

/** The link of a put; none when nothing of it stands. */
export function linksOf(work: Work): readonly EmittedLink[] {
  const { step, desired, reference, versionId, action, done, failure } = work;
  // A resource that is gone stands no more; a link to it would say that it does.
  if (reference === undefined || failure?.cause === 'send/gone') return [];
  // Not yet made what it should be: it stands as the earlier version left it, and that version's elements are ours.
  if ((!done || work.unchangeable === true) && step.known !== undefined && action === undefined) return [step.known];
  return [
    link({
      artifact: step.artifact,
      resourceType: desired.resourceType,
      reference,
      versionId,
      action: action ?? 'unchanged',
      tier: 'native',
      owned: ownedElements(desired),
    }),
  ];
}

/** A put that a person must finish. */
export const unchangedOf = ({ step, desired, reference, unchangeable }: Work): readonly Unchanged[] =>
  unchangeable === true && reference !== undefined
    ? [{ artifact: step.artifact, reference, wanted: 'amended', resource: desired }]
    : [];

/** The failure of the puts: the first one's, with the issues of all. */
export function failureOf(works: readonly Work[]): Failure | undefined {
  const failed = works.flatMap((work) => (work.failure === undefined ? [] : [{ work, failure: work.failure }]));
  const [first, ...others] = failed;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return {
    ...first.failure,
    detail: `${nameOf(first.work)}: ${first.failure.detail}${more}`,
    issues: failed.flatMap(({ failure }) => failure.issues ?? []),
  };
}
