/** Reads tejido.yaml and the environment into a `Config`, or says everything that is wrong with them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { GateRules } from '../core/gates/index.ts';
import type { Receives, RecipientClass } from '../core/gates/minimum.ts';
import type { MatchingRules } from '../core/matching/judge.ts';
import type { DestinationId } from '../core/model.ts';
import { checkSchema } from './check.ts';
import type { LabRules } from '../core/lab/rules.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import type { SensitiveClass } from '../core/lab/sensitive.ts';
import type {
  Config,
  ConfigProblem,
  DestinationConfig,
  LabSourceConfig,
  LoadedConfig,
  MllpConfig,
  SyncConfig,
} from './config.ts';
import { isSealingKey } from './sealing.ts';
import { type ListConfig, readScreens, readSensitiveLabs } from './screens.ts';
import { type GivenRedFlags, checkRedFlags, redFlagConfig } from './red-flags.ts';
import { pathText, readYaml } from './positions.ts';
import type { Path, Yaml } from './positions.ts';
import { fillIn, resolveSecrets } from './secrets.ts';
import type { Environment, Trouble } from './secrets.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the schema has checked, before paths and defaults of the environment. */
type Checked = Pick<
  Config,
  | 'programme'
  | 'http'
  | 'sources'
  | 'performers'
  | 'rosters'
  | 'mappings'
  | 'validation'
  | 'retention'
  | 'progress'
  | 'sealing'
> & {
  readonly labs: Omit<LabRules, 'sensitive'>;
  readonly mllp: Omit<MllpConfig, 'senders' | 'anySender'> & {
    readonly senders: readonly (Omit<Hl7Sender, 'timeZone'> & Partial<Pick<Hl7Sender, 'timeZone'>>)[];
  };
  readonly labSources: readonly (Omit<LabSourceConfig, 'auth'> & Partial<Pick<LabSourceConfig, 'auth'>>)[];
  readonly destinations: readonly (Omit<DestinationConfig, 'baseUrl' | 'auth' | 'mrnSystem' | 'receives'> &
    Partial<Pick<DestinationConfig, 'baseUrl' | 'auth' | 'mrnSystem'>> & {
      readonly recipient: RecipientClass;
      readonly receives: Omit<Receives, 'recipient'>;
    })[];
  readonly gates: Pick<GateRules, 'clock' | 'late'> & Readonly<Record<'wording' | 'substanceUse', ListConfig>>;
  readonly consent: GateRules['consent'];
  readonly review: GateRules['review'];
  readonly redFlags: GivenRedFlags;
  readonly matching: MatchingRules;
};

export const sandboxPath = '/sandbox/fhir';
const sandboxMrnSystem = 'urn:tejido:sandbox:mrn';

/** Its patients are made up: all that it knows may be told. */
const sandboxSync: SyncConfig = {
  appointments: true,
  tasks: true,
  labs: false,
  labCategories: ['LAB'],
  everyMs: 60_000,
  overlapMs: 900_000,
  taskOwners: [],
  taskCodes: [],
};

const asDestination = ({ recipient, receives, ...given }: Checked['destinations'][number]): DestinationConfig => ({
  ...given,
  receives: { ...receives, recipient },
  ...(given.kind === 'sandbox' && given.sync === undefined ? { sync: sandboxSync } : {}),
  baseUrl: given.baseUrl?.replace(/\/+$/, '') ?? sandboxPath,
  auth: given.auth ?? { kind: 'none' },
  mrnSystem: given.mrnSystem ?? sandboxMrnSystem,
});

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

/** Credentials over plain HTTP, but for this machine. */
function inTheClear(at: Path, what: string, baseUrl: string | undefined, auth: string | undefined): Trouble[] {
  const local = baseUrl !== undefined && /^http:\/\/(localhost|127\.|\[::1\])/.test(baseUrl);
  if (baseUrl?.startsWith('http:') !== true || local || auth === undefined || auth === 'none') return [];
  const next = 'Use https: credentials and health data must not travel in the clear.';
  return [{ path: at, says: `${what} is not on this machine and has no TLS.`, next }];
}

