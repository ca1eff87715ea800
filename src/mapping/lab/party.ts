/** Numbers, people and organisations of HL7 v2 as identifiers and logical references: nobody is created for them. Pure. */
import { type Namespaces, uriOfUniversalId } from '../../core/lab/coding-systems.ts';
import { isObject, type JsonObject } from '../../definitions/item.ts';
import { compact, list, object, part } from './json.ts';

const npi = 'http://hl7.org/fhir/sid/us-npi';

/** The system of a number: of the universal id, else of the namespace as configured, else the namespace in words. */
function assignedBy(
  namespace: string | undefined,
  universal: string | undefined,
  namespaces: Namespaces,
): { readonly system?: string; readonly assigner?: JsonObject } {
  const system =
    (universal === undefined ? undefined : uriOfUniversalId(universal)) ??
    (namespace !== undefined && Object.hasOwn(namespaces, namespace) ? namespaces[namespace] : undefined);
  if (system !== undefined) return { system };
  const words = namespace ?? universal;
  return words === undefined ? {} : { assigner: { display: words } };
}

const authorityOf = (hd: unknown, namespaces: Namespaces) =>
  assignedBy(part(hd, 'namespaceId'), part(hd, 'universalId'), namespaces);

/** EI (HL7 v2.8.2 §2A.3.28) → Identifier. */
export function identifierOf(ei: unknown, namespaces: Namespaces): JsonObject | undefined {
  const value = part(ei, 'entityIdentifier');
  if (value === undefined) return undefined;
  return { ...assignedBy(part(ei, 'namespaceId'), part(ei, 'universalId'), namespaces), value };
}

/** XCN, and CNN (of NDL), which names its components in part otherwise. */
export function personOf(json: unknown, namespaces: Namespaces): JsonObject | undefined {
  const person = isObject(json) && isObject(json['name']) ? json['name'] : json;
  const family = part(object(object(person)['familyName']), 'surname') ?? part(person, 'familyName');
  const names = ['prefix', 'givenName', 'secondAndFurtherGivenNamesOrInitialsThereof']
    .map((each) => part(person, each))
    .concat(family, part(person, 'suffix'));
  const degree = part(person, 'degree') ?? part(person, 'professionalSuffix');
  const name = names.filter((each) => each !== undefined).join(' ');
  const value = part(person, 'personIdentifier') ?? part(person, 'idNumber');
  const display = [name === '' ? undefined : name, degree].filter((each) => each !== undefined).join(', ');
  if (value === undefined && display === '') return undefined;
  const authority = object(object(person)['assigningAuthority']);
  const namespace = part(authority, 'namespaceId') ?? part(person, 'assigningAuthorityNamespaceId');
  const universal = part(authority, 'universalId') ?? part(person, 'assigningAuthorityUniversalId');
  const isNpi = /^\d{10}$/.test(value ?? '') && [namespace, part(person, 'identifierTypeCode')].includes('NPI');
  const issuer = isNpi ? { system: npi } : assignedBy(namespace, universal, namespaces);
  return compact({
    type: 'Practitioner',
    identifier: value === undefined ? undefined : { ...issuer, value },
    display: display === '' ? undefined : display,
  });
}

/** XAD, in one line. */
function addressOf(json: unknown): string | undefined {
  const street = part(object(object(json)['streetAddress']), 'streetOrMailingAddress') ?? part(json, 'streetAddress');
  const region = [part(json, 'stateOrProvince'), part(json, 'zipOrPostalCode')].filter((each) => each !== undefined);
  const lines = [street, part(json, 'otherDesignation'), part(json, 'city'), region.join(' ') || undefined];
  return lines.filter((each) => each !== undefined).join(', ') || undefined;
}

/**
 * XON (performing organisation), HD (sending facility) or CWE (producer's id). CLIA asks a report to name the laboratory
 * and where it is (42 CFR 493.1291): a logical reference has the display for it.
 */
export function organizationOf(json: unknown, address: unknown, namespaces: Namespaces): JsonObject | undefined {
  if (json === undefined) return undefined;
  const name = ['organizationName', 'text', 'namespaceId', 'alternateText'].map((each) => part(json, each));
  const value = part(json, 'organizationIdentifier') ?? part(json, 'idNumber') ?? part(json, 'identifier');
  const universal = part(json, 'universalId');
  const display = [
    name.find((each) => each !== undefined) ?? (value === undefined ? universal : undefined),
    addressOf(address),
  ]
    .filter((each) => each !== undefined)
    .join(', ');
  if (display === '' && value === undefined) return undefined;
  const identifier =
    value === undefined
      ? universal === undefined || uriOfUniversalId(universal) === undefined
        ? undefined
        : { system: 'urn:ietf:rfc:3986', value: uriOfUniversalId(universal) }
      : { ...authorityOf(object(json)['assigningAuthority'], namespaces), value };
  return compact({ type: 'Organization', identifier, display: display === '' ? value : display });
}

/** References that say the same once. */
export function distinct(references: readonly (JsonObject | undefined)[]): readonly JsonObject[] {
  const seen = new Set<string>();
  return references.flatMap((each) => {
    const text = JSON.stringify(each);
    if (each === undefined || seen.has(text)) return [];
    seen.add(text);
    return [each];
  });
}

/** Who made a result: OBX-23 with 24 (else OBX-15), OBX-16, OBX-25. */
export function performersOf(obx: unknown, namespaces: Namespaces): readonly JsonObject[] {
  const field = object(obx);
  const organisation =
    organizationOf(field['performingOrganizationName'], field['performingOrganizationAddress'], namespaces) ??
    organizationOf(field['producersId'], undefined, namespaces);
  const people = [...list(field['responsibleObserver']), ...list(field['performingOrganizationMedicalDirector'])];
  if (organisation === undefined && people.length === 0) return [];
  return distinct([organisation, ...people.map((each) => personOf(each, namespaces))]);
}
