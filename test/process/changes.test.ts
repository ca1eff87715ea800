/**
 * Story 7: the clinic marks a visit as missed and asks for outreach; the CHW's app hears of both within one look, once;
 * what she answers closes the EHR's task, and does not come back as news. Through the real doors.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Program } from '../../src/prove/program.ts';
import { until } from '../../src/prove/until.ts';
import { aSite, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

type Resource = Readonly<Record<string, unknown>> & { readonly id: string };
type Change = {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly patient: { readonly ids: readonly { source: string; sourcePatientId: string }[] };
  readonly taskRef?: string;
  readonly appointmentRef?: string;
};

const example = (type: string) =>
  JSON.parse(readFileSync(`schemas/examples/${type}.json`, 'utf8')) as Record<string, unknown>;
const patient = { reference: 'Patient/syn-10023' };

let site: Site;
let program: Program;
let clinic: string;

const write = async (method: string, at: string, body: unknown): Promise<Resource> => {
  const headers = { 'content-type': 'application/fhir+json' };
  const answer = await site.ask(`/sandbox/fhir/${at}`, { method, body, headers });
  if (answer.status >= 300) throw new Error(answer.text);
  return answer.body as Resource;
};
const appointment = (status: string, of = patient) => ({
  resourceType: 'Appointment',
  status,
  start: '2026-05-02T15:00:00Z',
  end: '2026-05-02T15:20:00Z',
  reasonCode: [{ text: 'Motivo Canario' }],
  comment: 'Nota Canario',
  participant: [
    { actor: of, status: 'accepted' },
    { actor: { reference: clinic, display: 'Clínica Centro' }, status: 'accepted' },
  ],
});
const task = (what: string, more: Record<string, unknown> = {}, of = patient) => ({
  resourceType: 'Task',
  status: 'requested',
  intent: 'order',
  priority: 'urgent',
  code: { text: what },
  description: 'Texto Canario',
  for: of,
  restriction: { period: { end: '2026-05-10' } },
  ...more,
});
const read = async (at: string): Promise<Resource> => (await site.ask(`/sandbox/fhir/${at}`)).body as Resource;
const changes = async (query = '') =>
  (await site.ask(`/v1/changes${query}`)).body as { changes: readonly Change[]; next: string; more: boolean };
const shown = (all: readonly Change[]) =>
  all.map(({ kind, status, taskRef, appointmentRef }) => [kind, status, taskRef ?? appointmentRef]);
/** The feed once it has an entry about this. What the EHR did before is then looked at too. */
const heard = async (reference: string, status: string): Promise<readonly Change[]> => {
  const found = await until(async () => {
    const { changes: all } = await changes();
    return all.some((one) => (one.taskRef ?? one.appointmentRef) === reference && one.status === status)
      ? all
      : undefined;
  }, 30_000);
  if (found === undefined) throw new Error(`Not heard of:\n${JSON.stringify(await changes())}\n${await site.log()}`);
  return found;
};
const send = async (body: unknown) => {
  const answer = await site.ask('/v1/activities', { method: 'POST', body });
  expect([answer.status, answer.text]).toEqual([202, expect.anything()]);
};

beforeAll(async () => {
  site = await aSite();
  await site.configure(`
programme: { id: msep, name: Prueba, timeZone: America/Chicago }
destinations:
  - id: sandbox
    kind: sandbox
    sync: { appointments: true, tasks: true, everyMs: 300, overlapMs: 600000 }
`);
  program = await site.start();
});
afterAll(() => site.end());

