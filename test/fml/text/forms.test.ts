/** Every form of the language that people write, from the specification's to what STU3 and other engines left behind. */
import { describe, expect, test } from '@jest/globals';
import type { Group, MapText, Rule, RuleSource, RuleTarget } from '../../../src/fml/model.ts';
import { readMap } from '../../../src/fml/text/read.ts';
import { writeMap } from '../../../src/fml/text/write.ts';
import { withoutPlaces } from './without-places.ts';

/** The map of a text without problems, which is also the map of its canonical form. */
function mapOf(text: string): MapText {
  const { map, problems } = readMap(text, 'a.fml');
  expect(problems).toEqual([]);
  const written = writeMap(map);
  const again = readMap(written, 'a.fml');
  expect(again.problems).toEqual([]);
  expect(withoutPlaces(again.map)).toEqual(withoutPlaces(map));
  expect(writeMap(again.map)).toBe(written);
  return map;
}

const head = 'map "http://example.org/m" = "m"\n';
const groupsOf = (text: string): readonly Group[] => mapOf(head + text).groups;
const rulesOf = (rules: string): readonly Rule[] =>
  groupsOf(`group G(source src, target tgt) {\n${rules}\n}`)[0]?.rules ?? [];
const ruleOf = (rule: string): Rule => {
  const rules = rulesOf(rule);
  expect(rules).toHaveLength(1);
  return rules[0] ?? (undefined as never);
};
const sourceOf = (source: string): unknown => {
  const [found] = withoutPlaces(ruleOf(`${source} -> tgt.b;`).sources) as RuleSource[];
  return found;
};
const targetOf = (target: string): unknown => {
  const [found] = withoutPlaces(ruleOf(`src.a as a -> ${target};`).targets) as RuleTarget[];
  return found;
};
const text = (expression: string): unknown => ({ text: expression });

describe('the head', () => {
  const group = 'group G(source src, target tgt) { src.a -> tgt.a; }';
  test.each([
    ['double quotes', 'map "http://e.org/m" = "m"', 'm'],
    ['single quotes', `map 'http://e.org/m' = 'm'`, 'm'],
    ['a bare name', 'map "http://e.org/m" = m', 'm'],
    ['a byte order mark', '\uFEFFmap "http://e.org/m" = "m"', 'm'],
    ['CRLF', 'map "http://e.org/m" = "m"\r\n', 'm'],
    ['metadata lines alone', `/// url = 'http://e.org/m'\n/// name = "m"`, 'm'],
    ['both', `/// title = 'M'\n\nmap "http://e.org/m" = "m"`, 'm'],
  ])('names the map: %s', (_, lines, name) => {
    expect(mapOf(`${lines}\n${group}`)).toMatchObject({ url: 'http://e.org/m', name });
  });

  test('metadata lines hold literals, words without quotes, nothing, markdown, keys with dots and keys of anybody', () => {
    const { metadata } = mapOf(`/// url = 'http://e.org/m'
/// name = 'M'
/// status = draft
/// experimental = "true"
/// version = 1.0
/// copies = 3
/// immutable = false
/// jurisdiction =
/// jurisdiction.code = 'it\\'s "US"'
/// x-anything[0] = "a"
/// description = """
A *map*.

It has // no comments.
"""
${group}`);
    expect(withoutPlaces(metadata)).toEqual([
      { key: 'url', value: 'http://e.org/m' },
      { key: 'name', value: 'M' },
      { key: 'status', value: 'draft' },
      { key: 'experimental', value: 'true' },
      { key: 'version', value: '1.0' },
      { key: 'copies', value: 3 },
      { key: 'immutable', value: false },
      { key: 'jurisdiction' },
      { key: 'jurisdiction.code', value: `it's "US"` },
      { key: 'x-anything[0]', value: 'a' },
      { key: 'description', value: '\nA *map*.\n\nIt has // no comments.\n' },
    ]);
  });

  test('a /// line in a group, or without “=”, is a comment', () => {
    const map = mapOf(`${head}/// just words\ngroup G(source a, target b) {\n  /// k = 'v'\n  a.x -> b.x;\n}`);
    expect(map.metadata).toEqual([]);
    expect(map.groups[0]?.comments).toEqual({ before: ['/ just words'] });
    expect(map.groups[0]?.rules[0]?.comments?.before).toHaveLength(1);
  });

  test('uses, imports, conceptmaps and constants in any order', () => {
    const map = mapOf(`${head}conceptmap "a" { prefix s = "x" }
uses "http://e.org/A" alias A as source
uses "http://e.org/B" as target
uses "http://e.org/C" alias source as queried
uses "http://e.org/D" as produced
imports "http://e.org/n"
imports "http://e.org/*"
conceptmap "b" { prefix s = "x" }
let one = 1;
let two = (%one + 1);
let name = 'x' & "y";
${group}`);
    expect(withoutPlaces(map.structures)).toEqual([
      { url: 'http://e.org/A', alias: 'A', mode: 'source' },
      { url: 'http://e.org/B', mode: 'target' },
      { url: 'http://e.org/C', alias: 'source', mode: 'queried' },
      { url: 'http://e.org/D', mode: 'produced' },
    ]);
    expect(map.imports.map(({ canonical }) => canonical)).toEqual(['http://e.org/n', 'http://e.org/*']);
    expect(map.constants.map(({ name, value }) => [name, value.text])).toEqual([
      ['one', '1'],
      ['two', '%one + 1'],
      ['name', `'x' & "y"`],
    ]);
    expect(map.conceptMaps.map(({ id, url }) => [id, url])).toEqual([
      ['a', '#a'],
      ['b', '#b'],
    ]);
  });
});

