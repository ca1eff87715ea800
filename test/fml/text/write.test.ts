/** The canonical form of a map: how it looks, that it reads back as the same map, and that nothing makes the reader fall. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { globSync, readFileSync } from 'node:fs';
import {
  listModes,
  relationSigns,
  type ConceptMapText,
  type Expression,
  type Literal,
  type MapText,
  type Parameter,
  type Rule,
  type RuleSource,
  type RuleTarget,
} from '../../../src/fml/model.ts';
import { conceptMapOf } from '../../../src/fml/text/concept-map.ts';
import { readMap } from '../../../src/fml/text/read.ts';
import { fromStructureMap } from '../../../src/fml/text/structure-map-read.ts';
import { toStructureMap } from '../../../src/fml/text/structure-map-write.ts';
import { writeMap } from '../../../src/fml/text/write.ts';
import { withoutPlaces } from './without-places.ts';

const at = { line: 0, column: 0, offset: 0, length: 0 };
const formatted = (text: string): string => writeMap(readMap(text, 'a.fml').map);

describe('the canonical form', () => {
  test('a rule stands on one line while it fits, and breaks at “->”, “,” and “then” where it does not', () => {
    expect(
      formatted(`map 'http://e.org/m'='m'
uses "http://e.org/A" alias A as source


uses "http://e.org/B" alias B as target
imports "http://e.org/n"
group G (source src:A,target tgt:B)extends H<<type+>>{


src.a->tgt.a;
src.b as b where b=1 log "x"->tgt.b=b,tgt.c="c" then H(b,tgt) "short";



src.theFirstElement as first where (first.something.exists()) -> tgt.aRatherLongElement as first, first.anotherElement = 'x' "long";
src -> tgt.theElement = append('http://example.org/a/rather/long/url/', 'that/does/not', '/fit/on/one/line', '/at/all') "one";
src.a as theVariable where (theVariable.something.exists()) -> tgt.someElement = create('SomeType') as created then Other(theVariable, created) "then";
src.a as theVariable where (theVariable.something.exists()) -> tgt.someElement = create('SomeType') as thisIsCreated then {
theVariable.b -> thisIsCreated.b;
} "block";
}
group Empty(source s){}`),
    ).toBe(`map "http://e.org/m" = "m"

uses "http://e.org/A" alias A as source

uses "http://e.org/B" alias B as target

imports "http://e.org/n"

group G(source src : A, target tgt : B) extends H <<type+>> {
  src.a -> tgt.a;
  src.b as b where (b=1) log ("x") -> tgt.b = b, tgt.c = 'c' then H(b, tgt) "short";

  src.theFirstElement as first where (first.something.exists()) -> tgt.aRatherLongElement as first,
    first.anotherElement = 'x' "long";
  src -> tgt.theElement = append('http://example.org/a/rather/long/url/', 'that/does/not', '/fit/on/one/line', '/at/all') "one";
  src.a as theVariable where (theVariable.something.exists()) -> tgt.someElement = create('SomeType') as created
    then Other(theVariable, created) "then";
  src.a as theVariable where (theVariable.something.exists()) ->
    tgt.someElement = create('SomeType') as thisIsCreated then {
      theVariable.b -> thisIsCreated.b;
    } "block";
}

group Empty(source s) {}
`);
  });

  test('our own maps are the same maps in it', () => {
    for (const file of globSync('mappings/*.fml')) {
      const { map, problems } = readMap(readFileSync(file, 'utf8'), file);
      expect(problems).toEqual([]);
      const again = readMap(writeMap(map), file);
      expect(withoutPlaces(again.map)).toEqual(withoutPlaces(map));
    }
  });
});

const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const simple = fc.constantFrom(
  'a',
  'src',
  'tgt',
  'value',
  'group',
  'for',
  'where',
  'as',
  'then',
  'first',
  'true',
  'div',
  'log',
  'endgroup',
  'share',
  'input',
  'let',
);
const name = fc.oneof(
  { weight: 8, arbitrary: simple },
  fc.stringMatching(/^[a-zA-Z_][\w-]{0,6}$/),
  fc.constantFrom('a b', 'a`b', 'größe', '-x', '4', 'a\\b', "it's"),
);
const words = fc.oneof(
  fc.constantFrom('', 'x', "it's", '"quoted"', 'a\nb', '\\', '; }', '//', '/* */', '`', '{', '\t', 'ü'),
  fc.string({ maxLength: 8 }),
);
const text: fc.Arbitrary<Expression> = fc
  .constantFrom(
    `a`,
    `a.b = 'x'`,
    `%src.where(a = "}; ->").exists() and (b or c)`,
    `(a) + (b)`,
    `(a)`,
    `iif(a, 'b', {})`,
    `a // why\n + b`,
    `5 'mg'`,
    `$this is Quantity`,
    `"x"`,
    'then.check',
    '1',
  )
  .map((expression) => ({ text: expression, at }));
