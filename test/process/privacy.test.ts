/** Consent and wording through the real doors, into the sandbox: acceptance stories 6 and 8. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { until } from '../../src/prove/until.ts';
import { queueContents } from '../../src/wake/contents.ts';
import { aSite, listed, settled, type Site } from './tejido.ts';

jest.setTimeout(180_000);

const visit = JSON.parse(readFileSync('schemas/examples/contact.home.json', 'utf8')) as Record<string, unknown>;
const subject = { sourcePatientId: '8f8fd909', mrn: 'SYN-10023', dob: '1961-03-02' };
const record = (recordId: string, more: Record<string, unknown>, recordVersion = 1) => ({
  schemaVersion: '1.0',
  programmeId: 'msep',
  status: 'completed',
  occurredAt: '2026-05-06T18:05:00-05:00',
  performer: { sourceUserId: 'f4c63df2' },
  subject,
  source: { systemId: 'ejemplo', recordId, recordVersion },
  ...more,
});

type Story = {
  readonly state: string;
  readonly cause?: string;
  readonly whoActs?: string;
  readonly sealed?: true;
  readonly patientKey: string;
  readonly events: readonly { readonly issues?: readonly { readonly where: string; readonly what: string }[] }[];
};

/** An id or an hour may hold the letters of what is looked for: `a1c` is a part of many a uuid. */
const withoutIds = (text: string): string =>
  text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[a-z2-7]{26}|\d{4}-\d\d-\d\dT[\d:.]+Z|Patient\/syn-10023/g, '…');

const story = async (site: Site, id: string): Promise<Story> => (await site.ask(`/v1/messages/${id}`)).body as Story;

async function send(site: Site, body: unknown): Promise<string> {
  const { status, body: answer, text } = await site.ask('/v1/activities', { method: 'POST', body });
  if (status !== 202) throw new Error(text);
  const id = (answer as { receipts: readonly { id: string }[] }).receipts[0]?.id ?? '';
  await settled(site);
  return id;
}