describe('groups', () => {
  test.each([
    ['', 'none', undefined],
    ['<<types>>', 'types', undefined],
    ['<<type+>>', 'type-and-types', undefined],
    ['extends Base', 'none', 'Base'],
    ['extends Base <<type+>>', 'type-and-types', 'Base'],
    ['extends "Base" << types >>', 'types', 'Base'],
  ])('group … %s', (behind, typeMode, base) => {
    const [group] = groupsOf(`group G(source a : T, target b : FHIR.U, target c) ${behind} { }`);
    expect(group).toMatchObject({ name: 'G', typeMode, inputs: [{ type: 'T' }, { type: 'FHIR.U' }, { name: 'c' }] });
    expect(group?.extends).toBe(base);
  });

  test.each([
    ['for types', 'types'],
    ['for type+types', 'type-and-types'],
    ['for type + types', 'type-and-types'],
  ])('STU3: group %s', (words, typeMode) => {
    expect(groupsOf(`group ${words} G(source a : T, target b : U) { a.x as x -> b.x = x; }`)[0]?.typeMode).toBe(
      typeMode,
    );
  });

  test('STU3: inputs on lines, rules with for and make, endgroup', () => {
    const [first, second] = groupsOf(`group for types First extends Base
  input source : TLeft as source
  input target : TRight as target

  rule_a : for source.a as a make target.a = a
  "rule b" : for source.b make target.b as b then {
    inner : for source.c make b.c = 'x'
  }
  rule_c : for source then Second(source, target)
endgroup

group Second
  input s as source
  input t as target
  r : for s.x as x make t.x = x
endgroup`);
    expect(first).toMatchObject({
      name: 'First',
      extends: 'Base',
      typeMode: 'types',
      inputs: [
        { mode: 'source', name: 'source', type: 'TLeft' },
        { mode: 'target', name: 'target', type: 'TRight' },
      ],
    });
    expect(first?.rules.map(({ name }) => name)).toEqual(['rule_a', 'rule b', 'rule_c']);
    expect(first?.rules[1]?.rules.map(({ name }) => name)).toEqual(['inner']);
    expect(second?.rules).toHaveLength(1);
  });

  test('a group named in quotes or backticks, and called so', () => {
    const [first, second] = groupsOf(
      'group "a b"(source s) { s then `c-d`(s); }\ngroup `c-d`(source s) { s then "a b"(s); }',
    );
    expect([first?.name, second?.name]).toEqual(['a b', 'c-d']);
    expect([first, second].map((group) => group?.rules[0]?.calls[0]?.group)).toEqual(['c-d', 'a b']);
  });
});

