/** What is wrong with a map is found where it stands; what is right is left alone. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { assert, nat, property } from 'fast-check';
import { extractTypes } from '../../../src/definitions/extract.ts';
import { TypeTable } from '../../../src/definitions/types.ts';
import { checkMap } from '../../../src/fml/check/check.ts';
import type { Library } from '../../../src/fml/link.ts';
import type { ConceptMap } from '../../../src/fml/model.ts';
import type { Problem } from '../../../src/fml/problem.ts';
import { readMap } from '../../../src/fml/text/read.ts';
import { fromStructureMap } from '../../../src/fml/text/structure-map-read.ts';
import { toStructureMap } from '../../../src/fml/text/structure-map-write.ts';
import { wrongMaps, type WrongMap } from './cases.ts';
import { functions, ownLibrary, ownMaps, r4, types } from './library.ts';
import { misspelt, sitesOf } from './sites.ts';

const shared = readMap(
  `map "http://example.org/StructureMap/shared" = "shared"
group Shared(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
  'shared.fml',
).map;
const gender: ConceptMap = { resourceType: 'ConceptMap', url: 'http://example.org/ConceptMap/gender' };

const write = ({ head = '', rules = '', groups }: WrongMap): string =>
  `map "http://example.org/StructureMap/wrong" = "wrong"
${head}
${groups ?? `group main(source src : Patient, target tgt : Observation) {\n    ${rules}\n}`}
`;

const problemsOf = (text: string, file = 'wrong.fml', library?: Partial<Library>): readonly Problem[] => {
  const { map, problems } = readMap(text, file);
  const all: Library = { types, maps: [map, shared], conceptMaps: [gender], ...library };
  return [...problems, ...checkMap(all, map, { functions })];
};

describe('a wrong map', () => {
  test.each(wrongMaps)('with $name is told of, where it stands', (wrong) => {
    const marked = write(wrong);
    const offset = marked.indexOf('«');
    const text = marked.replace('«', '').replace('»', '');
    const lines = marked.slice(0, offset).split('\n');
    const problems = problemsOf(text);
    const found = problems.find(({ code, at }) => code === wrong.code && at.offset === offset);
    expect({ found: found?.what, all: found === undefined ? problems : [] }).toEqual({
      found: expect.stringContaining(wrong.what ?? ''),
      all: [],
    });
    expect(found).toMatchObject({
      severity: wrong.warning === true ? 'warning' : 'error',
      file: 'wrong.fml',
      at: { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, length: marked.indexOf('»') - offset - 1 },
    });
    expect(found?.suggestion ?? '').toContain(wrong.suggestion ?? '');
    // One slip, one error: what follows from it is not told again.
    const errors = problems.filter(({ severity, at }) => severity === 'error' && at.offset !== offset);
    if (wrong.warning === true || wrong.code !== 'unknown-import') expect(errors).toEqual([]);
  });

  test.each(wrongMaps.filter(({ warning, code }) => warning !== true && code !== 'expression'))(
    'with $name is told of in a StructureMap too, where there are no places',
    (wrong) => {
      const { map } = readMap(write(wrong).replace('«', '').replace('»', ''), 'wrong.fml');
      const told = fromStructureMap(toStructureMap(map, 'R5'), 'wrong.json').map;
      const found = checkMap({ types, maps: [told, shared], conceptMaps: [gender] }, told, { functions });
      const error = found.find(({ code, severity }) => code === wrong.code && severity === 'error');
      expect(error).toMatchObject({
        file: 'wrong.json',
        what: expect.stringContaining(wrong.what ?? ''),
        at: { line: 0 },
      });
    },
  );

  test('is told of with the group and the rule', () => {
    const [found] = problemsOf(
      write({ name: '', code: 'syntax', rules: `src -> tgt.code as c then { src -> c.txt = 'x' "inner"; } "outer";` }),
    );
    expect(found).toMatchObject({ group: 'main', rule: 'inner' });
  });

  test('without definitions has wrong names only where names are all there is', () => {
    const untyped = { types: new TypeTable() };
    const rules = `src.a as a -> tgt.b = create('Thing') as t then { a.x as x -> t.y = x "x"; } "a";`;
    expect(problemsOf(write({ name: '', code: 'syntax', rules }), 'a.fml', untyped)).toEqual([]);
    expect(
      problemsOf(write({ name: '', code: 'syntax', rules: 'scr.a as a -> tgt.b = a;' }), 'a.fml', untyped),
    ).toMatchObject([{ code: 'unknown-variable' }]);
  });
});

describe('nothing is said of', () => {
  test.each([
    [
      'a constant that names one below it',
      { head: "let a = %b & 'x';\nlet b = 'y';", rules: `src -> tgt.issued = (%a) "s";` },
    ],
    [
      'a repeating source that fills what is made anew for each',
      {
        groups: `group main(source src : Patient, target tgt : Patient) {
  src.photo as p -> tgt.contained = create('Person') as person, person.photo = p "created";
  src.generalPractitioner as g -> tgt.link as l, l.other = g, l.type = 'refer' "in a list";
  src.name as n then { n.given as g -> tgt.contact as c, c.name as name, name.given = g "deeper"; } "names";
}`,
      },
    ],
  ] as readonly (readonly [string, Pick<WrongMap, 'head' | 'rules' | 'groups'>])[])('%s', (_, map) => {
    const problems = problemsOf(write({ name: '', code: 'syntax', ...map }));
    expect(problems).toEqual([]);
  });
});

describe('our own maps', () => {
  test.each([...ownMaps.keys()])('%s has nothing wrong, and nothing unused', (name) => {
    expect(problemsOf(ownMaps.get(name) ?? '', name, ownLibrary)).toEqual([]);
  });

  test('any name in them, misspelt, is found where it stands', () => {
    const sites = ownLibrary.maps.flatMap((map) => {
      const text = ownMaps.get(map.file) ?? '';
      return sitesOf(text, map).map((site) => ({ map, text, site }));
    });
    expect(sites.length).toBeGreaterThan(4000);
    assert(
      property(nat({ max: sites.length - 1 }), nat(), nat({ max: 3 }), (index, letter, slip) => {
        const { map, text, site } = sites[index] as (typeof sites)[number];
        const { offset, name } = site;
        const slipped = misspelt(name, letter, slip);
        const changed = text.slice(0, offset) + slipped + text.slice(offset + name.length);
        const problems = problemsOf(changed, map.file, {
          ...ownLibrary,
          maps: ownLibrary.maps.filter((other) => other !== map),
        });
        const there = problems.filter(
          ({ at }) => at.offset <= offset + slipped.length && at.offset + Math.max(1, at.length) >= offset,
        );
        expect({ slipped, kind: site.kind, found: there.length > 0 }).toEqual({
          slipped,
          kind: site.kind,
          found: true,
        });
      }),
      { numRuns: 250 },
    );
  });
});

// ------------------------------------------------------------------------------------------------- published maps

const data = resolve('../shared/data/fml');
const present = existsSync(data) || process.env['CI'] === 'true';
if (!present) process.stderr.write('notice: ../shared/data/fml is absent; published maps are not checked\n');

type Case = {
  readonly map?: string;
  readonly imports?: readonly string[];
  readonly definitions?: readonly string[];
  readonly conceptMaps?: string | readonly string[];
  readonly untyped?: boolean;
  readonly parseError?: unknown;
  readonly runs?: readonly { readonly error?: string }[];
};

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** Maps that are there to be read, and would stop if they were run: what stops them is told. */
const fragments: Readonly<Record<string, string>> = {
  'cross-version/Appointment4to5': 'what it imports and its ConceptMaps are not part of the case',
  'cross-version/Coding4to5': 'what it imports is not part of the case',
  'cross-version/Goal4to5': 'what it imports and its ConceptMaps are not part of the case',
  'cross-version/Identifier4to5': 'what it imports and its ConceptMaps are not part of the case',
  'cross-version/primitives4to5': 'what it imports is not part of the case',
  'fhir-test-cases/map-general-test': 'what it imports is not part of the case; Address has no typeX',
  'fhir-test-cases/syntax': 'identifer is misspelt, and the variable r is nowhere',
  'hapi/identity-batch': 'Basic has no active and no gender',
  'hapi/source-element-delimiter': 'element names made up to show quotes',
  'mapping-language-ig/syntax-backticks': 'element names made up to show backticks',
  'medplum/parse-check': 'the group that it calls is not there',
  'medplum/parse-source-list-mode': 'the group that it calls is not there',
  'medplum/parse-two-sources': 'the group that it calls is not there',
};

