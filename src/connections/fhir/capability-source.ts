/** The EHR's CapabilityStatement: asked for once for all who need it, and again when it is old or was proved wrong. */
import { causeOf } from '../../core/causes.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Clock } from '../../core/ports.ts';
import { readCapabilities } from './capability.ts';
import type { Capabilities } from './capability.ts';
import type { Call, FhirClient } from './client.ts';
import type { FhirDestinationConfig } from './config.ts';
import type { CapabilitySource } from './environment.ts';

/** How long a CapabilityStatement, or a refusal, is believed. */
export const defaultCapabilityMaxAgeMs = 3_600_000;
/** A statement that was just read is not read again at every surprise. */
const distrustAfterMs = 30_000;

export function capabilitySource(config: FhirDestinationConfig, client: FhirClient, clock: Clock): CapabilitySource {
  const maxAgeMs = config.capabilityMaxAgeMs ?? defaultCapabilityMaxAgeMs;
  let held: Capabilities | undefined;
  let suspect = false;
  let asking: Promise<Outcome<Capabilities>> | undefined;

  const ask = async (call: Call): Promise<Outcome<Capabilities>> => {
    const reply = await client.ask({ method: 'GET', path: 'metadata', doing: 'read' }, call);
    if (!reply.ok)
      // A wrong base URL, or a server half up: nothing that any one message is to blame for.
      return reply.failure.cause === 'send/gone'
        ? fail('send/unavailable', 'there is no CapabilityStatement at the base URL')
        : reply;
    const read = readCapabilities(reply.json, clock(), config.quirks);
    return read === undefined
      ? fail('send/unavailable', 'the base URL does not answer with a CapabilityStatement')
      : ok(read);
  };

  return {
    known: () => held,
    distrust: () => {
      suspect = true;
    },
    get: async (call) => {
      const age = held === undefined ? Number.POSITIVE_INFINITY : clock().getTime() - held.readAt.getTime();
      if (held !== undefined && age < maxAgeMs && !(suspect && age >= distrustAfterMs)) return ok(held);
      asking ??= ask(call).finally(() => {
        asking = undefined;
      });
      const got = await asking;
      if (got.ok) {
        held = got.value;
        suspect = false;
      }
      // What it said an hour ago is better than nothing while it cannot say it again.
      return got.ok || held === undefined || causeOf(got.failure.cause).class !== 'transient' ? got : ok(held);
    },
  };
}