describe('sources', () => {
  test.each<[string, unknown]>([
    ['src', { context: 'src', elements: [] }],
    ['src.a', { context: 'src', elements: ['a'] }],
    ['src.a.b', { context: 'src', elements: ['a', 'b'] }],
    ['src.*', { context: 'src', elements: ['*'] }],
    ['src.`a-b`', { context: 'src', elements: ['a-b'] }],
    ['src."-a"', { context: 'src', elements: ['-a'] }],
    ['src.group', { context: 'src', elements: ['group'] }],
    ['source.where', { context: 'source', elements: ['where'] }],
    ['group.as', { context: 'group', elements: ['as'] }],
    ['group as g', { context: 'group', elements: [], variable: 'g' }],
    ['src.div : Patient', { context: 'src', elements: ['div'], type: 'Patient' }],
    ['src.a : FHIR.Patient as p', { context: 'src', elements: ['a'], type: 'FHIR.Patient', variable: 'p' }],
    ['src.a 0..1', { context: 'src', elements: ['a'], min: 0, max: 1 }],
    ['src.a : string 1..* as a', { context: 'src', elements: ['a'], type: 'string', min: 1, variable: 'a' }],
    ['src.a first as a', { context: 'src', elements: ['a'], listMode: 'first', variable: 'a' }],
    ['src.a only_one', { context: 'src', elements: ['a'], listMode: 'only_one' }],
    ['src.a not_last as not_last', { context: 'src', elements: ['a'], listMode: 'not_last', variable: 'not_last' }],
    [`src.a default ('x' & 'y') as a`, { context: 'src', elements: ['a'], default: text(`'x' & 'y'`), variable: 'a' }],
    ['src.a as a where (b = 1)', { context: 'src', elements: ['a'], variable: 'a', where: text('b = 1') }],
    ['src.a as a where(b = 1)', { context: 'src', elements: ['a'], variable: 'a', where: text('b = 1') }],
    ['src.a where b = 1', { context: 'src', elements: ['a'], where: text('b = 1') }],
    ['src.a where (b) and (c)', { context: 'src', elements: ['a'], where: text('(b) and (c)') }],
    ['src.a where (b).exists()', { context: 'src', elements: ['a'], where: text('(b).exists()') }],
    ['src.a where ((b))', { context: 'src', elements: ['a'], where: text('(b)') }],
    [
      'src.a where b.where(c = 1).exists()',
      { context: 'src', elements: ['a'], where: text('b.where(c = 1).exists()') },
    ],
    ['src.a where check = %log', { context: 'src', elements: ['a'], where: text('check = %log') }],
    ['src.a where b = 5 days', { context: 'src', elements: ['a'], where: text('b = 5 days') }],
    [`src.a where b = 5 'mg'`, { context: 'src', elements: ['a'], where: text(`b = 5 'mg'`) }],
    ['src.a where b = {}', { context: 'src', elements: ['a'], where: text('b = {}') }],
    ['src.a where b is Quantity', { context: 'src', elements: ['a'], where: text('b is Quantity') }],
    [`src.a where b = "x; -> y"`, { context: 'src', elements: ['a'], where: text(`b = "x; -> y"`) }],
    [
      'src.a where b >= @2024-01-01T10:00:00.5Z',
      { context: 'src', elements: ['a'], where: text('b >= @2024-01-01T10:00:00.5Z') },
    ],
    ['src.a where b //c\n = 1', { context: 'src', elements: ['a'], where: text('b //c\n = 1') }],
    ['src.a where (b) as v', { context: 'src', elements: ['a'], variable: 'v', where: text('b') }],
    [
      `src.a where b check c log 'd'`,
      { context: 'src', elements: ['a'], where: text('b'), check: text('c'), log: text(`'d'`) },
    ],
    [
      `src.a as a log ('x' & %a) check (c) where (b)`,
      { context: 'src', elements: ['a'], variable: 'a', where: text('b'), check: text('c'), log: text(`'x' & %a`) },
    ],
  ])('%s', (written, expected) => {
    expect(sourceOf(written)).toEqual(expected);
  });

  test('a default and a log as STU3 had them are the same expressions', () => {
    const [found] = ruleOf('src.a default "x" log "y" -> tgt.b;').sources;
    expect([found?.default?.text, found?.log?.text]).toEqual(['"x"', '"y"']);
  });

  test('several sources', () => {
    expect(ruleOf('src.a as a where x, src.b as b where (y), a.c as c -> tgt.b;').sources).toHaveLength(3);
  });
});

const copy = (parameter: object): object => ({ name: 'copy', parameters: [parameter] });
const literal = (type: string, value: unknown): object => ({ kind: 'literal', literal: { type, value } });
const path = (variable: string, ...elements: string[]): object => ({ kind: 'path', variable, elements });
const evaluated = (expression: string): object => ({ kind: 'expression', expression: { text: expression } });

