/**
 * What a laboratory's message costs by itself, in CPU: parsed, read into orders, mapped, validated; beside @medplum/core's
 * Hl7Message and a mapping by hand, of the same messages.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hl7Message } from '@medplum/core';
import { namesOf } from '../../src/core/lab/identity.ts';
import type { LabMessage } from '../../src/core/lab/model.ts';
import type { Hl7Sender } from '../../src/core/lab/sender.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { LabContext, Mapped } from '../../src/core/ports.ts';
import { identifyHl7, readMessage, readStoredOru } from '../../src/hl7v2/identify.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { cells, cpuOf, type Effort, time, times } from '../engine/measure.ts';
import { bundleByHand } from './by-hand.ts';
import { authority, corpus } from './corpus.ts';

const sender: Hl7Sender = {
  name: 'bench',
  match: {},
  timeZone: 'America/Chicago',
  mrnAuthorities: [authority],
  bareMrn: false,
  systems: {},
  processing: ['P'],
  groupedNumbers: false,
  part2: false,
  unknownTypes: 'hold',
};
const receivedAt = '2026-05-06T12:00:00.000Z';
const context: LabContext = {
  patient: { reference: 'Patient/p' },
  programme: { artifactSystem: 'urn:bench', timeZone: 'America/Chicago' },
  source: 'bench',
  receivedAt,
  filed: {},
};
const messages = 100;

const valueOf = <T>(outcome: Outcome<T>): T => {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.failure));
  return outcome.value;
};

/** Prints microseconds of CPU of one message. */
export async function benchMessage(effort: Effort, print: (line: string) => void): Promise<void> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const mapper = valueOf(await loadMapper({ folders: [join(root, 'mappings')] }));
  const { validate } = await loadValidator({ profileFolders: [join(root, 'profiles')], igPackages: [] });
  const of = corpus(messages, 'H');
  const texts = Array.from({ length: messages }, (_, n) => of.message(n));
  const bytes = texts.map((text) => Buffer.from(text));
  const stored = bytes.map((raw) => valueOf(readStoredOru(raw, 'application/hl7-v2; group=1', sender, receivedAt)));
  const mapAll = (message: LabMessage): readonly Mapped[] =>
    message.orders.flatMap((order) => valueOf(mapper.mapLab(order, namesOf('o', order, undefined), context)));
  const mapped = stored.map(mapAll);
  const each = (once: () => unknown): number => cpuOf(once, effort) / messages;

  const parse = each(() => bytes.map((raw) => valueOf(readMessage(raw, sender))));
  const theirs = each(() => texts.map((text) => Hl7Message.parse(text)));
  const identify = each(() => bytes.map((raw) => identifyHl7({ raw, source: sender, actor: 'bench' })));
  const read = each(() => bytes.map((raw) => readStoredOru(raw, 'application/hl7-v2; group=1', sender, receivedAt)));
  const map = each(() => stored.map(mapAll));
  const hand = each(() => texts.map((text) => bundleByHand(text)));
  const check = each(() => mapped.map((all) => all.map(({ resource }) => validate(resource))));
  const resources = mapped.reduce((sum, all) => sum + all.length, 0) / messages;

  print(cells(`ORU^R01, ${bytes[1]?.byteLength ?? 0} bytes, 4 OBX`, '@medplum/core', 'Tejido', 'faster'));
  print(cells('parse', time(theirs), time(parse), times(theirs / parse)));
  print(cells('identify at the door', '–', time(identify), '–'));
  print(cells('read into orders (with the parse)', '–', time(read), '–'));
  print(cells(`map to ${resources.toFixed(0)} resources`, `${time(hand - theirs)} by hand`, time(map), times((hand - theirs) / map))); // prettier-ignore
  print(cells('validate them', '–', time(check), '–'));
  print(cells('read, map and validate', '–', time(read + map + check), '–'));
}
