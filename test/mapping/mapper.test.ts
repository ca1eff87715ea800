import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Activity } from '../../src/core/activity.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Mapped, Mapper, UnmappedCode } from '../../src/core/ports.ts';
import { caseContext } from '../../src/mapping/cases.ts';
import { localTime } from '../../src/mapping/functions.ts';
import { minutesLater } from '../../src/mapping/item.ts';
import { loadMapper } from '../../src/mapping/load.ts';

const made: string[] = [];
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true });
});

async function folderOf(files: Readonly<Record<string, string | object>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tejido-maps-'));
  made.push(folder);
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

const routes = { routes: { visit: { map: 'urn:map:visit', contact: true } } };

/** A map with one rule block; `bundle` is the target. */
const mapOf = (...rules: readonly string[]): string =>
  `map "urn:map:visit" = "visit"\ngroup Visit(source src, target bundle : Bundle) {\n${rules.join('\n')}\n}\n`;

const resource = (type: string, slot: string, ...rules: readonly string[]): string =>
  `src -> bundle.entry as e, e.resource = create('${type}') as r then { src -> r.identifier as i, i.system = (%src.context.programme.artifactSystem), i.value = (%src.artifact & '.${slot}') "artifact"; ${rules.join(' ')} } "${slot}";`;

const activity = (change: Partial<Activity> = {}): Activity => ({
  schemaVersion: '1',
  activityType: 'visit',
  programmeId: 'p',
  status: 'completed',
  source: { systemId: 's', recordId: 'r' },
  occurredAt: '2026-05-06T18:05:00-05:00',
  subject: {},
  performer: { sourceUserId: 'u' },
  ...change,
});

async function load(files: Readonly<Record<string, string | object>>): Promise<Mapper> {
  const loaded = await loadMapper({ folders: [await folderOf({ 'routes.json': routes, ...files })] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.failure));
  return loaded.value;
}

const run = async (
  map: string,
  change: Partial<Activity> = {},
  more: Readonly<Record<string, object>> = {},
): Promise<Outcome<readonly Mapped[]>> =>
  (await load({ 'visit.fml': map, ...more })).map(activity(change), caseContext);

const failure = (outcome: Outcome<unknown>) => (outcome.ok ? undefined : outcome.failure);

describe('the mapper', () => {
  test('puts what is referred to before what refers, with stable full urls', async () => {
    const map = mapOf(
      resource(
        'Observation',
        'obs',
        `src -> r.encounter as ref, ref.reference = ('#artifact:' & %src.encounter) "enc";`,
      ),
      resource('Encounter', 'encounter'),
    );
    const [first, second] = [await run(map), await run(map)];
    expect(first).toEqual(second);
    if (!first.ok) throw new Error(first.failure.detail);
    expect(first.value.map(({ artifact }) => artifact)).toEqual(['rec1.encounter', 'rec1.obs']);
    expect(first.value[0]?.fullUrl).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u,
    );
    expect(first.value[1]?.resource['encounter']).toEqual({ reference: first.value[0]?.fullUrl });
  });

  test('refers to what earlier messages filed, and holds what refers to the unknown', async () => {
    const map = mapOf(
      resource('Observation', 'obs', `src -> r.basedOn as ref, ref.reference = '#artifact:sub1.goal.g' "goal";`),
    );
    const mapper = await load({ 'visit.fml': map });
    const known = mapper.map(activity(), { ...caseContext, filed: { 'sub1.goal.g': 'Goal/12' } });
    expect(known.ok && known.value[0]?.resource['basedOn']).toEqual([{ reference: 'Goal/12' }]);
    expect(failure(mapper.map(activity(), caseContext))?.cause).toBe('match/unknown-reference');
    expect(failure(mapper.map(activity(), { ...caseContext, filed: {} }))?.issues?.[0]?.what).toContain('sub1.goal.g');
  });

  test('refuses references in a circle, dangling ones, and one artifact made twice', async () => {
    const pointing = (slot: string, to: string): string =>
      resource('Observation', slot, `src -> r.focus as ref, ref.reference = '${to}' "ref";`);
    expect(
      failure(await run(mapOf(pointing('a', '#artifact:rec1.b'), pointing('b', '#artifact:rec1.a'))))?.detail,
    ).toContain('circle');
    expect(failure(await run(mapOf(pointing('a', 'urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11'))))?.detail).toContain(
      'nowhere',
    );
    expect(failure(await run(mapOf(resource('Goal', 'a'), resource('Task', 'a'))))?.issues?.[0]?.what).toContain(
      'rec1.a',
    );
    expect(failure(await run(mapOf(`src -> bundle.entry as e, e.resource = create('Goal') "bare";`)))?.cause).toBe(
      'mapping/failed',
    );
  });

  test('an activity or a component without a route is held by name', async () => {
    const map = mapOf(resource('Encounter', 'encounter'));
    expect(failure(await run(map, { activityType: 'dance' }))).toMatchObject({
      cause: 'mapping/no-route',
      detail: expect.stringContaining('dance'),
    });
    expect(failure(await run(map, { components: [{ key: 'c', activityType: 'song' }] }))?.cause).toBe(
      'mapping/no-route',
    );
  });

  test('a contact that did not take place has no encounter to refer to', async () => {
    const map = mapOf(
      resource(
        'Observation',
        'obs',
        `src.encounter as enc -> r.encounter as ref, ref.reference = ('#artifact:' & %enc) "enc";`,
      ),
    );
    expect((await run(map, { status: 'attempted' })).ok).toBe(true);
  });
});

