/**
 * Writes `profiles/examples/<profile>.json`, of each profile the first resource of a golden case that states it, and
 * `profiles/CapabilityStatement-tejido.json`: what Tejido asks of an EHR. Part of `npm run profiles`; alone:
 *
 *     node scripts/build-examples.ts
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Resource = {
  readonly resourceType: string;
  readonly meta?: { readonly profile?: readonly string[] };
  readonly identifier?: unknown;
};
type Expected = { readonly do: 'put' | 'merge'; readonly resource: Resource };

const ours = 'https://tejido.dev/fhir/StructureDefinition/';

const profilesOf = ({ meta }: Resource): readonly string[] => meta?.profile ?? [];

/** Everything that the golden cases file, in the order of their names. */
async function filed(root: string): Promise<readonly Expected[]> {
  const cases = join(root, 'mappings', 'cases');
  const names = (await readdir(cases, { recursive: true })).filter((name) => name.endsWith('expected.json'));
  const read = await Promise.all(
    names.toSorted().map(async (name) => JSON.parse(await readFile(join(cases, name), 'utf8')) as unknown),
  );
  return read.flatMap((expected) => (Array.isArray(expected) ? (expected as readonly Expected[]) : []));
}

/** File name → content. The references lead to the artifacts of the case; in an EHR they are its addresses. */
function examplesOf(all: readonly Expected[]): ReadonlyMap<string, string> {
  const examples = new Map<string, string>();
  for (const { do: how, resource } of all) {
    const stated = profilesOf(resource).find((url) => url.startsWith(ours));
    if (how !== 'put' || stated === undefined) continue;
    const id = stated.slice(ours.length);
    if (examples.has(`${id}.json`)) continue;
    const { resourceType, ...rest } = resource;
    examples.set(`${id}.json`, `${JSON.stringify({ resourceType, id: `${id}-example`, ...rest }, undefined, 2)}\n`);
  }
  return examples;
}

/** FHIR R4 CapabilityStatement of a client: which types it writes, by which profiles, and how it finds what stands. */
function capabilityOf(all: readonly Expected[]): object {
  const types = Map.groupBy(all, ({ resource }) => resource.resourceType);
  const written = [...types]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, of]) => {
      const supportedProfile = [...new Set(of.flatMap(({ resource }) => profilesOf(resource)))].toSorted();
      const tagged = type === 'Provenance';
      return {
        type,
        ...(supportedProfile.length === 0 ? {} : { supportedProfile }),
        interaction: ['read', 'search-type', 'create', ...(tagged ? [] : ['update'])].map((code) => ({ code })),
        conditionalCreate: true,
        searchParam: [tagged ? { name: '_tag', type: 'token' } : { name: 'identifier', type: 'token' }],
      };
    });
  const patient = {
    type: 'Patient',
    interaction: [{ code: 'read' }, { code: 'search-type' }],
    searchParam: ['identifier', 'birthdate', 'family', 'phone'].map((name) => ({
      name,
      type: { identifier: 'token', birthdate: 'date', family: 'string', phone: 'token' }[name],
    })),
    documentation: 'Found, never written.',
  };
  return {
    resourceType: 'CapabilityStatement',
    id: 'tejido',
    url: 'https://tejido.dev/fhir/CapabilityStatement/tejido',
    version: '1.0.0',
    name: 'Tejido',
    title: 'What Tejido asks of an EHR',
    status: 'active',
    date: '2026-11-22',
    publisher: 'Tejido',
    description:
      'Tejido is a client: it files the work of community health workers in an EHR. What the EHR does not take is filed in a lesser form.',
    kind: 'requirements',
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [
      {
        mode: 'client',
        security: { description: 'SMART Backend Services (RS384, ES384), or a bearer token. TLS.' },
        resource: [...written, patient].toSorted((a, b) => (a.type < b.type ? -1 : 1)),
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

/** What the script writes: path below `profiles/` → content. `root` is the folder of the package. */
export async function buildExamples(root: string): Promise<ReadonlyMap<string, string>> {
  const all = await filed(root);
  return new Map([
    ...[...examplesOf(all)].map(([name, content]) => [join('examples', name), content] as const),
    ['CapabilityStatement-tejido.json', `${JSON.stringify(capabilityOf(all), undefined, 2)}\n`] as const,
  ]);
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const folder = join(root, 'profiles');
  const files = await buildExamples(root);
  await rm(join(folder, 'examples'), { recursive: true, force: true });
  await mkdir(join(folder, 'examples'));
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  console.log(`${files.size - 1} examples and the CapabilityStatement written to profiles/`);
}
