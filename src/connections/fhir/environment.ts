/** What all writing to one EHR shares: its client, what was learned about it, the clock and the dice. */
import type { Outcome } from '../../core/outcome.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Capabilities } from './capability.ts';
import type { Call, FhirClient, Wait } from './client.ts';
import type { FhirDestinationConfig } from './config.ts';
import type { Hl7Interface } from '../hl7v2/interface.ts';
import type { Lookup } from './lookup.ts';
import type { Abilities } from './tiers/abilities.ts';

export type Learned = {
  conditionalEntries: number | undefined;
  updateEntries: number | undefined;
  entries: number | undefined;
  /** It says transaction and runs a batch. */
  transactionsAreBatches: boolean;
  /** It refused a Bundle of this kind altogether. */
  noTransaction: boolean;
  noBatch: boolean;
  /** Are references between entries of one Bundle turned into real ones? */
  placeholders: 'unknown' | 'resolved' | 'left';
  /** Types whose conditional create did not look at our identifier. */
  readonly conditionIgnored: Set<string>;
  /** Types read back once after a create: does our identifier survive? */
  readonly identity: Map<string, 'kept' | 'dropped'>;
  /** `create Goal`, `PUT Task`, `find Communication`: when the EHR refused what it states. */
  readonly refused: Map<string, Date>;
};

export const newLearned = (limits: FhirDestinationConfig['limits'] = {}): Learned => ({
  conditionalEntries: limits.conditionalEntries,
  updateEntries: limits.updateEntries,
  entries: limits.entries,
  transactionsAreBatches: false,
  noTransaction: false,
  noBatch: false,
  placeholders: 'unknown',
  conditionIgnored: new Set(),
  identity: new Map(),
  refused: new Map(),
});

export type CapabilitySource = {
  /** The statement, read again when it is too old; an old one serves while a new one cannot be had. */
  readonly get: (call: Call) => Promise<Outcome<Capabilities>>;
  readonly known: () => Capabilities | undefined;
  /** The EHR did not do as it said: read the statement again at the next occasion. */
  readonly distrust: () => void;
};

export type Environment = {
  readonly config: FhirDestinationConfig;
  readonly baseUrl: string;
  readonly client: FhirClient;
  readonly lookup: Lookup;
  /** Beside the FHIR server. */
  readonly hl7v2: Hl7Interface | undefined;
  readonly capabilities: CapabilitySource;
  readonly learned: Learned;
  /** What we may do with each type, as known now. */
  readonly abilities: () => Abilities;
  readonly clock: Clock;
  readonly random: () => number;
  readonly wait: Wait;
  readonly log: Log;
};

/** One filing in progress. `doubt` rises when an answer is lost, and is what the final look for twins depends on. */
export type Run = Call & {
  doubt: boolean;
  readonly anew: boolean;
  /** The HL7 v2 interface failed: that says nothing of the FHIR server. */
  interfaceFailed?: true;
};

/** A pause of between a half and the whole of `ms`, so that those who collided do not collide again. */
export const jittered = (env: Pick<Environment, 'random' | 'wait'>, ms: number, run: Call): Promise<void> =>
  env.wait(ms * (0.5 + env.random() / 2), run.signal);

/** The header that says how much of an answer we want to a write, where the configuration says. */
export const preferred = ({ config: { quirks } }: Environment): Readonly<Record<string, string>> =>
  quirks?.prefer === undefined ? {} : { prefer: `return=${quirks.prefer}` };

/** What it states and then refuses is not asked for again until a while has passed: it may learn. */
export function learnRefusal({ learned, clock, config, log, capabilities }: Environment, what: string): void {
  if (!learned.refused.has(what)) log('warn', 'ehr.refused-what-it-states', { destination: config.id, what });
  learned.refused.set(what, clock());
  capabilities.distrust();
}
