/** One correct value of each data type, and malformed ones of each primitive. */

const samples: Readonly<Record<string, unknown>> = {
  Address: { city: 'Chicago' },
  Age: { value: 40, unit: 'a', system: 'http://unitsofmeasure.org', code: 'a' },
  Annotation: { text: 'a note' },
  Attachment: { url: 'https://example.org/file.txt' },
  base64Binary: 'aGVsbG8=',
  boolean: true,
  canonical: 'https://example.org/thing',
  code: 'sample',
  CodeableConcept: { text: 'a concept' },
  Coding: { system: 'https://example.org/codes', code: 'sample' },
  ContactPoint: { system: 'phone', value: '555-0100' },
  Count: { value: 3, system: 'http://unitsofmeasure.org', code: '1' },
  date: '2026-05-06',
  dateTime: '2026-05-06T18:05:00-05:00',
  decimal: 1.5,
  Distance: { value: 3, system: 'http://unitsofmeasure.org', code: 'km' },
  Duration: { value: 3, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' },
  HumanName: { text: 'A Name' },
  id: 'sample',
  Identifier: { system: 'https://example.org/ids', value: '1' },
  instant: '2026-05-06T18:05:00-05:00',
  integer: 3,
  markdown: 'text',
  Money: { value: 3, currency: 'USD' },
  oid: 'urn:oid:1.2.3',
  Period: { start: '2026-05-06', end: '2026-05-07' },
  positiveInt: 3,
  Quantity: { value: 3 },
  Range: { low: { value: 1 }, high: { value: 2 } },
  Ratio: { numerator: { value: 1 }, denominator: { value: 2 } },
  Reference: { display: 'somebody' },
  SampledData: { origin: { value: 0 }, period: 10, dimensions: 1, data: '1 2 3' },
  string: 'text',
  time: '10:30:00',
  Timing: { event: ['2026-05-06'] },
  unsignedInt: 3,
  uri: 'https://example.org/thing',
  url: 'https://example.org/thing',
  uuid: 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11',
  xhtml: '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
};

/** Nothing for types that we have no sample of. */
export const sampleOf = (type: string): unknown => structuredClone(samples[type]);

const div = (inside: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${inside}</div>`;
const uris = ['', 'https://example.org/has space'];

const malformed: Readonly<Record<string, readonly unknown[]>> = {
  base64Binary: ['', 'not base64!', 'abc'],
  boolean: ['true', 1],
  canonical: uris,
  code: ['', ' final', 'final ', 'a  b'],
  date: ['', '2023-02-30', '2023-13-01', '2023-1-1', '20230101', '2023-02-01T10:00:00Z', '23-02-01'],
  dateTime: [
    '',
    '2023-02-30',
    '2023-05-06T10:00:00',
    '2023-05-06T10:00Z',
    '2023-05-06 10:00:00Z',
    '2023-05-06T25:00:00Z',
  ],
  decimal: ['1.5', ''],
  id: ['', 'has space', 'under_score', 'x'.repeat(65)],
  instant: ['', '2023-05-06', '2023-05-06T10:00:00', '2023-05-06T10:00Z', '2023-02-30T10:00:00Z'],
  integer: [1.5, '1', 2_147_483_648],
  markdown: [''],
  oid: ['', 'urn:oid:3.4', '1.2.3', 'urn:oid:1.02'],
  positiveInt: [0, -1, 1.5, '1'],
  string: [''],
  time: ['', '25:00:00', '10:30', '10:30:00Z'],
  unsignedInt: [-1, 1.5, '1'],
  uri: uris,
  url: uris,
  uuid: ['', 'urn:uuid:123', '6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11'],
  xhtml: ['', 'text', '<div>no namespace</div>', div('<script>1</script>'), div('<p>open'), div('')],
};

export const isPrimitive = (type: string): boolean => Object.hasOwn(malformed, type);

export const malformedOf = (type: string): readonly unknown[] => malformed[type] ?? [];
