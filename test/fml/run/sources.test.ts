/** What a rule reads, in which order, and how it stops (fml.md §3, §4). */
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { made, run, stop } from './library.ts';

const patient = (more: object = {}): object => ({ resourceType: 'Patient', ...more });
const plain = (rules: string): string => `group main(source src, target tgt) { ${rules} }`;

describe('sources', () => {
  test('of several are every combination, the first outermost', () => {
    const text = plain('src.a as a, src.b as b -> tgt.r as r, r.v = (%a & %b);');
    const target = { targets: [{ r: [] }] };
    expect(made(text, { a: ['1', '2'], b: ['x', 'y'] }, target)).toEqual({
      r: [{ v: '1x' }, { v: '1y' }, { v: '2x' }, { v: '2y' }],
    });
    expect(made(text, { a: ['1', '2'] }, target)).toEqual({});
  });
  test('may start from a variable of an earlier one', () => {
    const text = 'src.name as n, n.given as g -> tgt.name as t, t.given = g;';
    expect(made(text, patient({ name: [{ given: ['A', 'B'] }, { given: ['C'] }] }))).toEqual(
      patient({ name: [{ given: ['A'] }, { given: ['B'] }, { given: ['C'] }] }),
    );
  });
  test('* are all children', () => {
    const text = plain('src.a as a then { a.* as c -> tgt.r as r, r.v = c; };');
    expect(made(text, { a: { x: 1, y: [2, 3] } }, { targets: [{ r: [] }] })).toEqual({
      r: [{ v: 1 }, { v: 2 }, { v: 3 }],
    });
  });
  test('.value of a primitive is the primitive', () => {
    expect(made('src.gender as g then { g.value as v -> tgt.gender = v; };', patient({ gender: 'male' }))).toEqual(
      patient({ gender: 'male' }),
    );
  });
  test('without an element are the context itself', () => {
    expect(made("src where (active) -> tgt.gender = 'male';", patient({ active: true }))).toEqual(
      patient({ gender: 'male' }),
    );
    expect(made("src where (active) -> tgt.gender = 'male';", patient())).toEqual(patient());
  });
  test('by a path of several names', () => {
    const source = patient({ name: [{ given: ['A'] }, { given: ['B'] }] });
    expect(made('src.name.given as g -> tgt.name as n, n.given = g;', source)).toEqual(source);
  });
});

describe('filters', () => {
  const source = patient({ name: [{ use: 'old', family: 'A' }, { use: 'official', family: 'B' }, { family: 'C' }] });
  const families = (head: string): unknown =>
    (made(`${head} -> tgt.name = n;`, source) as { name?: { family: string }[] }).name?.map(({ family }) => family);

  test.each([
    ['src.name as n where (use.exists())', ['A', 'B']],
    ["src.name as n where (n.use = 'old')", ['A']],
    ["src.name as n where (%n.use = 'official')", ['B']],
    ['src.name first as n', ['A']],
    ['src.name not_first as n', ['B', 'C']],
    ['src.name last as n', ['C']],
    ['src.name not_last as n', ['A', 'B']],
    ['src.name last as n where (use.exists())', ['B']],
    ['src.name only_one as n where (use.empty())', ['C']],
  ])('%s', (head, expected) => {
    expect(families(head)).toEqual(expected);
  });
  test('by type let exact types pass', () => {
    const text = `group main(source src : Observation, target tgt : Observation) {
      src.value : Quantity as v -> tgt.value = v;
      src.value : string as v -> tgt.note as n, n.text = v;
    }`;
    expect(made(text, { resourceType: 'Observation', valueString: 'x' })).toEqual({
      resourceType: 'Observation',
      note: [{ text: 'x' }],
    });
  });
  test('default stands in once, before where, and only for nothing', () => {
    const text = "src.gender default ('unknown') as g -> tgt.gender = g;";
    expect(made(text, patient())).toEqual(patient({ gender: 'unknown' }));
    expect(made(text, patient({ gender: 'male' }))).toEqual(patient({ gender: 'male' }));
    expect(made("src.gender default ('unknown') as g where ($this = 'male') -> tgt.gender = g;", patient())).toEqual(
      patient(),
    );
  });
  test('log tells one line for each item that where left', () => {
    const lines: string[] = [];
    run('src.name as n where (use.exists()) log (family) -> tgt.name = n;', source, {
      run: { log: (line) => void lines.push(line) },
    });
    expect(lines).toEqual(['A', 'B']);
  });
});

