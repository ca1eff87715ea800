/** What a laboratory said of a result before, kept beside what it says now. Pure. */
import { createHash } from 'node:crypto';
import type { LabVersion } from '../../core/lab/model.ts';
import type { FilingStep } from '../../core/ports.ts';

const usCore = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance';

/**
 * A Provenance of the version that does not count any more, or came too late to count: `entity` tells its value in words.
 * It has no identifier in FHIR R4; ours is a tag.
 */
export function provenanceOf(
  old: LabVersion,
  artifact: string,
  target: string,
  { artifactSystem, source }: { readonly artifactSystem: string; readonly source: string },
): FilingStep {
  const name = `${artifact}.was-${createHash('sha256').update(`${old.hash} ${old.issued.toISOString()}`).digest('hex').slice(0, 12)}`;
  const was = [old.summary.text ?? 'no value', `(${old.status})`].join(' ');
  const hex = createHash('sha256').update(name).digest('hex');
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return {
    do: 'put',
    artifact: name,
    fullUrl: `urn:uuid:${uuid}`,
    resource: {
      resourceType: 'Provenance',
      meta: { profile: [usCore], tag: [{ system: artifactSystem, code: name }] },
      target: [{ reference: target, type: old.resourceType }],
      recorded: old.issued.toISOString(),
      activity: {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'UPDATE', display: 'revise' },
        ],
      },
      agent: [
        {
          type: {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
                code: 'author',
                display: 'Author',
              },
            ],
          },
          who: { type: 'Organization', display: source },
        },
      ],
      entity: [
        {
          role: 'revision',
          what: { type: old.resourceType, display: `Before: ${was}, reported ${old.issued.toISOString()}` },
        },
      ],
    },
  };
}