describe('targets', () => {
  const placed = { context: 'tgt', elements: ['b'], listModes: [] };
  test.each<[string, unknown]>([
    ['tgt.b', placed],
    ['tgt.b as b', { ...placed, variable: 'b' }],
    ['tgt as t', { context: 'tgt', elements: [], listModes: [], variable: 't' }],
    ['tgt.b.c.`d-e`', { ...placed, elements: ['b', 'c', 'd-e'] }],
    ['target.contains = a', { ...placed, context: 'target', elements: ['contains'], transform: copy(path('a')) }],
    ['tgt.b = a', { ...placed, transform: copy(path('a')) }],
    ['tgt.b = a.c', { ...placed, transform: copy(path('a', 'c')) }],
    [`tgt.b = 'it\\'s \\u0041'`, { ...placed, transform: copy(literal('string', `it's A`)) }],
    ['tgt.b = "it\'s"', { ...placed, transform: copy(literal('string', `it's`)) }],
    ['tgt.b = 0', { ...placed, transform: copy(literal('integer', 0)) }],
    ['tgt.b = -1', { ...placed, transform: copy(literal('integer', -1)) }],
    ['tgt.b = 1.5', { ...placed, transform: copy(literal('decimal', 1.5)) }],
    ['tgt.b = false', { ...placed, transform: copy(literal('boolean', false)) }],
    ['tgt.b = @2024-02', { ...placed, transform: copy(literal('date', '2024-02')) }],
    ['tgt.b = @2024-02-01T10:00Z', { ...placed, transform: copy(literal('dateTime', '2024-02-01T10:00Z')) }],
    ['tgt.b = @T10:00', { ...placed, transform: copy(literal('time', '10:00')) }],
    [`tgt.b = ('x' & %a)`, { ...placed, transform: { name: 'evaluate', parameters: [evaluated(`'x' & %a`)] } }],
    ['tgt.b = a.c.first()', { ...placed, transform: { name: 'evaluate', parameters: [evaluated('a.c.first()')] } }],
    ['tgt.b = (a) + (c)', { ...placed, transform: { name: 'evaluate', parameters: [evaluated('(a) + (c)')] } }],
    [
      'tgt.b = a.c & "x" as v first',
      {
        ...placed,
        transform: { name: 'evaluate', parameters: [evaluated('a.c & "x"')] },
        variable: 'v',
        listModes: ['first'],
      },
    ],
    [
      `tgt.b = 5 'mg' as q`,
      { ...placed, transform: { name: 'evaluate', parameters: [evaluated(`5 'mg'`)] }, variable: 'q' },
    ],
    ['tgt.b = uuid()', { ...placed, transform: { name: 'uuid', parameters: [] } }],
    [
      `tgt.b = create('Patient') as p`,
      {
        ...placed,
        transform: { name: 'create', parameters: [literal('string', 'Patient')] },
        variable: 'p',
      },
    ],
    [
      `tgt.b = append('x', a, a.c, 1, true, %a.d + 1)`,
      {
        ...placed,
        transform: {
          name: 'append',
          parameters: [
            literal('string', 'x'),
            path('a'),
            path('a', 'c'),
            literal('integer', 1),
            literal('boolean', true),
            evaluated('%a.d + 1'),
          ],
        },
      },
    ],
    [
      'tgt.b = evaluate(a, $this.c)',
      {
        ...placed,
        transform: { name: 'evaluate', parameters: [path('a'), evaluated('$this.c')] },
      },
    ],
    [
      `tgt.b = evaluate(a, c.d)`,
      { ...placed, transform: { name: 'evaluate', parameters: [path('a'), evaluated('c.d')] } },
    ],
    [
      `tgt.b = evaluate(a, 'c')`,
      { ...placed, transform: { name: 'evaluate', parameters: [path('a'), evaluated(`'c'`)] } },
    ],
    [
      `create('Patient') as p`,
      {
        elements: [],
        transform: { name: 'create', parameters: [literal('string', 'Patient')] },
        variable: 'p',
        listModes: [],
      },
    ],
    [
      '(a.c) as p',
      { elements: [], transform: { name: 'evaluate', parameters: [evaluated('a.c')] }, variable: 'p', listModes: [] },
    ],
    ['tgt.b as v share one', { ...placed, variable: 'v', listModes: ['share'], share: 'one' }],
    ['tgt.b as v share "one two"', { ...placed, variable: 'v', listModes: ['share'], share: 'one two' }],
    ['tgt.b = a first share x', { ...placed, transform: copy(path('a')), listModes: ['first', 'share'], share: 'x' }],
    ['tgt.b as v single', { ...placed, variable: 'v', listModes: ['single'] }],
    ['tgt.b = a collate', { ...placed, transform: copy(path('a')), listModes: ['collate'] }],
    ['tgt.b = a last', { ...placed, transform: copy(path('a')), listModes: ['last'] }],
  ])('%s', (written, expected) => {
    expect(targetOf(written)).toEqual(expected);
  });

  test.each([
    ['src.a as a -> tgt.b = 0 "n"', 'integer'],
    ['src.a as a -> tgt.b = 0.5 "n"', 'decimal'],
    [`src.a as a -> tgt.b = 'x' "n"`, 'string'],
  ])('a number before the name of the rule is no quantity: %s', (rule, type) => {
    const found = ruleOf(`${rule};`);
    expect(found.name).toBe('n');
    expect(found.targets[0]?.transform?.parameters).toMatchObject([{ kind: 'literal', literal: { type } }]);
  });
});

