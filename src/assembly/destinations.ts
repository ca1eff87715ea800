/** The destinations of the configuration, connected. The sandbox is a FHIR server like any other. */
import type { Config, DestinationConfig } from '../config/config.ts';
import { type FhirDestination, fhirDestination } from '../connections/fhir/destination.ts';
import type { Clock, Log } from '../core/ports.ts';
import { destinationPauses, setPaused } from '../ledger/destinations.ts';
import type { Queryable } from '../ledger/statement.ts';
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

/**
 * All processes agree on what is paused: refused credentials pause a destination for everybody, once, and a person who
 * resumes it in the ledger resumes it here too.
 */
export async function agreeOnPauses(on: Queryable, connected: readonly Connected[], log: Log): Promise<void> {
  const stopped = connected.flatMap(({ config, destination }) => {
    const circuit = destination.state();
    return circuit.state === 'paused' ? [{ id: config.id, destination, circuit }] : [];
  });
  if (stopped.length === 0) return;
  const pauses = await destinationPauses(
    on,
    stopped.map(({ id }) => id),
  );
  for (const { id, destination, circuit } of stopped) {
    const known = pauses.find((pause) => pause.id === id);
    if (known !== undefined && !known.paused && known.since > circuit.since) {
      destination.resume();
    } else if (await setPaused(on, { id, paused: true, reason: circuit.reason, actor: 'system' })) {
      log('error', 'destination.paused', { destination: id, cause: circuit.cause });
    }
  }
}