describe('story 6: a food referral', () => {
  let site: Site;
  let referral: string;
  beforeAll(async () => {
    site = await aSite();
    await site.configure('consent: { require: recorded }\n');
    await site.start();
  });
  afterAll(() => site.end());

  test('waits while no consent is recorded, and nothing of it stands in the chart', async () => {
    referral = await send(
      site,
      record('ref-5', {
        activityType: 'referral.community',
        consentRef: 'c-3',
        narrative: { es: 'Su A1c fue 9.4; le alcanza la comida tres semanas.' },
        details: {
          referralId: 'r-5',
          category: 'food',
          serviceId: 'hsds:svc-9',
          serviceName: 'Despensa San José (ejemplo)',
          urgency: 'routine',
          contactPreference: 'SMS, por la tarde',
        },
      }),
    );
    expect(await story(site, referral)).toMatchObject({
      state: 'held',
      cause: 'gate/consent-missing',
      whoActs: 'author',
    });
    expect(await site.chart('ServiceRequest')).toEqual([]);
    const { text } = await site.ask('/v1/referrals');
    expect(JSON.parse(text)).toEqual({ referrals: [] });
  });

  test('goes on by itself when the consent comes, with no more than the organisation needs', async () => {
    const details = {
      consentId: 'c-3',
      kind: 'community-referral',
      status: 'given',
      scope: ['food'],
      method: 'written',
    };
    await send(site, record('consent-3', { activityType: 'consent.record', details }));
    // What waited is let go in the moment after the consent stands.
    await until(async () => ((await story(site, referral)).state === 'filed' ? true : undefined), 30_000);
    expect(await story(site, referral)).toMatchObject({ state: 'filed' });
    const [request] = await site.chart('ServiceRequest');
    const [task] = await site.chart('Task?code=fulfill');
    expect(request).toMatchObject({ status: 'active', priority: 'routine' });
    expect(task).toMatchObject({ status: 'requested', description: expect.any(String) });
    const packet = withoutIds(JSON.stringify([request, task]));
    expect(packet).toContain('SMS, por la tarde');
    expect(packet).not.toMatch(/A1c|9\.4|SYN-10023|1961-03-02|diabet|E11/i);
    expect([request?.['reasonCode'], request?.['reasonReference'], task?.['reasonCode']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('is accounted for as a disclosure', async () => {
    const { patientKey } = await story(site, referral);
    const { body } = await site.ask(`/v1/people/${patientKey}/disclosures`);
    expect(body).toMatchObject({
      disclosures: [{ messageId: referral, recipient: 'hsds:svc-9', what: ['ServiceRequest', 'Task'], consent: 'c-3' }],
    });
    const { text } = await site.run(['disclosures', 'list', '--message', referral]);
    expect(text).toContain('hsds:svc-9');
  });

  test('is declined at capacity: board and chart agree, and say why', async () => {
    const details = {
      referralId: 'r-5',
      status: 'rejected',
      outcome: 'no-capacity',
      category: 'food',
      reason: 'lista de espera',
    };
    const id = await send(
      site,
      record('out-5', { activityType: 'referral.outcome', occurredAt: '2026-05-12T10:00:00-05:00', details }),
    );
    expect(await story(site, id)).toMatchObject({ state: 'filed' });
    const { body } = await site.ask('/v1/referrals?state=rejected&category=food');
    expect(body).toMatchObject({
      referrals: [
        { referralId: 'r-5', category: 'food', state: 'rejected', outcome: 'no-capacity', service: 'hsds:svc-9' },
      ],
    });
    const [{ ageDays } = { ageDays: 0 }] = (body as { referrals: readonly { ageDays: number }[] }).referrals;
    expect(ageDays).toBeGreaterThan(30);
    const tasks = await site.chart('Task?code=fulfill');
    expect(tasks).toMatchObject([
      { status: 'rejected', statusReason: { text: expect.stringMatching(/capacity|espera/i) } },
    ]);
    expect((await site.run(['referrals', 'list'])).text).toContain('no-capacity');
  });

  test('after a withdrawal the next one waits; the withdrawal lists what was disclosed before', async () => {
    const details = { consentId: 'c-3', kind: 'community-referral', status: 'withdrawn' };
    const withdrawal = await send(
      site,
      record('consent-3-w', { activityType: 'consent.record', occurredAt: '2026-06-01T10:00:00-05:00', details }),
    );
    const told = (await story(site, withdrawal)).events.flatMap(({ issues = [] }) => issues);
    expect(told).toContainEqual(expect.objectContaining({ what: expect.stringContaining('to hsds:svc-9') }));
    const next = await send(
      site,
      record('ref-6', {
        activityType: 'referral.community',
        occurredAt: '2026-06-02T10:00:00-05:00',
        details: { referralId: 'r-6', category: 'food', consentRef: 'c-3' },
      }),
    );
    expect(await story(site, next)).toMatchObject({ cause: 'gate/consent-withdrawn', whoActs: 'privacy-officer' });
  });
});

describe('story 8: a text mentions immigration status', () => {
  const canary = 'Zarzamora';
  /** The wording, and what stands around it. */
  const forbidden = /indocumentad|estatus_?migratorio|green card|zarzamora/i;
  const clean = (text: string): void => expect(text).not.toMatch(forbidden);
  const bad = { narrative: { es: `${canary}: dice que es INDOCUMENTADA.` } };
  let site: Site;
  let [first, second, third] = ['', '', ''];

  beforeAll(async () => {
    site = await aSite();
    await site.start({ env: { LOG_LEVEL: 'debug' } });
    first = await send(site, { ...visit, ...record('v-1', { activityType: 'contact.home', ...bad }) });
    second = await send(site, { ...visit, ...record('v-2', { activityType: 'contact.home', ...bad }) });
    third = await send(
      site,
      record('v-3', {
        activityType: 'contact.home',
        estatus_migratorio: canary,
        attachments: [{ title: 'green card.pdf' }],
      }),
    );
  });
  afterAll(() => site.end());

  const database = async <T extends QueryResultRow>(sql: string): Promise<readonly T[]> => {
    const client = new Client({ connectionString: await site.databaseUrl() });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  test('is held for its author, and says where, not what', async () => {
    for (const [id, where] of [[first, '/narrative/es'], [third, '/attachments/0/title']] as const) {
      const held = await story(site, id);
      expect(held).toMatchObject({ state: 'held', cause: 'gate/sensitive-text', whoActs: 'author', sealed: true });
      const places = held.events.flatMap(({ issues = [] }) => issues.map((issue) => issue.where));
      expect(places).toContain(where);
    }
    expect(await site.chart('Encounter')).toEqual([]);
  }); // prettier-ignore

  test('its words are in no list, answer, bytes shown, metric, log, queue, nor in the chart', async () => {
    for (const at of [
      '/v1/messages',
      ...[first, second, third].flatMap((id) => [`/v1/messages/${id}`, `/v1/messages/${id}?raw=true`]),
      '/v1/unmapped',
      '/v1/referrals',
      '/metrics',
    ]) {
      clean((await site.ask(at)).text);
    }
    for (const args of [
      ['messages', 'show', first, '--bodies'],
      ['messages', 'show', first, '--raw'],
      ['map', 'diff', '--since', '2d', '--values'],
    ]) {
      clean((await site.run(args)).text);
    }
    clean(await site.log());
    clean(await queueContents(await site.databaseUrl()));
    clean(readFileSync(path.join(site.folder, 'data', 'postgres.log'), 'utf8'));
    for (const type of ['Encounter', 'DocumentReference', 'Observation']) clean(JSON.stringify(await site.chart(type)));
  });

  test('a dry run says so too, and repeats nothing', async () => {
    const { text } = await site.ask('/v1/activities?dryRun=true', {
      method: 'POST',
      body: record('v-9', { activityType: 'contact.home', ...bad }),
    });
    expect(text).toContain('gate/sensitive-text');
    clean(text);
  });

  test('every table of the database is clean of it: the copies are sealed', async () => {
    const tables = await database<{ name: string }>(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await database<{ row: string }>(`select t::text as row from ${name} t`);
      for (const { row } of rows) {
        clean(row);
        for (const [hex] of row.matchAll(/[\da-f]{40,}/g)) clean(Buffer.from(hex, 'hex').toString('latin1'));
      }
    }
    const sealed = await database<{ n: number }>(`select count(*)::int as n from payload
      where position('TJDSEAL1'::bytea in body) = 1`);
    expect(sealed).toEqual([{ n: 3 }]);
  });

  test('a reworded version is filed, and the sealed copy is gone', async () => {
    const reworded = {
      ...visit,
      ...record('v-1', { activityType: 'contact.home', narrative: { es: 'Tiene miedo.' } }, 2),
    };
    expect(await story(site, await send(site, reworded))).toMatchObject({ state: 'filed' });
    expect(await story(site, first)).toMatchObject({ state: 'superseded' });
    expect(await database(`select 1 from payload where message_id = ${first}`)).toEqual([]);
  });

  test('an amend rewords too: the record stands as amended, and so does the copy of it', async () => {
    const details = {
      target: { recordId: 'v-2' },
      reason: 'privacy',
      changes: { narrative: { es: 'Tiene miedo de ir.' } },
    };
    expect(await story(site, await send(site, record('a-2', { activityType: 'amend', details })))).toMatchObject({
      state: 'filed',
    });
    const base = await story(site, second);
    expect(base).toMatchObject({ state: 'filed' });
    expect(base).not.toHaveProperty('sealed');
    const { text } = await site.ask(`/v1/messages/${second}?raw=true`);
    expect(text).toContain('Tiene miedo de ir.');
    clean(text);
    // A second amendment builds on it.
    const again = { ...details, changes: { durationMinutes: 33 } };
    expect(await story(site, await send(site, record('a-3', { activityType: 'amend', details: again })))).toMatchObject(
      { state: 'filed' },
    );
    expect((await listed(site)).filter(({ state }) => state === 'held')).toMatchObject([{ id: third }]);
    for (const note of await site.chart('DocumentReference')) {
      const [content] = note['content'] as readonly { attachment: { data: string } }[];
      clean(Buffer.from(content?.attachment.data ?? '', 'base64').toString('utf8'));
    }
  });
});