/** Errors that only a message shows. */
const whenRunOnly = new Set(['authored/evaluate-many-single', 'authored/recursion-limit']);

const caseOf = (name: string): Case => JSON.parse(readFileSync(join(data, name, 'case.json'), 'utf8')) as Case;

function problemsOfCase(name: string): readonly Problem[] {
  const definition = caseOf(name);
  const text = (file: string): string => readFileSync(join(data, name, file), 'utf8');
  const json = (file: string): unknown => JSON.parse(text(file));
  const isText = (file: string): boolean => /\.(?:fml|map)$/u.test(file);
  const logical = (definition.definitions ?? [])
    .filter((file) => file.endsWith('.json'))
    .map((file) => extractTypes(json(file) as object));
  const { map, problems } = readMap(text(definition.map ?? ''), definition.map ?? '');
  return [
    ...problems,
    ...checkMap(
      {
        types: definition.untyped === true ? new TypeTable() : new TypeTable(r4, ...logical),
        maps: [map, ...(definition.imports ?? []).filter(isText).map((file) => readMap(text(file), file).map)],
        conceptMaps: list(definition.conceptMaps).flatMap((file) => list(json(file) as ConceptMap | ConceptMap[])),
      },
      map,
      { functions },
    ),
  ];
}

(present ? describe : describe.skip)('published maps', () => {
  const names = present
    ? readdirSync(data, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .flatMap(({ name }) => readdirSync(join(data, name)).map((each) => `${name}/${each}`))
        .filter((name) => existsSync(join(data, name, 'case.json')))
        .filter((name) => /\.(?:fml|map)$/u.test(caseOf(name).map ?? ''))
        // Its models are XML.
        .filter((name) => !(caseOf(name).definitions ?? []).some((file) => file.endsWith('.xml')))
    : [];
  const isWrong = (name: string): boolean => {
    const { parseError, runs = [] } = caseOf(name);
    return parseError !== undefined || (runs.length > 0 && runs.every(({ error }) => error !== undefined));
  };
  const errorsOf = (name: string): readonly Problem[] =>
    problemsOfCase(name).filter(({ severity }) => severity === 'error');

  test('are there', () => expect(names.length).toBeGreaterThan(100));

  test.each(names.filter((name) => !isWrong(name) && !Object.hasOwn(fragments, name)))(
    '%s runs, and has no error',
    (name) => {
      expect(errorsOf(name)).toEqual([]);
    },
  );

  test.each(names.filter((name) => (isWrong(name) || Object.hasOwn(fragments, name)) && !whenRunOnly.has(name)))(
    '%s would stop, and has an error',
    (name) => {
      expect(errorsOf(name).length).toBeGreaterThan(0);
    },
  );
});
