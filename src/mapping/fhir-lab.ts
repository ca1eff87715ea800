/**
 * A laboratory report that came as FHIR, as it is to stand in the chart: the resources as they came, each under our
 * identifier, about our patient, and with references that lead somewhere here. Status, codes and values are left alone. Pure.
 */
import { isFhirObject, objectIn, objectsIn, referenceIn } from '../core/fhir-json.ts';
import type { FhirLabTree, LabNames, LabOrder } from '../core/lab/model.ts';
import { fail, ok, type Outcome } from '../core/outcome.ts';
import type { LabContext, Mapped, Resource } from '../core/ports.ts';
import { referencesOf } from './fhir-lab-references.ts';

const usCore = 'http://hl7.org/fhir/us/core/StructureDefinition/';
const profiles: Readonly<Record<string, string>> = {
  DiagnosticReport: `${usCore}us-core-diagnosticreport-lab`,
  Observation: `${usCore}us-core-observation-lab`,
  Specimen: `${usCore}us-core-specimen`,
};

/** What says that it is of a laboratory, where the server does not say it so. */
const categories: Readonly<Record<string, { readonly system: string; readonly code: string }>> = {
  DiagnosticReport: { system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' },
  Observation: { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' },
};

export const isFhirLabTree = (tree: Readonly<Record<string, unknown>>): boolean => tree['format'] === 'fhir-lab';

/**
 * Specimens, then results (members before their panel), then the report. `mapping/failed` for a resource with a
 * modifierExtension: it may turn what it says into its opposite (FHIR R4 §2.4.1).
 */
export function fhirLabMapped(
  order: LabOrder,
  names: LabNames,
  context: LabContext,
  uuidFor: (name: string) => string,
): Outcome<readonly Mapped[]> {
  const tree = order.tree as FhirLabTree;
  const named = [
    ...tree.specimen.map((resource, index) => ({ resource, artifact: names.specimens[index] })),
    ...tree.observation.map((resource, index) => ({ resource, artifact: names.results[index] })),
    ...(tree.report === undefined ? [] : [{ resource: tree.report, artifact: names.report }]),
  ].flatMap(({ resource, artifact }) =>
    artifact === undefined ? [] : [{ resource, artifact, fullUrl: `urn:uuid:${uuidFor(artifact)}` }],
  );
  const turned = named.find(({ resource }) => resource['modifierExtension'] !== undefined);
  if (turned !== undefined) {
    return fail('mapping/failed', `A ${turned.resource.resourceType} carries a modifierExtension, which is not read.`);
  }
  const leadsTo = referencesOf(tree, named, context);
  const mapped = named.map(({ resource, artifact, fullUrl }): Mapped => ({
    artifact,
    fullUrl,
    do: 'put',
    resource: asFiled(leadsTo(resource), artifact, context),
  }));
  return ok(inOrder(mapped));
}

function asFiled(resource: Resource, artifact: string, { programme, patient }: LabContext): Resource {
  const { id: _, meta, text, implicitRules: __, identifier, ...rest } = resource;
  const { security } = objectIn(meta);
  const profile = profiles[resource.resourceType];
  const others = objectsIn(identifier).filter(({ system }) => system !== programme.artifactSystem);
  return {
    ...rest,
    resourceType: resource.resourceType,
    meta: { ...(profile === undefined ? {} : { profile: [profile] }), ...(security === undefined ? {} : { security }) },
    // What the server made of the elements says nothing more; what somebody wrote beside them does.
    ...(objectIn(text)['status'] === 'additional' ? { text } : {}),
    identifier: [{ system: programme.artifactSystem, value: artifact }, ...others],
    ...categoryOf(resource),
    subject: { reference: patient.reference, ...(patient.display === undefined ? {} : { display: patient.display }) },
  };
}

function categoryOf(resource: Resource): { readonly category?: readonly unknown[] } {
  const wanted = categories[resource.resourceType];
  if (wanted === undefined) return {};
  const given = objectsIn(resource['category']);
  const said = given.some(({ coding }) =>
    objectsIn(coding).some(({ system, code }) => system === wanted.system && code === wanted.code),
  );
  return { category: said ? given : [{ coding: [wanted] }, ...given] };
}

/** What is referred to before what refers to it. */
function inOrder(mapped: readonly Mapped[]): readonly Mapped[] {
  const byUrl = new Map(mapped.map((one) => [one.fullUrl, one]));
  const done = new Set<Mapped>();
  const visit = (one: Mapped, trail: ReadonlySet<Mapped>): void => {
    if (done.has(one) || trail.has(one)) return;
    for (const url of urlsIn(one.resource)) {
      const needed = byUrl.get(url);
      if (needed !== undefined) visit(needed, new Set([...trail, one]));
    }
    done.add(one);
  };
  for (const one of mapped) visit(one, new Set());
  return [...done];
}

function urlsIn(json: unknown): readonly string[] {
  if (Array.isArray(json)) return json.flatMap(urlsIn);
  if (!isFhirObject(json)) return [];
  const own = referenceIn(json);
  return [...(own === undefined ? [] : [own]), ...Object.values(json).flatMap(urlsIn)];
}
