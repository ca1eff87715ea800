/** How far one filing has come: what its parts share, and what follows from it alone. */
import type { FilingStep, Resource } from '../../../core/ports.ts';
import type { Capabilities } from '../capability.ts';
import { overlay } from '../content.ts';
import type { Environment, Run } from '../environment.ts';
import { parameterOf } from '../identity.ts';
import { resolved } from '../reference.ts';
import { filedReferences, worksOf } from './work.ts';
import type { Work } from './work.ts';

export type Progress = {
  readonly env: Environment;
  readonly run: Run;
  readonly works: readonly Work[];
  readonly capabilities: Capabilities;
  /** Writes that met another of the same moment. */
  races: number;
  /** Writes whose answer was lost. */
  losses: number;
  /** A whole Bundle was refused: find out which entry it was. */
  oneByOne: boolean;
  /** A Bundle of this type was refused as unsupported. */
  refusedWhole: 'transaction' | 'batch' | undefined;
};

export const begin = (
  env: Environment,
  run: Run,
  steps: readonly FilingStep[],
  capabilities: Capabilities,
): Progress => ({
  env,
  run,
  works: worksOf(steps, env.config.artifactSystem),
  capabilities,
  races: 0,
  losses: 0,
  oneByOne: false,
  refusedWhole: undefined,
});

/** May a create of this type be left to the server's own condition? Else we look before each. */
export function isConditional({ env, capabilities }: Progress, type: string): boolean {
  const stated = capabilities.types.get(type);
  if (stated?.conditionalCreate !== true || env.learned.conditionIgnored.has(type)) return false;
  if (env.lookup.knowledge.ignored.has(type)) return false;
  return stated.searchParams.has(parameterOf(type)) || env.lookup.knowledge.honoured.has(type);
}

/** What should stand where `current` does. */
export const wantedOver = ({ works }: Progress, work: Work, current: Resource): Resource =>
  overlay(current, resolved(work.desired, filedReferences(works)), work.step.known?.owned);