describe('failures', () => {
  const canary = 'Zzcanary 7,5';

  test.each([
    ['a value that does not convert', `src -> r.valueInteger = cast(src.activity.details.word, 'integer') "word";`],
    ['an expression that stops', `src -> r.valueString = (%src.activity.details.word * 2) "word";`],
    ['a check that does not hold', `src check (%src.activity.details.word = 'x') -> r.valueString = 'x' "word";`],
    [
      'a code without an entry',
      `src -> r.code = translate(src.activity.details.word, 'urn:cm', 'CodeableConcept') "word";`,
    ],
  ])('%s names file, line and rule, and not the value', async (_, rule) => {
    const map = mapOf('// one', '// two', resource('Observation', 'obs', `\n${rule}\n`));
    const outcome = await run(
      map,
      { details: { word: canary } },
      { 'a.conceptmap.json': { resourceType: 'ConceptMap', url: 'urn:cm', group: [] } },
    );
    const what = failure(outcome);
    expect(what?.issues?.[0]?.where).toMatch(/visit\.fml:6:1 rule "word"$/u);
    expect(what?.cause).toBe(
      rule.includes('translate')
        ? 'mapping/unmapped-code'
        : rule.includes('check')
          ? 'mapping/check-failed'
          : 'mapping/failed',
    );
    expect(JSON.stringify(what)).not.toContain('Zzcanary');
  });

  test('loading reports every fault of every file, with its line', async () => {
    const folder = await folderOf({
      'routes.json': { routes: { other: { map: 'urn:map:none' } } },
      'a.fml': mapOf(
        `src -> bundle.id = (%src.(a)) "expression";`,
        `src -> bundle.id = nonsense('x') "transform";`,
        `src as s then Gone(s) "group";`,
      ),
      'b.fml': 'map "urn:b" = "b"\ngroup B(source s, target t) {\n  s.a as a -> t.a = a "x"\n}\n',
      'c.fml': `map "urn:c" = "c"\ngroup C(source s, target t) {\n  s.a as a -> t.a = 'open;\n}\n`,
      'd.conceptmap.json': '{',
    });
    const loaded = await loadMapper({ folders: [folder] });
    const places = failure(loaded)?.issues?.map(({ where }) => where.slice(where.lastIndexOf('/') + 1));
    expect(places).toEqual(
      expect.arrayContaining([
        'a.fml:3:26 rule "expression"',
        'a.fml:4:20 rule "transform"',
        'a.fml:5:15 rule "group"',
        'b.fml:3:26',
        'c.fml:3:21',
        'd.conceptmap.json',
        'routes.json',
      ]),
    );
  });

  test.each([
    ['an unknown element', `src -> r.nonsense = 'x' "word";`],
    ['a type that the choice does not offer', `src -> r.value = create('Attachment') "word";`],
    [
      'a function that FHIRPath does not have',
      `src -> r.valueString = (%src.activity.details.word.nonsense()) "word";`,
    ],
  ])('%s is known before a message arrives', async (_, rule) => {
    const loaded = await loadMapper({
      folders: [
        await folderOf({
          'routes.json': routes,
          'visit.fml': mapOf('// one', '// two', resource('Observation', 'obs', `\n${rule}\n`)),
        }),
      ],
    });
    expect(failure(loaded)?.issues?.[0]?.where).toMatch(/visit\.fml:6:\d+ rule "word"$/u);
  });
});

