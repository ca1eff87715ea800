/** The bare loop's mapping, as somebody would write it in an afternoon: @medplum/core reads, code by hand maps. */
import { Hl7Message } from '@medplum/core';

const lab = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] };
const iso = (hl7: string): string =>
  `${hl7.slice(0, 4)}-${hl7.slice(4, 6)}-${hl7.slice(6, 8)}T${hl7.slice(8, 10)}:${hl7.slice(10, 12)}:${hl7.slice(12, 14)}${hl7.slice(14, 17)}:${hl7.slice(17, 19)}`;

/** A transaction Bundle of a DiagnosticReport and its Observations, and the answer to send. */
export function bundleByHand(text: string): { readonly bundle: object; readonly ack: string } {
  const message = Hl7Message.parse(text);
  const [order] = message.getAllSegments('OBR');
  const filler = order?.getField(3)?.toString() ?? '';
  const mrn = message.getSegment('PID')?.getComponent(3, 1) ?? '';
  const subject = { reference: `Patient/${mrn.toLowerCase()}` };
  const entry = (resourceType: string, name: string, content: object) => {
    const value = `${filler}.${name}`;
    return {
      fullUrl: `urn:uuid:${value}`,
      resource: { resourceType, identifier: [{ system: 'urn:bench', value }], status: 'final', subject, ...content },
      request: { method: 'POST', url: resourceType, ifNoneExist: `identifier=urn:bench|${value}` },
    };
  };
  const results = message.getAllSegments('OBX').map((obx) =>
    entry('Observation', obx.getComponent(3, 1), {
      category: [lab],
      code: {
        coding: [{ system: 'http://loinc.org', code: obx.getComponent(3, 1), display: obx.getComponent(3, 2) }],
      },
      effectiveDateTime: iso(obx.getField(14)?.toString() ?? ''),
      valueQuantity: {
        value: Number(obx.getField(5)?.toString()),
        unit: obx.getField(6)?.toString(),
        system: 'http://unitsofmeasure.org',
        code: obx.getField(6)?.toString(),
      },
      referenceRange: [{ text: obx.getField(7)?.toString() }],
      interpretation: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: obx.getField(8)?.toString() }] }], // prettier-ignore
    }),
  );
  const report = entry('DiagnosticReport', 'report', {
    code: { coding: [{ system: 'http://loinc.org', code: order?.getComponent(4, 1), display: order?.getComponent(4, 2) }] }, // prettier-ignore
    effectiveDateTime: iso(order?.getField(7)?.toString() ?? ''),
    issued: iso(order?.getField(22)?.toString() ?? ''),
    result: results.map(({ fullUrl }) => ({ reference: fullUrl })),
  });
  return {
    bundle: { resourceType: 'Bundle', type: 'transaction', entry: [...results, report] },
    ack: message.buildAck().toString(),
  };
}
