/** Laboratory results for the pipeline: how each format is read and mapped, and what may become of a result. */
import type { Config } from '../config/config.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import { createLabScreen } from '../core/lab/sensitive.ts';
import { fail } from '../core/outcome.ts';
import { readStoredOru } from '../hl7v2/identify.ts';
import type { LabDeps } from '../pipeline/lab/deps.ts';

/** The sender as it is configured now, by the name under which its messages stand in the ledger. */
export const senderOf =
  ({ mllp: { senders, anySender } }: Pick<Config, 'mllp'>) =>
  (source: string): Hl7Sender =>
    senders.find(({ name }) => name === source) ?? { ...anySender, name: source };

export function labsOf(config: Pick<Config, 'labs' | 'mllp'>): LabDeps {
  const sender = senderOf(config);
  return {
    about: (source) => ({ systems: sender(source).systems, unmappedCodes: config.labs.unmappedCodes }),
    read: ({ source, format, contentType, body, receivedAt }) =>
      format === 'hl7v2'
        ? readStoredOru(body, contentType, sender(source), receivedAt.toISOString())
        : fail('mapping/no-route', `No reader for the format ${format}.`),
    map: (order, names, context, mapper, unmapped) => mapper.mapLab(order, names, context, unmapped),
    judge: createLabScreen(config.labs),
  };
}
