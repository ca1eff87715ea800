/** The form in which an EHR gets a resource: the first of its ladder that the EHR takes. Pure. */
import type { TierName } from '../../../core/model.ts';
import type { Resource } from '../../../core/ports.ts';
import { isObject, objects } from '../json.ts';
import { isResult } from '../../hl7v2/oru.ts';
import { canBeVoided } from '../voiding.ts';
import type { Abilities } from './abilities.ts';
import { textOf } from './note.ts';

export type Tier = {
  readonly tier: TierName;
  /** The type that stands in the EHR, or the HL7 v2 message that tells it; absent where nothing does. */
  readonly as?: string;
  readonly why: string;
};

/**
 * The type that says the same where this one is not taken (fallbacks of standards §3.3). An Observation of vital signs
 * has none: its next form is the note.
 */
export function otherForm(type: string, survey: boolean): string | undefined {
  if (type === 'Task') return 'Communication';
  if (type === 'QuestionnaireResponse') return 'Observation';
  return type === 'Observation' && survey ? 'QuestionnaireResponse' : undefined;
}

/**
 * Not of one patient's chart, said by the note itself (its author), or nothing without what refers to it (a specimen): where
 * the EHR does not take it, Tejido keeps it.
 */
const keptHere = new Set(['Provenance', 'AuditEvent', 'Group', 'List', 'ResearchSubject', 'Specimen']);

export const isSurvey = (resource: Resource): boolean =>
  resource.resourceType === 'Observation' &&
  objects(resource['category']).some((category) =>
    objects(category['coding']).some(({ code }) => code === 'survey' || code === 'social-history'),
  );

/** Research stays out of the routine chart (users §3.2), so it is never put into a note. */
const isResearch = (resource: Resource): boolean =>
  resource.resourceType === 'Consent' &&
  isObject(resource['scope']) &&
  objects(resource['scope']['coding']).some(({ code }) => code === 'research');

/** The form of one resource that does not stand yet. */
export const tierOf = (resource: Resource, abilities: Abilities): Tier =>
  !abilities.create(resource.resourceType) && isResearch(resource)
    ? { tier: 'kept', why: 'it is not for the routine chart' }
    : tierOfType(resource.resourceType, abilities, {
        survey: isSurvey(resource),
        result: isResult(resource),
        text: textOf(resource) !== undefined,
      });

/** What of a resource, beside its type, decides about its form. */
type Kind = { readonly survey?: boolean; readonly result?: boolean; readonly text?: boolean };

export const asResult = 'ORU_R01';
export const asDocument = 'MDM_T02';

/** A line of a note may stand in one that goes by HL7 v2: the note says which (holders.ts). */
export const isLine = ({ tier, as }: Tier, type: string): boolean =>
  tier === 'note' || (tier === 'v2' && as === asDocument && type !== 'DocumentReference');

export function tierOfType(type: string, abilities: Abilities, { survey = false, result, text }: Kind = {}): Tier {
  if (abilities.create(type)) return { tier: 'native', as: type, why: '' };
  const why = abilities.why(type);
  if (keptHere.has(type)) return { tier: 'kept', why };
  if (abilities.byHand(type)) return { tier: 'work-list', why };
  const other = otherForm(type, survey);
  if (other !== undefined && abilities.create(other)) return { tier: 'elsewhere', as: other, why };
  // A value stays a value: as a result before as a line (standards §3.3).
  if (result === true && abilities.byV2.results && !abilities.inNote(type)) return { tier: 'v2', as: asResult, why };
  if (type !== 'DocumentReference' && abilities.create('DocumentReference'))
    return { tier: 'note', as: 'DocumentReference', why };
  if (abilities.byV2.documents && (type !== 'DocumentReference' || text !== false))
    return { tier: 'v2', as: asDocument, why };
  return { tier: 'work-list', why };
}

export type Correction = 'changed' | 'replaced' | 'cancelled' | 'by hand' | 'not needed';

/** How a correction of what stands in this form reaches the chart. */
export function amendsBy({ tier, as }: Tier, abilities: Abilities): Correction {
  if (tier === 'work-list') return 'by hand';
  if (tier === 'v2') return 'replaced';
  if (as === undefined) return 'not needed';
  if (abilities.change(as) !== undefined) return 'changed';
  return as === 'DocumentReference' && abilities.create(as) ? 'replaced' : 'by hand';
}

/** The same of a void. A type without a mark for it (Provenance) stays: it says what was done. */
export function voidsBy(form: Tier, abilities: Abilities): Correction {
  if (form.tier === 'v2') return 'cancelled';
  return form.as !== undefined && !canBeVoided(form.as) ? 'not needed' : amendsBy(form, abilities);
}
