import { describe, expect, test } from '@jest/globals';
import type { LabMessage } from '../../src/core/lab/model.ts';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { readOru } from '../../src/hl7v2/oru.ts';
import { parseMessage } from '../../src/hl7v2/parse.ts';
import { aSender, messageOf, msh, obr, obx, pid, valueIn } from '../support/hl7v2.ts';

const read = (lines: readonly string[], sender: Partial<Hl7Sender> = {}): Outcome<readonly LabMessage[]> =>
  readOru(valueIn(parseMessage(messageOf(...lines))), aSender(sender));
const messages = (...lines: readonly string[]): readonly LabMessage[] => valueIn(read(lines));
const orders = (...lines: readonly string[]) => messages(msh, pid, ...lines).flatMap((message) => message.orders);

type Node = { readonly [name: string]: unknown };
const observations = (order: { readonly tree: Node } | undefined) =>
  (order?.tree['observation'] ?? []) as readonly Node[];
const specimens = (order: { readonly tree: Node } | undefined) => (order?.tree['specimen'] ?? []) as readonly Node[];
const comments = (node: Node | undefined) =>
  ((node?.['NTE'] ?? []) as readonly Node[]).flatMap((note) => note['comment'] as readonly string[]);
const values = (node: Node | undefined) => (node?.['OBX'] as Node | undefined)?.['observationValue'];
const cause = (outcome: Outcome<unknown>): unknown => (outcome.ok ? undefined : outcome.failure.cause);

describe('groups', () => {
  test('each patient has their own orders', () => {
    const other = pid.replace('100200300', '200').replace('Ramirez^Rosa', 'Lopez^Ana');
    const read = messages(msh, pid, 'ORC|RE|P-1|F-1', obr, obx('7.1'), other, obr.replaceAll('-1|', '-2|'), obx('6.1'));
    expect(read.map(({ patient, orders }) => [patient?.mrn, orders.map(({ filler }) => filler?.value)])).toEqual([
      ['100200300', ['F-1']],
      ['200', ['F-2']],
    ]);
  });

  test('an order begins with ORC, or with OBR where there is none', () => {
    const read = orders(
      'ORC|RE|P-1|F-1',
      'OBR|1',
      obx('1'),
      obr.replaceAll('-1|', '-2|'),
      obx('2'),
      'ORC|RE|P-3|F-3',
      'TQ1|1',
      'OBR|3|P-9|F-9',
    );
    expect(read.map(({ placer, filler }) => [placer?.value, filler?.value])).toEqual([
      ['P-1', 'F-1'],
      ['P-2', 'F-2'],
      ['P-3', 'F-3'],
    ]);
  });

  test('a note is on what stands in front of it', () => {
    const [order] = orders(
      'NTE|1|P|on the patient',
      'ORC|RE',
      obr,
      'NTE|1|L|on the order',
      'TQ1|1',
      obx('7.1'),
      'ZZZ|1',
      'NTE|1|L|first~second',
      'NTE|2|L|',
      'SPM|1|A',
      'NTE|1|L|on the specimen',
    );
    expect(comments(order?.tree)).toEqual(['on the order']);
    expect(comments(observations(order)[0])).toEqual(['first', 'second']);
    expect(JSON.stringify(order?.tree)).not.toContain('on the patient');
  });

  test('OBX behind SPM are of the specimen, unless the order has no other results', () => {
    const [usual] = orders(obr, obx('7.1'), 'SPM|1|A&L^B&R||BLD^Blood^HL70487', obx('10', { code: 'VOL' }));
    expect([usual?.results.length, usual?.specimens]).toEqual([1, ['R|B']]);
    expect(specimens(usual)[0]).toMatchObject({
      SPM: { specimenType: { identifier: 'BLD' }, specimenId: { fillerAssignedIdentifier: { entityIdentifier: 'B' } } },
      observation: [{ OBX: { observationIdentifier: { identifier: 'VOL' } } }],
    });
    const [inFront] = orders(obr, 'SPM|1|||BLD', obx('7.1'), obx('6', { code: 'LDL' }));
    expect([inFront?.results.length, inFront?.specimens]).toEqual([2, ['|BLD']]);
  });

  test('Z segments, SFT, PD1, PV1, NK1, CTD stand anywhere and break nothing', () => {
    const [order] =
      messages(
        msh,
        'SFT|x',
        'ZAA|1',
        pid,
        'PD1||',
        'NK1|1',
        'PV1|1|O',
        'ZPD|a^b',
        'ORC|RE|P-1|F-1',
        'ZOR|1',
        obr,
        'ZOB|1',
        'CTD|1',
        obx('7.1'),
        'ZNT|1',
        obx('2', { code: 'LDL' }),
      )[0]?.orders ?? [];
    expect(order?.results).toHaveLength(2);
    expect(order?.tree).toMatchObject({
      PV1: { patientClass: { identifier: 'O' } },
      zone: [{ name: 'ZOR', text: 'ZOR|1' }, { name: 'ZOB' }, { name: 'ZNT' }],
    });
  });

  test('results without an OBR above them are not read', () => {
    expect(cause(read([msh, pid, obx('7.1')]))).toBe('lab/no-order');
    expect(cause(read([msh, pid, 'ORC|RE|P-1|F-1', obx('7.1')]))).toBe('lab/no-order');
    expect(cause(read([msh, pid, obx('7.1'), obr, obx('6')]))).toBe('lab/no-order');
    expect(cause(read([msh, pid]))).toBe('lab/no-order');
    // From v2.7 on they are observations about the patient.
    expect(
      valueIn(read([msh.replace('2.5.1', '2.8.2'), pid, obx('Y'), obr, obx('6')]))[0]?.orders[0]?.results,
    ).toHaveLength(1);
  });

  test('an order needs a number or a time', () => {
    expect(cause(read([msh, pid, 'OBR|1|||A1C', obx('7.1')]))).toBe('lab/no-order');
    expect(orders('OBR|1|||A1C|||20260309', obx('7.1'))).toMatchObject([{ service: '|A1C', collected: '2026-03-09' }]);
  });
});

