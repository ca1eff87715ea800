/** What `tejido check` and docs/ehrs.md say of each type: its form, why, and how it is corrected and voided. Pure. */
import type { CapabilityReport } from '../../../core/ports.ts';
import { filedTypes, takes } from '../capability.ts';
import type { Capabilities } from '../capability.ts';
import { parameterOf } from '../identity.ts';
import type { Abilities } from './abilities.ts';
import { amendsBy, asResult, tierOfType, voidsBy } from './decide.ts';
import type { Tier } from './decide.ts';

type Level = CapabilityReport['resources'][number];

export const levelsOf = (capabilities: Capabilities, abilities: Abilities): readonly Level[] => [
  ...filedTypes.map((type) => levelOf(capabilities, abilities, type)),
  patientLevel(capabilities),
];

function levelOf(capabilities: Capabilities, abilities: Abilities, type: string): Level {
  const form = tierOfType(type, abilities, { result: type === 'Observation' });
  const amend = amendsBy(form, abilities);
  const voids = voidsBy(form, abilities);
  const whole = amend !== 'by hand' && voids !== 'by hand';
  return {
    ...stated(capabilities, type),
    tier: form.tier,
    level:
      form.tier === 'work-list'
        ? 'impossible'
        : form.tier === 'native' && (whole || type === 'Provenance')
          ? 'native'
          : 'degraded',
    says: saysOf(capabilities, abilities, type, form),
    amend,
    void: voids,
  };
}

const stated = (capabilities: Capabilities, type: string) => ({
  type,
  create: takes(capabilities, type, 'create'),
  update: takes(capabilities, type, 'update'),
  conditionalCreate: capabilities.types.get(type)?.conditionalCreate ?? false,
});

const noteTypes: Readonly<Record<string, string>> = {
  CarePlan: 'plan of care note, LOINC 18776-5',
  Goal: 'plan of care note, LOINC 18776-5',
  ServiceRequest: 'referral note, LOINC 57133-1',
};

function saysOf(capabilities: Capabilities, abilities: Abilities, type: string, form: Tier): string {
  const { tier, as = '', why } = form;
  if (tier === 'native') return saysOfItself(capabilities, abilities, type, form);
  if (tier === 'elsewhere') return `as ${as}: ${why}`;
  if (tier === 'kept') return `stays in Tejido: ${why}; author and source stand in the note`;
  if (tier === 'v2') return saysOfV2(type, form);
  if (tier === 'work-list') return `a person enters it, from the work list: ${why}`;
  return `a line of the contact’s note (by itself: ${noteTypes[type] ?? 'progress note, LOINC 11506-3'}): ${why}`;
}

function saysOfV2(type: string, { as, why }: Tier): string {
  if (as === asResult) return `vital signs and tests by HL7 v2 ORU^R01, others as lines of the note: ${why}`;
  if (type === 'DocumentReference') return `by HL7 v2 MDM^T02: ${why}`;
  return `a line of the contact’s note, which goes by HL7 v2 MDM^T02: ${why}`;
}

function saysOfItself(capabilities: Capabilities, abilities: Abilities, type: string, form: Tier): string {
  if (amendsBy(form, abilities) === 'by hand' && type !== 'Provenance')
    return 'as itself; it can be created, but neither amended nor voided: then a person corrects it in the chart';
  const { conditionalCreate, searchParams } = capabilities.types.get(type) ?? {};
  if (conditionalCreate === true) return 'as itself';
  return searchParams?.has(parameterOf(type)) === true
    ? 'as itself; searched for before each create'
    : 'as itself; searched for among the patient’s before each create';
}

function patientLevel(capabilities: Capabilities): Level {
  const base = { ...stated(capabilities, 'Patient'), tier: 'kept', amend: 'not needed', void: 'not needed' } as const;
  const params = capabilities.types.get('Patient')?.searchParams;
  const search = takes(capabilities, 'Patient', 'search-type') && params?.has(parameterOf('Patient')) === true;
  if (search && takes(capabilities, 'Patient', 'read'))
    return { ...base, level: 'native', says: 'found by MRN; never written' };
  if (search) return { ...base, level: 'degraded', says: 'found by MRN, but a merged record cannot be followed' };
  return { ...base, level: 'impossible', says: 'cannot be searched by identifier: patients must be matched by hand' };
}
