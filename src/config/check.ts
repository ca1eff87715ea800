/** tejido.yaml against its JSON Schema; each error said in words, with the nearest name for a misspelt one. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { closest, distance } from 'fastest-levenshtein';
import type { Path } from './positions.ts';
import { isSecretReference } from './secrets.ts';

/** `atKey`: the name itself is wrong, not its value. */
export type SchemaProblem = {
  readonly path: Path;
  readonly atKey: boolean;
  readonly says: string;
  readonly next: string;
};

const schemaFile = new URL('./config.schema.json', import.meta.url);
const sourcesFile = new URL('../sources/config.schema.json', import.meta.url);
const sourcesId = 'https://tejido.dev/schema/sources/config.schema.json';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readJson = (file: URL): Record<string, unknown> => {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isRecord(parsed)) throw new TypeError(`${file.pathname} is not a schema`);
  return parsed;
};

/** The sources folder describes its own section; config.schema.json refers to it by its place, as editors need it. */
const addSources = (ajv: Ajv2020): void => {
  const own = readJson(sourcesFile);
  ajv.addSchema(own);
  ajv.addSchema({ $id: sourcesId, $ref: String(own['$id']) });
};

let compiled: ValidateFunction | undefined;

const compile = (): ValidateFunction => {
  if (compiled) return compiled;
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    allowUnionTypes: true,
    discriminator: true,
    useDefaults: true,
    verbose: true,
  });
  addFormats.default(ajv);
  ajv.addKeyword({
    keyword: 'secret',
    schemaType: 'boolean',
    errors: false,
    validate: (_: boolean, value: unknown) => isSecretReference(value),
  });
  addSources(ajv);
  compiled = ajv.compile(readJson(schemaFile));
  return compiled;
};

const pathOf = (pointer: string, data: unknown): Path => {
  const path: (string | number)[] = [];
  let value: unknown = data;
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(step) : step);
    value = isRecord(value) ? value[step] : Array.isArray(value) ? value[Number(step)] : undefined;
  }
  return path;
};

const nearest = (name: string, known: readonly string[]): string | undefined => {
  if (known.length === 0) return undefined;
  const candidate = closest(name, known);
  return distance(name.toLowerCase(), candidate.toLowerCase()) <= Math.max(2, Math.floor(candidate.length / 3))
    ? candidate
    : undefined;
};

const listed = (values: readonly unknown[]): string => values.map(String).join(', ');

const article = (type: unknown): string => {
  const one = Array.isArray(type) ? type.join(' or ') : String(type);
  if (one === 'object') return 'a group of settings';
  if (one === 'array') return 'a list';
  return /^[aeiou]/.test(one) ? `an ${one}` : `a ${one}`;
};

const describe = (error: ErrorObject): string => {
  const description: unknown = error.parentSchema?.['description'];
  return typeof description === 'string' ? description : '';
};

const tell = (error: ErrorObject, data: unknown): SchemaProblem | undefined => {
  const path = pathOf(error.instancePath, data);
  const params: Record<string, unknown> = error.params;
  const at = (says: string, next = describe(error), atKey = false, inside: Path = path): SchemaProblem => ({
    path: inside,
    atKey,
    says,
    next: next === '' ? 'See tejido.example.yaml.' : next,
  });
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      const known = isRecord(error.parentSchema?.['properties']) ? Object.keys(error.parentSchema['properties']) : [];
      const near = nearest(name, known);
      const next = near === undefined ? `Known here: ${listed(known)}.` : `Did you mean ${near}?`;
      return at(`There is no setting ${name}.`, next, true, [...path, name]);
    }
    case 'required': {
      const name = String(params['missingProperty']);
      const properties = error.parentSchema?.['properties'];
      const about = isRecord(properties) && isRecord(properties[name]) ? properties[name]['description'] : undefined;
      return at(`${name} is missing.`, typeof about === 'string' ? `Add it: ${about}` : `Add ${name}.`);
    }
    case 'secret':
      return at(
        'A secret must not stand in this file.',
        'Put it into an environment variable and write ${NAME}, or into a file and write { file: path }.',
      );
    case 'enum': {
      const allowed = Array.isArray(params['allowedValues']) ? params['allowedValues'] : [];
      const near = typeof error.data === 'string' ? nearest(error.data, allowed.map(String)) : undefined;
      return at(
        'This value is not known.',
        near === undefined ? `One of: ${listed(allowed)}.` : `Did you mean ${near}? One of: ${listed(allowed)}.`,
      );
    }
    case 'discriminator': {
      const said = isRecord(error.data) ? error.data['kind'] : undefined;
      const kinds = ['none', 'bearer', 'smart'];
      const near = typeof said === 'string' ? nearest(said, kinds) : undefined;
      return at(
        'This kind is not known.',
        `One of: ${listed(kinds)}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
        false,
        [...path, 'kind'],
      );
    }
    case 'type':
      return at(`This must be ${article(params['type'])}.`);
    case 'format':
      return at(`This must be ${article(params['format'])}.`);
    case 'minimum':
    case 'maximum':
      return at(`This must be ${String(params['comparison'])} ${String(params['limit'])}.`);
    case 'if':
      return undefined;
    case 'oneOf':
      return at('Exactly one of the forms is allowed here.');
    default:
      return at(`This ${error.message ?? 'is not allowed'}.`);
  }
};

/** Fills in defaults (in place) and says all that is wrong. */
export const checkSchema = (data: unknown): readonly SchemaProblem[] => {
  const validate = compile();
  if (validate(data)) return [];
  return (validate.errors ?? []).flatMap((error) => tell(error, data) ?? []);
};
