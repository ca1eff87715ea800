/** A map with mistakes is read as far as it goes, and each mistake is told with its place and a way out. */
import { describe, expect, test } from '@jest/globals';
import { fromStructureMap } from '../../../src/fml/text/structure-map-read.ts';
import { readMap } from '../../../src/fml/text/read.ts';

const head = 'map "http://example.org/m" = "m"\n';
const told = (text: string): readonly string[] =>
  readMap(head + text, 'a.fml').problems.map(
    ({ at, what, suggestion }) =>
      `${at.line}:${at.column} ${what}${suggestion === undefined ? '' : ` · ${suggestion}`}`,
  );
const rulesLeft = (text: string): readonly unknown[] =>
  readMap(head + text, 'a.fml').map.groups.map(({ name, rules }) => [name, rules.length]);
const group = (rules: string): string => `group G(source src, target tgt) {\n${rules}\n}`;

describe('one mistake is one problem', () => {
  test.each([
    [
      'a missing “;” before a rule',
      group('  src.a -> tgt.a\n  src.b -> tgt.b;'),
      ['3:17 the rule has no end · A rule ends with “;”.'],
    ],
    [
      'a missing “;” after a value',
      group('  src.a as a -> tgt.a = a\n  src.b -> tgt.b;'),
      ['3:26 the rule has no end · A rule ends with “;”.'],
    ],
    [
      'a missing “;” after a condition',
      group("  src.a where b = 'c'\n  src.b -> tgt.b;"),
      ['3:22 the rule has no end · A rule ends with “;”.'],
    ],
    ['a missing “;” before “}”', group('  src.a -> tgt.a "n"'), ['3:21 the rule has no end · A rule ends with “;”.']],
    [
      'a missing “)” of a condition',
      group('  src.a where (b = 1 -> tgt.a;\n  src.b -> tgt.b;'),
      ['3:15 the “(” that opens here is not closed · Write “)” at the end of the expression.'],
    ],
    [
      'a missing “)” of a transform',
      group("  src.a as a -> tgt.a = append('x', a;\n  src.b -> tgt.b;"),
      ['3:31 the “(” that opens here is not closed · Write “)” after the last parameter.'],
    ],
    ['a missing variable', group('  src.a as -> tgt.a;'), ['3:12 the name of a variable is expected before “->”']],
    ['a missing expression', group('  src.a where -> tgt.a;'), ['3:15 an expression is expected before “->”']],
    ['an empty expression', group('  src.a where () -> tgt.a;'), ['3:16 an expression is expected before “)”']],
    ['a missing value', group('  src.a -> tgt.a = ;'), ['3:20 an expression is expected before “;”']],
    [
      'a string without an end',
      group(`  src.a -> tgt.a = 'x;\n  src.b -> tgt.b;`),
      ['3:20 the string that starts here has no end'],
    ],
    [
      'a block without then',
      group('  src.a as a -> tgt.a { a.b -> tgt.b; };'),
      ['3:23 “{” stands without “then” · Write “then {”.'],
    ],
    [
      'value[x]',
      group('  src.value[x] as v -> tgt.value = v;'),
      ['3:12 “[x]” does not stand in a map · Write “value”: it is every type of value[x].'],
    ],
    [
      'a group without variables',
      group('  src.a as a then H;'),
      ['3:20 “(” is expected before “;” · A group is called with its variables: H(src, tgt).'],
    ],
    [
      'a second where',
      group('  src.a where (b) where (c) -> tgt.a;'),
      ['3:19 a second “where” for the same source · Join the two with “and”.'],
    ],
    [
      'a mode misspelt',
      `uses "x" as soruce\n${group('')}`,
      ['2:13 source, queried, target or produced is expected before “soruce” · Did you mean “source”?'],
    ],
    [
      'a keyword misspelt',
      `use "x" as source\nimports "y"\n${group('')}`,
      ['2:1 map, uses, imports, conceptmap, let or group is expected before “use” · Did you mean “uses”?'],
    ],
    [
      'a parameter without a mode',
      'group G(src, target tgt) {\n  src.a -> tgt.a;\n}',
      ['2:9 “source” or “target” is expected before “src” · Write “source src” or “target src”.'],
    ],
    [
      'a block left open',
      'group G(source src, target tgt) {\n  src.a -> tgt.a;\n\ngroup H(source src) {\n}',
      ['2:33 the “{” that opens here is not closed · Write “}” after its last rule.'],
    ],
    [
      'a “}” too many',
      `${group('  src.a -> tgt.a;')}\n}\ngroup H(source src) {\n}`,
      ['5:1 a group is expected before “}” · Take this “}” away, or look for a “{” that is missing above it.'],
    ],
    [
      'a comment without an end',
      `${group('  src.a -> tgt.a;')} /* and`,
      ['4:3 the comment that starts here has no end'],
    ],
    ['no group', '', ['2:1 the map has no group · Write “group Name(source src, target tgt) { … }”.']],
    [
      'a prefix that is not declared',
      `conceptmap "c" {\n  prefix s = "x"\n  s:a == t:b\n}\n${group('')}`,
      ['4:3 the prefix “t” is not declared · Write “prefix t = "…"” for its code system.'],
    ],
    [
      'no relation',
      `conceptmap "c" {\n  prefix s = "x"\n  s:a is s:b\n  s:c == s:d\n}\n${group('')}`,
      ['4:7 a relation (- == = != <= >= ~ <- >- --) is expected before “is” · Write “==” where both mean the same.'],
    ],
  ])('%s', (_, text, expected) => {
    expect(told(text)).toEqual(expected);
  });
});