describe('variables', () => {
  test('of two name spaces may have one name', () => {
    const text = 'src.name as name -> tgt.name as name then { name.family as f -> name.family = f; };';
    expect(made(text, patient({ name: [{ family: 'A' }] }))).toEqual(patient({ name: [{ family: 'A' }] }));
  });
  test('keep nothing of the item before', () => {
    const text = 'src.name as n -> (%n.family) as f, tgt.name as t, t.text = f, t.given = (%n.given);';
    expect(made(text, patient({ name: [{ family: 'A' }, { given: ['B'] }] }))).toEqual(
      patient({ name: [{ text: 'A' }, { given: ['B'] }] }),
    );
  });
  test('that hold nothing stop a group that wants them', () => {
    const text = `group main(source src : Patient, target tgt : Patient) { src -> (%src.gender) as g then sub(g, tgt); }
      group sub(source g, target tgt : Patient) { g -> tgt.gender = g; }`;
    expect(stop(text, patient())).toMatchObject({ code: 'no-value' });
  });
  test('let is worked out when it is asked for, and hidden by a local one', () => {
    const text = `let base = 'http://b';
      let all = (%base & '/x');
      let broken = ('a'.toQuantity().nonsense.first());
      group main(source src : Patient, target tgt : Patient) {
        src -> tgt.language = 'en', tgt.implicitRules = (%all);
        src.gender as base -> tgt.gender = base;
      }`;
    expect(made(text, patient({ gender: 'male' }))).toEqual(
      patient({ language: 'en', implicitRules: 'http://b/x', gender: 'male' }),
    );
  });
  test('let may be the start of a source', () => {
    const text = `let names = ('a' | 'b');
      group main(source src : Patient, target tgt : Patient) { names as n -> tgt.name as t, t.text = n; }`;
    expect(made(text, patient())).toEqual(patient({ name: [{ text: 'a' }, { text: 'b' }] }));
  });
  test('let that refers to itself stops', () => {
    const text = `let a = (%b); let b = (%a);
      group main(source src : Patient, target tgt : Patient) { src -> tgt.language = a; }`;
    expect(stop(text, patient())).toMatchObject({ code: 'expression', message: expect.stringContaining('itself') });
  });
});

describe('groups', () => {
  test('that extend another run it first, with the same variables', () => {
    const text = `group main(source src : Patient, target tgt : Patient) extends base { src -> tgt.language = 'own'; }
      group base(source src : Patient, target tgt : Patient) { src -> tgt.language = 'base', tgt.active = true; }`;
    expect(made(text, patient())).toEqual(patient({ language: 'own', active: true }));
  });
  test('that extend in a circle stop', () => {
    const text = `group main(source src : Patient, target tgt : Patient) extends base { }
      group base(source src : Patient, target tgt : Patient) extends main { }`;
    expect(stop(text, patient()).code).toBe('group');
  });
  test('that call themselves without end stop at a depth', () => {
    const text = 'group main(source src : Patient, target tgt : Patient) { src -> tgt then main(src, tgt); }';
    expect(stop(text, patient())).toMatchObject({ code: 'recursion' });
  });
  test('run after the nested rules', () => {
    const text = `group main(source src : Patient, target tgt : Patient) {
        src -> tgt then sub(src, tgt) { src -> tgt.name as n, n.text = 'nested'; };
      }
      group sub(source src : Patient, target tgt : Patient) { src -> tgt.name as n, n.text = 'group'; }`;
    expect(made(text, patient())).toEqual(patient({ name: [{ text: 'nested' }, { text: 'group' }] }));
  });
  test('take literals', () => {
    const text = `group main(source src : Patient, target tgt : Patient) { src -> tgt then sub('x', tgt); }
      group sub(source word, target tgt : Patient) { word -> tgt.language = word; }`;
    expect(made(text, patient())).toEqual(patient({ language: 'x' }));
  });
  test('by default copy identical types, and refuse others', () => {
    expect(made('src.name -> tgt.name;', patient({ name: [{ family: 'A' }] }))).toEqual(
      patient({ name: [{ family: 'A' }] }),
    );
    expect(stop('src.name -> tgt.telecom;', patient({ name: [{ family: 'A' }] }))).toMatchObject({
      code: 'group',
      message: expect.stringMatching(/from HumanName to ContactPoint/u),
    });
  });
  test('by default are called for their pair of types', () => {
    const text = `group main(source src : Patient, target tgt : Patient) { src.name -> tgt.telecom; }
      group pair(source n : HumanName, target t : ContactPoint) <<types>> { n.family as f -> t.value = f; }`;
    expect(made(text, patient({ name: [{ family: 'A' }] }))).toEqual(patient({ telecom: [{ value: 'A' }] }));
  });
  test('of primitives may be written as HAPI wants them', () => {
    const text = `group main(source src : Patient, target tgt : Patient) { src.gender -> tgt.language; }
      group code(source s : code, target t : code) <<type+>> { s.value as v -> t.value = v; }`;
    expect(made(text, patient({ gender: 'male' }))).toEqual(patient({ language: 'male' }));
  });
});

