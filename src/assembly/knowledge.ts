/** What Tejido knows before a message comes: schemas, maps, profiles, and how each source's payload is read. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import type { Activity } from '../core/activity.ts';
import { createGates, type Gates } from '../core/gates/index.ts';
import { fail, type Issue, type Outcome } from '../core/outcome.ts';
import type { Clock, Log, Performer, Validate } from '../core/ports.ts';
import { type FindFlags, redFlagsOf } from '../core/red-flag/detect.ts';
import { loadMapper } from '../mapping/load.ts';
import { type LiveMaps, liveMaps } from './live-maps.ts';
import { seeingFlags } from './flagged-maps.ts';
import { type ActivityCheck, createActivityCheck, type SchemaDocument } from '../sources/activity.ts';
import type { SourceConfig } from '../sources/config.ts';
import type { Payload } from '../pipeline/deps.ts';
import { createReaders, readerFor, type Readers } from '../sources/reader.ts';
import { loadValidator } from '../validation/load.ts';

/** The folder of the package: schemas, mappings and profiles lie in it. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

export type Knowledge = {
  readonly schemas: readonly SchemaDocument[];
  /** What Tejido asks of an EHR. */
  readonly capability: Readonly<Record<string, unknown>>;
  readonly check: ActivityCheck;
  readonly maps: LiveMaps;
  readonly validate: Validate;
  /** Profiles that cannot be used, and why. */
  readonly problems: readonly Issue[];
  readonly findFlags: FindFlags;
  readonly readers: Readers;
  readonly gates: Gates;
  readonly source: (name: string) => SourceConfig | undefined;
  readonly performer: (system: string, id: string) => Performer;
  readonly read: (payload: Payload) => Outcome<Activity>;
  readonly ignores: (payload: Payload) => boolean;
};

/** A map or a profile that cannot be read stops the start: `explain` lists every place. */
export class KnowledgeError extends Error {
  override readonly name = 'KnowledgeError';
  readonly issues: readonly Issue[];
  constructor(message: string, issues: readonly Issue[]) {
    super([message, ...issues.map((issue) => `  ${issue.where}: ${issue.what}`)].join('\n'));
    this.issues = issues;
  }
}

const readCapability = async () =>
  JSON.parse(await readFile(path.join(packageRoot, 'profiles', 'CapabilityStatement-tejido.json'), 'utf8')) as Readonly<
    Record<string, unknown>
  >;

export async function loadSchemas(): Promise<readonly SchemaDocument[]> {
  const folder = path.join(packageRoot, 'schemas');
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.schema.json')).sort();
  return Promise.all(
    files.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as SchemaDocument),
  );
}

/** Ours first: those of the site replace files of the same name. */
export const mapFolders = (config: Pick<Config, 'mappings'>): readonly string[] => [
  path.join(packageRoot, 'mappings'),
  ...config.mappings.folders,
];

const flagFinder = ({ enabled, rules }: Config['redFlags']): FindFlags =>
  enabled ? (activity) => redFlagsOf(activity, rules) : () => [];

export async function loadKnowledge(config: Config, clock: Clock, log: Log): Promise<Knowledge> {
  const [capability, schemas, mapper, validator] = await Promise.all([
    readCapability(),
    loadSchemas(),
    loadMapper({ folders: mapFolders(config) }),
    loadValidator({
      profileFolders: [path.join(packageRoot, 'profiles')],
      igPackages: config.validation.igPackages,
    }),
  ]);
  if (!mapper.ok) throw new KnowledgeError('The mappings cannot be used.', mapper.failure.issues ?? []);
  const check = createActivityCheck(schemas, clock);
  const limits = {
    maxDepth: config.http.limits.depth,
    maxItems: config.http.limits.items,
    maxItemBytes: config.http.limits.bodyBytes,
  };
  const findFlags = flagFinder(config.redFlags);
  const readers = createReaders(check, limits, findFlags);
  // The schema of the configuration has checked their shape.
  const sources = new Map(
    (config.sources as readonly unknown[] as readonly SourceConfig[]).map((one) => [one.name, one]),
  );
  const performers = new Map(config.performers.map((one) => [`${one.system}\n${one.id}`, one]));
  return {
    schemas,
    capability,
    check,
    maps: seeingFlags(liveMaps(mapper.value, mapFolders(config), log), config.redFlags),
    validate: validator.validate,
    problems: validator.problems,
    findFlags,
    readers,
    gates: createGates(config.gates),
    source: (name) => sources.get(name),
    performer: (system, id) => performers.get(`${system}\n${id}`) ?? { system, id },
    ignores: ({ source, format, body }) => readerFor(readers, format)?.ignores(body, sources.get(source)) ?? false,
    read: ({ source, format, body }) => {
      const reader = readerFor(readers, format);
      return reader === undefined
        ? fail('mapping/no-route', `No reader for the format ${format}.`)
        : reader.toActivity(body, sources.get(source));
    },
  };
}
