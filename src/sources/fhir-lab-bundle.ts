/**
 * The Bundle in which a report of a FHIR server is kept (type collection, `identifier` names server and resource), and
 * what belongs to it: results, members of panels, specimens, the orders it is based on. Pure.
 */
import {
  isFhirObject,
  isResource,
  localReference,
  objectIn,
  objectsIn,
  referenceIn,
  textIn,
} from '../core/fhir-json.ts';
import type { Resource } from '../core/ports.ts';

export type LabBundle = {
  /** Base URL of the server. */
  readonly base: string;
  /** `DiagnosticReport/…` or `Observation/…`. */
  readonly about: string;
  readonly report?: Resource;
  readonly observations: readonly Resource[];
  readonly specimens: readonly Resource[];
  readonly orders: readonly Resource[];
  readonly patient?: Resource;
  readonly around: readonly Resource[];
};

/** Panels in panels; more is a circle. */
const deepest = 4;

const ownUris: Readonly<Record<string, string>> = {
  'urn:oid:2.16.840.1.113883.6.1': 'http://loinc.org',
  'urn:oid:2.16.840.1.113883.6.8': 'http://unitsofmeasure.org',
  'urn:oid:2.16.840.1.113883.6.96': 'http://snomed.info/sct',
};

/** Undefined: the body is no such Bundle. `systems`: as the server writes them → URI, beside the standard OIDs. */
export function readLabBundle(body: Uint8Array, systems: Readonly<Record<string, string>>): LabBundle | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  const bundle = objectIn(withSystems(parsed, { ...ownUris, ...systems }));
  const identifier = objectIn(bundle['identifier']);
  const [base, about] = [textIn(identifier['system']), textIn(identifier['value'])];
  const entries = objectsIn(bundle['entry']).flatMap(({ resource }) => (isResource(resource) ? [resource] : []));
  if (bundle['resourceType'] !== 'Bundle' || base === undefined || about === undefined) return undefined;
  const byName = new Map(entries.map((one) => [`${one.resourceType}/${one.id ?? ''}`, one]));
  const main = byName.get(about);
  if (main === undefined) return undefined;

  const find = (reference: string | undefined, from: Resource): Resource | undefined => {
    const name = localReference(reference, base);
    if (name === undefined) return undefined;
    if (!name.startsWith('#')) return byName.get(name);
    const inside = objectsIn(from['contained']).find(({ id }) => id === name.slice(1));
    return isResource(inside) ? inside : undefined;
  };
  const referred = (from: Resource, element: string): readonly Resource[] => {
    const value = from[element];
    const list = Array.isArray(value) ? objectsIn(value) : isFhirObject(value) ? [value] : [];
    return list.flatMap((one) => find(referenceIn(one), from) ?? []);
  };

  const observations = new Set<Resource>();
  const collect = (one: Resource, depth: number): void => {
    if (one.resourceType !== 'Observation' || observations.has(one) || depth > deepest) return;
    observations.add(one);
    for (const member of referred(one, 'hasMember')) collect(member, depth + 1);
  };
  const report = main.resourceType === 'DiagnosticReport' ? main : undefined;
  for (const one of report === undefined ? [main] : referred(report, 'result')) collect(one, 0);
  // What was deleted at the laboratory is kept without a reference to it.
  for (const one of entries) collect(one, 0);
  const all = [...(report === undefined ? [] : [report]), ...observations];
  const specimens = new Set(all.flatMap((one) => referred(one, 'specimen')).filter(isOf('Specimen')));
  const orders = new Set(all.flatMap((one) => referred(one, 'basedOn')).filter(isOf('ServiceRequest')));
  const patient = find(referenceIn(main['subject']), main);
  const own = new Set<Resource>([...all, ...specimens]);
  return {
    base,
    about,
    ...(report === undefined ? {} : { report }),
    observations: [...observations],
    specimens: [...specimens],
    orders: [...orders],
    ...(patient?.resourceType === 'Patient' ? { patient } : {}),
    around: entries.filter((one) => !own.has(one) && one.resourceType !== 'Patient'),
  };
}

const isOf =
  (type: string) =>
  (resource: Resource): boolean =>
    resource.resourceType === type;

function withSystems(json: unknown, uris: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(json)) return json.map((each) => withSystems(each, uris));
  if (!isFhirObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      name === 'system' && typeof value === 'string'
        ? Object.hasOwn(uris, value)
          ? uris[value]
          : value
        : withSystems(value, uris),
    ]),
  );
}