describe('a map that stops', () => {
  const response = {
    resourceType: 'QuestionnaireResponse',
    item: [
      { linkId: 'a' },
      { linkId: 'b' },
      { linkId: 'c', answer: [{ valueString: 'Secret' }, { valueString: 'x' }] },
    ],
  };
  const main = (rules: string): string =>
    `group main(source src : QuestionnaireResponse, target tgt : Patient) { ${rules} }`;

  test('names place, path, what was expected and what to do, and keeps the value apart', () => {
    const text = main(`src.item as i where (linkId = 'c') then {
      i.answer as a then { a.value as v -> tgt.birthDate = v "date"; };
    };`);
    const stopped = stop(text, response);
    expect(stopped).toMatchObject({
      code: 'cast-failed',
      path: 'QuestionnaireResponse.item[2].answer[0].value',
      value: 'Secret',
      message: 'the value for birthDate is no date',
    });
    expect(stopped.where).toMatch(/^m\.fml:\d+:\d+ rule "date"$/u);
    expect(`${stopped.stack} ${stopped.where} ${stopped.path} ${JSON.stringify(stopped)}`).not.toContain('Secret');
    expect(inspect(stopped)).not.toContain('Secret');
  });
  test('knows the path through groups', () => {
    const text = `${main('src.item as i then one(i, tgt);')}
      group one(source item, target tgt : Patient) { item.answer as a then two(a, tgt); }
      group two(source answer, target tgt : Patient) { answer.value as v check (length() < 3) -> tgt.language = v; }`;
    expect(stop(text, response)).toMatchObject({
      code: 'check-failed',
      path: 'QuestionnaireResponse.item[2].answer[0].value',
      message: 'the check (length() < 3) does not hold for answer.value. Correct what was sent, or the check',
    });
  });
  test.each([
    ['src.item only_one as i -> tgt;', 'not-only-one'],
    ['src.item 0..1 as i -> tgt;', 'cardinality'],
    ['src.authored 1..1 as i -> tgt;', 'cardinality'],
    ['src.item as i check (linkId = "a") -> tgt;', 'check-failed'],
    ['nobody.item as i -> tgt;', 'unknown-variable'],
    ['src -> nobody.active = true;', 'unknown-variable'],
    ['src -> src.status = "x";', 'unknown-variable'],
    ['src -> tgt.active = nobody;', 'unknown-variable'],
    ['src -> tgt then nobody(src, tgt);', 'group'],
    ['src -> tgt then main(src);', 'wrong-parameters'],
    ['src -> tgt.name = frobnicate(src);', 'unknown-transform'],
    ["src -> tgt.contact = create('Nonsense');", 'unknown-type'],
    ["src -> tgt.contained = create('Resource');", 'unknown-type'],
    ["src -> tgt.language = cast('x', 'integer');", 'cast-failed'],
    ["src -> tgt.language = cast('2147483648', 'integer');", 'cast-failed'],
    ["src -> tgt.language = translate('x', '#nowhere', 'code');", 'concept-map'],
    ['src where (item.linkId.nonsense() = 1) -> tgt.active = true;', 'expression'],
    ['src where (%nobody) -> tgt.active = true;', 'expression'],
    ['src -> tgt.gender = (%src.item.linkId);', 'several-values'],
    ['src -> tgt.language = reference(src);', 'no-value'],
    ["src -> tgt.managingOrganization = 'x';", 'wrong-type'],
  ])('%s has the code %s', (rules, code) => {
    expect(stop(main(rules), response).code).toBe(code);
  });
  test('does so only where it is reached', () => {
    expect(made(main('src.authored as a -> nobody.active = true;'), response)).toEqual(patient());
  });
  test('for want of an input says so', () => {
    expect(stop(main('src -> tgt;'), [])).toMatchObject({ code: 'input', where: 'm.fml' });
  });
});

describe('a trace', () => {
  test('tells what each rule read and wrote', () => {
    const events: string[] = [];
    const text = `group main(source src : Patient, target tgt : Patient) {
      src.name as n -> tgt.name as t then { n.family as f -> t.family = f "family"; } "name";
      src.gender as g -> tgt.gender = g "gender";
    }`;
    run(text, patient({ name: [{ family: 'A' }, { family: 'B' }] }), {
      compile: { trace: true },
      run: {
        trace: (event) =>
          void events.push(
            event.kind === 'rule-entered'
              ? `${event.rule.rule} read ${event.read.map(({ path }) => path).join()}`
              : event.kind === 'wrote'
                ? `${event.rule.rule} wrote ${event.path} ${JSON.stringify(event.value)}`
                : `${event.kind} ${'rule' in event ? event.rule.rule : event.group}`,
          ),
      },
    });
    expect(events).toEqual([
      'group-entered main',
      'name read Patient.name[0]',
      'name wrote Patient.name[0] {}',
      'family read Patient.name[0].family',
      'family wrote Patient.name[0].family "A"',
      'rule-left family',
      'rule-left name',
      'name read Patient.name[1]',
      'name wrote Patient.name[1] {}',
      'family read Patient.name[1].family',
      'family wrote Patient.name[1].family "B"',
      'rule-left family',
      'rule-left name',
      'rule-idle gender',
      'group-left main',
    ]);
  });
});