describe('ConceptMaps', () => {
  const conceptMap = (unmapped?: object) => ({
    'a.conceptmap.json': {
      resourceType: 'ConceptMap',
      url: 'urn:cm',
      group: [
        { target: 'urn:one', element: [{ code: 'a', target: [{ code: 'A', display: 'Ah', equivalence: 'equal' }] }] },
        {
          target: 'urn:two',
          element: [{ code: 'a', target: [{ code: 'AA', equivalence: 'equal' }] }],
          ...(unmapped === undefined ? {} : { unmapped }),
        },
      ],
    },
  });
  const map = mapOf(
    resource(
      'Observation',
      'obs',
      `src -> r.code = translate(src.activity.details.word, 'urn:cm', 'CodeableConcept') "code";`,
    ),
  );
  const code = async (word: string, unmapped?: object): Promise<unknown> => {
    const outcome = await run(map, { details: { word } }, conceptMap(unmapped));
    return outcome.ok ? outcome.value[0]?.resource['code'] : outcome.failure.cause;
  };

  test('the first group that lists the code decides', async () => {
    expect(await code('a')).toEqual({ coding: [{ system: 'urn:one', code: 'A', display: 'Ah' }] });
  });

  test('a code that is not listed fails, unless the group says otherwise', async () => {
    expect(await code('z')).toBe('mapping/unmapped-code');
    expect(await code('z', { mode: 'provided' })).toEqual({ coding: [{ code: 'z' }] });
    expect(await code('z', { mode: 'fixed', code: 'other' })).toEqual({
      coding: [{ system: 'urn:two', code: 'other' }],
    });
  });
});

