/**
 * Writes the lists of activity types in `schemas/activity.schema.json` (which types there are, which may be part of a
 * contact, which schema the details of each follow) as `schemas/catalogue.json` has them. Part of `npm run profiles`;
 * alone:
 *
 *     node scripts/build-activity-schema.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';

type ActivityType = {
  readonly type: string;
  readonly component: boolean;
  readonly details: 'required' | 'optional';
  readonly patient?: 'optional';
};

type Envelope = {
  required: readonly string[];
  properties: {
    activityType: { enum: readonly string[] };
    components: { items: { properties: { activityType: { enum: readonly string[] } }; allOf: readonly unknown[] } };
  };
  allOf: readonly unknown[];
};

const schemaFile = 'schemas/activity.schema.json';
const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));

const when = (types: object) => ({ type: 'object', required: ['activityType'], properties: { activityType: types } });

const detailsOf = ({ type, details }: ActivityType) => ({
  if: when({ const: type }),
  then: {
    type: 'object',
    properties: { details: { $ref: `types/${type}.schema.json` } },
    ...(details === 'required' ? { required: ['details'] } : {}),
  },
});

/** What changes another record has no components of its own. */
const withoutComponents = {
  if: when({ enum: ['void', 'amend'] }),
  then: { type: 'object', properties: { components: { type: 'array', maxItems: 0 } } },
};

/** All but a few types are about somebody. */
const withPatient = (types: readonly ActivityType[]) => ({
  if: when({ not: { enum: types.filter(({ patient }) => patient === 'optional').map(({ type }) => type) } }),
  then: { type: 'object', required: ['subject'] },
});

const { types } = (await read('schemas/catalogue.json')) as { readonly types: readonly ActivityType[] };
const envelope = (await read(schemaFile)) as Envelope;
const components = types.filter(({ component }) => component);
const { activityType, components: parts } = envelope.properties;
activityType.enum = types.map(({ type }) => type);
parts.items.properties.activityType.enum = components.map(({ type }) => type);
parts.items.allOf = components.map(detailsOf);
envelope.required = envelope.required.filter((name) => name !== 'subject');
envelope.allOf = [...types.map(detailsOf), withPatient(types), withoutComponents];
const form = { ...(await resolveConfig(schemaFile)), parser: 'json' };
await writeFile(schemaFile, await format(JSON.stringify(envelope, undefined, 2), form));
