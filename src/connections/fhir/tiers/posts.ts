/** What goes by HL7 v2: of steps that are not wanted any more, of attempts in doubt, and where the interface is gone. Pure. */
import type { EmittedLink } from '../../../core/model.ts';
import type { Resource, WorkListEntry } from '../../../core/ports.ts';
import type { Abilities } from './abilities.ts';
import type { Tier } from './decide.ts';
import type { Put, Void } from './forms.ts';
import { lineOf } from './lines.ts';
import { prefixOf } from './names.ts';

/** What goes by HL7 v2. `was`: what an attempt whose end is not known may have sent. */
export type V2Post = { readonly as: 'document' | 'result' } & (
  | Pick<Put, 'do' | 'artifact' | 'resource' | 'known'>
  | { readonly do: 'void'; readonly artifact: string; readonly known: EmittedLink }
  | { readonly do: 'void'; readonly artifact: string; readonly was: Resource }
);

/** What went as a message of its own, and is filed otherwise now (a value that ORU does not hold). */
export function overByV2({ artifact, known }: Put, form: Tier | undefined): readonly V2Post[] {
  return known?.tier === 'v2' && known.sent !== undefined && form?.tier !== 'v2'
    ? [{ do: 'void', artifact, known, as: postedAs(known) }]
    : [];
}

export const postedAs = ({ reference }: EmittedLink): V2Post['as'] =>
  reference.startsWith('ORU_') ? 'result' : 'document';

/**
 * Whether an attempt got as far as HL7 v2 cannot be asked: what it would have sent is made again, and cancelled. The
 * receiver knows it by its number, or knows nothing of it. `again`: what the same steps come to now.
 */
export function lostByV2(
  voids: readonly Void[],
  again: (steps: readonly Put[], recordKey: string) => readonly V2Post[],
): readonly V2Post[] {
  const lost = voids.flatMap(({ artifact, known, was }) =>
    known === undefined && was !== undefined
      ? [{ do: 'put', artifact, fullUrl: `urn:tejido:${artifact}`, resource: was } as const]
      : [],
  );
  const [last] = lost.slice(-1);
  if (last === undefined) return [];
  // A withdrawal goes backwards: its last step is the record's own, which named its notes.
  return again(lost, prefixOf(last.artifact)).flatMap((post): V2Post[] =>
    post.do === 'put' ? [{ do: 'void', artifact: post.artifact, was: post.resource, as: post.as }] : [],
  );
}

/** Where the site has no such interface any more, a person corrects or removes what went by it. */
export function takenOf(posts: readonly V2Post[], { byV2 }: Abilities) {
  const taken = posts.filter(({ as }) => (as === 'document' ? byV2.documents : byV2.results));
  const left = posts.flatMap((post) => {
    if (taken.includes(post) || !('known' in post) || post.known === undefined) return [];
    const { known, artifact } = post;
    const line =
      post.do === 'put' ? `Correct it, so that it says: ${lineOf(post.resource)}` : 'Mark it as entered in error';
    const entry: WorkListEntry = {
      do: post.do === 'put' ? 'correct' : 'remove',
      artifact,
      lines: [`What came by HL7 v2 as ${known.reference}. ${line}`],
    };
    return [{ entry, link: post.do === 'put' ? known : ({ ...known, action: 'voided' } as const) }];
  });
  return { taken, left };
}
