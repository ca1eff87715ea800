/** Reading HL7 v2, CPU a message over the real and authored messages: beside @medplum/core's Hl7Message on the same ones. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hl7Message as MedplumMessage } from '@medplum/core';
import type { Hl7Sender } from '../src/core/lab/sender.ts';
import { splitBatch } from '../src/hl7v2/batch.ts';
import { identifyHl7, readMessage } from '../src/hl7v2/identify.ts';
import type { Hl7Message } from '../src/hl7v2/message.ts';
import { readOruGroups } from '../src/hl7v2/oru.ts';
import { parseMessage } from '../src/hl7v2/parse.ts';
import { cells, cpuOnce, kept, time, times } from './engine/measure.ts';

const sender: Hl7Sender = {
  name: 'bench',
  match: {},
  timeZone: 'America/Chicago',
  mrnAuthorities: ['ALIVIO'],
  bareMrn: false,
  systems: {},
  processing: ['P'],
  groupedNumbers: false,
  part2: false,
  unknownTypes: 'hold',
};

type Sample = { readonly raw: Uint8Array; readonly text: string; readonly message: Hl7Message };

/** Messages that both can read, of a size that laboratories send: the corpus has a few of 60 kB. */
function samplesIn(folder: string): readonly Sample[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:hl7|mllp|txt)$/.test(name),
  );
  return files
    .flatMap((name) => splitBatch(readFileSync(join(folder, name))).messages)
    .flatMap((raw): Sample[] => {
      const message = readMessage(raw, sender);
      const text = Buffer.from(raw).toString('utf8');
      return message.ok && text.startsWith('MSH|^~\\&') && text.length < 20_000
        ? [{ raw, text, message: message.value }]
        : [];
    });
}

/** Every value asked for, for @medplum/core splits components only when somebody asks. */
function readAll(message: MedplumMessage): number {
  let length = 0;
  for (const segment of message.segments)
    for (const field of segment.fields)
      for (const repetition of field.components) for (const component of repetition) length += component.length;
  return length;
}

export function benchHl7(root: string, rounds: number, print: (line: string) => void): void {
  const folder = join(root, '../shared/data/hl7v2');
  if (!existsSync(folder)) {
    print('notice: ../shared/data/hl7v2 is absent; reading HL7 v2 is not measured');
    return;
  }
  const samples = samplesIn(folder);
  const bytes = samples.reduce((sum, { raw }) => sum + raw.length, 0) / samples.length;
  const contenders: readonly (readonly [string, (sample: Sample) => unknown])[] = [
    ['@medplum/core, parse', ({ text }) => MedplumMessage.parse(text)],
    ['@medplum/core, parse and read all', ({ text }) => readAll(MedplumMessage.parse(text))],
    ['parseMessage: all split, unescaped', ({ text }) => parseMessage(text)],
    ['readMessage: from bytes', ({ raw }) => readMessage(raw, sender)],
    ['typed tree, groups, keys alone', ({ message }) => readOruGroups(message, sender)],
    ['all of it: identifyHl7', ({ raw }) => identifyHl7({ raw, source: sender, actor: 'bench' })],
  ];
  const best = contenders.map(() => Number.POSITIVE_INFINITY);
  // In turns, and the best round of each: what else the machine does falls on all of them.
  for (let round = 0; round < rounds + 2; round += 1) {
    for (const [index, [, once]] of contenders.entries()) {
      const took = cpuOnce(() => samples.forEach((sample) => (kept.result = once(sample)))) / samples.length;
      if (round >= 2) best[index] = Math.min(best[index] ?? took, took);
    }
  }
  print(cells(`${samples.length} messages of ${bytes.toFixed(0)} bytes`, 'CPU a message', 'to medplum'));
  for (const [index, [name]] of contenders.entries()) {
    print(cells(name, time(best[index] ?? Number.NaN), times((best[index] ?? Number.NaN) / (best[1] ?? Number.NaN))));
  }
}