describe('results', () => {
  test('lines of text of one code are one result, in order', () => {
    const line = (text: string, more = {}) => obx(text, { type: 'TX', code: 'CULT', ...more });
    const [order] = orders(
      obr,
      line('First'),
      line('second~third'),
      'NTE|1|L|note',
      line('last', { status: 'C' }),
      line('withdrawn', { status: 'W' }),
      obx('7'),
    );
    expect(order?.results.map(({ key }) => key)).toEqual(['|CULT', 'http://loinc.org|4548-4']);
    expect(observations(order)[0]).toMatchObject({
      lines: ['First', 'second', 'third', 'last'],
      OBX: { observationResultStatus: 'C' },
    });
    expect(values(observations(order)[0])).toHaveLength(4);
    expect(comments(observations(order)[0])).toEqual(['note']);
  });

  test('two numbers of one code are two results; so are two texts with sub-ids', () => {
    expect(orders(obr, obx('7.1'), obx('7.2'))[0]?.results.map(({ key }) => key)).toEqual([
      'http://loinc.org|4548-4',
      'http://loinc.org|4548-4#2',
    ]);
    const text = (sub: string) => obx('x', { type: 'ST', code: 'ORG', sub });
    expect(orders(obr, text('1'), text('2'))[0]?.results.map(({ key }) => key)).toEqual(['|ORG', '|ORG#2']);
  });

  test('have the time of their analysis', () => {
    const [order] = orders(
      obr,
      obx('7.1', { more: '|||||||||20260309120000-0600' }),
      obx('1', { code: 'B', more: '|||20260309' }),
    );
    expect(order?.results).toEqual([{ key: 'http://loinc.org|4548-4' }, { key: '|B' }]);
    expect(orders(obr, obx('7.1', { more: '||||||||20260309120000-0600' }))[0]?.results[0]?.at).toBe(
      '2026-03-09T12:00:00-06:00',
    );
  });

  test('are objects by OBX-2, and text where the type is unknown', () => {
    const [order] = orders(
      obr,
      obx('NEG^Negative^L~260385009^Negative^SCT', { type: 'CWE', code: 'A' }),
      obx('>^400', { type: 'SN', code: 'B' }),
      obx('RIVERLAB^application^pdf^Base64^JVBE', { type: 'ED', code: 'C' }),
      obx('a^b&c', { type: 'XX', code: 'D' }),
      obx('202603090830', { type: 'TS', code: 'E' }),
      obx('soon', { type: 'DT', code: 'F' }),
      obx('""', { type: 'ST', code: 'G' }),
      obx('', { code: 'H' }),
      obx('just text', { type: 'CE', code: 'I' }),
      obx('70^99', { type: 'NR', code: 'J' }),
      obx('1^2^3', { type: 'NA', code: 'K' }),
    );
    expect(observations(order).map(values)).toEqual([
      [
        { identifier: 'NEG', text: 'Negative', nameOfCodingSystem: 'L' },
        { identifier: '260385009', text: 'Negative', nameOfCodingSystem: 'SCT' },
      ],
      [{ comparator: '>', num1: '400' }],
      [
        {
          sourceApplication: { namespaceId: 'RIVERLAB' },
          typeOfData: 'application',
          dataSubtype: 'pdf',
          encoding: 'Base64',
          data: 'JVBE',
        },
      ],
      [{ text: 'a^b&c' }],
      [{ text: '2026-03-09T08:30:00-05:00', time: '2026-03-09T08:30:00-05:00' }],
      [{ text: 'soon' }],
      [{ text: '""' }],
      undefined,
      [{ identifier: 'just text' }],
      [{ lowValue: '70', highValue: '99' }],
      [{ value: ['1', '2', '3'] }],
    ]);
  });

  test('a time that cannot be read stands beside its name, as it was', () => {
    const [order] = orders(obr, obx('7.1', { more: '|||nonsense' }));
    expect(observations(order)[0]?.['OBX']).toMatchObject({ dateTimeOfTheObservationAsSent: 'nonsense' });
    expect(observations(order)[0]?.['OBX']).not.toHaveProperty('dateTimeOfTheObservation');
  });
});

