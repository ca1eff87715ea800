/** The door tells a sender that a score is not what its items add up to, alone or in a contact. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createActivityCheck, type SchemaDocument } from '../../src/sources/activity.ts';

const read = (path: string): SchemaDocument => JSON.parse(readFileSync(path, 'utf8')) as SchemaDocument;
const schemas = ['schemas', 'schemas/types'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.schema.json'))
    .map((name) => read(`${folder}/${name}`)),
);
const check = createActivityCheck(schemas, () => new Date('2026-06-01T00:00:00Z'));
const example = JSON.parse(readFileSync('schemas/examples/questionnaire.json', 'utf8')) as {
  readonly details: Record<string, unknown>;
};
const wrong = { ...example.details, score: 11 };

test('a score that is not the total of the items is refused, with its place', () => {
  expect(check(example)).toEqual([]);
  expect(check({ ...example, details: wrong })).toMatchObject([
    { where: '/details/score', code: 'questionnaire/score-differs' },
  ]);
  const contact = {
    ...example,
    activityType: 'contact.home',
    details: {},
    components: [{ key: 'q', activityType: 'questionnaire', details: wrong }],
  };
  expect(check(contact)).toMatchObject([{ where: '/components/0/details/score', code: 'questionnaire/score-differs' }]);
});