/** What a schema cannot say. */
const checkMeaning = (config: Checked, folder: string): Trouble[] => {
  const trouble: Trouble[] = [];
  const twice = (of: string, names: readonly unknown[], field: string) => {
    for (const [index, name] of names.entries()) {
      if (name === undefined || names.indexOf(name) === index) continue;
      trouble.push({ path: [of, index, field], says: `This ${field} is used twice.`, next: 'Give each its own.' });
    }
  };
  twice(
    'destinations',
    config.destinations.map(({ id }) => id),
    'id',
  );
  twice(
    'sources',
    config.sources.map((source) => source['name']),
    'name',
  );
  twice(
    'mllp.senders',
    config.mllp.senders.map(({ name }) => name),
    'name',
  );
  for (const [index, { timeZone }] of config.mllp.senders.entries()) {
    if (timeZone === undefined || isTimeZone(timeZone)) continue;
    const next = 'Write an IANA name such as America/Chicago.';
    trouble.push({ path: ['mllp', 'senders', index, 'timeZone'], says: 'This time zone is not known.', next });
  }
  if (!isTimeZone(config.programme.timeZone)) {
    const next = 'Write an IANA name such as America/Chicago.';
    trouble.push({ path: ['programme', 'timeZone'], says: 'This time zone is not known.', next });
  }
  for (const [index, { kind, sync, retry, auth, baseUrl, hl7v2 }] of config.destinations.entries()) {
    const near = /^(localhost$|127\.|::1$)/.test(hl7v2?.host ?? 'localhost');
    if (!near && hl7v2?.tls === undefined && hl7v2?.private !== true) {
      trouble.push({
        path: ['destinations', index, 'hl7v2', 'host'],
        says: 'This HL7 v2 interface is not on this machine and has no TLS.',
        next: 'Give tls, or say `private: true` when the way there is (a VPN, an isolated network).',
      });
    }
    if (kind === 'fhir' && sync?.tasks === true && sync.taskOwners.length + sync.taskCodes.length === 0) {
      trouble.push({
        path: ['destinations', index, 'sync', 'tasks'],
        says: "Nothing says which of the EHR's tasks are the programme's.",
        next: 'Name their owners (taskOwners) or their codes (taskCodes).',
      });
    }
    if (retry.baseMs > retry.capMs) {
      const next = 'Raise capMs or lower baseMs.';
      trouble.push({
        path: ['destinations', index, 'retry', 'baseMs'],
        says: 'The first wait is longer than the longest.',
        next,
      });
    }
    trouble.push(...inTheClear(['destinations', index, 'baseUrl'], 'This EHR', baseUrl, auth?.kind));
  }
  const otherNames = new Set<unknown>([
    'hl7',
    ...config.sources.map((source) => source['name']),
    ...config.mllp.senders.map(({ name }) => name),
  ]);
  twice(
    'labSources',
    config.labSources.map(({ name }) => name),
    'name',
  );
  for (const [index, { name, baseUrl, auth }] of config.labSources.entries()) {
    trouble.push(...inTheClear(['labSources', index, 'baseUrl'], 'This server', baseUrl, auth?.kind));
    if (!otherNames.has(name)) continue;
    const next = 'Give it a name of its own: records of one source are told apart by it.';
    trouble.push({ path: ['labSources', index, 'name'], says: 'Another source has this name.', next });
  }
  trouble.push(...checkRedFlags(config.redFlags));
  const present = (of: readonly [string, string], files: readonly string[]) => {
    for (const [index, file] of files.entries()) {
      if (existsSync(path.resolve(folder, file))) continue;
      trouble.push({
        path: [...of, index],
        says: `${file} does not exist.`,
        next: 'Correct the path; it is relative to tejido.yaml.',
      });
    }
  };
  present(['mappings', 'folders'], config.mappings.folders);
  present(['validation', 'igPackages'], config.validation.igPackages);
  if (config.sealing.key !== undefined && !isSealingKey(config.sealing.key)) {
    const next = 'Make one with `openssl rand -base64 32`.';
    trouble.push({ path: ['sealing', 'key'], says: 'This is not 32 bytes in base64.', next });
  }
  return trouble;
};

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** The environment's own settings; a variable that is set but empty counts as not set. */
const fromEnvironment = (env: Environment, problems: ConfigProblem[]) => {
  const text = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const wrong = (name: string, says: string, next: string) => problems.push({ where: name, path: '', says, next });
  const url = (name: string, schemes: readonly string[]): string | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    // The value may hold a password: it is not repeated.
    if (!URL.canParse(given) || !schemes.includes(new URL(given).protocol)) {
      wrong(
        name,
        `This is not a URL with ${schemes.join(' or ')}.`,
        `Write ${schemes[0] ?? ''}//user:password@host:port/name.`,
      );
    }
    return given;
  };
  const portOf = (name: string): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const port = Number(given);
    if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
      wrong(name, 'This is no port.', 'Write a number from 0 to 65535.');
    }
    return port;
  };
  const port = portOf('PORT');
  const mllpPort = portOf('MLLP_PORT');
  const level = text('LOG_LEVEL')?.toLowerCase();
  const logLevel = levels.find((known) => known === (level ?? 'info'));
  if (logLevel === undefined) wrong('LOG_LEVEL', 'This level is not known.', `One of: ${levels.join(', ')}.`);
  const apiKey = text('TEJIDO_API_KEY');
  if (apiKey !== undefined && apiKey.length < 16) {
    wrong(
      'TEJIDO_API_KEY',
      'This key is shorter than 16 characters.',
      'Choose a longer one, for example with `openssl rand -hex 32`.',
    );
  }
  return {
    host: text('HOST'),
    port,
    mllpPort,
    logLevel: logLevel ?? ('info' as const),
    apiKey,
    databaseUrl: url('DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: url('REDIS_URL', ['redis:', 'rediss:']),
    dataDir: path.resolve(text('TEJIDO_DATA') ?? 'data'),
  };
};