describe('an order', () => {
  test('has its numbers from ORC, else OBR, with whose they are', () => {
    const [order] = orders('ORC|RE|P-1^EHR|F-1^RIVER^1.2.3^ISO', 'OBR|1|P-0|F-0|A1C');
    expect(order).toMatchObject({
      placer: { value: 'P-1', system: 'EHR' },
      filler: { value: 'F-1', system: 'urn:oid:1.2.3' },
    });
    const systems = { RIVER: 'https://river.example/orders' };
    const [known] = valueIn(read([msh, pid, 'ORC|RE||F-1^RIVER^1.2.3^ISO', 'OBR|1'], { systems }));
    expect(known?.orders[0]?.filler).toEqual({ value: 'F-1', system: systems.RIVER });
    expect(orders('OBR|1|""|F-1^^9b1b3f9e-0000-4000-8000-000000000000^UUID')[0]).toMatchObject({
      filler: { system: 'urn:uuid:9b1b3f9e-0000-4000-8000-000000000000' },
    });
    expect(orders('OBR|1|""|F-1')[0]).not.toHaveProperty('placer');
  });

  test('was reported when OBR-22 says, else when the message was made', () => {
    expect(orders(obr)[0]).toMatchObject({ issued: '2026-03-10T10:10:00-06:00', sent: '2026-03-10T10:15:00-06:00' });
    expect(orders('OBR|1||F-1')[0]).toMatchObject({ issued: '2026-03-10T10:15:00-06:00' });
    // A slip would overrule every correction to come.
    expect(orders(obr.replace('20260310101000-0600', '20620310101000-0600'))[0]?.issued).toBe(
      '2026-03-10T10:15:00-06:00',
    );
    expect(orders(obr.replace('20260310101000-0600', '20260310'))[0]?.issued).toBe(
      '2026-03-10T00:00:00-06:00'.replace('-06', '-05'),
    );
    const late = valueIn(
      readOru(
        valueIn(parseMessage(messageOf(msh.replace('20260310101500-0600', ''), pid, 'OBR|1||F-1'))),
        aSender(),
        '2026-03-11T00:00:00Z',
      ),
    );
    expect(late[0]?.orders[0]).toMatchObject({ issued: '2026-03-11T00:00:00Z', sent: '2026-03-11T00:00:00Z' });
  });

  test('points to its parent, and never to itself', () => {
    const child = (parent: string) =>
      orders(`OBR|1|P-1|F-2|A1C||||||||||||||||||||||2345-7&Glucose&LN^^287|||${parent}`)[0]?.parent;
    expect(child('P-1^F-1&RIVER')).toEqual({ placer: { value: 'P-1' }, filler: { value: 'F-1', system: 'RIVER' } });
    expect([child('P-1^F-2'), child('P-1'), child('')]).toEqual([undefined, undefined, undefined]);
    expect(orders('ORC|RE|P-2|F-2|||||P-1^F-1', 'OBR|1')[0]?.parent?.filler).toEqual({ value: 'F-1' });
  });
});
