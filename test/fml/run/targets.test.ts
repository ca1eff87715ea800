/** What is written, and how (fml.md §5). */
import { describe, expect, test } from '@jest/globals';
import { compileMap } from '../../../src/fml/run/index.ts';
import { made, read, run, stop, types } from './library.ts';

const patient = (more: object = {}): object => ({ resourceType: 'Patient', ...more });

describe('elements', () => {
  test('that repeat become lists, even of one', () => {
    const source = patient({ name: [{ given: ['Ana'] }] });
    expect(made('src.name as n -> tgt.name as t then { n.given as g -> t.given = g; };', source)).toEqual(
      patient({ name: [{ given: ['Ana'] }] }),
    );
  });
  test('that are single keep the last value', () => {
    expect(made("src -> tgt.gender = 'male', tgt.gender = 'other';", patient())).toEqual(patient({ gender: 'other' }));
  });
  test('that are single and complex are filled by two rules', () => {
    const text = "src -> tgt.maritalStatus as c, c.text = 'a'; src -> tgt.maritalStatus as c, c.id = 'b';";
    expect(made(text, patient())).toEqual(patient({ maritalStatus: { text: 'a', id: 'b' } }));
  });
  test('that stayed empty are not written, however deep', () => {
    const text =
      'src -> tgt.contact as c, c.name as n, n.period as p; src -> tgt.name as n; src -> tgt.active = false;';
    expect(made(text, patient())).toEqual(patient({ active: false }));
  });
  test('that were put in place after they were made are not written when they stay empty', () => {
    const text = "src -> create('HumanName') as n, tgt.contact as c, c.name = n;";
    expect(made(text, patient())).toEqual(patient());
  });
  test('keep what is false in JavaScript', () => {
    const text = 'src -> tgt.active = false, tgt.multipleBirth = 0;';
    expect(made(text, patient())).toEqual(patient({ active: false, multipleBirthInteger: 0 }));
  });
  test('by a path of several names', () => {
    expect(made("src -> tgt.maritalStatus.text = 'x';", patient())).toEqual(patient({ maritalStatus: { text: 'x' } }));
  });
  test('that no type has stop the map', () => {
    expect(stop("src -> tgt.colour = 'x';", patient()).code).toBe('unknown-element');
  });
  test.each(['constructor', 'toString', 'prototype'])('are never named %s', (name) => {
    const text = `group main(source src, target tgt) { src -> tgt.\`${name}\` = 'x'; }`;
    expect(stop(text, {}).code).toBe('unknown-element');
  });
  test('of the sender cannot reach the prototype of objects', () => {
    const source: unknown = JSON.parse('{"a": {"__proto__": {"polluted": true}}}');
    expect(stop('group main(source src, target tgt) { src.a as a -> tgt.b = a; }', source).code).toBe(
      'unknown-element',
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('choices', () => {
  const observation = 'group main(source src : Observation, target tgt : Observation) { RULES }';
  const choice = (rules: string, value: object): unknown =>
    made(observation.replace('RULES', rules), { resourceType: 'Observation', ...value });

  test('are written under the type of what is put in', () => {
    expect(choice('src.value as v -> tgt.value = v;', { valueBoolean: false })).toEqual({
      resourceType: 'Observation',
      valueBoolean: false,
    });
    expect(choice("src -> tgt.value = create('Quantity') as q, q.value = '5';", {})).toEqual({
      resourceType: 'Observation',
      valueQuantity: { value: 5 },
    });
  });
  test('lose what another type has written', () => {
    const text = "src -> tgt.value = 'x'; src -> tgt.value = create('Quantity') as q, q.unit = 'kg';";
    expect(choice(text, {})).toEqual({ resourceType: 'Observation', valueQuantity: { unit: 'kg' } });
  });
  test('lose what stood in a target that was given', () => {
    const text = 'group main(source src : Observation, target tgt : Observation) { src -> tgt.value = 7; }';
    expect(
      made(text, { resourceType: 'Observation' }, { targets: [{ resourceType: 'Observation', valueString: 'x' }] }),
    ).toEqual({ resourceType: 'Observation', valueInteger: 7 });
  });
  test('widen a primitive that they do not offer', () => {
    const source = { status: 'final' };
    expect(choice('src.status as s -> tgt.value = s;', source)).toEqual({
      resourceType: 'Observation',
      valueString: 'final',
    });
  });
  test('refuse a type they neither offer nor can widen, and do not say the value', () => {
    const stopped = stop('src.name as n -> tgt.multipleBirth = n;', patient({ name: [{ family: 'Secret' }] }));
    expect(stopped.code).toBe('wrong-type');
    expect(stopped.message).toBe('multipleBirth takes boolean, integer, not HumanName');
  });
  test('are not made without a type', () => {
    expect(stop('src -> tgt.deceased as d;', patient()).message).toMatch(
      /deceased takes one of boolean, dateTime.*create/u,
    );
  });
});

describe('primitives', () => {
  test('take their id and extensions along', () => {
    const twin = { birthDate: '1970-01-01', _birthDate: { id: 'x', extension: [{ url: 'u', valueCode: 'c' }] } };
    expect(made('src.birthDate as b -> tgt.birthDate = b;', patient(twin))).toEqual(patient(twin));
  });
  test('that have extensions and no value are written so', () => {
    const twin = { _birthDate: { extension: [{ url: 'u', valueCode: 'unknown' }] } };
    expect(made('src.birthDate as b -> tgt.birthDate = b;', patient(twin))).toEqual(patient(twin));
  });
  test('of a list keep their places beside their twins', () => {
    const name = { given: ['A', 'B', 'C'], _given: [null, { id: 'b' }, null] };
    const text = 'src.name as n -> tgt.name as t then { n.given as g -> t.given = g; };';
    expect(made(text, patient({ name: [name] }))).toEqual(patient({ name: [name] }));
  });
  test('lose the extensions of a value that was replaced', () => {
    const text = "src.birthDate as b -> tgt.birthDate = b; src -> tgt.birthDate = '1980-01-01';";
    expect(made(text, patient({ birthDate: '1970-01-01', _birthDate: { id: 'x' } }))).toEqual(
      patient({ birthDate: '1980-01-01' }),
    );
  });
  test('can be filled through .value, in a list too', () => {
    const text =
      "src -> tgt.name as n then { src -> n.given = create('string') as g then { src -> g.value = 'Ana'; }; };";
    expect(made(text, patient())).toEqual(patient({ name: [{ given: ['Ana'] }] }));
    expect(made("src -> tgt.name as n, n.given = create('string') as g;", patient())).toEqual(patient());
  });
  test('can be given extensions', () => {
    const text = `src -> tgt.birthDate = '1970-01-01' as b then {
      src -> b.extension as e, e.url = 'http://u', e.value = true;
    };`;
    expect(made(text, patient())).toEqual(
      patient({ birthDate: '1970-01-01', _birthDate: { extension: [{ url: 'http://u', valueBoolean: true }] } }),
    );
  });
  test('that do not parse as the element wants stop the map without being told', () => {
    const stopped = stop('src.id as i -> tgt.birthDate = i;', patient({ id: 'secret' }));
    expect(stopped.code).toBe('cast-failed');
    expect(stopped.message).not.toContain('secret');
    expect(stopped.value).toBe('secret');
  });
});

describe('copies', () => {
  test('do not show what becomes of the original, nor change it', () => {
    const source = patient({ name: [{ family: 'A' }] });
    const text = `src.name as n -> tgt.name = n as t, t.family = 'B';
      src.name as n -> tgt.name = n;`;
    expect(made(text, source)).toEqual(patient({ name: [{ family: 'B' }, { family: 'A' }] }));
    expect(source).toEqual(patient({ name: [{ family: 'A' }] }));
  });
  test('of a target that stands somewhere are of what it is then', () => {
    const text = "src -> tgt.name as a, a.family = 'A', tgt.name = a as b, b.family = 'B';";
    expect(made(text, patient())).toEqual(patient({ name: [{ family: 'A' }, { family: 'B' }] }));
  });
  test('of a target that stands nowhere yet are the target itself', () => {
    const text = "src -> create('HumanName') as n, tgt.name = n, n.family = 'later';";
    expect(made(text, patient())).toEqual(patient({ name: [{ family: 'later' }] }));
  });
  test('leave a given target as it was', () => {
    const given = patient({ name: [{ family: 'A' }] });
    run("src -> tgt.name as n, n.family = 'B';", patient(), { targets: [given] });
    expect(given).toEqual(patient({ name: [{ family: 'A' }] }));
  });
  test('of constants are not shared between runs', () => {
    const text = `group main(source src : Patient, target tgt : Patient) {
      src.active as a -> tgt.maritalStatus = cc('s', 'c') as c, c.text = 'x';
      src -> tgt.maritalStatus = cc('s', 'c'), tgt.gender = 'male';
    }`;
    const map = read(text);
    const compiled = compileMap({ types, maps: [map], conceptMaps: [] }, map);
    const options = { uuid: () => 'u', now: new Date(0) };
    const [first] = compiled.run({ sources: [patient({ active: true })] }, options).targets;
    const maritalStatus = { coding: [{ system: 's', code: 'c' }] };
    expect(first).toEqual(patient({ maritalStatus, gender: 'male' }));
    expect(compiled.run({ sources: [patient()] }, options).targets).toEqual([first]);
  });
});

describe('list modes of targets', () => {
  const names = (rules: string): unknown =>
    (made(rules, patient()) as { name: { text: string }[] }).name.map(({ text }) => text);

  test('first and last go to the ends, whatever comes later', () => {
    expect(
      names(`src -> tgt.name as a, a.text = 'a';
        src -> tgt.name as z last, z.text = 'z';
        src -> tgt.name as f first, f.text = 'f';
        src -> tgt.name as b, b.text = 'b';`),
    ).toEqual(['f', 'a', 'b', 'z']);
  });
  test('first of several items keeps their order', () => {
    const source = patient({ name: [{ text: '1' }, { text: '2' }] });
    const text = `src -> tgt.name as n, n.text = 'x';
      src.name as s -> tgt.name as n first then { s.text as t -> n.text = t; };`;
    expect(made(text, source)).toEqual(patient({ name: [{ text: '1' }, { text: '2' }, { text: 'x' }] }));
  });
  test('a second first in a block is an error', () => {
    expect(stop('src -> tgt.name as a first; src -> tgt.name as b first;', patient()).code).toBe('list-mode');
  });
  test('collate and single go on filling the first', () => {
    expect(
      made("src -> tgt.name as a, a.text = 'a'; src -> tgt.name as b collate, b.family = 'b';", patient()),
    ).toEqual(patient({ name: [{ text: 'a', family: 'b' }] }));
  });
  test('share gives one target for each id and block', () => {
    const source = patient({ name: [{ text: '1' }, { text: '2' }] });
    const text = 'src.name as s -> tgt.name as n share x then { s.text as t -> n.given = t; };';
    expect(made(text, source)).toEqual(patient({ name: [{ given: ['1', '2'] }] }));
    expect(made(`src.name as s then { s -> tgt.name as n share x, n.text = 'a'; };`, source)).toEqual(
      patient({ name: [{ text: 'a' }, { text: 'a' }] }),
    );
  });
});

describe('targets that are read', () => {
  test('do not show what is still empty', () => {
    const text = `src -> tgt.name as n, tgt.contact as c, c.name as d then {
      src where (%tgt.name.exists() or %tgt.contact.exists()) -> tgt.active = true;
      src where (%n.exists().not()) -> n.text = 'empty';
      src -> tgt.multipleBirth = (%tgt.name.count());
    };`;
    expect(made(text, patient())).toEqual(patient({ name: [{ text: 'empty' }], multipleBirthInteger: 1 }));
  });
  test('are the source of another group, as they stand then', () => {
    const text = `group main(source src : Patient, target tgt : Patient) {
        src -> tgt.name as n, n.family = 'A' then second(tgt, tgt);
      }
      group second(source built : Patient, target tgt : Patient) {
        built.name as n then { n.family as f -> tgt.maritalStatus as m, m.text = f; };
      }`;
    expect(made(text, patient())).toEqual(patient({ name: [{ family: 'A' }], maritalStatus: { text: 'A' } }));
  });
  test('and found by an expression are written to where they stand', () => {
    const text = `group main(source src : Patient, target bundle : Bundle) {
        src -> bundle.entry as e, e.resource = create('Patient') as p, p.id = 'p1';
        src -> (%bundle.entry.resource.first()) as found then fill(src, found);
      }
      group fill(source src, target p : Patient) { src -> p.active = true; }`;
    expect(made(text, patient())).toEqual({
      resourceType: 'Bundle',
      entry: [{ resource: { resourceType: 'Patient', id: 'p1', active: true } }],
    });
  });
});

describe('resources within resources', () => {
  test('are contained and referred to', () => {
    const text = `src -> tgt.contained = create('Patient') as p, p.id = uuid(), p.active = true,
      tgt.link as l, l.other = reference(p);`;
    expect(made(text, patient())).toEqual(
      patient({
        contained: [{ resourceType: 'Patient', id: 'id-1', active: true }],
        link: [{ other: { reference: 'Patient/id-1' } }],
      }),
    );
  });
  test('come to stand in several outputs', () => {
    const text = `group main(source a : Patient, source b : Patient, target p : Patient, target q : Patient) {
      a.id as i -> p.id = i; b.id as i -> q.id = i;
    }`;
    const { targets } = run(text, [patient({ id: '1' }), patient({ id: '2' })]);
    expect(targets).toEqual([patient({ id: '1' }), patient({ id: '2' })]);
  });
});

describe('primitives that variables name', () => {
  test('are no longer reached when another value has taken their place', () => {
    const text = "src -> tgt.language = 'a' as v then { src -> tgt.language = 'b'; src -> v.value = 'c'; };";
    expect(made(text, patient())).toEqual(patient({ language: 'b' }));
  });
  test('are told from equal ones of the same list', () => {
    const text = `src -> tgt.name as n, n.given = 'a' as x, n.given = 'a' as y then {
      src -> y.value = 'b', x.id = 'i';
    };`;
    expect(made(text, patient())).toEqual(patient({ name: [{ given: ['a', 'b'], _given: [{ id: 'i' }, null] }] }));
  });
  test('are read with their values', () => {
    const text =
      "src -> tgt.name as n, n.given = 'a' as x, n.family = 'f' as f, n.text = (%n.given.first() & %f & %x);";
    expect(made(text, patient())).toEqual(patient({ name: [{ given: ['a'], family: 'f', text: 'afa' }] }));
  });
  test('keep their extensions when others go to the ends of the list', () => {
    const source = patient({ name: [{ given: ['a', 'b'], _given: [{ id: 'i' }, null] }] });
    const text = `src.name as s -> tgt.name as n then {
      s.given as g -> n.given = g;
      s -> n.given = 'f' first;
    };`;
    expect(made(text, source)).toEqual(
      patient({ name: [{ given: ['f', 'a', 'b'], _given: [null, { id: 'i' }, null] }] }),
    );
  });
  test('are the id of a resource that is referred to', () => {
    const text = `src -> tgt.id = 'p' as i, tgt.link as l, l.other = create('Reference') as r, r.reference = 'x' as x,
      tgt.contact as c, c.organization as o, o.reference = reference(tgt), o.display = r;`;
    expect(made(text, patient())).toEqual(
      patient({
        id: 'p',
        link: [{ other: { reference: 'x' } }],
        contact: [{ organization: { reference: 'Patient/p', display: 'x' } }],
      }),
    );
  });
  test('are no targets of other elements than their own', () => {
    const text = `group main(source src : Patient, target tgt : Patient) { src.birthDate -> tgt.birthDate; }
      group date(source s : date, target t : date) <<types>> { s.value as v -> t.value = v; s.extension -> t.extension; }`;
    const source = patient({ birthDate: '1970-01-01', _birthDate: { extension: [{ url: 'u', valueCode: 'c' }] } });
    expect(made(text, source)).toEqual(source);
  });
});
