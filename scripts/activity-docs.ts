/**
 * Writes docs/activities.md, the catalogue: of each activity type what to send (its JSON Schema), what the chart gets and
 * what a nurse reads there (its first golden case). `--check` writes nothing and fails when the page is out of date.
 */
import { readdir, readFile } from 'node:fs/promises';
import { keyFunctions } from '../src/core/key-functions.ts';
import { lineOf } from '../src/sandbox/chart.ts';
import type { Stored } from '../src/sandbox/store.ts';
import { cell, root, writePages } from './reference-page.ts';

type Schema = {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly then?: Schema;
};

type ActivityType = { readonly type: string; readonly title: string; readonly component: boolean };
type Filed = { readonly do: 'put' | 'merge'; readonly resource: Omit<Stored, 'meta'> & { readonly meta?: object } };

const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(`${root}${file}`, 'utf8'));
const common = (await json('schemas/common.schema.json')) as Schema;

const referred = (ref: string, own: Schema): Schema | undefined => {
  const name = ref.split('/').at(-1) ?? '';
  return (ref.startsWith('#') ? own : common).$defs?.[name];
};

function typeText(schema: Schema, own: Schema): string {
  if (schema.$ref !== undefined) {
    const target = referred(schema.$ref, own);
    return target === undefined
      ? (schema.$ref.split('/').at(-1) ?? '')
      : typeText(target, schema.$ref.startsWith('#') ? own : common);
  }
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (schema.type === 'array')
    return `list of ${schema.items === undefined ? 'anything' : typeText(schema.items, own)}`;
  const { minimum, maximum } = schema;
  const range = minimum === undefined || maximum === undefined ? '' : ` ${String(minimum)}–${String(maximum)}`;
  return `${schema.type ?? 'anything'}${range}`;
}

/** Fields under conditions are there too, without being required. */
function* fieldsOf(schema: Schema, own: Schema): Generator<readonly [name: string, field: Schema, required: boolean]> {
  for (const [name, field] of Object.entries(schema.properties ?? {}))
    yield [name, field, schema === own && schema.required?.includes(name) === true];
  const target = schema.$ref === undefined ? undefined : referred(schema.$ref, own);
  if (target !== undefined) yield* fieldsOf(target, own);
  for (const part of [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])])
    yield* fieldsOf(part, own);
  if (schema.then !== undefined) yield* fieldsOf(schema.then, own);
}

function tableOf(schema: Schema): string {
  const seen = new Set<string>();
  const rows = [...fieldsOf(schema, schema)].flatMap(([name, field, required]) => {
    if (seen.has(name)) return [];
    seen.add(name);
    const says =
      field.description ?? (field.$ref === undefined ? '' : (referred(field.$ref, schema)?.description ?? ''));
    return [`| \`${name}\`${required ? ' (required)' : ''} | ${cell(typeText(field, schema))} | ${cell(says)} |`];
  });
  return rows.length === 0
    ? 'No details of its own.'
    : `| \`details.\` | Value | What |\n| --- | --- | --- |\n${rows.join('\n')}`;
}

/** The first golden case that files something. */
async function typicalOf(type: string): Promise<readonly Filed[]> {
  const folder = `mappings/cases/${type}`;
  const names = await readdir(`${root}${folder}`).catch((): string[] => []);
  for (const name of names.toSorted()) {
    const expected = await json(`${folder}/${name}/expected.json`);
    if (Array.isArray(expected) && expected.length > 0) return expected as readonly Filed[];
  }
  return [];
}

const shown = ({ resource }: Filed) =>
  lineOf({ id: '', ...resource, meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00Z' } } as unknown as Stored);

function chartOf(filed: readonly Filed[]): string {
  if (filed.length === 0) return 'Nothing: it is kept in the programme store only.';
  return filed
    .map((one) => {
      const { type, title } = shown(one);
      return `- ${one.do === 'merge' ? 'a change of the ' : ''}**${type}**${title === type ? '' : `: ${title}`}`;
    })
    .join('\n');
}

/** The note, when there is one: it says all. Else a line for each resource. */
function nurseOf(filed: readonly Filed[]): string {
  const lines = filed.filter(({ do: how }) => how === 'put').map(shown);
  const notes = lines.filter(({ type }) => type === 'DocumentReference').flatMap(({ texts }) => texts);
  const read =
    notes.length > 0
      ? notes
      : lines.map(({ title, values, texts }) => [title, ...values, ...texts].filter((text) => text !== '').join(' · '));
  return read.length === 0 ? '' : `\`\`\`\n${read.join('\n')}\n\`\`\``;
}

const { types } = (await json('schemas/catalogue.json')) as { readonly types: readonly ActivityType[] };
const defaults = (await json('mappings/key-function-default.conceptmap.json')) as {
  readonly group: readonly [
    { readonly element: readonly { readonly code: string; readonly target: readonly { readonly code: string }[] }[] },
  ];
};
const functionsOf = (type: string): string => {
  const codes = defaults.group[0].element.find(({ code }) => code === type)?.target.map(({ code }) => code) ?? [];
  return keyFunctions.filter((code) => codes.includes(code)).join(', ');
};

async function sectionOf({ type, title, component }: ActivityType): Promise<string> {
  const schema = (await json(`schemas/types/${type}.schema.json`)) as Schema;
  const filed = await typicalOf(type);
  const functions = functionsOf(type);
  const changes = type === 'void' || type === 'amend';
  const chart = changes
    ? ''
    : `\n\nThe chart gets, in a [typical case](../mappings/cases/${type}):\n\n${chartOf(filed)}\n\n${filed.length === 0 ? '' : 'A nurse reads:'}\n\n${nurseOf(filed)}`;
  return `## ${type}

**${title}.** ${schema.description ?? ''}

${component ? 'May be a component of a contact, and then shares its encounter. ' : ''}${functions === '' ? '' : `Key function when none is asserted: ${functions}. `}Example: [schemas/examples/${type}.json](../schemas/examples/${type}.json).

${tableOf(schema)}${chart}`;
}

const sections = await Promise.all(types.map(sectionOf));
await writePages({
  'docs/activities.md': `# Activities

<!-- Written by \`npm run docs\` from schemas/, mappings/ and their golden cases. Do not edit. -->

What a CHW app sends, and what becomes of it. Every activity has the same [envelope](../schemas/activity.schema.json): who
(\`subject\`, \`performer\`), when (\`occurredAt\`), which record (\`source\`), \`status\`. What differs by \`activityType\` stands in
\`details\`, and below. A contact may carry \`components\`: one message, one encounter, resources that refer to each other.

\`attempted\` and \`not-done\` never make an Encounter. \`entered-in-error\` takes back what the record filed. Where the EHR does not take
a resource, what it says stands in a note or a work list: [connections.md](connections.md). Key functions: F1 assistance in daily management, F2
social and emotional support, F3a link to clinical care, F3b link to community resources, F4 ongoing support (derived).

| Activity | What | Part of a contact | Key function |
| --- | --- | --- | --- |
${types.map(({ type, title, component }) => `| [\`${type}\`](#${type.replaceAll('.', '')}) | ${title} | ${component ? 'yes' : ''} | ${functionsOf(type)} |`).join('\n')}

${sections.join('\n\n')}
`,
});
