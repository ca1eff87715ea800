/**
 * Makes the logical models of what maps read, `profiles/StructureDefinition-<id>.json`, of the JSON Schemas in
 * `profiles/src/models/`. Part of `npm run profiles`; alone:
 *
 *     node scripts/build-models.ts
 *
 * What a schema says under conditions (`allOf` with `if` and `then`) is taken together: the details of an activity have
 * every field that some activity type has. An element that is a text in one and an object in another has no type, and
 * anything is read there. `additionalProperties: true`, said outright, makes an element open: fields that the model does
 * not name (the questions of a form) are read as plain JSON. `sameAs` names the path whose elements this one has too.
 * The model of laboratory results is made of the names of HL7 v2 in `schemas/hl7v2` (lab-order-model.ts).
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labOrderSchema } from './lab-order-model.ts';

type Schema = {
  readonly $id?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly then?: Schema;
  readonly sameAs?: string;
};

/** What is known of one element. Neither `code` nor `parts`: it may be anything. */
type Part = {
  readonly short?: string;
  readonly repeats: boolean;
  readonly required: boolean;
  /** Type of a primitive. */
  readonly code?: string;
  /** Of an object. */
  readonly parts?: ReadonlyMap<string, Part>;
  readonly open?: boolean;
  readonly sameAs?: string;
};

/** Marks an element whose JSON may have more fields than the model names. Read by `src/definitions/extract.ts`. */
const openContent = 'https://tejido.dev/fhir/StructureDefinition/open-content';

const formats: Readonly<Record<string, string>> = { 'date-time': 'dateTime', date: 'date' };
const primitives: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'decimal',
  integer: 'integer',
  boolean: 'boolean',
};

const codeOf = (schema: Schema): string | undefined =>
  schema.enum?.every((value) => typeof value === 'string') === true
    ? 'code'
    : (formats[schema.format ?? ''] ?? primitives[schema.type ?? '']);

type Known = ReadonlyMap<string, Schema>;

/** A schema, with the address that its references are relative to. */
type Placed = { readonly schema: Schema; readonly base: string };

function referred(known: Known, reference: string, base: string): Placed {
  const url = new URL(reference, base);
  const steps = url.hash.slice(1).split('/').slice(1);
  url.hash = '';
  let at: unknown = known.get(url.href);
  for (const step of steps)
    at = typeof at === 'object' && at !== null ? (at as Readonly<Record<string, unknown>>)[step] : undefined;
  if (typeof at !== 'object' || at === null) throw new Error(`${base}: there is no schema ${reference}`);
  return { schema: at, base: url.href };
}

/** The schema, what it refers to, and every consequence of its conditions. */
function* holding(known: Known, { schema, base }: Placed): Generator<Placed> {
  yield { schema, base };
  if (schema.$ref !== undefined) yield* holding(known, referred(known, schema.$ref, base));
  for (const each of [...(schema.allOf ?? []), ...(schema.then === undefined ? [] : [schema.then])])
    yield* holding(known, { schema: each, base });
}

function partOf(known: Known, placed: Placed, required: boolean): Part {
  const { schema, base } = placed;
  const common = {
    required,
    ...(schema.description === undefined ? {} : { short: schema.description }),
    ...(schema.sameAs === undefined ? {} : { sameAs: schema.sameAs }),
    ...(schema.additionalProperties === true ? { open: true } : {}),
  };
  if (schema.items !== undefined)
    return { ...partOf(known, { schema: schema.items, base }, required), ...common, repeats: true };
  const own = schema.$ref === undefined ? placed : referred(known, schema.$ref, base);
  if (own.schema.items !== undefined) return { ...partOf(known, own, required), ...common };
  const parts = new Map<string, Part>();
  for (const each of holding(known, placed))
    for (const [name, property] of Object.entries(each.schema.properties ?? {})) {
      // A condition may ask for more than the element itself does; only the latter holds always.
      const always = each.schema === schema || each.schema === own.schema;
      const part = partOf(
        known,
        { schema: property, base: each.base },
        always && each.schema.required?.includes(name) === true,
      );
      const before = parts.get(name);
      parts.set(name, before === undefined ? part : merged(before, part));
    }
  if (parts.size > 0 || own.schema.type === 'object') return { ...common, repeats: false, parts };
  const code = codeOf(own.schema);
  return { ...common, repeats: false, ...(code === undefined ? {} : { code }) };
}