describe('rules', () => {
  test.each([
    ['src.a -> tgt.b "n";', 'n'],
    [`src.a -> tgt.b 'n';`, 'n'],
    ['src.a -> tgt.b;', undefined],
    ['src.a where b = 1 "n";', 'n'],
    ['src.a "n";', 'n'],
    ['src.a -> tgt.b = (1) "a-b c";', 'a-b c'],
    ['src.a as a -> tgt.b as b then G(a, b) "n";', 'n'],
    ['src.a as a -> tgt.b as b then { a.c -> b.c; } "n";', 'n'],
  ])('named: %s', (rule, name) => {
    expect(ruleOf(rule).name).toBe(name);
  });

  test.each([
    ['src.a -> tgt.a;', true],
    ['src.a : Patient where (b) -> tgt.a "n";', true],
    ['src.a as a -> tgt.a;', false],
    ['src.a -> tgt.a as a;', false],
    ['src.a -> tgt.a = 1;', false],
    ['src -> tgt.a;', false],
    ['src.a -> tgt;', false],
    ['src.a, src.b -> tgt.a;', false],
    ['src.a -> tgt.a, tgt.b;', false],
    ['src.a -> tgt.a then G(src, tgt);', false],
    ['src.a -> tgt.a first;', false],
  ])('shorthand is one element to one element: %s', (rule, shorthand) => {
    expect(ruleOf(rule).shorthand).toBe(shorthand);
  });

  test('src -> tgt: a, b; is a shorthand for each element', () => {
    const rules = rulesOf('src -> tgt: a, `b-c`, group "n";');
    expect(
      rules.map(({ shorthand, sources, targets }) => [shorthand, sources[0]?.elements, targets[0]?.elements]),
    ).toEqual([
      [true, ['a'], ['a']],
      [true, ['b-c'], ['b-c']],
      [true, ['group'], ['group']],
    ]);
  });

  test('then: groups, a block, both; without an arrow too', () => {
    const [groups, block, both, comma, none] = rulesOf(`src.a as a then G(a, tgt), H(a, 'x', 1, true, a.b);
src.b as b then { b.c -> tgt.c; };
src.c as c -> tgt.c as t then G(c, t) { c.d -> t.d; };
src.c as c -> tgt.c as t then G(c, t), { c.d -> t.d; };
src.a check (b);`);
    expect(groups?.calls.map(({ group, parameters }) => [group, parameters.length])).toEqual([
      ['G', 2],
      ['H', 5],
    ]);
    expect(block?.rules).toHaveLength(1);
    expect([both?.calls.length, both?.rules.length]).toEqual([1, 1]);
    expect([comma?.calls.length, comma?.rules.length]).toEqual([1, 1]);
    expect(none?.targets).toEqual([]);
  });

  test('for before a rule, as tutorials have it', () => {
    expect(ruleOf('for src.a as a -> tgt.a = a;').sources[0]?.context).toBe('src');
    expect(ruleOf('for -> tgt.a = 1;').sources[0]?.context).toBe('for');
  });

  test('strings hold what would end rules elsewhere', () => {
    const rule = ruleOf(`src.a as a where (x = 'it; // } -> "y"') -> tgt.a = "/* no */ 'comment'" "n";`);
    expect(rule.sources[0]?.where?.text).toBe(`x = 'it; // } -> "y"'`);
    expect(rule.targets[0]?.transform?.parameters).toMatchObject([{ literal: { value: `/* no */ 'comment'` } }]);
  });

  test('has its place, and each part too', () => {
    const found = readMap(
      `${head}group G(source src) {\n\n  src.a as a where (b\n = 1) -> tgt.b = x(a) "n";\n}\n`,
      'a.fml',
    );
    const [rule] = found.map.groups[0]?.rules ?? [];
    expect(rule?.at).toEqual({ line: 4, column: 3, offset: 58, length: 46 });
    expect(rule?.sources[0]?.where?.at).toMatchObject({ line: 4, column: 21, length: 6 });
    expect(rule?.targets[0]?.at).toMatchObject({ line: 5, column: 10, length: 12 });
    expect(rule?.targets[0]?.transform?.at).toMatchObject({ line: 5, column: 18, length: 4 });
  });
});

