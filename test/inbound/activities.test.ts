import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fail } from '../../src/core/outcome.ts';
import { adminKey, anActivity, closeDoors, LedgerUnavailable, openDoor, problemIn, type Door } from './door.ts';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(closeDoors);

const send = (body: unknown, headers: Record<string, string> = {}) =>
  door.post('/v1/activities', typeof body === 'string' ? body : JSON.stringify(body), headers);
const pointers = async (response: Response) => (await problemIn(response)).errors?.map(({ pointer }) => pointer);

describe('what is accepted', () => {
  test('one activity is answered 202 with a receipt and the place of its message', async () => {
    const activity = anActivity();
    const text = `\n ${JSON.stringify(activity, null, 1)} \n`;
    const response = await send(text);
    expect(response.status).toBe(202);
    const { receipts } = (await response.json()) as { receipts: { id: string; state: string }[] };
    expect(receipts).toEqual([{ id: expect.any(String), state: 'received' }]);
    expect(response.headers.get('location')).toBe(`/v1/messages/${receipts[0]?.id}`);
    const kept = door.accepted.at(-1);
    expect(Buffer.from(kept?.raw ?? []).toString()).toBe(text.trim());
    expect(kept).toMatchObject({
      source: 'commcare-alivio',
      format: 'activity',
      kind: 'contact.phone',
      record: { version: 1 },
      patient: { source: 'commcare-alivio', sourcePatientId: '8f8fd909', mrn: 'SYN-10023', dob: '1961-03-02' },
      occurredAt: new Date('2026-05-06T23:05:00Z'),
      actor: 'admin',
    });
  });

  test('the same content in another key order has the same hash', async () => {
    const activity = anActivity();
    await send(activity);
    await send(Object.fromEntries(Object.entries(activity).reverse()));
    const [one, other] = door.accepted.slice(-2);
    expect(one?.record?.contentHash).toBe(other?.record?.contentHash);
  });

  test('a source without versions sends a content hash, and the order of arrival decides', async () => {
    await send(anActivity({ source: { systemId: 's', recordId: 'r', contentHash: 'abc' } }));
    expect(door.accepted.at(-1)?.record).toEqual({ id: 'r', contentHash: expect.any(String) });
  });

  test('a void names the record it needs first', async () => {
    await send(anActivity({ activityType: 'void', details: { target: { recordId: 'r-9' }, reason: 'mistaken' } }));
    expect(door.accepted.at(-1)).toMatchObject({ kind: 'void', dependsOn: ['r-9'] });
  });

  test('every element of an array keeps its own bytes', async () => {
    const texts = [1, 2, 3].map((n) =>
      JSON.stringify(anActivity({ narrative: { es: `camina, "bien" ] ñ ${n}` } }), null, n),
    );
    const response = await send(`[ ${texts.join(' ,\n')} ]`);
    expect(response.status).toBe(202);
    expect(door.accepted.slice(-3).map(({ raw }) => Buffer.from(raw).toString())).toEqual(texts);
    expect(response.headers.get('location')).toBeNull();
  });

  test('NDJSON takes one activity a line and skips blank lines', async () => {
    const lines = [anActivity(), anActivity()].map((one) => JSON.stringify(one));
    const response = await send(`${lines[0]}\r\n\r\n${lines[1]}`, { 'content-type': 'application/x-ndjson' });
    expect(response.status).toBe(202);
    expect(door.accepted.slice(-2).map(({ raw }) => Buffer.from(raw).toString())).toEqual(lines);
  });

  test('in a batch each item has its own result, at its own index', async () => {
    const before = door.accepted.length;
    const response = await send([anActivity(), { activityType: 'contact.phone' }, anActivity()]);
    expect(response.status).toBe(202);
    const { receipts } = (await response.json()) as { receipts: Record<string, unknown>[] };
    expect(receipts[0]).toHaveProperty('state', 'received');
    expect(receipts[1]).toMatchObject({ error: { status: 422, errors: expect.any(Array) } });
    expect(receipts[2]).toHaveProperty('state', 'received');
    expect(door.accepted).toHaveLength(before + 2);
  });

  test('a batch of which nothing is accepted is 422 with the errors of each', async () => {
    const response = await send([{}, 7]);
    expect(response.status).toBe(422);
    expect((await problemIn(response)).receipts).toHaveLength(2);
  });

  test('one damaged line of NDJSON leaves the others alone', async () => {
    const response = await send(`{"a":\n${JSON.stringify(anActivity())}`, { 'content-type': 'application/x-ndjson' });
    expect(response.status).toBe(202);
    const { receipts } = (await response.json()) as { receipts: Record<string, unknown>[] };
    expect(receipts[0]).toHaveProperty('error');
    expect(receipts[1]).toHaveProperty('id');
  });

  test('keys of the prototype are only keys', async () => {
    const text = JSON.stringify(anActivity()).replace('{', '{"__proto__":{"status":"void"},"constructor":{"x":1},');
    expect((await send(text)).status).toBe(202);
    expect(({} as Record<string, unknown>)['status']).toBeUndefined();
  });

  test('a dry run answers the FHIR and keeps nothing', async () => {
    const before = door.accepted.length;
    const response = await door.post('/v1/activities?dryRun=true', JSON.stringify(anActivity()));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      dryRun: true,
      results: [{ bundle: { resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Encounter' } }] } }],
    });
    expect(door.accepted).toHaveLength(before);
  });

  test('a dry run says why it would be held', async () => {
    const holding = await openDoor({ deps: { dryRun: () => fail('gate/consent-missing', 'No consent.') } });
    const response = await holding.post('/v1/activities?dryRun=true', JSON.stringify(anActivity()));
    expect(await response.json()).toMatchObject({
      results: [{ wouldBe: { state: 'held', cause: 'gate/consent-missing' } }],
    });
    await holding.close();
  });
});

describe('what is refused', () => {
  test('everything that is wrong is told at once, with pointers and without values', async () => {
    const response = await send(
      anActivity({
        occurredAt: '2026-05-06T18:05:00',
        durationMinutes: 'Guadalupe',
        subject: { mrn: 'SECRET-MRN' },
        components: [
          {
            key: 'v1',
            activityType: 'vital.measure',
            details: { kind: 'weight', method: 'chw-device', unit: 'stone', value: 1 },
          },
          { key: 'v1', activityType: 'goal.set', details: { goalId: 'g', text: 'x' } },
        ],
      }),
    );
    expect(response.status).toBe(422);
    const text = await response.text();
    const { errors } = JSON.parse(text) as { errors: { pointer: string }[] };
    const found = errors.map(({ pointer }) => pointer);
    expect(found).toEqual(
      expect.arrayContaining([
        '/occurredAt',
        '/durationMinutes',
        '/subject/dob',
        '/components/0/details/unit',
        '/components/1/key',
      ]),
    );
    expect(text).not.toMatch(/Guadalupe|SECRET-MRN|stone/);
  });

  test.each([
    ['before 2000', { occurredAt: '1900-01-01T10:00:00Z' }],
    ['in 2100', { occurredAt: '2100-01-01T10:00:00Z' }],
    ['more than a day ahead', { occurredAt: '2026-05-08T12:00:01Z' }],
    ['without a zone', { occurredAt: '2026-05-06T10:00:00' }],
    ['on no day of the calendar', { occurredAt: '2026-02-30T10:00:00Z' }],
  ])('a time %s', async (_name, more) => {
    const response = await send(anActivity(more));
    expect(response.status).toBe(422);
    expect(await pointers(response)).toContain('/occurredAt');
  });

  test('a phone that runs up to a day ahead is believed', async () => {
    expect((await send(anActivity({ occurredAt: '2026-05-08T11:59:00Z' }))).status).toBe(202);
  });

  test('an unknown type is answered with the known ones and the nearest', async () => {
    const response = await send(anActivity({ activityType: 'contact.phon' }));
    expect(response.status).toBe(422);
    const { errors } = await problemIn(response);
    const error = errors?.find(({ pointer }) => pointer === '/activityType');
    expect(error?.detail).toMatch(/Did you mean contact\.phone\?.*vital\.measure/);
  });

  test.each([
    ['malformed JSON', '{"schemaVersion": "1.0", "narrative": {"es": "María'],
    ['an array cut short', `[${JSON.stringify({ a: 1 })},{"b"`],
    ['two values', '{} {}'],
    ['a trailing comma', '[{"a":1},]'],
    ['nothing', ''],
    ['an empty array', '[]'],
    ['comments', '{"a":1 /* María */}'],
  ])('%s is 422 and not repeated', async (_name, body) => {
    const response = await send(body);
    expect(response.status).toBe(422);
    const text = await response.text();
    expect(text).not.toContain('María');
    expect(JSON.parse(text)).toHaveProperty('errors');
  });

  test('a syntax error is told with line and column', async () => {
    const { errors } = await problemIn(await send('{"a": 1,\n  b: 2}'));
    expect(errors?.[0]?.detail).toMatch(/line 2, column 3/);
  });

  test.each([
    ['U+0000', String.raw`{"narrative":{"es":"a\u0000b"}}`, '/narrative/es'],
    ['half a surrogate pair', String.raw`{"narrative":{"es":"\ud83d"}}`, '/narrative/es'],
    ['a key twice', '{"subject":{"mrn":"A","dob":"x","mrn":"B"}}', '/subject/mrn'],
    ['a key twice in disguise', String.raw`{"a/b":[0,{"mrn":1,"\u006drn":2}]}`, '/a~1b/1/mrn'],
  ])('%s is refused with its pointer', async (_name, body, pointer) => {
    const response = await send(body);
    expect(response.status).toBe(422);
    expect(await pointers(response)).toEqual([pointer]);
  });

  test('invalid UTF-8 is refused', async () => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xf1]), Buffer.from('"}')]);
    const response = await door.post('/v1/activities', body);
    expect(response.status).toBe(422);
    expect((await problemIn(response)).errors?.[0]?.code).toBe('json/encoding');
  });

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('deep nesting with %s is refused before it is parsed', async (open, shut) => {
    for (const depth of [200, 150_000]) {
      const response = await send(`${open.repeat(depth)}1${shut.repeat(depth)}`);
      expect(response.status).toBe(422);
      expect((await problemIn(response)).errors?.[0]?.code).toBe('json/too-deep');
    }
  });

  test('an array of 100 thousand items is 413 and says what to do', async () => {
    const response = await send(`[${'{},'.repeat(99_999)}{}]`);
    expect(response.status).toBe(413);
    expect((await problemIn(response)).errors?.[0]?.detail).toMatch(/More than 1000 items.*several/);
  });

  test('a body beyond the limit is 413, sent whole or in pieces', async () => {
    const big = 'x'.repeat(10_000_001);
    expect((await send(big)).status).toBe(413);
    const stream = new Blob([big]).stream();
    const response = await fetch(`${door.url}/v1/activities`, {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    });
    expect(response.status).toBe(413);
    expect((await send(anActivity())).status).toBe(202);
  });

  test('one activity of 1.1 MB is 413 though a batch may be larger', async () => {
    const response = await send(anActivity({ clientTags: ['x'.repeat(1_100_000)] }));
    expect(response.status).toBe(413);
  });

  test('a form body is 415', async () => {
    expect((await send('a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });

  test('a ledger that cannot commit is 503 with Retry-After, never a 2xx', async () => {
    const down = await openDoor({ deps: { accept: () => Promise.reject(new LedgerUnavailable('The disk is full.')) } });
    const response = await down.post('/v1/activities', JSON.stringify(anActivity()));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect((await problemIn(response)).detail).toBe('The disk is full.');
    await down.close();
  });

  test('a fault of our own says nothing of itself', async () => {
    const broken = await openDoor({ deps: { accept: () => Promise.reject(new Error('María at /home/x')) } });
    const response = await broken.post('/v1/activities', JSON.stringify(anActivity()));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/María|home|at /);
    await broken.close();
  });
});

describe('Idempotency-Key', () => {
  test('the same key and body give the first answer again', async () => {
    const body = JSON.stringify(anActivity());
    const before = door.accepted.length;
    const first = await send(body, { 'idempotency-key': 'k-1' });
    const again = await send(body, { 'idempotency-key': '"k-1"' });
    expect(await again.text()).toBe(await first.text());
    expect(again.status).toBe(202);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(door.accepted).toHaveLength(before + 1);
  });

  test('the same key with another body is 422', async () => {
    await send(anActivity(), { 'idempotency-key': 'k-2' });
    const response = await send(anActivity(), { 'idempotency-key': 'k-2' });
    expect(response.status).toBe(422);
    expect((await problemIn(response)).type).toMatch(/idempotency-key-reused$/);
  });

  test('a request in flight is 409, and one that failed may be sent again', async () => {
    let release = (): void => undefined;
    const entered = Promise.withResolvers<void>();
    let fails = true;
    const slow = await openDoor({
      deps: {
        accept: async (items) => {
          entered.resolve();
          if (fails) {
            await new Promise<void>((resolve) => (release = resolve));
            throw new LedgerUnavailable('down');
          }
          return items.map(() => ({ id: '1' as never, state: 'received' as const }));
        },
      },
    });
    const body = JSON.stringify(anActivity());
    const first = slow.post('/v1/activities', body, { 'idempotency-key': 'k-3' });
    await entered.promise;
    const second = await slow.post('/v1/activities', body, { 'idempotency-key': 'k-3' });
    expect(second.status).toBe(409);
    fails = false;
    release();
    expect((await first).status).toBe(503);
    expect((await slow.post('/v1/activities', body, { 'idempotency-key': 'k-3' })).status).toBe(202);
    await slow.close();
  });
});
