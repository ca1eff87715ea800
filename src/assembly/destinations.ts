/** The destinations of the configuration, connected. The sandbox is a FHIR server like any other. */
import type { Config, DestinationConfig } from '../config/config.ts';
import { type FhirDestination, fhirDestination } from '../connections/fhir/destination.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { DestinationReading } from '../observe/health.ts';

export type Connected = { readonly config: DestinationConfig; readonly destination: FhirDestination };

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
        baseUrl: one.kind === 'sandbox' ? new URL(one.baseUrl, origin).href : one.baseUrl,
        artifactSystem: config.programme.artifactSystem,
      },
      deps,
    ),
  }));
}

export function readingOf({ config, destination }: Connected): DestinationReading {
  const circuit = destination.state();
  if (circuit.state === 'paused')
    return { id: config.id, state: circuit.cause === 'send/auth' ? 'auth-failed' : 'paused' };
  return { id: config.id, state: circuit.state === 'open' ? 'circuit-open' : 'open' };
}
