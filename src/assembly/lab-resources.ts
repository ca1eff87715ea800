/** Resources as a look at a FHIR server finds them: their names, their versions, and what belongs to a report. Pure. */
import { belongingTo } from '../connections/fhir/labs.ts';
import { localReference, objectIn, objectsIn, referenceIn, textIn } from '../core/fhir-json.ts';
import type { Incoming, PatientIdentifiers, Resource } from '../core/ports.ts';

/** A report, or a result by itself; of a chart with whose it is. */
export type Found = { readonly main: Resource; readonly person?: PatientIdentifiers };

export const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id ?? ''}`;

export const updatedOf = ({ meta }: Resource): unknown => objectIn(meta)['lastUpdated'];

export const madeAt = (one: Resource): number => Date.parse(textIn(updatedOf(one)) ?? textIn(one['issued']) ?? '');

export const versionName = (one: Resource): string =>
  `${nameOf(one)} ${textIn(objectIn(one['meta'])['versionId']) ?? ''} ${String(madeAt(one))}`;

/** What Tejido wrote comes back as what it read: not as news. */
export const isOurs = (one: Resource, artifactSystem: string): boolean =>
  objectsIn(one['identifier']).some(({ system }) => system === artifactSystem);

export const isContained = (one: Resource, report: Resource): boolean =>
  objectsIn(report['contained']).some(({ id }) => id === one.id);

export const refersTo = (one: Resource, element: string, base: string): readonly string[] =>
  objectsIn(one[element]).flatMap((each) => localReference(referenceIn(each), base) ?? []);

/** The report and what belongs to it, of what was read; of the patient no more than identifies. */
export function closure(main: Resource, resources: ReadonlyMap<string, Resource>, base: string): readonly Resource[] {
  const found = new Map([[nameOf(main), main]]);
  for (let edge: readonly Resource[] = [main]; edge.length > 0;) {
    const next = edge.flatMap((one) => belongingTo(one, base)).filter((name) => !found.has(name));
    edge = [...new Set(next)].flatMap((name) => resources.get(name) ?? []);
    for (const one of edge) found.set(nameOf(one), one.resourceType === 'Patient' ? identifying(one) : one);
  }
  return [...found.values()];
}

const identifies = ['id', 'identifier', 'active', 'name', 'birthDate', 'gender', 'telecom'] as const;

const identifying = (patient: Resource): Resource => ({
  resourceType: 'Patient',
  ...Object.fromEntries(identifies.flatMap((name) => (patient[name] === undefined ? [] : [[name, patient[name]]]))),
});

export const isOlder = ({ record }: Incoming, standing: number | undefined): boolean =>
  record?.version !== undefined && standing !== undefined && record.version < Math.floor(standing / 1_000) * 1_000;

/** The server's clock has milliseconds, or seconds: what was read later is the later version. */
export function after(item: Incoming, standing: number | undefined): Incoming {
  const { record } = item;
  if (record?.version === undefined || standing === undefined || record.version > standing) return item;
  return { ...item, record: { ...record, version: standing + 1 } };
}
