/**
 * Writes the reference pages that follow from the code: docs/configuration.md from the JSON Schemas of tejido.yaml, and
 * docs/causes.md from the closed list of causes. `--check` writes nothing and fails when a page is out of date.
 */
import { readFile } from 'node:fs/promises';
import { causes } from '../src/core/causes.ts';
import { cell, root, writePages } from './reference-page.ts';

type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly secret?: boolean;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
};

const schemaOf = async (file: string): Promise<Schema> =>
  JSON.parse(await readFile(`${root}${file}`, 'utf8')) as Schema;

const defName = (ref: string): string => ref.split('/').at(-1) ?? ref;
const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return `[${defName(schema.$ref)}](#${defName(schema.$ref).toLowerCase()})`;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined && schema.properties === undefined)
    return [...new Set(either.map((one) => typeText(one)))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : typeText(schema.items)}`;
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object')
    return `name → ${typeText(schema.additionalProperties)}`;
  const { minimum, maximum } = schema;
  const range =
    minimum === undefined
      ? ''
      : maximum === undefined
        ? `, from ${String(minimum)}`
        : `, ${String(minimum)}–${String(maximum)}`;
  return `${schema.format === 'uri' ? 'URI' : (schema.type ?? (schema.secret === true ? 'secret' : 'anything'))}${range}`;
}

type Row = readonly [setting: string, type: string, fallback: string, says: string];

const tableOf = (rows: readonly Row[]): string =>
  [
    '| Setting | Value | Default | What |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ].join('\n');

const fallbackOf = (schema: Schema, required: boolean): string => {
  if (required) return '**required**';
  if (schema.default === undefined) return '';
  const text = JSON.stringify(schema.default);
  return text.length > 120 ? 'see the schema' : `\`${text}\``;
};

/** One row for each setting; what lies deeper follows with its path. */
function rowsOf(schema: Schema, prefix = ''): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]): readonly Row[] => {
    const path = `${prefix}${name}`;
    if (one.properties !== undefined) return rowsOf(one, `${path}.`);
    if (one.type === 'array' && one.items?.properties !== undefined) return rowsOf(one.items, `${path}[].`);
    const required = schema.required?.includes(name) ?? false;
    return [[`\`${path}\``, typeText(one), fallbackOf(one, required), one.description ?? '']];
  });
}

/** `if … then required`, in words. */
function conditionOf({ if: when, then }: Schema): string {
  const [name, value] = Object.entries(when?.properties ?? {})[0] ?? [];
  if (name === undefined || then?.required === undefined) return '';
  const needed = then.required.map((one) => `\`${one}\``).join(' and ');
  return `\n\nRequired when \`${name}\` is ${code(value?.const)}: ${needed}.`;
}

function section(name: string, schema: Schema, level = 2): string {
  const rows = rowsOf(schema);
  const head = `${'#'.repeat(level)} ${name}\n\n${schema.description ?? ''}`;
  if (rows.length > 0) return `${head}\n\n${tableOf(rows)}${conditionOf(schema)}`;
  const kinds = (schema.oneOf ?? []).filter((one) => one.properties !== undefined);
  const tables = kinds.map((one) => {
    const kind = one.properties?.['kind'];
    const more = rowsOf(one).filter(([setting]) => setting !== '`kind`');
    const says = `**\`kind: ${String(kind?.const)}\`**: ${kind?.description ?? ''}`;
    return more.length === 0 ? says : `${says}\n\n${tableOf(more)}`;
  });
  return kinds.length > 0 ? `${head}\n\n${tables.join('\n\n')}` : `${head}\n\nValue: ${typeText(schema)}.`;
}

