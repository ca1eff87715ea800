/** The destinations of the configuration, connected. The sandbox is a FHIR server like any other. */
import type { Config, DestinationConfig } from '../config/config.ts';
import { type FhirDestination, fhirDestination } from '../connections/fhir/destination.ts';
import { hl7Interface } from '../connections/hl7v2/interface.ts';
import type { DestinationId } from '../core/model.ts';
import type { Clock, Log } from '../core/ports.ts';
import { destinationPauses, setPaused } from '../ledger/destinations.ts';
import type { Queryable } from '../ledger/statement.ts';
import type { DestinationReading } from '../observe/health.ts';

export type Connected = { readonly config: DestinationConfig; readonly destination: FhirDestination };

/** `origin`: where this Tejido listens. */
export const baseUrlOf = (one: Pick<DestinationConfig, 'kind' | 'baseUrl'>, origin: string): string =>
  one.kind === 'sandbox' ? new URL(one.baseUrl, origin).href : one.baseUrl;

/** `origin`: where this Tejido listens, for the sandbox's path. */
export function connect(
  config: Config,
  origin: string,
  deps: { readonly clock: Clock; readonly random: () => number; readonly log: Log },
): readonly Connected[] {
  return config.destinations.map((one) => ({
    config: one,
    destination: fhirDestination(
      {
        ...one,
        baseUrl: baseUrlOf(one, origin),
        artifactSystem: config.programme.artifactSystem,
      },
      one.hl7v2 === undefined
        ? deps
        : { ...deps, hl7v2: hl7Interface({ ...one.hl7v2, id: one.id, mrnSystem: one.mrnSystem }, deps) },
    ),
  }));
}

export function readingOf({ config, destination }: Connected): DestinationReading {
  const circuit = destination.state();
  if (circuit.state === 'paused')
    return { id: config.id, state: circuit.cause === 'send/auth' ? 'auth-failed' : 'paused' };
  return { id: config.id, state: circuit.state === 'open' ? 'circuit-open' : 'open' };
}

/**
 * All processes agree on what is paused: refused credentials pause a destination for everybody, once, and a person who
 * resumes it in the ledger resumes it here too. To be called before each look for work.
 */
export function pauseAgreement(on: Queryable, connected: readonly Connected[], log: Log): () => Promise<void> {
  /** Pauses that the ledger knows of: when one is gone from there, a person has resumed it. */
  const told = new Set<DestinationId>();
  return async () => {
    for (const { config, destination } of connected) {
      const circuit = destination.state();
      if (circuit.state !== 'paused') told.delete(config.id);
      else if (told.has(config.id)) {
        const [known] = await destinationPauses(on, [config.id]);
        if (known?.paused !== false) continue;
        destination.resume();
        told.delete(config.id);
      } else {
        const first = await setPaused(on, { id: config.id, paused: true, reason: circuit.reason, actor: 'system' });
        told.add(config.id);
        if (first) log('error', 'destination.paused', { destination: config.id, cause: circuit.cause });
      }
    }
  };
}
