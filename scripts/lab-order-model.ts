/**
 * What a map of laboratory results reads (`LabOrder.tree` of HL7 v2, see src/core/lab/model.ts), as a JSON Schema for
 * `build-models.ts`: made of the names in `schemas/hl7v2`, which the reader of messages takes too.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Named = { readonly name: string; readonly type: string; readonly repeats?: boolean };
/** By place; null: the standard has withdrawn it. */
type Names = Readonly<Record<string, readonly (Named | null)[]>>;

type Element = {
  readonly type?: string;
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Element>>;
  readonly additionalProperties?: boolean;
  readonly items?: Element;
  readonly sameAs?: string;
};

const text = (description: string): Element => ({ type: 'string', description });
const list = (items: Element, description: string): Element => ({ type: 'array', items, description });

/** `OBX.observationValue` is of the type that OBX-2 names: any component of any type is read. */
const anyType: Element = {
  type: 'object',
  additionalProperties: true,
  properties: { text: text('Of a value without components; beside components: all of them, as they were.') },
};

/** A data type is written out once, and referred to by every field and component that has it. */
const field = (datatypes: Names, { type, repeats = false }: Named): Element => {
  const one = type === 'varies' ? anyType : datatypes[type] === undefined ? { type: 'string' } : sameAs(type);
  return repeats ? { type: 'array', items: one, ...(one.sameAs === undefined ? {} : { sameAs: one.sameAs }) } : one;
};

const sameAs = (type: string): Element => ({ type: 'object', sameAs: `datatype.${type}` });

const parts = (datatypes: Names, named: Names[string] = [], description = ''): Element => ({
  type: 'object',
  description,
  properties: Object.fromEntries(
    named.flatMap((each) => (each === null ? [] : [[each.name, field(datatypes, each)] as const])),
  ),
});

/** Every data type that these segments use, components of components included. */
function usedBy(segments: readonly Names[string][], datatypes: Names): ReadonlySet<string> {
  const used = new Set<string>();
  const visit = (named: Names[string]): void => {
    for (const { type } of named.flatMap((each) => each ?? [])) {
      const parts = datatypes[type];
      if (parts === undefined || used.has(type)) continue;
      used.add(type);
      visit(parts);
    }
  };
  segments.forEach(visit);
  return used;
}

const context: Element = {
  type: 'object',
  description: 'What Tejido knows besides the message.',
  required: ['patient', 'programme', 'source', 'receivedAt'],
  properties: {
    patient: {
      type: 'object',
      required: ['reference'],
      properties: { reference: text('Patient/… in the destination.'), display: text('The name there.') },
    },
    programme: {
      type: 'object',
      required: ['artifactSystem', 'timeZone'],
      properties: {
        artifactSystem: text('System of every business identifier that Tejido writes.'),
        timeZone: text('IANA name: America/Chicago.'),
      },
    },
    source: text('Name of the sender.'),
    systems: { type: 'object', additionalProperties: true, description: 'Namespaces of the sender → URI.' },
    receivedAt: text('When Tejido received it.'),
    filed: list(
      { type: 'object', properties: { artifact: text('Our name of it.'), reference: text('Type/id') } },
      'What earlier messages filed of the order and of its parent.',
    ),
  },
};

export async function labOrderSchema(root: string): Promise<object> {
  const read = async (name: string): Promise<Names> =>
    JSON.parse(await readFile(join(root, 'schemas', 'hl7v2', `${name}.json`), 'utf8')) as Names;
  const [segments, datatypes] = [await read('segments'), await read('datatypes')];
  const names = ['MSH', 'PID', 'PV1', 'ORC', 'OBR', 'NTE', 'OBX', 'SPM'];
  const segment = (name: string): Element => parts(datatypes, segments[name], `Segment ${name}.`);
  const used = usedBy(
    names.map((name) => segments[name] ?? []),
    datatypes,
  );
  const notes = (where: string): Element => list(segment('NTE'), `Notes after ${where}.`);
  const result: Element = {
    type: 'object',
    required: ['OBX'],
    properties: { artifact: text('Stable name of the result.'), OBX: segment('OBX'), NTE: notes('the OBX') },
  };
  return {
    $id: 'https://tejido.dev/schemas/models/lab-order.schema.json',
    title: 'What a map of laboratory results reads',
    description:
      'One order of an HL7 v2 message with its results: segments, fields and components by their names of v2.8.2 (schemas/hl7v2), with what Tejido knows of the patient. Made by src/mapping/lab.ts.',
    type: 'object',
    required: ['artifact', 'context', 'MSH', 'OBR'],
    properties: {
      artifact: text('Stable name of the report.'),
      parentArtifact: text('Of the report that this one grew out of.'),
      issued: text('When it was reported: OBR-22, else MSH-7.'),
      context,
      MSH: segment('MSH'),
      PID: segment('PID'),
      PV1: segment('PV1'),
      ORC: segment('ORC'),
      OBR: segment('OBR'),
      NTE: notes('the OBR'),
      observation: list(result, 'The results, in the order of the message.'),
      specimen: list(
        {
          type: 'object',
          required: ['SPM'],
          properties: {
            artifact: text('Stable name of the specimen.'),
            SPM: segment('SPM'),
            observation: list({ ...result, sameAs: 'observation' }, 'What was observed of the specimen itself.'),
          },
        },
        'The specimens.',
      ),
      zone: text('IANA zone of the times of the sender.'),
      datatype: {
        type: 'object',
        description: 'Never sent: the data types, for the fields that have them.',
        properties: Object.fromEntries([...used].map((type) => [type, parts(datatypes, datatypes[type], type)])),
      },
    },
  };
}
