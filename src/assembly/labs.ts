/** Laboratory results for the pipeline: how each format is read and mapped, and what may become of a result. */
import type { Config } from '../config/config.ts';
import { createLabScreen } from '../core/lab/sensitive.ts';
import { fail } from '../core/outcome.ts';
import { readStoredOru } from '../hl7v2/identify.ts';
import { fhirLabMapped, isFhirLabTree } from '../mapping/fhir-lab.ts';
import { uuidOf } from '../mapping/uuid.ts';
import type { LabDeps } from '../pipeline/lab/deps.ts';
import { readFhirLab } from '../sources/fhir-lab.ts';
import { fhirLabSources } from './lab-sources.ts';
import { senderNamed } from './mllp.ts';

export function labsOf(config: Pick<Config, 'labs' | 'mllp' | 'labSources' | 'destinations'>): LabDeps {
  const sender = (source: string) => senderNamed(config.mllp, source);
  const fhir = new Map(fhirLabSources(config).map((one) => [one.name, one]));
  return {
    about: (source) => ({
      systems: fhir.get(source)?.systems ?? sender(source).systems,
      groupedNumbers: sender(source).groupedNumbers,
      unmappedCodes: config.labs.unmappedCodes,
    }),
    read: ({ source, format, contentType, body, receivedAt }) => {
      if (format === 'hl7v2') return readStoredOru(body, contentType, sender(source), receivedAt.toISOString());
      if (format === 'fhir-lab') return readFhirLab(body, fhir.get(source));
      return fail('mapping/no-route', `No reader for the format ${format}.`);
    },
    map: (order, names, context, mapper, unmapped) =>
      isFhirLabTree(order.tree)
        ? fhirLabMapped(order, names, context, uuidOf)
        : mapper.mapLab(order, names, context, unmapped),
    judge: createLabScreen(config.labs),
  };
}