/** What holds in either of two cases. The first is the element's own word: the second, under a condition, may say nothing. */
function merged(first: Part, second: Part): Part {
  const { code, parts, ...common } = first;
  const required = first.required && second.required;
  if (second.code === undefined && second.parts === undefined) return { ...first, required };
  if (parts !== undefined && second.parts !== undefined) {
    const all = new Map<string, Part>();
    for (const name of new Set([...parts.keys(), ...second.parts.keys()])) {
      const [one, other] = [parts.get(name), second.parts.get(name)];
      if (one !== undefined && other !== undefined) all.set(name, merged(one, other));
      else all.set(name, { ...((one ?? other) as Part), required: false });
    }
    return { ...common, required, parts: all };
  }
  const wider = widerOf(code, second.code);
  return { ...common, required, ...(wider === undefined ? {} : { code: wider }) };
}

function widerOf(one: string | undefined, other: string | undefined): string | undefined {
  if (one === other) return one;
  const both = new Set([one, other]);
  if (both.has('string') && both.has('code')) return 'string';
  return both.has('decimal') && both.has('integer') ? 'decimal' : undefined;
}

type ElementDefinition = Readonly<Record<string, unknown>>;

function* elementsOf(path: string, part: Part, root: string): Generator<ElementDefinition> {
  const isRoot = path === root;
  const known = (part.parts?.size ?? 0) > 0;
  yield {
    id: path,
    path,
    ...(part.open === true ? { extension: [{ url: openContent, valueBoolean: true }] } : {}),
    ...(part.short === undefined ? {} : { short: part.short }),
    min: isRoot ? 0 : Number(part.required),
    max: part.repeats || isRoot ? '*' : '1',
    ...(part.sameAs === undefined
      ? isRoot
        ? {}
        : { type: [{ code: part.code ?? (known ? 'BackboneElement' : base) }] }
      : { contentReference: `#${root}.${part.sameAs}` }),
  };
  for (const [name, child] of part.parts ?? []) {
    // R4 forbids these in the path of an element (eld-19); an open model has room for such fields all the same.
    if (/[\s.,:;'"/|?!@#$%&*()[\]{}]/u.test(name)) continue;
    yield* elementsOf(`${path}.${name}`, child, root);
  }
}

/** What has no type of FHIR: any JSON. */
const base = 'http://hl7.org/fhir/StructureDefinition/Base';

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function modelOf(id: string, schema: Schema, known: Known): object {
  const name = id.split('-').map(upperFirst).join('');
  const part = partOf(known, { schema, base: schema.$id ?? '' }, false);
  const element = [...elementsOf(name, part, name)];
  const url = `https://tejido.dev/fhir/StructureDefinition/${id}`;
  return {
    resourceType: 'StructureDefinition',
    id,
    url,
    version: '1.0.0',
    name,
    title: schema.title,
    status: 'active',
    publisher: 'Tejido',
    description: schema.description,
    fhirVersion: '4.0.1',
    kind: 'logical',
    abstract: false,
    type: url,
    baseDefinition: base,
    derivation: 'specialization',
    snapshot: { element },
    differential: { element },
  };
}

/** What the script writes: file name → content. `root` is the folder of the package. */
export async function buildModels(root: string): Promise<ReadonlyMap<string, string>> {
  const models = join(root, 'profiles', 'src', 'models');
  const read = async (folder: string): Promise<readonly (readonly [string, Schema])[]> =>
    Promise.all(
      (await readdir(folder))
        .filter((name) => name.endsWith('.schema.json'))
        .toSorted()
        .map(async (name) => [name, JSON.parse(await readFile(join(folder, name), 'utf8')) as Schema] as const),
    );
  const own = [...(await read(models)), ['lab-order.schema.json', (await labOrderSchema(root)) as Schema] as const];
  const all = [...own, ...(await read(join(root, 'schemas'))), ...(await read(join(root, 'schemas', 'types')))];
  const known = new Map(all.map(([, schema]) => [schema.$id ?? '', schema]));
  return new Map(
    own.map(([name, schema]) => {
      const id = name.slice(0, -'.schema.json'.length);
      return [`StructureDefinition-${id}.json`, `${JSON.stringify(modelOf(id, schema, known))}\n`];
    }),
  );
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const files = await buildModels(root);
  for (const [name, content] of files) await writeFile(join(root, 'profiles', name), content);
  console.log(`${files.size} logical models written to profiles/`);
}
