/**
 * Validation of one resource before it is sent: base R4, every loaded profile of `meta.profile`, and the profiles that
 * the configuration assigns to its type. Reads the folders; what validates is `compile.ts`.
 */
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { Issue } from '../core/outcome.ts';
import type { Validate } from '../core/ports.ts';
import { readR4Types, TypeTable } from '../definitions/types.ts';
import { readBaseTerminology, withBase } from './base.ts';
import { compileValidator } from './compile.ts';
import type { Definition } from './definition.ts';
import type { Issue as Found } from './issue.ts';
import { readConformance } from './packages.ts';
import { compileTerminology, terminologyOf } from './terminology.ts';
import { trimDefinition } from './trim.ts';

export type Validator = {
  readonly validate: Validate;
  /** All that is known of a resource, also what could not be judged; by these profiles too, whether it claims them or not. */
  readonly issues: (resource: unknown, profiles?: readonly string[]) => readonly Found[];
  /** The type that a loaded profile is for. */
  readonly typeOf: (profile: string) => string | undefined;
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

const isDefinition = (json: unknown): json is StructureDefinition =>
  typeof json === 'object' && json !== null && 'resourceType' in json && json.resourceType === 'StructureDefinition';

/** Throws an Error that names what cannot be read. Profiles are compiled when first used. */
export async function loadValidator(options: ValidatorOptions): Promise<Validator> {
  const resources = await readConformance([...options.igPackages, ...options.profileFolders]);
  const problems: Issue[] = [];
  const profiles = new Map<string, Definition>();
  for (const definition of resources.filter(isDefinition)) {
    if (definition.snapshot === undefined) {
      problems.push({
        where: definition.url,
        what: 'the profile has no snapshot; make one with SUSHI or the IG publisher',
        severity: 'warning',
      });
      continue;
    }
    const trimmed = trimDefinition(definition);
    profiles.set(definition.url, trimmed);
    if (definition.version !== undefined) profiles.set(`${definition.url}|${definition.version}`, trimmed);
  }
  const assigned = options.assigned ?? {};
  for (const [type, urls] of Object.entries(assigned))
    for (const url of urls)
      if (!profiles.has(url))
        problems.push({ where: url, what: `assigned to ${type}, but not loaded`, severity: 'warning' });
  const { validate } = compileValidator({
    definitions: withBase(profiles),
    types: new TypeTable(readR4Types()),
    codeSets: compileTerminology([readBaseTerminology(), terminologyOf(resources)]),
  });
  return {
    issues: validate,
    typeOf: (profile) => profiles.get(profile)?.type,
    validate: (resource) => validate(resource, assigned[resource.resourceType]).map(issueOf),
    profiles: [...new Set([...profiles.values()].map(({ url }) => url))].toSorted(),
    problems,
  };
}

/** What could not be judged is a warning to whoever files: it stops nothing. */
const issueOf = ({ where, what, code, severity, key }: Found): Issue => ({
  where,
  what: key === undefined || what.includes(key) ? what : `${what} (${key})`,
  code,
  severity: severity === 'error' ? 'error' : 'warning',
});