const literal: fc.Arbitrary<Literal> = fc.oneof(
  words.map((value) => ({ type: 'string', value }) as const),
  fc.integer().map((value) => ({ type: 'integer', value }) as const),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })
    .map((value) => ({ type: 'decimal', value: Number(value.toFixed(6)) + 0 }) as const),
  fc.boolean().map((value) => ({ type: 'boolean', value }) as const),
  fc.constantFrom<Literal>(
    { type: 'date', value: '2024-02-01' },
    { type: 'dateTime', value: '2024-02-01T10:00:00.5+01:00' },
    { type: 'time', value: '10:00' },
  ),
);
const plainParameter: fc.Arbitrary<Parameter> = fc.oneof(
  fc.record({
    kind: fc.constant('path' as const),
    variable: name,
    elements: fc.array(name, { maxLength: 2 }),
    at: fc.constant(at),
  }),
  literal.map((each) => ({ kind: 'literal', literal: each, at }) as const),
);
/** Of those that are no paths and constants themselves: as parameters they would be read as such. */
const expressionParameter: fc.Arbitrary<Parameter> = text
  .filter((each) => !['a', '"x"', '1', 'then.check'].includes(each.text))
  .map((expression) => ({ kind: 'expression', expression, at }));
const parameter = fc.oneof(plainParameter, expressionParameter);
const transform = fc
  .oneof(
    fc.tuple(
      fc.constantFrom('create', 'append', 'cc', 'reference', 'ünknown', 'a-b'),
      fc.array(parameter, { maxLength: 3 }),
    ),
    parameter.map((one) => ['copy', [one]] as [string, Parameter[]]),
    text.map((expression) => ['evaluate', [{ kind: 'expression', expression, at }]] as [string, Parameter[]]),
    fc
      .tuple(plainParameter, text)
      .map(
        ([context, expression]) =>
          ['evaluate', [context, { kind: 'expression', expression, at }]] as [string, Parameter[]],
      ),
  )
  .map(([transformName, parameters]) => ({ name: transformName, parameters, at }));
const compact = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

const source: fc.Arbitrary<RuleSource> = fc
  .record({
    at: fc.constant(at),
    context: name,
    elements: fc.array(fc.oneof(name, fc.constant('*')), { maxLength: 2 }),
    type: some(fc.constantFrom('Patient', 'FHIR.Patient', 'http://e.org/T', 'a-b')),
    occurs: some(fc.tuple(fc.nat(9), some(fc.nat(9)))),
    default: some(text),
    listMode: some(fc.constantFrom(...listModes)),
    variable: some(name),
    where: some(text),
    check: some(text),
    log: some(text),
  })
  .map(({ occurs, ...rest }) => compact({ ...rest, min: occurs?.[0], max: occurs?.[1] }) as RuleSource);

const target: fc.Arbitrary<RuleTarget> = fc
  .record({
    place: some(fc.tuple(name, fc.array(name, { maxLength: 2 }))),
    transform: some(transform),
    variable: some(name),
    listModes: fc.subarray(['first', 'share', 'last', 'single'] as const),
    share: name,
  })
  .filter(({ place, transform: value }) => place !== undefined || value !== undefined)
  .map(
    ({ place, transform: value, variable, listModes: modes, share }) =>
      compact({
        at,
        context: place?.[0],
        elements: place?.[1] ?? [],
        transform: value,
        variable,
        listModes: modes,
        share: modes.includes('share') ? share : undefined,
      }) as RuleTarget,
  );