describe('conceptmaps', () => {
  test('have all relations, codes in quotes and bare, codes without a partner and what becomes of unmapped ones', () => {
    const [map] = mapOf(`${head}conceptmap "c" {
  prefix s = "http://e.org/s"
  prefix t = "http://e.org/t"
  unmapped for s = provided

  s:a - t:a
  s:b == t:"b c"
  s:c = t:2
  s:d != t:in-progress
  s:in-progress <= t:x
  s:"f-g" >= t:1.5
  s:g ~ t:x
  s:h <- t:x
  s:i >- t:x
  s:j --
  s:b - t:other
}
group G(source s, target t) { s.a -> t.a; }`).conceptMaps;
    expect(map?.group).toEqual([
      {
        source: 'http://e.org/s',
        target: 'http://e.org/t',
        element: [
          { code: 'a', target: [{ code: 'a', equivalence: 'relatedto' }] },
          {
            code: 'b',
            target: [
              { code: 'b c', equivalence: 'equivalent' },
              { code: 'other', equivalence: 'relatedto' },
            ],
          },
          { code: 'c', target: [{ code: '2', equivalence: 'equal' }] },
          { code: 'd', target: [{ code: 'in-progress', equivalence: 'disjoint' }] },
          { code: 'in-progress', target: [{ code: 'x', equivalence: 'wider' }] },
          { code: 'f-g', target: [{ code: '1.5', equivalence: 'narrower' }] },
          { code: 'g', target: [{ code: 'x', equivalence: 'inexact' }] },
          { code: 'h', target: [{ code: 'x', equivalence: 'subsumes' }] },
          { code: 'i', target: [{ code: 'x', equivalence: 'specializes' }] },
        ],
        unmapped: { mode: 'provided' },
      },
      {
        source: 'http://e.org/s',
        element: [{ code: 'j', target: [{ equivalence: 'unmatched' }] }],
        unmapped: { mode: 'provided' },
      },
    ]);
  });
});

describe('comments', () => {
  test('stay where they stood', () => {
    const written = `// Of the file.

map "http://e.org/m" = "m" // of the map

// Of the structure.
uses "http://e.org/A" alias A as source // beside it
uses "http://e.org/B" alias B as target

imports "http://e.org/n" // why

// Not of the group.

// Of the group.
//   - indented
//
group G(source src : A, target tgt : B) { // opens
  // Of the rule.
  src.a -> tgt.a; // beside the rule
  src.b -> tgt.b;

  // Second paragraph.
  src.c as c -> tgt.c as t then { // of the block
    c.d -> t.d;
    // Last in the block.
  } "c"; // after the block

  src.d as d -> tgt.d = d, // one
    // Between.
    tgt.e = d "d";

  // Last in the group.
} // closes

// Last of all.
`;
    const { map, problems } = readMap(written, 'a.fml');
    expect(problems).toEqual([]);
    expect(writeMap(map)).toBe(written);
  });

  test('in blocks and in the middle of a rule move before it, and none is lost', () => {
    const { map } = readMap(
      `${head}group G(source src, target tgt) {
  /* One
   * two */
  src.a /* three */ as a // four
    -> /* five */ tgt.a = a; /* six */
}`,
      'a.fml',
    );
    const [rule] = map.groups[0]?.rules ?? [];
    expect(rule?.comments).toEqual({ before: ['One', 'two', 'three', 'four'], after: 'six' });
    expect(rule?.targets[0]?.comments).toEqual({ before: ['five'] });
  });
});
