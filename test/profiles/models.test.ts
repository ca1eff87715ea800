/** The logical models in `profiles/`, as `scripts/build-models.ts` makes them, and what they make readable. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildModels } from '../../scripts/build-models.ts';
import { extractTypes } from '../../src/definitions/extract.ts';
import { childrenOf, itemOf, stepTo, type Item } from '../../src/definitions/item.ts';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';

const files = await buildModels('.');
const definitions = [...files.values()].map((text) => JSON.parse(text) as object & { name: string });
const types = new TypeTable(readR4Types(), ...definitions.map(extractTypes));

const read = (model: string, json: unknown, ...path: readonly string[]): readonly Item[] => {
  let items = [itemOf(types, json, types.get(model))].flatMap((item) => item ?? []);
  for (const name of path) {
    const step = stepTo(types, name);
    const out: Item[] = [];
    for (const item of items) step(item, out);
    items = out;
  }
  return items;
};
const values = (...args: Parameters<typeof read>): readonly unknown[] => read(...args).map(({ json }) => json);

describe('the logical models', () => {
  test('stand in the repository as the script makes them', () => {
    expect(files.size).toBe(8);
    for (const [name, content] of files)
      expect([name, readFileSync(`profiles/${name}`, 'utf8')]).toEqual([name, content]);
  });

  test('the item of a map has the details of every activity type, with their types', () => {
    const details = types.get('ActivityItem.activity.details');
    expect([...(details?.elements.keys() ?? [])]).toEqual(
      expect.arrayContaining(['nextContact', 'systolic', 'teachBack', 'goalId', 'steps', 'category', 'pcp']),
    );
    expect(details?.elements.get('systolic')?.types.map(({ name }) => name)).toEqual(['decimal']);
    expect(details?.elements.get('method')?.types.map(({ name }) => name)).toEqual(['code']);
    expect(details?.elements.get('steps')?.repeats).toBe(true);
    // A number, or HI and LO.
    expect(details?.elements.get('value')?.types).toEqual([]);
    expect(types.resolve('https://tejido.dev/fhir/StructureDefinition/activity-item')?.name).toBe('ActivityItem');
    expect(
      read('ActivityItem', { item: { details: { steps: [{ text: 'x' }] } } }, 'item', 'details', 'steps')[0]?.type,
    ).toBe(types.get('ActivityItem.activity.details.steps'));
  });

  test('a required detail of one activity type is required of no other', () => {
    expect(types.get('ActivityItem.activity.details')?.elements.get('systolic')?.min).toBe(0);
    expect(types.get('ActivityItem.activity.details.steps')?.elements.get('text')?.min).toBe(1);
    expect(types.get('ActivityItem.activity')?.elements.get('status')?.min).toBe(1);
  });

  test('a field that the item does not have reads as nothing', () => {
    expect(values('ActivityItem', { activity: { estatus: 'x' } }, 'activity', 'estatus')).toEqual([]);
  });

  test('the questions of a form are read beside what the model names', () => {
    const form = { form: { meta: { timeStart: '2026-01-01T10:00:00Z' }, visita: { peso: '81' } } };
    expect(read('CommcareForm', form, 'form', 'meta', 'timeStart')[0]?.type?.name).toBe('dateTime');
    expect(read('CommcareForm', form, 'form', 'visita', 'peso')).toMatchObject([{ json: '81', type: undefined }]);
    expect(childrenOf(types, read('CommcareForm', form, 'form')[0] as Item)).toHaveLength(2);
    expect(values('KoboSubmission', { _id: 3, 'grupo/peso': '81' }, 'grupo/peso')).toEqual(['81']);
    expect(values('RedcapRecord', { redcap_repeat_instance: '2' }, 'redcap_repeat_instance')).toEqual([2]);
    expect(values('ChtReport', { fields: { patient_uuid: 'a', nota: 'b' } }, 'fields', 'nota')).toEqual(['b']);
  });
});