describe('a missed visit', () => {
  test('becomes the task of the CHW, is answered, and closes the task of the EHR, without an echo', async () => {
    clinic = `Location/${(await write('POST', 'Location', { resourceType: 'Location', name: 'Centro' })).id}`;
    // A visit of hers makes the person known, and a referral with a task of our own.
    await send(example('contact.phone'));
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed']);
    const [own] = await site.chart(`Task?patient=${patient.reference}`);

    const other = { reference: 'Patient/syn-10024' };
    await write('POST', 'Appointment', appointment('noshow', other));
    await write('POST', 'Task', task('Llamar', {}, other));
    const visit = await write('POST', 'Appointment', appointment('booked'));
    const visitRef = `Appointment/${visit.id}`;
    expect(shown(await heard(visitRef, 'booked'))).toEqual([['appointment.changed', 'booked', visitRef]]);

    await write('PUT', visitRef, { ...appointment('noshow'), id: visit.id });
    const asked = await write(
      'POST',
      'Task',
      task('Outreach after a missed visit', { focus: { reference: visitRef } }),
    );
    const taskRef = `Task/${asked.id}`;
    await heard(visitRef, 'noshow');
    const soFar = await heard(taskRef, 'requested');
    expect(shown(soFar)).toEqual([
      ['appointment.changed', 'booked', visitRef],
      ['appointment.missed', 'noshow', visitRef],
      ['task.requested', 'requested', taskRef],
    ]);
    // What a CHW needs, and no more.
    expect(soFar[1]).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      kind: 'appointment.missed',
      destination: 'sandbox',
      patient: { ids: [{ source: 'commcare-ejemplo', sourcePatientId: '8f8fd909' }] },
      appointmentRef: visitRef,
      status: 'noshow',
      start: '2026-05-02T15:00:00Z',
      end: '2026-05-02T15:20:00Z',
      clinic: 'Clínica Centro',
    });
    expect(soFar[2]).toMatchObject({
      taskRef,
      appointmentRef: visitRef,
      code: { text: 'Outreach after a missed visit' },
      priority: 'urgent',
      due: '2026-05-10',
    });
    expect(JSON.stringify(soFar)).not.toContain('Canario');
    expect(JSON.stringify(soFar)).not.toContain('SYN-10023');

    const outreach = example('outreach.missed-visit');
    const details = { ...(outreach['details'] as object), appointmentRef: visitRef, taskRef };
    await send({ ...outreach, details });
    expect((await settled(site)).map(({ state }) => state)).toEqual(['filed', 'filed']);
    expect(await read(taskRef)).toMatchObject({ status: 'completed' });

    // The next thing of the clinic is news; neither our closing nor our own referral is.
    const next = await write('POST', 'Task', task('Otra'));
    expect(shown(await heard(`Task/${next.id}`, 'requested'))).toEqual([
      ...shown(soFar),
      ['task.requested', 'requested', `Task/${next.id}`],
    ]);

    // Somebody in the clinic takes our referral, and opens the closed task again: that is news.
    const ownRef = `Task/${String(own?.['id'])}`;
    await write('PUT', ownRef, { ...own, status: 'accepted' });
    await write('PUT', taskRef, { ...(await read(taskRef)), status: 'in-progress' });
    await heard(ownRef, 'accepted');
    const all = await heard(taskRef, 'in-progress');
    expect(shown(all).slice(4)).toEqual([
      ['task.changed', 'accepted', ownRef],
      ['task.changed', 'in-progress', taskRef],
    ]);
    // An edit that changes nothing for the CHW is none.
    await write('PUT', visitRef, { ...appointment('noshow'), id: visit.id, comment: 'Otra nota' });

    program.signal('SIGKILL');
    await program.ended;
    program = await site.start();
    const last = await write('POST', 'Appointment', appointment('cancelled'));
    expect(shown(await heard(`Appointment/${last.id}`, 'cancelled'))).toEqual([
      ...shown(all),
      ['appointment.changed', 'cancelled', `Appointment/${last.id}`],
    ]);
  });

  test('is read page by page, for the patients of one app', async () => {
    const whole = (await changes()).changes;
    const pages: Change[] = [];
    let after = '0';
    for (;;) {
      const page = await changes(`?limit=2&after=${after}`);
      pages.push(...page.changes);
      after = page.next;
      if (!page.more) break;
    }
    expect(pages).toEqual(whole);
    expect(await changes(`?after=${after}`)).toEqual({ changes: [], next: after, more: false });
    expect((await changes('?source=commcare-ejemplo')).changes).toEqual(whole);
    expect((await changes('?source=otra-app')).changes).toEqual([]);
    expect((await site.ask('/v1/changes?after=x')).status).toBe(400);
  });

  test('is not told to a key without the scope, nor to that of another system', async () => {
    const made = async (...more: string[]) =>
      /tjd_[\w-]+/.exec((await site.run(['keys', 'create', 'app', ...more])).text)?.[0] ?? '';
    const ask = (secret: string, query = '') =>
      site.ask(`/v1/changes${query}`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await ask(await made('--scope', 'activities:write'))).status).toBe(403);
    const bound = await made('--scope', 'changes:read', '--system', 'otra-app');
    expect((await ask(bound)).body).toMatchObject({ changes: [] });
    expect((await ask(bound, '?source=commcare-ejemplo')).status).toBe(403);
  });

  test('of who has left the programme is not told', async () => {
    expect((await changes()).changes).not.toEqual([]);
    const consent = example('consent.record');
    const { subject, performer } = example('contact.phone');
    const details = {
      ...(consent['details'] as object),
      kind: 'programme',
      status: 'withdrawn',
      consentId: 'c-programa',
    };
    const source = { systemId: 'commcare-ejemplo', recordId: 'retiro', recordVersion: 1 };
    await send({ ...consent, source, subject, performer, details });
    const messages = await settled(site);
    expect(messages.map(({ state, cause }) => [state, cause])).toEqual(messages.map(() => ['filed', undefined]));
    expect((await changes()).changes).toEqual([]);
  });
});
