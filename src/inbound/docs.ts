/** `/docs` and `/`: pages for people, made on the server from the OpenAPI document. No script, nothing from elsewhere. */
import type { OpenApi } from './openapi.ts';
import { operations, type Operation } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

/** A member that is text; else none. */
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const escaped: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (raw: string): string => raw.replaceAll(/[&<>"']/g, (character) => escaped[character] ?? '');

/** Escapes, then shows `code` spans. */
const prose = (raw: string): string => escape(raw).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

const block = (raw: string): string => `<pre><code>${escape(raw)}</code></pre>`;
const json = (value: unknown): string => block(JSON.stringify(value, null, 2));

export const stylesheet = `
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --accent: #b3391f; }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 2rem 1.25rem 6rem; }
h1 { font-size: 1.9rem; margin: 0 0 .25rem; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { margin-top: 2.25rem; } a { color: var(--accent); } a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; } code { background: var(--soft); padding: .1em .3em; border-radius: 3px; }
pre { background: var(--soft); padding: .9rem 1rem; border-radius: 6px; overflow-x: auto; } pre code { background: none; padding: 0; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-size: .8rem; font-weight: 600; white-space: nowrap; } nav ul { columns: 2; padding-left: 1.1rem; }
.method { font: 600 .8rem ui-monospace, monospace; text-transform: uppercase; border: 1px solid var(--accent); color: var(--accent); border-radius: 4px; padding: .1em .45em; margin-right: .5em; }
@media (max-width: 40rem) { nav ul { columns: 1; } }
`;

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><link rel="stylesheet" href="/docs.css"></head>
<body>${body}</body>
</html>
`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ''
    : `<table><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead><tbody>${rows
        .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
        .join('')}</tbody></table>`;

/** The whole page; escaped throughout. */
export function docsPage(document: OpenApi): string {
  const { schemas } = document.components;
  const byTag = document.tags.map(({ name, description }) => ({
    name,
    description,
    operations: operations.filter((operation) => operation.tag === name),
  }));
  const types = Object.keys(schemas).filter((name) => name.startsWith('details.'));
  return page(
    'Tejido API',
    `<header><h1>Tejido API</h1><p>${prose(String(document.info['description']))}</p>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). Version ${escape(String(document.info['version']))}.</p></header>
<nav aria-label="Contents"><ul>
<li><a href="#start">Send the first activity</a></li>
${byTag.map(({ name }) => `<li><a href="#${anchor(name)}">${escape(name)}</a></li>`).join('\n')}
<li><a href="#activity">The activity</a></li>
${types.map((name) => `<li><a href="#${anchor(name)}">${escape(name.slice('details.'.length))}</a></li>`).join('\n')}
</ul></nav>
<main>
${start(schemas)}
${byTag.map((tag) => `<section><h2 id="${anchor(tag.name)}">${escape(tag.name)}</h2><p>${prose(tag.description)}</p>${tag.operations.map(operationSection).join('\n')}</section>`).join('\n')}
<section><h2 id="activity">The activity</h2>${schemaSection(schemas['Activity'], schemas)}</section>
${types.map((name) => `<section><h3 id="${anchor(name)}">details of ${escape(name.slice('details.'.length))}</h3>${schemaSection(schemas[name], schemas)}</section>`).join('\n')}
</main>`,
  );
}

const anchor = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function start(schemas: OpenApi['components']['schemas']): string {
  const [example] = examplesOf(schemas['Activity']);
  return `<section><h2 id="start">Send the first activity</h2>
<p>Every call carries a key. The administrator key is printed at the first start (or set by <code>TEJIDO_API_KEY</code>); <code>tejido keys create</code> makes others, with fewer rights.</p>
${example === undefined ? '' : `<p>Save this as <code>activity.json</code>:</p>${json(example)}`}
${block(`curl -sS -X POST http://127.0.0.1:8080/v1/activities \\
  -H "Authorization: Bearer $TEJIDO_KEY" \\
  -H "Content-Type: application/json" \\
  --data-binary @activity.json`)}
<p>The answer <code>202</code> means that it is committed to disk. Its receipt names the message; what became of it:</p>
${block('curl -sS http://127.0.0.1:8080/v1/messages/1 -H "Authorization: Bearer $TEJIDO_KEY"')}
<p>Add <code>?dryRun=true</code> to the first call to see the FHIR resources that would be filed, without storing anything.</p></section>`;
}

function operationSection(operation: Operation): string {
  const parameters = (operation.parameters ?? []).map((parameter) => [
    `<code>${escape(parameter.name)}</code>`,
    escape(parameter.in),
    `${prose(parameter.description)}${parameter.required === true ? ' Required.' : ''}`,
  ]);
  const answers = Object.entries(operation.answers).map(([status, answer]) => [
    escape(status),
    prose(answer.description),
  ]);
  const example = Object.entries(operation.answers).find(([, answer]) => answer.example !== undefined);
  const url = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => exampleOf(operation, name));
  const method = operation.method === 'get' ? '' : ` -X ${operation.method.toUpperCase()}`;
  const rest = operation.curl === undefined ? '' : ` \\\n  ${operation.curl.replace(/^-X \w+ /, '')}`;
  return `<article><h3 id="${anchor(operation.id)}"><span class="method">${operation.method}</span><code>${escape(operation.path)}</code></h3>
<p><strong>${escape(operation.summary)}.</strong> ${prose(operation.description)}</p>
${operation.scope === undefined ? '' : `<p>Scope: <code>${escape(operation.scope)}</code></p>`}
${table(['Parameter', 'In', 'Meaning'], parameters)}
${block(`curl -sS${method} http://127.0.0.1:8080${url}${rest}`)}
${table(['Status', 'Meaning'], answers)}
${example === undefined ? '' : `<p>Example of ${escape(example[0])}:</p>${json(example[1].example)}`}</article>`;
}

const exampleOf = (operation: Operation, name: string): string =>
  operation.parameters?.find((parameter) => parameter.name === name)?.example ?? name;

const examplesOf = (schema: Json | undefined): readonly unknown[] =>
  Array.isArray(schema?.['examples']) ? (schema['examples'] as readonly unknown[]) : [];

function schemaSection(given: Json | undefined, schemas: OpenApi['components']['schemas']): string {
  if (given === undefined) return '';
  const schema = { ...resolve(given, schemas), ...given };
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : []);
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const rows = Object.entries(properties).map(([name, property]) => [
    `<code>${escape(name)}</code>${required.has(name) ? ' *' : ''}`,
    kindOf(property, schemas),
    prose(meaningOf(property, schemas)),
  ]);
  const [example] = examplesOf(given);
  return `<p>${prose(text(schema['description']))}</p>${table(['Field (* required)', 'Type', 'Meaning'], rows)}${
    example === undefined ? '' : json(example)
  }`;
}

/** The schema that a `$ref` names, or the schema itself. */
function resolve(schema: unknown, schemas: OpenApi['components']['schemas']): Json {
  if (!isRecord(schema)) return {};
  const { $ref: target } = schema;
  if (typeof target !== 'string') return schema;
  let node: unknown = { components: { schemas } };
  for (const token of target.replace(/^#\//, '').split('/')) {
    node = isRecord(node) && Object.hasOwn(node, token) ? node[token] : undefined;
  }
  return isRecord(node) ? node : {};
}

function kindOf(property: unknown, schemas: OpenApi['components']['schemas']): string {
  const schema = resolve(property, schemas);
  if (Array.isArray(schema['enum'])) {
    return (schema['enum'] as unknown[]).map((value) => `<code>${escape(String(value))}</code>`).join(' ');
  }
  if (schema['type'] === 'array') return `list of ${kindOf(schema['items'], schemas) || 'values'}`;
  return escape(text(schema['format'] ?? schema['type']));
}

function meaningOf(property: unknown, schemas: OpenApi['components']['schemas']): string {
  const own = isRecord(property) ? property['description'] : undefined;
  return text(own ?? resolve(property, schemas)['description']);
}

const doors: readonly (readonly [string, string])[] = [
  ['/docs', 'How to send activities: every operation with examples, every field.'],
  ['/openapi.json', 'The same for programs (OpenAPI 3.1).'],
  ['/fhir/metadata', 'What Tejido asks of an EHR (FHIR CapabilityStatement).'],
  ['/readyz', 'Whether work goes on.'],
  ['/healthz', 'Whether the process is alive.'],
  ['/metrics', 'Metrics for Prometheus.'],
];

/** `/`: which doors there are. */
export function landingPage(version: string, sandbox: boolean): string {
  const listed = sandbox
    ? [...doors, ['/sandbox/fhir/metadata', 'The sandbox EHR: synthetic data only.'] as const]
    : doors;
  return page(
    'Tejido',
    `<header><h1>Tejido</h1><p>Weaves community health work into the clinic's record. Version ${escape(version)}.</p></header>
<main><ul>${listed.map(([path, says]) => `<li><a href="${path}"><code>${path}</code></a>: ${escape(says)}</li>`).join('\n')}</ul>
<p>Activities go to <code>POST /v1/activities</code>, native webhooks to <code>POST /v1/sources/{name}</code>; <code>GET /v1/messages</code> tells what became of them.</p></main>`,
  );
}
