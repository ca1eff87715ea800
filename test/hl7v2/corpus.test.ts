/** Every message of ../shared/data/hl7v2 is read, or held with a cause; of the authored ones, what reading must give. */
import { describe, expect, test } from '@jest/globals';
import type { LabMessage } from '../../src/core/lab/model.ts';
import type { Incoming } from '../../src/core/ports.ts';
import { splitBatch } from '../../src/hl7v2/batch.ts';
import { identifyHl7, readStoredOru } from '../../src/hl7v2/identify.ts';
import { aSender, authoredExpectations, realMessages, valueIn } from '../support/hl7v2.ts';

const files = realMessages();
const suite = files === undefined ? describe.skip : describe;
const sender = aSender({ processing: ['P', 'T', 'D', 'N'] });

type Read = { readonly file: string; readonly item: Incoming; readonly message?: LabMessage };
const readAll = (file: string, bytes: Uint8Array): readonly Read[] =>
  splitBatch(bytes).messages.flatMap((raw) =>
    identifyHl7({ raw, source: sender, actor: 'test' }).map((item) => {
      const read = readStoredOru(raw, item.contentType, sender, '2026-03-11T00:00:00Z');
      return { file, item, ...(read.ok ? { message: read.value } : {}) };
    }),
  );
const all = (files ?? []).flatMap(({ file, bytes }) => readAll(file, bytes));

suite('the real messages', () => {
  test('are all read or held', () => {
    expect(all.length).toBeGreaterThan(500);
    expect(all.filter(({ item }) => item.record === undefined && item.hold === undefined)).toEqual([]);
    // Held at the door or readable: the two readings agree.
    expect(
      all.filter(({ item, message }) => (item.hold === undefined) !== (message !== undefined)).map(({ file }) => file),
    ).toEqual([]);
  });

  test('are unreadable only where they are broken', () => {
    const unreadable = all.filter(({ item }) => item.hold?.cause === 'source/unreadable').map(({ file }) => file);
    expect([...new Set(unreadable)]).toEqual([
      'authored-quirks/31-no-control-id.hl7',
      'cdc-data-exchange/Lyme_WithBadDelimiters.txt',
      'jamesyiyao/valid_basic_oru.hl7',
      'python-hl7/sample_bad_batch1.hl7',
      'python-hl7/sample_bad_file1.hl7',
      'python-hl7/sample_bad_file2.hl7',
      'rethinkhealth/invalid-missing-msh.hl7',
      'rethinkhealth/invalid-segment-header-length.hl7',
      'trusted-intermediary/TN__001_TN_ORU_R01_LRI_annotated_for_transformation.hl7',
    ]);
  });

  test('have a key for each result, all different in their order', () => {
    for (const { message } of all) {
      for (const { results, specimens, tree } of message?.orders ?? []) {
        expect(new Set(results.map(({ key }) => key)).size).toBe((tree['observation'] as unknown[]).length);
        expect(new Set(specimens).size).toBe((tree['specimen'] as unknown[]).length);
      }
    }
  });

  test('lose no OBX below an OBR', () => {
    for (const { file, bytes } of (files ?? []).filter((one) => one.file.startsWith('authored-quirks/'))) {
      for (const { item, message } of readAll(file, bytes)) {
        if (message === undefined) continue;
        const sent = Buffer.from(item.raw)
          .toString('latin1')
          .match(/(?:^|[\r\n])OBX/g)?.length;
        const kept = message.orders.flatMap(({ results }) => results).length;
        expect([file, kept]).toEqual([file, sent]);
      }
    }
  });
});

type Node = { readonly [name: string]: unknown };
const observationsOf = (
  order: LabMessage['orders'][number] | undefined,
): readonly { readonly OBX: Node; readonly NTE: readonly Node[] }[] =>
  (order?.tree['observation'] ?? []) as readonly { readonly OBX: Node; readonly NTE: readonly Node[] }[];

type Expected = {
  readonly controlId?: string;
  readonly patient?: {
    readonly mrn: string;
    readonly family?: string;
    readonly given?: string;
    readonly birthDate?: string;
    readonly gender?: string;
  };
  readonly reports?: readonly {
    readonly placer?: string;
    readonly filler?: string;
    readonly parentFiller?: string;
    readonly issued?: string;
    readonly effective?: string;
    readonly specimen?: { readonly filler: string };
    readonly observations?: readonly {
      readonly code?: string;
      readonly localCode?: string;
      readonly notes?: readonly string[];
    }[];
  }[];
};

suite('the authored messages', () => {
  const { cases } = (files === undefined ? { cases: [] } : authoredExpectations()) as {
    readonly cases: readonly { readonly file: string; readonly messages: readonly Expected[] }[];
  };
  const expected = cases.flatMap(({ file, messages }) =>
    messages.filter(({ patient }) => patient !== undefined).map((message) => [file, message] as const),
  );
  const read = (file: string, controlId: string | undefined): Read | undefined =>
    all.find(
      (one) => one.file === `authored-quirks/${file}` && one.item.record?.id.startsWith(`${controlId ?? ''}|`) === true,
    );

  test.each(expected.map(([file, message]) => [file, message.controlId, message] as const))(
    '%s %s',
    (file, id, told) => {
      const { item, message } = read(file, id) ?? {};
      expect(item?.hold).toBeUndefined();
      expect(item?.patient).toMatchObject({ mrn: told.patient?.mrn });
      const { family, given, birthDate, gender } = told.patient ?? {};
      const said = { family, given, dob: birthDate, sex: gender };
      for (const [name, value] of Object.entries(said)) {
        if (value !== undefined) expect(item?.patient?.demographics).toHaveProperty(name, value);
      }
      for (const [index, report] of (told.reports ?? []).entries()) {
        const order = message?.orders[index];
        if (report.placer !== undefined) expect(order?.placer?.value).toBe(report.placer);
        if (report.filler !== undefined) expect(order?.filler?.value).toBe(report.filler);
        if (report.parentFiller !== undefined) expect(order?.parent?.filler?.value).toBe(report.parentFiller);
        if (report.issued !== undefined) expect(order?.issued).toBe(report.issued);
        if (report.effective !== undefined) expect(order?.collected).toBe(report.effective);
        if (report.specimen !== undefined) expect(order?.specimens[0]).toContain(report.specimen.filler);
        for (const [place, { code, localCode, notes }] of (report.observations ?? []).entries()) {
          const tree = observationsOf(order)[place];
          const known = JSON.stringify(tree?.OBX['observationIdentifier']);
          for (const one of [code, localCode]) if (one !== undefined) expect(known).toContain(one);
          const comments = tree?.NTE.flatMap((note) => note['comment'] as readonly string[]);
          if (notes !== undefined) expect(comments).toEqual(notes);
        }
      }
    },
  );

  test('a result without an offset is of the sender’s zone, and U+FFFD is nowhere', () => {
    expect(JSON.stringify(all.map(({ message }) => message ?? ''))).not.toContain('\ufffd');
    const [order] = valueIn({ ok: true, value: read('22-times.hl7', 'S22')?.message?.orders ?? [] });
    const times = observationsOf(order).map(({ OBX }) => OBX['dateTimeOfTheObservation']);
    expect(times).toEqual(['2026-03-09', '2026-03-08T02:30:00-06:00', undefined]);
    expect(order?.collected).toBe('2026-03-09T08:30:00-05:00');
  });
});
