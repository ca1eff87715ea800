/** Names of coding systems and of authorities as HL7 v2 senders write them, and the URIs that FHIR wants. Pure. */

/** HL7 table 0396, where the URI is certain; upper case. */
const known: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  LOINC: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  'SNOMED-CT': 'http://snomed.info/sct',
  SNOMEDCT: 'http://snomed.info/sct',
  UCUM: 'http://unitsofmeasure.org',
  C4: 'http://www.ama-assn.org/go/cpt',
  CPT4: 'http://www.ama-assn.org/go/cpt',
  'CPT-4': 'http://www.ama-assn.org/go/cpt',
  I9C: 'http://hl7.org/fhir/sid/icd-9-cm',
  I10: 'http://hl7.org/fhir/sid/icd-10',
  I10C: 'http://hl7.org/fhir/sid/icd-10-cm',
  NDC: 'http://hl7.org/fhir/sid/ndc',
  CVX: 'http://hl7.org/fhir/sid/cvx',
  MVX: 'http://hl7.org/fhir/sid/mvx',
  RXNORM: 'http://www.nlm.nih.gov/research/umls/rxnorm',
};

/** `HL70078` and `HL7nnnn`: tables of HL7 v2 itself. */
const table = /^HL7(\d{4})$/;

export type Namespaces = Readonly<Record<string, string>>;

/** What the sender's configuration says goes first. Undefined: a coding system of the sender's own. */
export function codingSystemOf(name: string, namespaces: Namespaces = {}): string | undefined {
  if (Object.hasOwn(namespaces, name)) return namespaces[name];
  const upper = name.trim().toUpperCase();
  const number = table.exec(upper)?.[1];
  if (number !== undefined) return `http://terminology.hl7.org/CodeSystem/v2-${number}`;
  return Object.hasOwn(known, upper) ? known[upper] : undefined;
}

const oid = /^[0-2](?:\.(?:0|[1-9]\d*))+$/;
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const uri = /^(?:https?|urn):\S+$/i;

/** The URI of an OID, UUID or URI (HD.2, CWE.14), whatever HD.3 calls it; undefined for what is none of them. */
export function uriOfUniversalId(id: string): string | undefined {
  const bare = id.trim();
  if (oid.test(bare)) return `urn:oid:${bare}`;
  if (uuid.test(bare)) return `urn:uuid:${bare.toLowerCase()}`;
  return uri.test(bare) ? bare : undefined;
}