describe('what other languages write is told as this one writes it', () => {
  const end = 'the end of the rule is expected before';
  test.each([
    [
      '“=” for “->”',
      '  src = tgt.a;',
      [`3:7 ${end} “=” · What is read stands before “->”, what is written after it: src.a as a -> tgt.b = a;`],
    ],
    [
      'the two sides swapped',
      '  tgt.a = true -> src;',
      [`3:9 ${end} “=” · What is read stands before “->”, what is written after it: src.a as a -> tgt.b = a;`],
    ],
    ['an arrow of a word processor', '  src.a –> tgt.a;', [`3:9 ${end} “–” · Did you mean “->”?`]],
    [
      'a condition behind the arrow',
      '  src.a -> tgt.a = 1 where (b);',
      [`3:22 ${end} “where” · “where” belongs to the source: write it before “->”.`],
    ],
    [
      'if',
      '  if (src.b) src.a -> tgt.a = 1;',
      [`3:6 ${end} “(” · A condition stands behind its source: src where (…) -> …`],
    ],
    [
      'a function in a path',
      '  src.a.first() as a -> tgt.a = a;',
      [`3:14 ${end} “(” · A function stands in an expression only: evaluate(src, …) as v, after “->”.`],
    ],
    [
      'min..max behind the variable',
      '  src.a as a 0..1 -> tgt.a = a;',
      [`3:14 ${end} “0” · The numbers min..max stand before “as”.`],
    ],
    [
      'a position',
      '  src.a as a -> tgt.b[0] as b;',
      [`3:22 ${end} “[” · A path has no positions. To read one of many: first, last, or an expression.`],
    ],
    [
      'a name of a rule without quotes',
      '  src.a as a -> tgt.b = a name;',
      [`3:27 ${end} “name” · The name of a rule stands in double quotes: "name".`],
    ],
    [
      'a name of a rule before it',
      '  "name" : src.a -> tgt.b;',
      [
        '3:3 a source variable is expected before the string “name” · The name of a rule stands at its end, before “;”.',
      ],
    ],
    [
      'a group without then',
      '  src.a as a -> tgt.a as b Group(a, b);',
      [`3:28 ${end} “Group” · Write “then” before the group: then Group(…).`],
    ],
    [
      'then after the end',
      '  src.a as a -> tgt.a as b; then Group(a, b);',
      [`3:34 ${end} “Group” · A “;” ends the rule: take it away before “then”.`],
    ],
    [
      'targets without a comma',
      '  src.a as a -> tgt.a as b b.c = a;',
      [`3:28 ${end} “b” · Several targets stand with “,” between them.`],
    ],
    [
      'parameters without a comma',
      '  src.a as a then Group(a src);',
      ['3:26 “,” is missing between two parameters · Write “,” here.'],
    ],
    ['no arrow', '  src.a as a tgt.b = a;', [`3:14 ${end} “tgt” · Write “->” before what is written.`]],
    ['a list mode misspelt', '  src.a frist as a -> tgt.b = a;', [`3:9 ${end} “frist” · Did you mean “first”?`]],
    [
      'a remark of another language',
      '  # src.a\n  src.a -> tgt.a;',
      ['3:3 a source variable is expected before “#” · A remark begins with “//”.'],
    ],
    [
      'a decimal comma',
      '  src -> tgt.a = 1,5;',
      ['3:20 a target variable is expected before “5” · Decimals are written with a point: 1.5.'],
    ],
    [
      'share without an id',
      '  src.a as a -> tgt.a as b share then { a.c -> b.c; };',
      [
        '3:34 the id of what is shared is expected before “then” · Rules that name the same id write the same element: share one then …',
      ],
    ],
  ])('%s', (_, rule, expected) => {
    expect(told(group(rule))).toEqual(expected);
  });

  test('a structure without a mode is told on its own line', () => {
    expect(told(`uses "http://e.org/A" alias A\nuses "http://e.org/B" as target\n${group('')}`)).toEqual([
      '2:30 it is not said what the structure is for · Write “as source”, “as target”, “as queried” or “as produced” at its end.',
    ]);
  });

  test('a type without its colon', () => {
    expect(told('group G(source src Patient, target tgt) {\n}')).toEqual([
      '2:20 “,” or “)” is expected before “Patient” · If Patient is a type: write “ : ” before it.',
    ]);
  });

  test('typographic quotes', () => {
    expect(
      readMap(`map "http://e.org/m" = “m”\n${group('')}`, 'a.fml').problems.map(({ suggestion }) => suggestion),
    ).toEqual(['Write straight quotes: "…"']);
  });

  test('a second map in the same file', () => {
    expect(told(`${head}${group('')}`)).toEqual(['2:1 a second “map” line · Each map is a file of its own.']);
  });
});