const unreadable = (file: string, error: unknown): ConfigProblem => {
  const code = isRecord(error) ? String(error['code']) : 'unreadable';
  const next = 'Correct the path (--config or TEJIDO_CONFIG), or take it away to run with the defaults.';
  return { where: file, path: '', says: `The file cannot be read (${code}).`, next };
};

/**
 * @param options.file tejido.yaml; else TEJIDO_CONFIG; else `tejido.yaml` in the working directory when there is one.
 *   A file that was named must exist.
 * @returns all problems at once, each with line, column, path and what to do
 */
export async function loadConfig(options: {
  readonly file?: string;
  readonly env: Environment;
}): Promise<LoadedConfig> {
  const { env } = options;
  const problems: ConfigProblem[] = [];
  const around = fromEnvironment(env, problems);
  const named = options.file ?? (env['TEJIDO_CONFIG'] === '' ? undefined : env['TEJIDO_CONFIG']);
  const file = named ?? (existsSync('tejido.yaml') ? 'tejido.yaml' : undefined);
  let yaml: Yaml = readYaml('');
  if (file !== undefined) {
    try {
      yaml = readYaml(await readFile(file, 'utf8'));
    } catch (error) {
      return { ok: false, problems: [...problems, unreadable(file, error)] };
    }
  }
  const where = file ?? 'defaults';
  const say = (at: Path, says: string, next: string, key = false): void => {
    problems.push({ where, ...yaml.at(at, key), path: pathText(at), says, next });
  };
  for (const { says, line, column } of yaml.errors) {
    problems.push({ where, line, column, path: '', says, next: 'Correct the YAML.' });
  }
  if (yaml.errors.length > 0) return { ok: false, problems };
  if (yaml.data !== undefined && yaml.data !== null && !isRecord(yaml.data)) {
    say([], 'The file must hold settings, name: value.', 'See tejido.example.yaml.');
    return { ok: false, problems };
  }
  const folder = file === undefined ? process.cwd() : path.dirname(path.resolve(file));
  const trouble: Trouble[] = [];
  // A key without a value reads as null: it means the section was left empty.
  const given = Object.fromEntries(
    Object.entries(isRecord(yaml.data) ? yaml.data : {}).filter(([, value]) => value !== null),
  );
  const data = fillIn(given, env, trouble);
  // What could not be filled in is told once, not again as a value of the wrong form.
  const unfilled = new Set(trouble.map(({ path: at }) => pathText(at)));
  for (const { path: at, says, next, atKey } of checkSchema(data)) {
    if (!unfilled.has(pathText(at))) say(at, says, next, atKey);
  }
  const sound = trouble.length === 0 && problems.every(({ where: origin }) => origin !== where);
  const checked = sound ? ((await resolveSecrets(data, env, folder, trouble)) as Checked) : undefined;
  if (checked) trouble.push(...checkMeaning(checked, folder));
  const screens = checked ? await readScreens(checked.gates, folder, trouble) : undefined;
  for (const { path: at, says, next } of trouble) say(at, says, next);
  if (problems.length > 0 || !checked || !screens) {
    return {
      ok: false,
      problems: problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
    };
  }
  return { ok: true, value: assemble(checked, { ...screens, labs: await readSensitiveLabs() }, around, folder, file) };
}

