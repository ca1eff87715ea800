/** CodeableConcepts as CWE: a first coding, an alternate one, the text in the ninth component (v2.5.1 §2.A.13). Pure. */
import { isObject, objects, text } from '../fhir/json.ts';
import type { Json } from '../fhir/json.ts';

/** Tables that HL7 names in 0396; a system without such a name goes as its URI in the component for it. */
const names: Readonly<Record<string, string>> = {
  'http://loinc.org': 'LN',
  'http://snomed.info/sct': 'SCT',
  'http://unitsofmeasure.org': 'UCUM',
  'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation': 'HL70078',
};

const nameOf = (coding: Json): string => {
  const system = text(coding['system']);
  if (system === undefined) return 'L';
  return names[system] ?? (system.startsWith('urn:oid:') ? system.slice('urn:oid:'.length) : system);
};

const part = (coding: Json | undefined): readonly string[] =>
  coding === undefined ? ['', '', ''] : [text(coding['code']) ?? '', text(coding['display']) ?? '', nameOf(coding)];

/** Undefined when it says nothing. LOINC and SNOMED CT come first. */
export function cweOf(concept: unknown): readonly string[] | undefined {
  if (!isObject(concept)) return undefined;
  const codings = objects(concept['coding']).filter((coding) => text(coding['code']) !== undefined);
  const known = (coding: Json): number => (names[text(coding['system']) ?? ''] === undefined ? 1 : 0);
  const [first, second] = codings.toSorted((a, b) => known(a) - known(b));
  const said = text(concept['text']);
  if (first === undefined) return said === undefined ? undefined : ['', said];
  const firstPart = part(first);
  const withText = firstPart[1] === '' ? [firstPart[0] ?? '', said ?? '', firstPart[2] ?? ''] : firstPart;
  const original = said === undefined || said === withText[1] ? [] : ['', '', said];
  if (second === undefined && original.length === 0) return withText;
  return [...withText, ...part(second), ...original];
}