const comment = fc.constantFrom('one', '', 'src.a -> tgt.a;', '/ three', '  deep', 'it’s', '*/', '"');
const comments = some(
  fc.record({ before: fc.array(comment, { minLength: 1, maxLength: 2 }), after: comment }, { requiredKeys: [] }),
).map((each) => (each === undefined || Object.keys(each).length === 0 ? undefined : each));

const shorthandOf = (sources: readonly RuleSource[], targets: readonly RuleTarget[], rest: number): boolean => {
  const [from] = sources;
  const [to] = targets;
  if (rest > 0 || sources.length !== 1 || targets.length !== 1 || from === undefined || to === undefined) return false;
  return (
    from.elements.length > 0 &&
    from.variable === undefined &&
    to.context !== undefined &&
    to.elements.length > 0 &&
    to.transform === undefined &&
    to.variable === undefined &&
    to.listModes.length === 0
  );
};

const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc
    .record({
      comments,
      name: some(words),
      sources: fc.array(source, { minLength: 1, maxLength: 2 }),
      targets: fc.array(target, { maxLength: 3 }),
      calls: fc.array(
        fc.record({ at: fc.constant(at), group: name, parameters: fc.array(parameter, { maxLength: 2 }) }),
        { maxLength: 2 },
      ),
      rules: fc.array(tie('rule'), { maxLength: 2, depthIdentifier: 'rule', size: 'xsmall' }),
    })
    .map(
      (each) =>
        compact({
          at,
          ...each,
          shorthand: shorthandOf(each.sources, each.targets, each.calls.length + each.rules.length),
        }) as Rule,
    ),
}));

const code = fc.tuple(
  fc.constantFrom('s', 't'),
  fc.constantFrom('a', 'in-progress', 'b c', '1', 'x-', 'é', 'provided'),
);
const conceptMap = fc
  .record({
    id: name,
    mappings: fc.array(fc.tuple(code, fc.constantFrom(...relationSigns), code, comments), { maxLength: 3 }),
  })
  .map(({ id, mappings }) => ({
    at,
    id,
    lines: [
      { kind: 'prefix', prefix: 's', system: 'http://e.org/s' } as const,
      { kind: 'prefix', prefix: 't', system: 'http://e.org/t' } as const,
      { kind: 'unmapped', source: 's' } as const,
      ...mappings.map(([from, sign, to, remark]) =>
        compact({
          kind: 'mapping' as const,
          source: from,
          sign,
          target: sign === '--' ? undefined : to,
          comments: remark,
        }),
      ),
    ],
  }));

