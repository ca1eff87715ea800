/**
 * Every message of the shared corpora through reader and maps: what comes out is valid FHIR R4, meets our profiles and
 * those of US Core, or the message says why it is not read. What the authored set says must come out, comes out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { LabOrder } from '../../src/core/lab/model.ts';
import type { Resource } from '../../src/core/ports.ts';
import { splitBatch } from '../../src/hl7v2/batch.ts';
import { readMessage } from '../../src/hl7v2/identify.ts';
import { readOruGroups } from '../../src/hl7v2/oru.ts';
import { labCaseContext } from '../../src/mapping/lab-cases.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import { loadValidator } from '../../src/validation/load.ts';
import { aSender } from '../support/hl7v2.ts';
import { type Expected, mismatchesOf } from '../support/labs/expected.ts';

const shared = resolve('../shared/data');
const folder = resolve(shared, 'hl7v2');
const present = existsSync(folder);
if (!present && process.env['CI'] === 'true')
  throw new Error('the shared test data are not there, and CI must run all tests');
const withShared = present ? describe : describe.skip;
if (!present) process.stderr.write('HL7 v2 corpora: skipped, ../shared/data is not there\n');

const sender = aSender({ bareMrn: true, processing: ['P', 'T', 'D'] });

const mapper = await loadMapper({ folders: ['mappings'], uuidFor: (name) => name });
if (!mapper.ok) throw new Error(JSON.stringify(mapper.failure));
const { mapLab } = mapper.value;
const validator = await loadValidator({
  profileFolders: present ? ['profiles', resolve(shared, 'us-core/6.1.0')] : ['profiles'],
  igPackages: [],
});

/** The resources of an order, or why there are none. */
function mapped(order: LabOrder): { readonly resources: readonly Resource[]; readonly failure?: string } {
  const names = {
    report: 'rep',
    results: order.results.map((_, index) => `rep.r${String(index)}`),
    specimens: order.specimens.map((_, index) => `rep.s${String(index)}`),
    ...(order.parent === undefined ? {} : { parent: 'parent' }),
  };
  const made = mapLab(order, names, labCaseContext);
  return made.ok
    ? { resources: made.value.map(({ resource }) => resource) }
    : { resources: [], failure: `${made.failure.cause}: ${made.failure.detail}` };
}

const errorsOf = (resource: Resource): readonly string[] =>
  validator
    .validate(resource)
    .filter(({ severity }) => severity !== 'warning')
    .map(({ where, what }) => `${resource.resourceType} ${where}: ${what}`);

type Read = { readonly orders: readonly (readonly Resource[])[]; readonly failures: readonly string[] };

/** One message of a file. */
function read(raw: Uint8Array): Read {
  const message = readMessage(raw, sender);
  if (!message.ok) return { orders: [], failures: [message.failure.cause] };
  const type = message.value.segments[0]?.fields[8]?.[0]?.slice(0, 2).map((part) => part[0] ?? '');
  if (type?.[0] !== 'ORU') return { orders: [], failures: ['not an ORU'] };
  // Also what is held for want of a patient is mapped here: it will be, once somebody says who it is.
  const groups = readOruGroups(message.value, sender, '2026-05-06T23:30:00Z');
  const all = groups.flatMap(({ message: { orders } }) => orders).map(mapped);
  return {
    orders: all.map(({ resources }) => resources),
    failures: [
      ...groups.flatMap(({ failure }) => failure?.cause ?? []),
      ...all.flatMap(({ failure }) => failure ?? []),
    ],
  };
}

const messagesOf = (file: string): readonly Uint8Array[] => splitBatch(readFileSync(resolve(folder, file))).messages;

withShared('the corpora of HL7 v2', () => {
  const files = present
    ? readFileSync(resolve(folder, 'INDEX.csv'), 'utf8')
        .split('\n')
        .slice(1)
        .flatMap((line) => line.split(',')[0] || [])
    : [];

  test('are read and mapped to valid resources, or say why not', () => {
    const counts = new Map<string, number>();
    const invalid: string[] = [];
    for (const file of files)
      for (const raw of messagesOf(file)) {
        const { orders, failures } = read(raw);
        for (const cause of failures) counts.set(cause, (counts.get(cause) ?? 0) + 1);
        if (orders.flat().length > 0) counts.set('mapped', (counts.get('mapped') ?? 0) + 1);
        for (const resource of orders.flat()) invalid.push(...errorsOf(resource).map((what) => `${file}: ${what}`));
      }
    expect(invalid).toEqual([]);
    expect([...counts.keys()].filter((cause) => cause.startsWith('mapping/failed'))).toEqual([]);
    expect(counts.get('mapped')).toBeGreaterThan(300);
  });

  const authored = present
    ? (JSON.parse(readFileSync(resolve(folder, 'authored-quirks/expected.json'), 'utf8')) as Expected)
    : { cases: [] };

  test.each(authored.cases.map((each) => [each.file, each] as const))(
    '%s means what it should',
    (file, { messages }) => {
      const raw = messagesOf(`authored-quirks/${file}`);
      const problems = messages.flatMap((expected, index) => {
        const bytes = raw[index];
        // None: it is held.
        if (expected.reports === undefined || expected.reports.length === 0) return [];
        return bytes === undefined ? ['there is no such message'] : mismatchesOf(expected.reports, read(bytes).orders);
      });
      expect(problems).toEqual([]);
    },
  );
});
