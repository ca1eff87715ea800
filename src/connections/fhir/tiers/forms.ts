/** In which form each step of a plan goes, by what the EHR takes and by how it stands already. Pure. */
import type { EmittedLink } from '../../../core/model.ts';
import type { FilingStep, Resource } from '../../../core/ports.ts';
import type { Abilities } from './abilities.ts';
import { isResult } from '../../hl7v2/oru.ts';
import { asDocument, asResult, tierOf } from './decide.ts';
import type { Tier } from './decide.ts';

export type Put = Extract<FilingStep, { do: 'put' }>;
export type Merge = Extract<FilingStep, { do: 'merge' }>;
export type Void = Extract<FilingStep, { do: 'void' }>;

/** The type of what holds it: `Communication` of `Communication/12`. */
export const typeIn = (link: EmittedLink): string => link.reference.slice(0, link.reference.indexOf('/'));

const native: Tier = { tier: 'native', why: '' };

/**
 * What stands in a lesser form is moved to a better one only when the lesser one is taken back with it: a line goes with
 * the notes of this plan (`notes`: their references); what a person entered stays with that person. What went by HL7 v2
 * goes on that way: nobody can look whether a cancellation was followed, so that another form would stand beside it.
 */
export function formOf({ known, resource }: Put, abilities: Abilities, notes: ReadonlySet<string>): Tier {
  const fresh = tierOf(resource, abilities);
  if (known === undefined) return fresh;
  if (known.tier === 'native') return abilities.read(resource.resourceType) ? native : fresh;
  if (known.tier === 'elsewhere') {
    const as = typeIn(known);
    const stays = (fresh.tier === 'elsewhere' && fresh.as === as) || abilities.change(as) === undefined;
    return stays ? { tier: 'elsewhere', as, why: fresh.why } : fresh;
  }
  if (known.tier === 'v2') return v2FormOf(known, resource, fresh);
  if (known.tier === 'note') {
    const moves = notes.has(known.reference) || fresh.tier === 'work-list';
    return moves ? fresh : { tier: 'note', why: fresh.why };
  }
  const entered = known.tier === 'work-list' && known.versionId === 'done';
  return entered ? { tier: 'work-list', why: 'a person entered it' } : fresh;
}

function v2FormOf(known: EmittedLink, resource: Resource, fresh: Tier): Tier {
  // A line of a note: it goes where lines go.
  if (known.sent === undefined) return { tier: 'note', why: fresh.why };
  if (resource.resourceType === 'DocumentReference') return { tier: 'v2', as: asDocument, why: fresh.why };
  return isResult(resource) ? { tier: 'v2', as: asResult, why: fresh.why } : fresh;
}

/** Elements can be set only on a resource of its own, and only where that may be changed. */
export function mergeForm({ known, resource }: Merge, here: Tier | undefined, abilities: Abilities): Tier {
  const stands = here === undefined ? known === undefined || known.tier === 'native' : here.tier === 'native';
  return stands && abilities.change(resource.resourceType) !== undefined
    ? native
    : { tier: 'note', why: 'the EHR takes no changes of it' };
}
