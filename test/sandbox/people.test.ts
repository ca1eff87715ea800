import { expect, test } from '@jest/globals';
import { mrnSystem, syntheticPatients } from '../../src/sandbox/patients.ts';
import { at, bench } from './support.ts';

const { server, call } = await bench();
const { admin } = server.sandbox;
const html = { accept: 'text/html,application/xhtml+xml' };
const attack = '<script>alert("x")</script>';

test('synthetic patients are the same for the same seed, and SYN-10023 is the one of the documentation', () => {
  const people = syntheticPatients(200, 7);
  expect(people).toEqual(syntheticPatients(200, 7));
  expect(people).not.toEqual(syntheticPatients(200, 8));
  expect(at(people, 0, 'identifier', 0)).toMatchObject({
    system: mrnSystem,
    value: 'SYN-10001',
    type: { coding: [{ code: 'MR' }] },
  });
  expect(at(people, 22, 'identifier', 0, 'value')).toBe('SYN-10023');
  expect(at(people, 22, 'birthDate')).toBe('1961-03-02');
  expect(new Set(people.map((one) => at(one, 'identifier', 0, 'value'))).size).toBe(200);
  for (const one of people) expect(String(at(one, 'name', 0, 'family'))).toMatch(/^\S+ \S+$/);
});

test('a person sees who is registered, and each chart newest first with date, author, values and the text of the note', async () => {
  admin.seed(syntheticPatients(30));
  const subject = { reference: 'Patient/syn-10023' };
  const note = Buffer.from(`Visita en casa. PA 128/78.\nÁnimo bueno ${attack}`).toString('base64');
  admin.seed([
    {
      resourceType: 'Observation',
      status: 'final',
      subject,
      code: { text: 'Blood pressure' },
      effectiveDateTime: '2026-05-05',
      component: [{ code: { text: 'Systolic' }, valueQuantity: { value: 128, unit: 'mmHg' } }],
      performer: [{ display: 'Rosa, promotora' }],
    },
    {
      resourceType: 'DocumentReference',
      status: 'current',
      subject,
      type: { text: 'Progress note' },
      date: '2026-05-06T18:05:00-05:00',
      author: [{ display: attack }],
      content: [{ attachment: { contentType: 'text/plain', data: note } }],
    },
  ]);
  const home = await call('GET', '/', { headers: html });
  expect(home.headers.get('content-type')).toContain('text/html');
  expect(home.text).toContain('SYN-10023');
  expect(home.text).toContain(`${server.url}/Patient/syn-10023/$chart`);
  const chart = await call('GET', '/Patient/syn-10023/$chart', { headers: html });
  for (const part of [
    'Visita en casa. PA 128/78.',
    'Ánimo bueno',
    'Systolic: 128 mmHg',
    'Rosa, promotora',
    '2026-05-06 18:05',
    'born 1961-03-02',
  ])
    expect(chart.text).toContain(part);
  expect(chart.text.indexOf('Progress note')).toBeLessThan(chart.text.indexOf('Blood pressure'));
  expect(chart.text).not.toContain('<script');
  expect(chart.headers.get('content-security-policy')).toContain("default-src 'none'");
  const json = await call('GET', '/Patient/syn-10023/$chart');
  expect([json.json['total'], at(json.json, 'entry', 0, 'resource', 'resourceType')]).toEqual([2, 'DocumentReference']);
  expect((await call('GET', '/Patient/nobody/$chart', { headers: html })).status).toBe(404);
});

test('what is moved to another patient leaves the first chart', async () => {
  admin.seed(syntheticPatients(2));
  const about = (id: string) => ({
    resourceType: 'Observation',
    id: 'o',
    status: 'final',
    subject: { reference: `Patient/${id}` },
  });
  const charted = async (id: string) => (await call('GET', `/Patient/${id}/$chart`)).json['total'];
  admin.seed([about('syn-10001')]);
  expect([await charted('syn-10001'), await charted('syn-10002')]).toEqual([1, 0]);
  await call('PUT', '/Observation/o', { body: about('syn-10002') });
  expect([await charted('syn-10001'), await charted('syn-10002')]).toEqual([0, 1]);
});