describe('codes without an entry', () => {
  const coded = (table: string): string =>
    mapOf(
      resource(
        'Observation',
        'obs',
        `src -> r.code = translate(src.activity.details.word, '${table}', 'CodeableConcept') "code";`,
      ),
    );
  const table = (unmapped?: object) => ({
    'a.conceptmap.json': {
      resourceType: 'ConceptMap',
      url: 'urn:cm',
      group: [
        {
          element: [
            { code: 'a', target: [{ code: 'A', equivalence: 'equal' }] },
            { code: 'never', target: [{ code: 'N', equivalence: 'disjoint' }] },
          ],
          ...(unmapped === undefined ? {} : { unmapped }),
        },
      ],
    },
  });
  const found = async (map: string, word: string, more: Readonly<Record<string, object>>) => {
    const mapper = await load({ 'visit.fml': map, ...more });
    const unmapped: UnmappedCode[] = [];
    const { ok } = mapper.map(activity({ details: { word } }), caseContext, unmapped);
    return { ok, unmapped, mapper };
  };

  test('are given to the caller with what was done: held, or the policy of the ConceptMap', async () => {
    expect(await found(coded('urn:cm'), 'z', table())).toMatchObject({
      ok: false,
      unmapped: [{ conceptMap: 'urn:cm', code: 'z', policy: 'hold' }],
    });
    expect(await found(coded('urn:cm'), 'z', table({ mode: 'fixed', code: 'other' }))).toMatchObject({
      ok: true,
      unmapped: [{ conceptMap: 'urn:cm', code: 'z', policy: 'fixed' }],
    });
    expect(await found(coded('urn:cm'), 'a', table())).toMatchObject({ ok: true, unmapped: [] });
  });

  test('of a ConceptMap in the map itself are named with the canonical of the map', async () => {
    const inline = coded('#words').replace(
      'group Visit',
      `conceptmap "words" {\n  prefix s = "urn:s"\n  prefix t = "urn:t"\n  s:a == t:b\n}\n\ngroup Visit`,
    );
    const { unmapped } = await found(inline, 'z', {});
    expect(unmapped).toMatchObject([{ conceptMap: expect.stringMatching(/^urn:map:visit#/u), code: 'z' }]);
  });

  test('are answered by an entry with a target, or (when they hold a message) by a policy', async () => {
    const { mapper } = await found(coded('urn:cm'), 'a', table());
    const { mapper: lenient } = await found(coded('urn:cm'), 'a', table({ mode: 'fixed', code: 'other' }));
    const held = (code: string): UnmappedCode => ({ conceptMap: 'urn:cm', code, policy: 'hold' });
    expect([mapper.answers(held('a')), mapper.answers(held('z')), mapper.answers(held('never'))]).toEqual([
      true,
      false,
      false,
    ]);
    expect([lenient.answers(held('z')), lenient.answers({ ...held('z'), policy: 'fixed' })]).toEqual([true, false]);
    expect(mapper.answers({ ...held('a'), conceptMap: 'urn:gone' })).toBe(false);
  });
});

describe('folders', () => {
  test("a site's file replaces ours of the same name, its routes are added, and the version changes", async () => {
    const ours = await folderOf({ 'routes.json': routes, 'visit.fml': mapOf(resource('Encounter', 'ours')) });
    const site = await folderOf({
      'routes.json': { routes: { extra: { map: 'urn:map:visit' } } },
      'visit.fml': mapOf(resource('Encounter', 'site')),
    });
    const [plain, both] = [await loadMapper({ folders: [ours] }), await loadMapper({ folders: [ours, site] })];
    if (!plain.ok || !both.ok) throw new Error('not loaded');
    expect(both.value.kinds).toEqual(['visit', 'extra']);
    expect(both.value.version).not.toBe(plain.value.version);
    const outcome = both.value.map(activity(), caseContext);
    expect(outcome.ok && outcome.value.map(({ artifact }) => artifact)).toEqual(['rec1.site']);
  });
});

describe('local time', () => {
  test('follows daylight saving of the zone', () => {
    expect(localTime('2026-05-06T23:05:00Z', 'America/Chicago', 'datetime')).toBe('2026-05-06 18:05');
    expect(localTime('2026-01-06T23:05:00Z', 'America/Chicago', 'time')).toBe('17:05');
    expect(localTime('2026-05-07T02:00:00Z', 'America/Chicago', 'date')).toBe('2026-05-06');
    expect(localTime('2026-05-07', 'America/Chicago', 'date')).toBe('2026-05-07');
    expect(localTime('2026-05-07', 'America/Chicago', 'time')).toBeUndefined();
  });

  test('is a function of maps; what it cannot do stops the map without naming a value', async () => {
    const map = (zone: string): string =>
      mapOf(resource('Observation', 'obs', `src -> r.valueString = (%src.start.localTime('${zone}', 'time')) "time";`));
    const there = await run(map('Asia/Tokyo'));
    expect(there.ok && there.value[0]?.resource['valueString']).toBe('08:05');
    expect(failure(await run(map('Nowhere')))?.detail).toContain('IANA');
  });
});

test('the end of a contact keeps the offset of its start', () => {
  expect(minutesLater('2026-05-06T23:50:00-05:00', 18)).toBe('2026-05-07T00:08:00-05:00');
  expect(minutesLater('2026-05-06T23:50:00Z', 18)).toBe('2026-05-07T00:08:00Z');
  expect(minutesLater('2026-05-06T23:50:00+05:30', 18)).toBe('2026-05-07T00:08:00+05:30');
});
