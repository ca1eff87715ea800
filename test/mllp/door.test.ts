/** Which message gets which answer, through a real socket onto a real ledger. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aDoor, aSender, codesOf, framed, oru, type Talk, type TestDoor } from './support.ts';

let door: TestDoor;
let talk: Talk;

beforeAll(async () => {
  door = await aDoor({
    limits: { frameBytes: 20_000 },
    senders: [
      aSender({ name: 'adt', match: { application: 'ADT1', facility: 'RIVERLAB' }, unknownTypes: 'reject' }),
      aSender({ name: 'by-address', match: { application: 'ANY', address: '127.0.0.1' } }),
      aSender({ name: 'elsewhere', match: { application: 'FAR', address: '10.9.9.9' } }),
    ],
  });
  talk = await door.talk();
});
afterAll(async () => {
  talk.socket.destroy();
  await door.end();
});

const ask = async (message: string | Buffer): Promise<string> => {
  talk.send(framed(message));
  const [answer = ''] = await talk.answers(1);
  return answer;
};

describe('each kind of message gets its answer', () => {
  test('what is committed: AA', async () => {
    const answer = await ask(oru({ id: 'PLAIN' }));
    expect(answer).toMatch(
      /^MSH\|\^~\\&\|CHWHUB\|CLINIC\|LABCORE\|RIVERLAB\|20260310161502\+0000\|\|ACK\^R01\^ACK\|T\w{1,19}\|P\|2\.5\.1\rMSA\|AA\|PLAIN\r$/,
    );
    expect((await door.messages()).at(-1)).toMatchObject({ state: 'received', kind: 'ORU^R01', source: 'hl7' });
  });

  test('enhanced mode by MSH-15 and MSH-16: CA, AA, or no answer', async () => {
    expect(codesOf(await ask(oru({ id: 'E1', msh: { 15: 'AL', 16: 'NE' } })))).toEqual(['CA E1']);
    expect(codesOf(await ask(oru({ id: 'E2', msh: { 15: 'NE', 16: 'AL' } })))).toEqual(['AA E2']);
    talk.send(framed(oru({ id: 'E3', msh: { 15: 'NE', 16: 'NE' } })));
    talk.send(framed(oru({ id: 'E4', msh: { 15: 'ER' } })));
    expect(codesOf(await ask(oru({ id: 'E5' })))).toEqual(['AA E5']);
    expect((await door.messages()).filter(({ body }) => /\|E[1-5]\|/.test(body))).toHaveLength(5);
    expect(codesOf(await ask(oru({ id: '', msh: { 15: 'ER' } })))).toEqual(['CR ']);
  });

  test('an unreadable header: AR, and the bytes are held', async () => {
    expect(codesOf(await ask('PID|1||no header'))).toEqual(['AR ']);
    expect((await door.messages()).at(-1)).toMatchObject({
      state: 'held',
      cause: 'source/unreadable',
      body: 'PID|1||no header',
    });
  });

  test('MSH-10 empty: AR with the place, and the bytes are held, once', async () => {
    const before = (await door.messages()).length;
    const answer = await ask(oru({ id: '' }));
    expect(answer).toContain('ERR||MSH^1^10|101^Required field missing^HL70357|E|');
    await ask(oru({ id: '' }));
    const after = await door.messages();
    expect(after).toHaveLength(before + 1);
    expect(after.at(-1)).toMatchObject({ state: 'held', cause: 'source/unreadable' });
  });

  test('a type that is not read: AA and held, or AR, as its sender is configured', async () => {
    const adt = (application: string) =>
      oru({ id: `ADT-${application}`, msh: { 3: application, 9: 'ADT^A08^ADT_A01' } });
    expect(codesOf(await ask(adt('ADT2')))).toEqual(['AA ADT-ADT2']);
    expect((await door.messages()).at(-1)).toMatchObject({
      state: 'held',
      cause: 'source/unsupported',
      kind: 'ADT^A08',
    });
    const before = (await door.messages()).length;
    expect(await ask(adt('ADT1'))).toContain('ERR||MSH^1^9|200^Unsupported message type^HL70357|E|');
    expect(await door.messages()).toHaveLength(before);
    expect(codesOf(await ask(oru({ id: 'ORU-ADT1', msh: { 3: 'ADT1' } })))).toEqual(['AA ORU-ADT1']);
    expect((await door.messages()).at(-1)).toMatchObject({ source: 'adt', state: 'received' });
  });

  test('another version, other delimiters, LF and a byte order mark are no error', async () => {
    expect(codesOf(await ask(oru({ id: 'V9', msh: { 12: '9.9' } })))).toEqual(['AA V9']);
    expect(codesOf(await ask(`\ufeff${oru({ id: 'BOM' }).replaceAll('\r', '\n')}`))).toEqual(['AA BOM']);
    expect(await ask('MSH$*~!&$LAB$RIVER$HUB$CLINIC$20260310$$ORU*R01$DOLLAR$P$2.3\rPID$1\r')).toContain(
      '\rMSA$AA$DOLLAR\r',
    );
  });

  test('too large: AR with its MSA-2, and the next message is taken', async () => {
    const answer = await ask(oru({ id: 'LARGE', value: '9'.repeat(30_000) }));
    expect(codesOf(answer)).toEqual(['AR LARGE']);
    expect(answer).toContain('at most 20000 are taken');
    expect(codesOf(await ask(oru({ id: 'AFTER' })))).toEqual(['AA AFTER']);
  });

  test('an acknowledgement: none, it would go round for ever', async () => {
    talk.send(framed('MSH|^~\\&|A|B|C|D|2026||ACK^R01^ACK|A1|P|2.5.1\rMSA|AA|X\r'));
    expect(codesOf(await ask(oru({ id: 'NEXT' })))).toEqual(['AA NEXT']);
    expect(door.counted['acknowledgement']).toBe(1);
  });

  test('a ledger that cannot commit: AE and CE, and the connection lives; sent again it is AA', async () => {
    await door.ledger.pool.query('alter table hl7_intake rename to away');
    expect(await ask(oru({ id: 'DOWN' }))).toContain('\rMSA|AE|DOWN|');
    expect(codesOf(await ask(oru({ id: 'DOWN2', msh: { 15: 'AL' } })))).toEqual(['CE DOWN2']);
    expect(codesOf(await ask('no header either'))).toEqual(['AE ']);
    await door.ledger.pool.query('alter table away rename to hl7_intake');
    expect(codesOf(await ask(oru({ id: 'DOWN' })))).toEqual(['AA DOWN']);
  });

  test('no answer of any of them tells what stood in PID or OBX', async () => {
    const answers = [
      await ask(oru({ id: '' })),
      await ask(oru({ id: 'L2', value: '8.8'.repeat(9_000) })),
      await ask('PID|1||SECRET'),
    ];
    expect(answers.join('')).not.toMatch(/Ramirez|100200300|8\.8|SECRET/);
  });
});

describe('a sender is known by', () => {
  test('all that its configuration names', async () => {
    await ask(oru({ id: 'BY1', msh: { 3: 'ANY' } }));
    await ask(oru({ id: 'BY2', msh: { 3: 'FAR' } }));
    expect((await door.messages()).slice(-2).map(({ source }) => source)).toEqual(['by-address', 'hl7']);
  });
});

describe('a message that comes again', () => {
  const first = oru({ id: 'S19', mrn: '100200300', filler: 'F-5019', value: '7.3' });

  test('byte for byte is answered again, and nothing is stored', async () => {
    expect(codesOf(await ask(first))).toEqual(['AA S19']);
    const before = (await door.messages()).length;
    expect(codesOf(await ask(first))).toEqual(['AA S19']);
    expect(await door.messages()).toHaveLength(before);
  });

  test('with the same MSH-10 about somebody else, or at another time, is a message of its own: counters restart', async () => {
    const before = (await door.messages()).length;
    expect(codesOf(await ask(oru({ id: 'S19', mrn: '100200319', filler: 'F-5019X', value: '7.3' })))).toEqual([
      'AA S19',
    ]);
    expect(codesOf(await ask(oru({ id: 'S19', filler: 'F-5019', value: '7.3', msh: { 7: '20260401' } })))).toEqual([
      'AA S19',
    ]);
    expect(codesOf(await ask(oru({ id: 'S19', filler: 'F-OTHER', value: '7.3' })))).toEqual(['AA S19']);
    expect((await door.messages()).slice(before).map(({ state }) => state)).toEqual([
      'received',
      'received',
      'received',
    ]);
  });

  test('with the same MSH-10, MSH-7, patient and order but other content is rejected, held once, and told', async () => {
    const before = (await door.messages()).length;
    const other = oru({ id: 'S19', filler: 'F-5019', value: '9.3' });
    for (let n = 0; n < 3; n += 1) {
      const answer = await ask(other);
      expect(codesOf(answer)).toEqual(['AR S19']);
      expect(answer).toContain('205^Duplicate key identifier^HL70357');
    }
    expect((await door.messages()).slice(before)).toMatchObject([{ state: 'held', cause: 'source/control-id-reused' }]);
    expect(door.logged).toContain('mllp.control-id-reused');
    expect(codesOf(await ask(first))).toEqual(['AA S19']);
  });

  test('in one packet with itself and with its opposite is judged by the first', async () => {
    const one = oru({ id: 'TWIN', filler: 'F-T' });
    const two = oru({ id: 'TWIN', filler: 'F-T', value: '1.1' });
    talk.send(Buffer.concat([framed(one), framed(one), framed(two), framed(one)]));
    expect((await talk.answers(4)).flatMap(codesOf)).toEqual(['AA TWIN', 'AA TWIN', 'AR TWIN', 'AA TWIN']);
  });
});

describe('a batch', () => {
  const batch = (...messages: readonly string[]): string =>
    `FHS|^~\\&|LABCORE|RIVERLAB|CHWHUB|CLINIC|2026||night||FILE1\rBHS|^~\\&|LABCORE|RIVERLAB|CHWHUB|CLINIC|2026||||BATCH1\r${messages.join('')}BTS|${messages.length}\rFTS|1\r`;

  test('is answered as a batch, one acknowledgement for each message, and each is stored', async () => {
    const before = (await door.messages()).length;
    const answer = await ask(
      batch(oru({ id: 'B1', filler: 'FB1' }), oru({ id: '', filler: 'FB2' }), oru({ id: 'B3', filler: 'FB3' })),
    );
    expect(codesOf(answer)).toEqual(['AA B1', 'AR ', 'AA B3']);
    expect(answer.split('\r').map((line) => line.slice(0, 3))).toEqual(['FHS', 'BHS', 'MSH', 'MSA', 'MSH', 'MSA', 'ERR', 'MSH', 'MSA', 'BTS', 'FTS', '']); // prettier-ignore
    expect(answer).toMatch(
      /\rBHS\|\^~\\&\|CHWHUB\|CLINIC\|LABCORE\|RIVERLAB\|20260310161502\+0000\|\|\|\|\w+\|BATCH1\r/,
    );
    expect(answer).toContain('\rBTS|3\rFTS|1\r');
    expect((await door.messages()).slice(before).map(({ state }) => state)).toEqual(['received', 'held', 'received']);
  });

  test('sent again is answered again and stored once; a wrong BTS-1 is told in the log', async () => {
    const before = (await door.messages()).length;
    const sent = batch(oru({ id: 'B4', filler: 'FB4' }), oru({ id: 'B5', filler: 'FB5' })).replace('BTS|2', 'BTS|3');
    expect(codesOf(await ask(sent))).toEqual(['AA B4', 'AA B5']);
    expect(codesOf(await ask(sent))).toEqual(['AA B4', 'AA B5']);
    expect(await door.messages()).toHaveLength(before + 2);
    expect(door.logged).toContain('mllp.batch-incomplete');
  });

  test('without messages, and messages without a header, are answered in their own form', async () => {
    expect(await ask(batch())).toContain('\rBTS|0\rFTS|1\r');
    const answer = await ask(oru({ id: 'N1', filler: 'FN1' }) + oru({ id: 'N2', filler: 'FN2' }));
    expect(codesOf(answer)).toEqual(['AA N1', 'AA N2']);
    expect(answer).toMatch(/^MSH/);
  });

  test('that cannot be committed is AE in all its parts', async () => {
    await door.ledger.pool.query('alter table hl7_intake rename to away');
    expect(codesOf(await ask(batch(oru({ id: 'B6' }), oru({ id: 'B7' }))))).toEqual(['AE B6', 'AE B7']);
    await door.ledger.pool.query('alter table away rename to hl7_intake');
  });
});
