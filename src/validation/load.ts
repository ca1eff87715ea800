/**
 * Validation of one resource before it is sent: base R4, every loaded profile of `meta.profile`, and the profiles that
 * the configuration assigns to its type. Built on @medplum/core's validator, with what that leaves out: required
 * bindings, strict times, reference types as errors.
 */
import { loadDataType, OperationOutcomeError, validateResource, type TypedValueWithPath } from '@medplum/core';
import type { OperationOutcomeIssue, Resource as FhirResource, StructureDefinition } from '@medplum/fhirtypes';
import type { Issue } from '../core/outcome.ts';
import type { Resource, Validate } from '../core/ports.ts';
import { loadBase, readBaseTerminology, type Base } from './base.ts';
import { bindingIssues } from './bindings.ts';
import { compiled, type Profile } from './compiled.ts';
import { formatIssues } from './formats.ts';
import { readConformance } from './packages.ts';
import { makeContains, terminologyOf, type Contains } from './terminology.ts';
import { trimDefinition } from './trim.ts';

export type Validator = {
  readonly validate: Validate;
  /** Canonicals of all loaded profiles, without version, sorted. */
  readonly profiles: readonly string[];
  /** Profiles that cannot be used, and why: they are skipped. */
  readonly problems: readonly Issue[];
};

export type ValidatorOptions = {
  /** Folders of StructureDefinitions, ValueSets and CodeSystems in JSON. */
  readonly profileFolders: readonly string[];
  /** IG packages: npm-format .tgz, or a folder. */
  readonly igPackages: readonly string[];
  /** Profiles that every resource of a type must meet, whether it claims them or not. */
  readonly assigned?: Readonly<Record<string, readonly string[]>>;
};

const base = 'http://hl7.org/fhir/StructureDefinition/';

const isDefinition = (json: unknown): json is StructureDefinition =>
  typeof json === 'object' && json !== null && 'resourceType' in json && json.resourceType === 'StructureDefinition';

/** Throws an Error that names what cannot be read. Profiles are parsed when first used. */
export async function loadValidator(options: ValidatorOptions): Promise<Validator> {
  const resources = await readConformance([...options.igPackages, ...options.profileFolders]);
  const definitions = resources.filter(isDefinition);
  const typeByProfile = new Map(definitions.map(({ url, type }) => [url, type]));
  const problems: Issue[] = [];
  const profiles = new Map<string, Profile>();
  /** Extensions and data types, which the validator looks up itself, by url. */
  const others: StructureDefinition[] = [];
  for (const definition of definitions) {
    if (definition.snapshot === undefined)
      problems.push({
        where: definition.url,
        what: 'the profile has no snapshot; make one with SUSHI or the IG publisher',
        severity: 'warning',
      });
    else {
      const trimmed = withBaseTargets(trimDefinition(definition), typeByProfile);
      if (definition.kind !== 'resource') others.push(trimmed);
      const profile = compiled(trimmed);
      profiles.set(definition.url, profile);
      if (definition.version !== undefined) profiles.set(`${definition.url}|${definition.version}`, profile);
    }
  }
  const known = loadBase();
  const contains = makeContains([readBaseTerminology(), terminologyOf(resources)]);
  for (const other of others)
    try {
      loadDataType(other);
    } catch (error) {
      problems.push({
        where: other.url,
        what: error instanceof Error ? error.message : 'cannot be parsed',
        severity: 'warning',
      });
    }
  for (const [type, urls] of Object.entries(options.assigned ?? {}))
    for (const url of urls)
      if (!profiles.has(url))
        problems.push({ where: url, what: `assigned to ${type}, but not loaded`, severity: 'warning' });
  return {
    validate: (resource) => validate({ known, profiles, contains, assigned: options.assigned ?? {} }, resource),
    profiles: [...new Set([...profiles.values()].map(({ url }) => url))].toSorted(),
    problems,
  };
}

/** Targets that are loaded profiles become their base types, which the validator can compare with a reference. */
function withBaseTargets(
  definition: StructureDefinition,
  typeByProfile: ReadonlyMap<string, string>,
): StructureDefinition {
  for (const element of definition.snapshot?.element ?? [])
    element.type = element.type?.map((type) =>
      type.targetProfile === undefined
        ? type
        : {
            ...type,
            targetProfile: type.targetProfile.map((target) => {
              const own = typeByProfile.get(target.split('|', 1)[0] ?? target);
              return own === undefined ? target : `${base}${own}`;
            }),
          },
    ) as NonNullable<typeof element.type>;
  return definition;
}

