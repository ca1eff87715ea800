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

const any = (description: string): Element => ({ description });
const moment = (description: string): Element => ({
  type: 'object',
  description,
  properties: { time: text('A time, or a day.'), start: text('Else a period.'), end: text('Its end.') },
});

const number: Element = {
  type: 'object',
  properties: { value: any('A number.'), comparator: text('<, <=, >= or >.') },
};

/** One of these: `LabValue` in src/mapping/lab/value.ts. */
const labValue: Readonly<Record<string, Element>> = {
  quantity: number,
  concept: any('CodeableConcept'),
  text: text('Anything else, and what does not hold what its type claims.'),
  dateTime: text('DT, DTM, TS'),
  time: text('TM'),
  range: { type: 'object', properties: { low: any('A number.'), high: any('A number.') } },
  ratio: { type: 'object', properties: { numerator: any('A number.'), denominator: any('A number.') } },
  period: { type: 'object', properties: { start: text('From'), end: text('To') } },
  sampled: text('NA'),
  attached: {
    type: 'object',
    properties: { attachment: any('Attachment'), fault: text('Why it could not be read.') },
  },
};

/** Made by src/mapping/lab/read-result.ts. */
const readResult: Element = {
  type: 'object',
  description: 'The fields of the OBX in the shape that FHIR takes them in.',
  properties: {
    status: text('OBX-11, upper case.'),
    code: any('OBX-3 as CodeableConcept, all codings.'),
    withoutLoinc: { type: 'boolean', description: 'It has codes, and none is of LOINC.' },
    value: { type: 'object', description: 'OBX-5 by OBX-2.', properties: labValue },
    values: list({ type: 'object', properties: labValue }, 'When OBX-5 repeats, and is no text.'),
    words: text('OBX-5 as it was sent.'),
    unit: {
      type: 'object',
      description: 'OBX-6.',
      properties: {
        unit: text('As it was written.'),
        key: text('In lower case: what it is looked up by.'),
        ucum: text('Where the sender says that it is UCUM, and it is valid.'),
      },
    },
    equivalent: text('The value in the other unit that is in use for it: = 68 mmol/mol (IFCC).'),
    flags: list(text('A code.'), 'OBX-8, upper case.'),
    range: {
      type: 'object',
      description: 'OBX-7.',
      properties: {
        text: text('As it was written.'),
        low: any('Where it is certain.'),
        high: any('Where it is certain.'),
      },
    },
    observed: moment('OBX-14.'),
    analysed: text('OBX-19.'),
    subId: text('OBX-4.'),
    instance: any('OBX-21 as Identifier.'),
    performer: list(any('Reference'), 'OBX-23 with 24 (else OBX-15), OBX-16, OBX-25.'),
    method: any('OBX-17 as CodeableConcept.'),
    device: any('OBX-18 as Identifier.'),
    note: text('The notes after the OBX, a line each.'),
  },
};

/** Made by src/mapping/lab/read-order.ts. */
const readOrder: Element = {
  type: 'object',
  description: 'MSH, ORC and OBR in the shape that FHIR takes them in.',
  properties: {
    status: text('OBR-25, upper case; not Y and Z.'),
    service: any('OBR-4 as CodeableConcept, all codings.'),
    withoutLoinc: { type: 'boolean', description: 'It has codes, and none is of LOINC.' },
    placer: any('ORC-2, else OBR-2, as Identifier.'),
    filler: any('ORC-3, else OBR-3, as Identifier.'),
    parentFiller: any('OBR-29, else OBR-54 and ORC-8, as Identifier.'),
    orderer: text('OBR-16, else ORC-12, in words.'),
    section: text('OBR-24.'),
    collected: moment('OBR-7 to OBR-8, else SPM-17.'),
    issued: text('OBR-22, else MSH-7, as instant.'),
    laboratory: list(any('Reference'), 'The laboratories that the results name, else MSH-4.'),
    interpreter: any('OBR-32 as Reference.'),
    source: text('OBR-15.1 in words.'),
    conclusion: text('The notes after the OBR, a line each.'),
    attachments: list(any('Attachment'), 'ED and RP of all results.'),
  },
};

const readSpecimen: Element = {
  type: 'object',
  description: 'SPM in the shape that FHIR takes it in.',
  properties: {
    status: text('SPM-20, SPM-21 as status.'),
    type: any('SPM-4 as CodeableConcept.'),
    placer: any('SPM-2.1 as Identifier.'),
    accession: any('SPM-2.2 as Identifier.'),
    received: text('SPM-18.'),
    collected: moment('SPM-17.'),
    method: any('SPM-7 as CodeableConcept.'),
    site: any('SPM-8 as CodeableConcept.'),
    condition: list(any('CodeableConcept'), 'SPM-24.'),
    notes: list(text('A note.'), 'SPM-14, SPM-21, and what was observed of the specimen itself.'),
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
    properties: {
      artifact: text('Stable name of the result.'),
      OBX: segment('OBX'),
      NTE: notes('the OBX'),
      read: readResult,
    },
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
      read: readOrder,
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
            read: readSpecimen,
            SPM: segment('SPM'),
            observation: list({ ...result, sameAs: 'observation' }, 'What was observed of the specimen itself.'),
          },
        },
        'The specimens.',
      ),
      zone: list(
        { type: 'object', properties: { name: text('ZPD'), text: text('As it was sent.') } },
        'Z segments of the order.',
      ),
      datatype: {
        type: 'object',
        description: 'Never sent: the data types, for the fields that have them.',
        properties: Object.fromEntries([...used].map((type) => [type, parts(datatypes, datatypes[type], type)])),
      },
    },
  };
}