test('a block left open is looked for where the lines are indented wrong', () => {
  const rules = ['  src.a as a then {', '    a.b as b then {', '      b.c -> tgt.c;', '  } "a";', '  src.d -> tgt.d;'];
  expect(told(group(rules.join('\n')))).toEqual([
    '2:33 the “{” that opens here is not closed · Write “}” after its last rule; as the lines are indented, it is the block of line 4 that lacks it.',
  ]);
});

test('all mistakes of a file are told, and what stands between them is read', () => {
  const text = `use "http://e.org/A" as source
group G(source src, target tgt) {
  src.a as -> tgt.a;
  src.b -> tgt.b;
  src.c -> tgt.c = create('X' as x;
  src.d as d -> tgt.d as t then {
    d.e -> t.e
    d.f => t.f;
    d.g -> t.g;
  } "d";
  src.h -> tgt.h;
}
group H(source src target tgt) {
  src.i -> tgt.i;
  src.j -> -> tgt.j;
}
group I(source src) {
  src.k -> src.k;
}
`;
  expect(told(text)).toEqual([
    '2:1 map, uses, imports, conceptmap, let or group is expected before “use” · Did you mean “uses”?',
    '4:12 the name of a variable is expected before “->”',
    '6:26 the “(” that opens here is not closed · Write “)” after the last parameter.',
    '8:15 the rule has no end · A rule ends with “;”.',
    '9:9 the end of the rule is expected before “=” · Did you mean “->”?',
    '14:20 “,” is expected before “target” · Parameters stand with commas between them.',
    '16:12 a target variable is expected before “->”',
  ]);
  expect(rulesLeft(text)).toEqual([
    ['G', 4],
    ['H', 1],
    ['I', 1],
  ]);
});

test('a problem names its file and group', () => {
  const [problem] = readMap(`${head}${group('  src.a -> ;')}`, 'maps/a.fml').problems;
  expect(problem).toMatchObject({ code: 'syntax', severity: 'error', file: 'maps/a.fml', group: 'G' });
});

test('a map without a url is told of, as a warning', () => {
  const { problems } = readMap(group('  src.a -> tgt.a;'), 'a.fml');
  expect(problems.map(({ severity, what }) => [severity, what])).toEqual([['warning', 'the map has no url']]);
});

describe('a StructureMap with a gap is told of it, by its path', () => {
  const good = {
    resourceType: 'StructureMap',
    url: 'http://example.org/m',
    name: 'm',
    group: [
      {
        name: 'G',
        typeMode: 'none',
        input: [{ name: 'src', mode: 'source' }],
        rule: [{ name: 'r', source: [{ context: 'src', element: 'a' }] }],
      },
    ],
  };
  const [group] = good.group;
  test.each([
    ['what is another resource', { resourceType: 'Patient' }, 'this is no StructureMap'],
    ['what is no resource', null, 'this is no StructureMap'],
    ['no group', { ...good, group: [] }, 'the map has no group'],
    [
      'a parameter without a mode',
      { ...good, group: [{ ...group, input: [{ name: 'src' }] }] },
      'StructureMap.group[0].input[0] has no mode',
    ],
    [
      'a rule without a source',
      { ...good, group: [{ ...group, rule: [{ name: 'r' }] }] },
      'StructureMap.group[0].rule[0] has no source',
    ],
  ])('%s', (_, json, what) => {
    expect(fromStructureMap(json, 'm.json').problems.map((problem) => problem.what)).toEqual([what]);
  });

  test('a whole one has none', () => expect(fromStructureMap(good, 'm.json').problems).toEqual([]));
});
