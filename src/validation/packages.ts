/** Reads the conformance resources of profile folders and of IG packages (npm-format .tgz, or the folder of one). */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadEntry } from 'tar';

const wanted = /(?:^|\/)(?:StructureDefinition|ValueSet|CodeSystem)[^/]*\.json$/u;
const conformance = new Set(['StructureDefinition', 'ValueSet', 'CodeSystem']);

const parsed = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text) as unknown;
  } catch {
    throw new Error(`${where} is no JSON. Correct or remove it.`);
  }
};

const typeOf = (json: unknown): string | undefined =>
  typeof json === 'object' && json !== null && 'resourceType' in json && typeof json.resourceType === 'string'
    ? json.resourceType
    : undefined;

/** A folder of JSON files (of our own, any name); of an unpacked package, what lies in `package/`. */
async function readFolder(folder: string): Promise<readonly unknown[]> {
  const names = (await readdir(folder)).toSorted();
  if (names.includes('package')) return readFolder(join(folder, 'package'));
  const files = names.filter((name) => name.endsWith('.json') && name !== 'package.json' && !name.startsWith('.'));
  return Promise.all(files.map(async (name) => parsed(await readFile(join(folder, name), 'utf8'), join(folder, name))));
}

async function readPackage(file: string): Promise<readonly unknown[]> {
  const resources: unknown[] = [];
  const faults: unknown[] = [];
  const onReadEntry = (entry: ReadEntry): void => {
    // Examples lie deeper and are of no use here.
    if (!wanted.test(entry.path) || entry.path.split('/').length > 2) {
      entry.resume();
      return;
    }
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => chunks.push(chunk));
    entry.on('end', () => {
      try {
        resources.push(parsed(Buffer.concat(chunks).toString('utf8'), `${file}: ${entry.path}`));
      } catch (error) {
        faults.push(error);
      }
    });
  };
  // Most start without packages: what unpacks them is loaded with the first.
  const { list } = await import('tar');
  await list({ file, onReadEntry, strict: true });
  if (faults.length > 0) throw faults[0];
  return resources;
}

/** Throws an Error that names the file or folder when it cannot be read. */
export async function readConformance(paths: readonly string[]): Promise<readonly unknown[]> {
  const read = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined)
        throw new Error(`${path} is not there. Correct the path of the profiles or IG packages.`);
      return found.isDirectory() ? readFolder(path) : readPackage(path);
    }),
  );
  return read.flat().filter((json) => conformance.has(typeOf(json) ?? ''));
}