const assemble = (
  checked: Checked,
  {
    labs: sensitive,
    ...screens
  }: Pick<GateRules, 'wording' | 'substanceUse'> & {
    readonly labs: readonly SensitiveClass[];
  },
  around: ReturnType<typeof fromEnvironment>,
  folder: string,
  file: string | undefined,
): Config => {
  const {
    gates,
    consent,
    redFlags,
    review,
    destinations,
    http,
    labs,
    mllp,
    labSources,
    mappings,
    validation,
    ...rest
  } = checked;
  const sandbox = { id: 'sandbox', kind: 'sandbox' } as const;
  const all = destinations.length > 0 ? destinations : [defaultsOf(sandbox)];
  return {
    ...rest,
    ...(file === undefined ? {} : { file: path.resolve(file) }),
    http: { ...http, host: around.host ?? http.host, port: around.port ?? http.port },
    mllp: mllpOf(
      mllp,
      around,
      rest.programme.timeZone,
      all.some(({ kind }) => kind === 'sandbox'),
    ),
    database: around.databaseUrl === undefined ? { kind: 'embedded' } : { kind: 'url', url: around.databaseUrl },
    ...(around.redisUrl === undefined ? {} : { redisUrl: around.redisUrl }),
    ...(around.apiKey === undefined ? {} : { apiKey: around.apiKey }),
    dataDir: around.dataDir,
    logLevel: around.logLevel,
    destinations: all.map(asDestination),
    labSources: labSources.map((one) => ({
      ...one,
      baseUrl: one.baseUrl.replace(/\/+$/, ''),
      auth: one.auth ?? { kind: 'none' },
    })),
    mappings: { ...mappings, folders: mappings.folders.map((each) => path.resolve(folder, each)) },
    validation: { ...validation, igPackages: validation.igPackages.map((each) => path.resolve(folder, each)) },
    gates: { ...gates, ...screens, consent, review },
    redFlags: redFlagConfig(redFlags),
    labs: { ...labs, sensitive },
  };
};

/** The name of the sandbox's own authority: an example can be sent to it without any configuration. */
const sandboxAuthority = 'SANDBOX';

const mllpOf = (
  { senders, ...given }: Checked['mllp'],
  around: ReturnType<typeof fromEnvironment>,
  timeZone: string,
  sandbox: boolean,
): MllpConfig => {
  const [any] = checkedDefaults({ mllp: { senders: [{ name: 'hl7' }] } }).mllp.senders;
  return {
    ...given,
    host: around.host ?? given.host,
    port: around.mllpPort ?? given.port,
    senders: senders.map((sender) => ({ timeZone, ...sender })),
    anySender: { ...(any as Hl7Sender), timeZone, mrnAuthorities: sandbox ? [sandboxAuthority] : [] },
  };
};

/** What is given, with the defaults of the schema. */
const checkedDefaults = (data: {
  readonly mllp: { readonly senders: readonly { readonly name: string }[] };
}): Checked => {
  const filled: unknown = structuredClone(data);
  checkSchema(filled);
  return filled as Checked;
};

/** The schema's defaults for one destination. */
const defaultsOf = (destination: {
  readonly id: string;
  readonly kind: 'sandbox';
}): Checked['destinations'][number] => {
  const data = { destinations: [{ ...destination, id: destination.id as DestinationId }] };
  checkSchema(data);
  const [first] = data.destinations;
  return first as unknown as Checked['destinations'][number];
};
