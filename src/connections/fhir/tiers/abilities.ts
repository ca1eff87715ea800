/**
 * What we may do with each type in one EHR: what it states, what we are granted, what it was seen to refuse, and what
 * the site says beyond that. Pure.
 */
import { scopeAllows } from '../capability.ts';
import type { Capabilities, TypeCapability } from '../capability.ts';
import { parameterOf } from '../identity.ts';

/** What the site says of a type: it takes it although it does not state so, or it is not to be filed as itself. */
export type SiteTier = 'native' | 'note' | 'work-list';

/** `PATCH` where only that is stated. */
export type Change = 'PUT' | 'PATCH';

export type Abilities = {
  readonly create: (type: string) => boolean;
  readonly change: (type: string) => Change | undefined;
  readonly read: (type: string) => boolean;
  /** Can what stands be found again by our identifier, or among the patient's? */
  readonly find: (type: string) => boolean;
  /** The site does not want this type as another one or in a note. */
  readonly byHand: (type: string) => boolean;
  /** What an HL7 v2 interface takes of it. */
  readonly byV2: { readonly documents: boolean; readonly results: boolean };
  /** The site wants this type in a note. */
  readonly inNote: (type: string) => boolean;
  /** Why it cannot be created, in words. */
  readonly why: (type: string) => string;
};

export type Refusals = {
  /** `create Goal`: was it refused, lately enough to be believed? */
  readonly has: (what: string) => boolean;
};

export function abilitiesOf(
  capabilities: Capabilities | undefined,
  scopes: readonly string[] | undefined,
  refused: Refusals,
  site: Readonly<Record<string, SiteTier>> = {},
  byV2: Abilities['byV2'] = { documents: false, results: false },
): Abilities {
  const types = capabilities?.types ?? new Map<string, TypeCapability>();
  const states = (type: string, interaction: string): boolean =>
    types.get(type)?.interactions.has(interaction) ?? false;
  const granted = (type: string): boolean => scopeAllows(scopes, type, true);
  const stated = (type: string): boolean => states(type, 'create') || site[type] === 'native';
  const find = (type: string): boolean => {
    const found = types.get(type);
    if (found === undefined || refused.has(`find ${type}`)) return false;
    if (!found.interactions.has('search-type')) return false;
    // Where nothing is stated of parameters, it is tried.
    return (
      found.searchParams.size === 0 ||
      [parameterOf(type), 'patient', 'subject'].some((name) => found.searchParams.has(name))
    );
  };
  /** What could not be found again after a lost answer is not filed as itself: it might come twice. */
  const safe = (type: string): boolean => find(type) || types.get(type)?.conditionalCreate === true;
  return {
    create: (type) =>
      stated(type) &&
      granted(type) &&
      !refused.has(`create ${type}`) &&
      safe(type) &&
      site[type] !== 'note' &&
      site[type] !== 'work-list',
    change: (type) => {
      if (!granted(type)) return undefined;
      if (states(type, 'update') && !refused.has(`PUT ${type}`)) return 'PUT';
      return states(type, 'patch') && !refused.has(`PATCH ${type}`) ? 'PATCH' : undefined;
    },
    read: (type) => states(type, 'read'),
    find,
    byHand: (type) => site[type] === 'work-list',
    inNote: (type) => site[type] === 'note',
    byV2,
    why: (type) => {
      if (site[type] === 'note' || site[type] === 'work-list') return 'the site does not want it as itself';
      if (refused.has(`create ${type}`)) return 'the EHR refused it';
      if (!stated(type)) return types.has(type) ? 'the EHR takes no new ones' : 'the EHR does not have it';
      if (!granted(type)) return 'the granted scopes do not allow it';
      return 'it could not be found again after a lost answer';
    },
  };
}
