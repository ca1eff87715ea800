import { describe, expect, test } from '@jest/globals';
import { identifyHl7, readStoredOru } from '../../src/hl7v2/identify.ts';
import { aSender, bytesOf, msh, obr, obx, pid } from '../support/hl7v2.ts';

const identify = (raw: Uint8Array, more: Partial<Parameters<typeof identifyHl7>[0]> = {}) =>
  identifyHl7({ raw, source: aSender(), actor: 'riverlab', ...more });
const plain = bytesOf(msh, pid, 'ORC|RE|P-1|F-1', obr, obx('7.1'));
const other = pid.replace('100200300', '200');

describe('a message at the door', () => {
  test('has a record, a patient, times and a kind', () => {
    const [item, ...more] = identify(plain, { intake: '17' });
    expect(more).toEqual([]);
    expect(item).toMatchObject({
      contentType: 'application/hl7-v2; group=1',
      source: 'riverlab',
      format: 'hl7v2',
      kind: 'ORU^R01',
      actor: 'riverlab',
      intake: '17',
      patient: { source: 'riverlab', mrn: '100200300', dob: '1968-04-12' },
      occurredAt: new Date('2026-03-09T14:30:00Z'),
      recordedAt: new Date('2026-03-10T16:15:00Z'),
    });
    expect(item?.hold).toBeUndefined();
    expect(item?.raw).toBe(plain);
  });

  test('is one for each patient in it, each readable again by its content type', () => {
    const raw = bytesOf(msh, pid, obr, obx('7.1'), other, obr, obx('6.2'));
    const items = identify(raw);
    expect(items.map(({ patient }) => patient?.mrn)).toEqual(['100200300', '200']);
    expect(new Set(items.map(({ record }) => record?.id)).size).toBe(2);
    const [, second] = items.map(({ contentType }) =>
      readStoredOru(raw, contentType, aSender(), '2026-03-11T00:00:00Z'),
    );
    expect(second).toMatchObject({
      ok: true,
      value: { patient: { mrn: '200' }, orders: [{ filler: { value: 'F-1' } }] },
    });
    expect(readStoredOru(raw, 'application/hl7-v2; group=9', aSender(), '')).toMatchObject({ ok: false });
  });

  test('has the same record when it comes again, and another when its control id stands for another content', () => {
    const id = (raw: Uint8Array) => identify(raw)[0]?.record?.id;
    expect(id(plain)).toBe(id(Buffer.from(plain)));
    expect(id(bytesOf(msh, other, obr, obx('7.1')))).not.toBe(id(plain));
  });

  test.each([
    ['no PID', bytesOf(msh, obr, obx('7.1')), 'match/unknown-patient', 'PID'],
    ['a PID that names nobody', bytesOf(msh, 'PID|1', obr, obx('7.1')), 'match/unknown-patient', 'PID'],
    ['two MRNs', bytesOf(msh, pid.replace('||Ram', '~5^^^ALIVIO^MR||Ram'), obr, obx('7')), 'match/conflict', 'PID-3'],
    ['no order', bytesOf(msh, pid), 'lab/no-order', 'OBR'],
    ['training', bytesOf(msh.replace('|P|', '|T|'), pid, obr, obx('7')), 'lab/test-message', 'MSH-11'],
    ['another type', bytesOf(msh.replace('ORU^R01^ORU_R01', 'ADT^A08'), pid), 'source/unsupported', 'MSH-9'],
    ['no type', bytesOf(msh.replace('ORU^R01^ORU_R01', ''), pid), 'source/unreadable', 'MSH-9'],
    ['no control id', bytesOf(msh.replace('|S01|', '||'), pid, obr), 'source/unreadable', 'MSH-10'],
    ['two messages in one', bytesOf(msh, pid, obr, msh, other, obr), 'source/unreadable', 'MSH'],
    ['no MSH', bytesOf(pid, obr), 'source/unreadable', undefined],
    ['nothing', new Uint8Array(), 'source/unreadable', undefined],
  ])('with %s is held', (_, raw, cause, where) => {
    const items = identify(raw);
    expect(items).toHaveLength(1);
    expect(items[0]?.hold).toMatchObject({ cause, ...(where === undefined ? {} : { issues: [{ where }] }) });
    expect(readStoredOru(raw, items[0]?.contentType ?? '', aSender(), '2026-03-11T00:00:00Z').ok).toBe(
      cause === 'lab/test-message',
    );
  });

  test('that names a patient is held for that patient', () => {
    expect(identify(bytesOf(msh, pid))[0]?.patient?.mrn).toBe('100200300');
  });

  test('of the types that read the same is read: ORU alone, point of care', () => {
    for (const type of ['ORU', 'ORU^R30^ORU_R30', 'ORU^R31', 'ORU^R32', ' ORU^R01']) {
      const [item] = identify(bytesOf(msh.replace('ORU^R01^ORU_R01', type), pid, obr, obx('7')));
      expect([item?.hold, item?.kind.startsWith('ORU^R')]).toEqual([undefined, true]);
    }
  });

  test('tells nothing of the patient in what is wrong with it', () => {
    for (const raw of [
      bytesOf(msh, 'PID|1||Ramirez', 'Ramirez', obr),
      bytesOf(msh, 'PID|1||1^^^ALIVIO~2^^^ALIVIO||Ramirez'),
    ]) {
      expect(JSON.stringify(identify(raw)[0]?.hold)).not.toMatch(/Ramirez/);
    }
  });
});