const map: fc.Arbitrary<MapText> = fc
  .record({
    file: fc.constant('a.fml'),
    url: words,
    name: words,
    mapLine: fc.constant(true as const),
    metadata: fc.uniqueArray(
      fc
        .record({
          at: fc.constant(at),
          key: fc.constantFrom('title', 'status', 'a.b', 'x-y'),
          value: some(fc.oneof(words, fc.integer(), fc.boolean())),
        })
        .map(compact),
      { maxLength: 2, selector: ({ key }) => key },
    ),
    structures: fc.array(
      fc
        .record({
          at: fc.constant(at),
          url: words,
          alias: some(name),
          mode: fc.constantFrom('source', 'target', 'queried', 'produced' as const),
          comments,
        })
        .map(compact),
      { maxLength: 2 },
    ),
    imports: fc.array(fc.record({ at: fc.constant(at), canonical: words, comments }).map(compact), { maxLength: 2 }),
    constants: fc.array(fc.record({ at: fc.constant(at), name, value: text, comments }).map(compact), { maxLength: 2 }),
    conceptMapTexts: fc.array(conceptMap, { minLength: 1, maxLength: 2 }),
    groups: fc.array(
      fc
        .record({
          at: fc.constant(at),
          comments,
          name,
          extends: some(name),
          typeMode: fc.constantFrom('none', 'types', 'type-and-types' as const),
          inputs: fc.array(
            fc
              .record({
                at: fc.constant(at),
                mode: fc.constantFrom('source', 'target' as const),
                name,
                type: some(fc.constantFrom('T', 'FHIR.T')),
              })
              .map(compact),
            { minLength: 1, maxLength: 3 },
          ),
          rules: fc.array(rule, { maxLength: 3 }),
        })
        .map(compact),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map(
    (each) =>
      ({ ...each, conceptMaps: each.conceptMapTexts.map((one) => conceptMapOf(one as ConceptMapText)) }) as MapText,
  );

describe('any map', () => {
  test('written and read is the same map, without a problem, and written again is the same text', () => {
    fc.assert(
      fc.property(map, (each) => {
        const written = writeMap(each);
        const again = readMap(written, 'a.fml');
        expect(again.problems).toEqual([]);
        expect(withoutPlaces(again.map)).toEqual(withoutPlaces(each));
        expect(writeMap(again.map)).toBe(written);
      }),
      { numRuns: 300 },
    );
  });

  test.each(['R4', 'R5'] as const)('is the same StructureMap of %s after a way through it', (release) => {
    fc.assert(
      fc.property(map, (each) => {
        const json = JSON.parse(JSON.stringify(toStructureMap(each, release))) as unknown;
        const again = fromStructureMap(json, 'a.fml');
        expect(again.problems.filter(({ what }) => !what.includes('has no'))).toEqual([]);
        expect(JSON.parse(JSON.stringify(toStructureMap(again.map, release)))).toEqual(json);
      }),
      { numRuns: 150 },
    );
  });
});

const real = globSync('mappings/*.fml').map((file) => readFileSync(file, 'utf8').slice(0, 4000));
const pieces = fc.constantFrom(
  '(',
  ')',
  '{',
  '}',
  ';',
  '->',
  '"',
  "'",
  '`',
  '//',
  '/*',
  '*/',
  ' group ',
  'then',
  ',',
  '.',
  'as',
  '%',
  '<<',
  '///',
  '\n',
  '\uFEFF',
  '\\',
  'where',
  '"""',
  '=',
);

describe('any text', () => {
  test('gives a map or problems, never an exception, and in time', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom('drop', 'insert', 'double'), pieces, fc.nat(30)), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.constantFrom(...real), edits, (start, changes) => {
        let mutilated = start;
        for (const [where, kind, piece, length] of changes) {
          const from = where % (mutilated.length + 1);
          const taken = mutilated.slice(from, from + length);
          const put = { drop: '', insert: piece + taken, double: taken + taken }[kind] ?? '';
          mutilated = mutilated.slice(0, from) + put + mutilated.slice(from + length);
        }
        const began = performance.now();
        const { map: read, problems } = readMap(mutilated, 'a.fml');
        expect(performance.now() - began).toBeLessThan(2000);
        for (const { at: place } of problems) {
          expect(place.line).toBeGreaterThan(0);
          expect(place.column).toBeGreaterThan(0);
          expect(place.offset).toBeLessThanOrEqual(mutilated.length);
        }
        if (problems.some(({ severity }) => severity === 'error')) return;
        const again = readMap(writeMap(read), 'a.fml');
        expect(again.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(withoutPlaces(again.map)).toEqual(withoutPlaces(read));
        expect(writeMap(again.map)).toBe(writeMap(read));
      }),
      { numRuns: 600 },
    );
  });

  test('that is no map at all neither', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            pieces,
            fc.string({ maxLength: 5 }),
            fc.constantFrom(
              'group G(source a) {',
              'a.b -> c.d',
              'conceptmap "x" {',
              's:a - t:b',
              'uses "x"',
              'let x = ',
            ),
          ),
          { maxLength: 40 },
        ),
        (parts) => {
          expect(readMap(parts.join(' '), 'a.fml').problems.length).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of great depth is read too', () => {
    const deep = 20000;
    const { problems } = readMap(`group G(source a, target b) { a where ${'('.repeat(deep)} -> b.c; }`, 'a.fml');
    expect(problems.length).toBeGreaterThan(0);
    expect(readMap(`group G(source a) { ${'a then { '.repeat(deep)}`, 'a.fml').problems.length).toBeGreaterThan(0);
  });
});
