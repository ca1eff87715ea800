/**
 * References of a resource from another server, made to lead somewhere in the chart: to what is filed with it, to our patient, to
 * what it contains; all else becomes a name and a number (identifier, display), or is left out. Pure.
 */
import { isFhirObject, localReference, objectIn, objectsIn, textIn, type FhirJson } from '../core/fhir-json.ts';
import type { FhirLabTree } from '../core/lab/model.ts';
import type { LabContext, Resource } from '../core/ports.ts';

type Named = { readonly resource: Resource; readonly fullUrl: string };

/** A resource of the tree with its references as they are filed. */
export function referencesOf(
  tree: FhirLabTree,
  named: readonly Named[],
  { patient }: LabContext,
): (resource: Resource) => Resource {
  const urls = new Map(named.map(({ resource, fullUrl }) => [resource, fullUrl]));
  const inside = new Set(objectsIn(tree.report?.['contained']));
  const filed = new Map(
    named
      .filter(({ resource }) => !inside.has(resource))
      .map(({ resource, fullUrl }) => [`${resource.resourceType}/${resource.id ?? ''}`, fullUrl]),
  );
  const around = new Map(tree.around.map((one) => [`${one.resourceType}/${one.id ?? ''}`, one]));
  const subjects = new Set(
    named.flatMap(
      ({ resource }) => localReference(textIn(objectIn(resource['subject'])['reference']), tree.base) ?? [],
    ),
  );

  return (resource) => {
    const contained = objectsIn(resource['contained']);
    const insideOf = (id: string): FhirJson | undefined => contained.find((one) => one['id'] === id);

    /** Undefined: it leads nowhere, and says nothing. */
    const reference = (value: FhirJson): FhirJson | undefined => {
      const given = textIn(value['reference']);
      if (given === undefined) return value;
      const { reference: _, ...rest } = value;
      if (given.startsWith('#')) {
        const one = insideOf(given.slice(1));
        const url = one === undefined ? undefined : urls.get(one as Resource);
        if (url !== undefined) return { ...rest, reference: url };
        return one === undefined && given !== '#' ? said(rest) : value;
      }
      const name = localReference(given, tree.base);
      const url = name === undefined ? undefined : filed.get(name);
      if (url !== undefined) return { ...rest, reference: url };
      if (name !== undefined && name.startsWith('Patient/') && subjects.has(name)) {
        return { ...rest, reference: patient.reference };
      }
      return said({ ...describe(name === undefined ? undefined : around.get(name), name), ...rest });
    };

    const walk = (json: unknown): unknown => {
      if (Array.isArray(json)) return json.map(walk).filter((each) => each !== undefined);
      if (!isFhirObject(json)) return json;
      if (isReference(json)) return reference(json);
      const entries = Object.entries(json).flatMap(([name, value]): (readonly [string, unknown])[] => {
        if (name === 'url' && isAttachment(json)) return [[name, absolute(value, tree.base)]];
        const walked = walk(value);
        return walked === undefined || (Array.isArray(walked) && walked.length === 0) ? [] : [[name, walked]];
      });
      // An image without its Media is no image (DiagnosticReport.media.link is required); nor is anything left of nothing.
      return entries.length === 0 ? undefined : Object.fromEntries(entries);
    };

    const { contained: _, ...own } = resource;
    const walked = objectIn(walk(own)) as Resource;
    const media = objectsIn(walked['media']).filter((one) => one['link'] !== undefined);
    const rest = contained.filter((one) => !urls.has(one as Resource)).map((one) => objectIn(walk(one)));
    const kept = reached(walked, rest);
    const { media: __, ...plain } = walked;
    return {
      ...plain,
      resourceType: resource.resourceType,
      ...(media.length === 0 ? {} : { media }),
      ...(kept.length === 0 ? {} : { contained: kept }),
    };
  };
}

const isReference = (json: FhirJson): boolean => typeof json['reference'] === 'string';

const isAttachment = (json: FhirJson): boolean =>
  json['contentType'] !== undefined ||
  json['hash'] !== undefined ||
  json['title'] !== undefined ||
  json['size'] !== undefined;

/** A URL is stored, never fetched; one relative to that server would lead elsewhere here. */
const absolute = (url: unknown, base: string): unknown =>
  typeof url === 'string' && /^[A-Z][A-Za-z]+\/[^:]+$/.test(url) ? `${base}/${url}` : url;

/** A logical reference; undefined when nothing is left by which anybody would know it. */
const said = (rest: FhirJson): FhirJson | undefined =>
  rest['identifier'] === undefined && rest['display'] === undefined ? undefined : rest;

function describe(one: Resource | undefined, name: string | undefined): FhirJson {
  const type = name === undefined ? {} : { type: name.slice(0, name.indexOf('/')) };
  if (one === undefined) return type;
  const [identifier] = objectsIn(one['identifier']).filter(({ use }) => use !== 'old');
  const display = displayOf(one);
  return {
    ...type,
    ...(identifier === undefined ? {} : { identifier }),
    ...(display === undefined ? {} : { display }),
  };
}

/** `name` of an Organization, HumanName of a Practitioner, text of a code. */
function displayOf(one: Resource): string | undefined {
  const plain = textIn(one['name']);
  if (plain !== undefined) return plain;
  const [human] = objectsIn(one['name']);
  if (human === undefined) return textIn(objectIn(one['code'])['text']);
  const given = Array.isArray(human['given']) ? human['given'].flatMap((each) => textIn(each) ?? []) : [];
  const spelled = [...given, textIn(human['family'])].filter((each) => each !== undefined).join(' ');
  return textIn(human['text']) ?? (spelled === '' ? undefined : spelled);
}

/** What is referred to from outside, or by what is (dom-3: nothing contained may stand there for itself). */
function reached(resource: unknown, contained: readonly FhirJson[]): readonly FhirJson[] {
  const found = new Set<FhirJson>();
  const look = (json: unknown): void => {
    if (Array.isArray(json)) for (const each of json) look(each);
    else if (isFhirObject(json)) {
      const id = textIn(json['reference']);
      const one = id?.startsWith('#') === true ? contained.find((each) => each['id'] === id.slice(1)) : undefined;
      if (one !== undefined && !found.has(one)) {
        found.add(one);
        look(one);
      }
      for (const each of Object.values(json)) look(each);
    }
  };
  look(resource);
  return contained.filter((one) => found.has(one));
}
