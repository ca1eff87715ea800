/** A real CommCare form through the real program: delivered again and again, edited, unmapped. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(120_000);
const file = path.resolve('../shared/data/chw/commcare/form-v1-list-page.json');
const present = existsSync(file) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/chw is absent; the real CommCare form is skipped\n');

const form = 'http://openrosa.org/formdesigner/4281EB62-46E6-49AD-A08C';
const withForms = (forms: string): string => `
sources:
  - name: commcare-moz
    format: commcare
    programmeId: programme
    timeZone: America/Chicago
    patient: { mrn: case.update.text, dob: { from: case.update.dateval, as: date } }
    forms: ${forms}
`;
const mapped = `
      - xmlns: ${form}
        activityType: contact.clinic
        constants: { details.reason: registro }
        fields: { durationMinutes: { from: form.question11, as: number }, narrative.en: form.question1 }
`;

type Form = { [name: string]: unknown; form: Record<string, unknown> };

let site: Site;
beforeEach(async () => {
  site = await aSite();
});
afterEach(() => site.end());

const register = (mrn: string, dob: string) =>
  site.ask('/sandbox/fhir/Patient', {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: {
      resourceType: 'Patient',
      active: true,
      identifier: [{ system: 'urn:tejido:sandbox:mrn', value: mrn }],
      name: [{ family: 'Prueba' }],
      birthDate: dob,
    },
  });

const deliver = async (body: unknown) => {
  const { status, body: answer } = await site.ask('/v1/sources/commcare-moz', { method: 'POST', body });
  return { status, receipts: (answer as { receipts: readonly { id: string; state: string }[] }).receipts };
};

const noteOf = (resource: Record<string, unknown> | undefined): string => {
  const [content] = (resource?.['content'] ?? []) as readonly { attachment: { data: string } }[];
  return Buffer.from(content?.attachment.data ?? '', 'base64').toString('utf8');
};

(present ? describe : describe.skip)('a real CommCare form', () => {
  /** One of a page of CommCare's forms API, whose items are what data forwarding sends. */
  const original = (): Form =>
    (JSON.parse(readFileSync(file, 'utf8')) as { objects: readonly Form[] }).objects[0] as Form;
  const edited = (): Form => {
    const one = original();
    one.form['question1'] = 'walks every day';
    return { ...one, server_modified_on: '2016-12-01T00:00:00.000001Z', edited_on: '2016-12-01T00:00:00.000001Z' };
  };

  test('delivered four times after its edited version is one set of resources with the edited content, and five receipts', async () => {
    await site.configure(withForms(mapped));
    await site.start();
    expect((await register('TEST', '2012-09-26')).status).toBe(201);
    const given = [await deliver(edited())];
    for (let n = 0; n < 4; n += 1) given.push(await deliver(original()));
    expect(given.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    const ids = given.flatMap(({ receipts }) => receipts.map(({ id }) => id));
    expect(new Set(ids).size).toBe(5);
    const messages = await settled(site);
    expect(messages.map(({ state }) => state)).toEqual([
      'superseded',
      'superseded',
      'superseded',
      'superseded',
      'filed',
    ]);
    expect(await site.chart('Encounter')).toHaveLength(1);
    const notes = await site.chart('DocumentReference');
    expect(notes).toHaveLength(1);
    expect(noteOf(notes[0])).toContain('walks every day');
  });

  test('that nobody mapped is held, and goes on when the configuration has it', async () => {
    await site.configure(withForms('[]'));
    const program = await site.start();
    await register('TEST', '2012-09-26');
    const { status } = await deliver(original());
    expect(status).toBe(202);
    const [message] = await settled(site);
    expect(message).toMatchObject({ state: 'held', cause: 'mapping/no-route' });
    expect(await site.chart('Encounter')).toHaveLength(0);

    program.signal('SIGTERM');
    await program.ended;
    await site.configure(withForms(mapped));
    await site.start();
    const retried = await site.ask(`/v1/messages/${message?.id ?? ''}/retry`, { method: 'POST' });
    expect(retried.status).toBeLessThan(300);
    await settled(site);
    expect(await listed(site)).toMatchObject([{ state: 'filed' }]);
    expect(noteOf((await site.chart('DocumentReference'))[0])).toContain('OK');
  });
});
