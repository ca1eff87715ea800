/** Laboratory reports as FHIR servers keep them. */
import type { Resource } from '../../src/core/ports.ts';

const loinc = 'http://loinc.org';
const typed = (code: string, value: string) => ({
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }] },
  system: 'urn:lab:orders',
  value,
});

export const aResult = (id: string, value: number, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] },
  ],
  code: {
    coding: [
      { system: 'urn:lab:codes', code: 'A1C' },
      { system: loinc, code: '4548-4', display: 'Hemoglobin A1c' },
    ],
    text: 'Hemoglobin A1c',
  },
  subject: { reference: 'Patient/p1' },
  effectiveDateTime: '2026-05-04T08:15:00-05:00',
  issued: '2026-05-04T14:00:00-05:00',
  valueQuantity: { value, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
  ...more,
});

export const aReport = (id: string, results: readonly string[], more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'DiagnosticReport',
  id,
  identifier: [typed('PLAC', `P-${id}`), typed('FILL', `F-${id}`)],
  status: 'final',
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' }] }],
  code: { coding: [{ system: loinc, code: '4548-4' }], text: 'Hemoglobin A1c' },
  subject: { reference: 'Patient/p1' },
  effectiveDateTime: '2026-05-04T08:15:00-05:00',
  issued: '2026-05-04T14:00:00-05:00',
  result: results.map((one) => ({ reference: `Observation/${one}` })),
  ...more,
});