type Loaded = {
  readonly known: Base;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly contains: Contains;
  readonly assigned: Readonly<Record<string, readonly string[]>>;
};

function validate({ known, profiles, contains, assigned }: Loaded, resource: Resource): readonly Issue[] {
  const { resourceType } = resource;
  if (!known.load(resourceType))
    return [{ where: 'resourceType', what: 'R4 has no resource of this type', code: 'structure', severity: 'error' }];
  for (const contained of containedTypes(resource)) known.load(contained);
  const issues: Issue[] = [];
  const seen = new Set<string>();
  // What base R4 finds already, a profile need not say again; what it adds, it signs.
  const add = (found: readonly Issue[], by?: string): void => {
    for (const issue of found) {
      const key = `${issue.where} ${issue.what}`;
      if (seen.has(key)) continue;
      seen.add(key);
      issues.push(by === undefined ? issue : { ...issue, what: `${issue.what} (${by})` });
    }
  };
  add(check(resource, undefined, contains));
  const malformed = issues
    .filter(({ what }) => what.startsWith('Invalid '))
    .map(({ where }) => where.replace('[x]', ''));
  add(formatIssues(resource).filter(({ where }) => !malformed.some((place) => where.startsWith(place))));
  for (const url of new Set([...claimed(resource), ...(assigned[resourceType] ?? [])])) {
    const profile = profiles.get(url);
    if (profile === undefined) {
      if (!url.startsWith(base))
        add([
          {
            where: `${resourceType}.meta.profile`,
            what: `the profile ${url} is not loaded; it was not checked`,
            code: 'not-found',
            severity: 'warning',
          },
        ]);
    } else if (profile.type === resourceType) add(check(resource, profile, contains), url);
    else
      add([
        {
          where: `${resourceType}.meta.profile`,
          what: `the profile ${url} is for ${profile.type}`,
          code: 'structure',
          severity: 'error',
        },
      ]);
  }
  return issues;
}

const claimed = (resource: Resource): readonly string[] => {
  const profile = (resource['meta'] as { profile?: unknown } | undefined)?.profile;
  return Array.isArray(profile) ? profile.filter((url) => typeof url === 'string') : [];
};

const containedTypes = (resource: Resource): readonly string[] =>
  (Array.isArray(resource['contained']) ? (resource['contained'] as Resource[]) : []).map(
    ({ resourceType }) => resourceType,
  );

function check(resource: Resource, profile: Profile | undefined, contains: Contains): readonly Issue[] {
  const tokens: Record<string, TypedValueWithPath[]> = {};
  const options = { collect: { tokens } };
  let found: readonly OperationOutcomeIssue[];
  try {
    found =
      profile === undefined
        ? validateResource(resource as unknown as FhirResource, options)
        : profile.check(resource, options);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) {
      if (profile === undefined) throw error;
      return [
        {
          where: `${resource.resourceType}.meta.profile`,
          what: `the profile ${profile.url} cannot be checked here`,
          code: 'not-supported',
          severity: 'warning',
        },
      ];
    }
    found = error.outcome.issue;
  }
  const issues = [...found.flatMap(issueOf), ...bindingIssues(tokens, contains)];
  if (profile === undefined) return issues;
  const { prefix } = profile;
  return issues.map((issue) =>
    issue.where.startsWith(prefix)
      ? { ...issue, where: `${resource.resourceType}${issue.where.slice(prefix.length)}` }
      : issue,
  );
}

const wrongTarget = /^Invalid reference: got "([^"]*)", expected (.*)$/su;

/** The validator's issue in our words: never a value of the resource. */
function issueOf(issue: OperationOutcomeIssue): Issue[] {
  const where = issue.expression?.[0] ?? '';
  const text = issue.details?.text ?? '';
  const target = wrongTarget.exec(text);
  if (target !== null) {
    const [, type = '', expected = ''] = target;
    // Inside a message references are urn:uuid; absolute urls do not say their type in their first part.
    if (!/^[A-Z][A-Za-z]+$/u.test(type)) return [];
    return [
      {
        where,
        what: `the reference leads to a ${type}; allowed: ${expected.replaceAll(base, '')}`,
        code: 'structure',
        severity: 'error',
      },
    ];
  }
  return [
    {
      where,
      what: issue.code === 'processing' ? 'an invariant could not be evaluated' : text,
      code: issue.code,
      severity: issue.severity === 'warning' || issue.severity === 'information' ? 'warning' : 'error',
    },
  ];
}