/** Read by `src/config/load.ts`; the test holds this table against it. */
const environment: readonly (readonly [name: string, fallback: string, says: string])[] = [
  ['TEJIDO_CONFIG', '`tejido.yaml` when there is one', 'The configuration file. `--config` wins.'],
  ['TEJIDO_DATA', '`./data`', 'Folder of the embedded Postgres and of the sandbox. It holds health data.'],
  ['DATABASE_URL', 'embedded Postgres', 'A Postgres, 14 or later: `postgres://user:password@host:port/name`.'],
  ['REDIS_URL', 'wake-ups over Postgres', 'A Redis for the wake-ups: `redis://…` or `rediss://…`.'],
  ['TEJIDO_API_KEY', 'one is made and printed once', 'The administrator key; at least 16 characters.'],
  ['HOST', '`http.host`', 'Address to listen on.'],
  ['PORT', '`http.port`', 'Port to listen on; 0 = a free one.'],
  ['LOG_LEVEL', '`info`', '`debug`, `info`, `warn`, `error` or `silent`.'],
];

async function configurationPage(): Promise<string> {
  const [config, sources] = await Promise.all([
    schemaOf('src/config/config.schema.json'),
    schemaOf('src/sources/config.schema.json'),
  ]);
  const top = Object.entries(config.properties ?? {});
  const plain = top.filter(([, one]) => one.items?.$ref === undefined && one.$ref === undefined);
  return `# Configuration

<!-- Written by \`npm run docs\` from the schemas in src/config and src/sources. Do not edit. -->

Tejido runs without a configuration. What is to differ stands in \`tejido.yaml\` (start from
[tejido.example.yaml](../tejido.example.yaml)); \`tejido check --offline\` says what is wrong with it, with line and column.
A setting that is not known is an error, not ignored.

\`\${NAME}\` in a value stands for an environment variable. A **secret** (a token, a private key) can only be written as
\`\${NAME}\` or as \`{ file: path }\`; a secret written out is refused. Paths are relative to the file.

**required** means: wherever the group that holds it is written.

## Environment

| Variable | Default | What |
| --- | --- | --- |
${environment.map(([name, fallback, says]) => `| \`${name}\` | ${fallback} | ${says} |`).join('\n')}

A variable that is set but empty counts as not set.

${plain.map(([name, one]) => section(name, one.type === 'array' && one.items !== undefined ? { ...one.items, description: one.description ?? '' } : one)).join('\n\n')}

## destinations

${config.properties?.['destinations']?.description ?? ''} A list of [destination](#destination).

${Object.entries(config.$defs ?? {})
  .map(([name, one]) => section(name, one, 3))
  .join('\n\n')}

## sources

${sources.description ?? ''} A list of [source](#source). How to write one, step by step: [sources.md](sources.md).

${Object.entries(sources.$defs ?? {})
  .toReversed()
  .map(([name, one]) => section(name, one, 3))
  .join('\n\n')}
`;
}

const classes = {
  transient: 'Nothing was written; Tejido tries again by itself.',
  ambiguous: 'It may have been written; Tejido looks in the EHR before it tries again.',
  auth: 'The destination does not take our credentials; it pauses, once, for all.',
  permanent: 'The same again cannot help; a person decides, then retries. The message is `failed`.',
  held: 'A person or an event must act first. The message is `held`.',
} as const;

function causesPage(): string {
  const sections = Object.entries(classes).map(([name, says]) => {
    const rows = Object.entries(causes)
      .filter(([, cause]) => cause.class === name)
      .map(([id, cause]) => `| \`${id}\` | ${cell(cause.says)} | ${cell(cause.next)} | ${cause.who} |`);
    return `## ${name}\n\n${says}\n\n| Cause | What it says | What to do | Who |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
  });
  return `# Causes

<!-- Written by \`npm run docs\` from src/core/causes.ts. Do not edit. -->

Why a message is not filed: a closed list. Programs read the code and its class, people the sentence and the next action;
both are in \`tejido messages show ID\` and in \`GET /v1/messages/{id}\`. Filter by one with
\`tejido messages list --cause CODE\`. Which state follows from which class is decided in
[src/core/decide.ts](../src/core/decide.ts).

**Who** can act: \`author\`, the CHW who wrote it; \`sender\`, who looks after the sending system; \`supervisor\`, of the CHWs;
\`front-desk\`, who keeps the patients' registration; \`engineer\`, who looks after Tejido; \`privacy-officer\`; \`nobody\`, it goes on by
itself.

${sections.join('\n\n')}
`;
}

await writePages({ 'docs/configuration.md': await configurationPage(), 'docs/causes.md': causesPage() });
