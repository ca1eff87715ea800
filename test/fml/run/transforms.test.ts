/** The transforms (fml.md §7), and ConceptMaps with their policies (§8). */
import { describe, expect, test } from '@jest/globals';
import { Item } from '../../../src/definitions/item.ts';
import type { ConceptMap } from '../../../src/fml/model.ts';
import { made, run, stop } from './library.ts';

const patient = (more: object = {}): object => ({ resourceType: 'Patient', ...more });
const basic = (rules: string): string => `group main(source src, target tgt : Observation) { ${rules} }`;
const observation = (more: object): object => ({ resourceType: 'Observation', ...more });
const note = (transform: string, source: object = {}): unknown =>
  (made(basic(`src -> tgt.note as n, n.text = ${transform};`), source) as { note?: { text: string }[] }).note?.[0]
    ?.text;

describe('transforms', () => {
  test.each([
    ["truncate('abcdef', 3)", 'abc'],
    ["truncate('a\u{1F600}bc', 2)", 'a\u{1F600}'],
    ["append('a', src.n, 'b')", 'a5b'],
    ["append('a', src.nothing)", 'a'],
    ["escape('<a & b>', 'plain', 'xml')", '&lt;a &amp; b&gt;'],
    ["escape('&lt;a', 'xml', 'plain')", '<a'],
    ["escape('a\\\\T\\\\b', 'v2', 'json')", 'a&b'],
    ["escape('a b', 'url')", 'a%20b'],
    ["cast(src.n, 'string')", '5'],
    ['uuid()', 'id-1'],
    ["evaluate(src, n.toString() & '!')", '5!'],
    ["evaluate(src, 'n')", 'n'],
    ['evaluate(src, n)', '5'],
    ["toDate('06/05/2026', 'dd/MM/yyyy')", '2026-05-06'],
    ["toDateTime('20260506182300+0200', 'yyyyMMddHHmmssZ')", '2026-05-06T18:23:00+02:00'],
    ["toDateTime('6 May 2026 6:05 PM', 'd MMMM yyyy h:mm a')", '2026-05-06T18:05:00Z'],
    ["toTime('1805', 'HHmm')", '18:05:00'],
    ["unixToDateTime(0, '+10:00')", '1970-01-01T10:00:00+10:00'],
    ['unixToDate(86400)', '1970-01-02'],
    ['unixToTime(3661)', '01:01:01'],
  ])('%s', (transform, expected) => {
    expect(note(transform, { n: 5 })).toBe(expected);
  });
  test.each([
    ["toDate('30/02/2026', 'dd/MM/yyyy')", 'cast-failed'],
    ["toDate('x', 'dd/MM/yyyy')", 'cast-failed'],
    ["escape('x', 'morse')", 'wrong-parameters'],
    ["truncate('x', 'y')", 'wrong-parameters'],
    ['truncate(src.n)', 'wrong-parameters'],
    ['append(src.o)', 'wrong-type'],
    ["cast('12x', 'integer')", 'cast-failed'],
    ["cast('12', 'Coding')", 'cast-failed'],
  ])('%s stops: %s', (transform, code) => {
    expect(stop(basic(`src -> tgt.note as n, n.text = ${transform};`), { n: 5, o: { p: 1 } }).code).toBe(code);
  });
  test('dateOp reads a date as the element wants it', () => {
    expect(made("src -> tgt.birthDate = dateOp('06.05.26', 'dd.MM.yy');", patient())).toEqual(
      patient({ birthDate: '2026-05-06' }),
    );
  });
  test('make datatypes', () => {
    const text = basic(`src -> tgt.code = cc('s', 'c', 'd'), tgt.category = cc('words'), tgt.value = qty('<= 5.5 mg'),
      tgt.identifier = id('s', 'v', 'MR'), tgt.component as p, p.code as k, k.coding = c('s', 'c');`);
    expect(made(text, {})).toEqual(
      observation({
        code: { coding: [{ system: 's', code: 'c', display: 'd' }] },
        category: [{ text: 'words' }],
        valueQuantity: { value: 5.5, comparator: '<=', unit: 'mg' },
        identifier: [
          {
            type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
            system: 's',
            value: 'v',
          },
        ],
        component: [{ code: { coding: [{ system: 's', code: 'c' }] } }],
      }),
    );
  });
  test('make nothing of nothing', () => {
    const text = basic(`src -> tgt.code = cc(src.x), tgt.value = qty(src.x, 'mg'), tgt.identifier = id('s', src.x),
      tgt.note as n, n.text = append(src.x), tgt.status = cast(src.x, 'code'), tgt.issued = toDateTime(src.x);`);
    expect(made(text, {})).toEqual(observation({}));
  });
  test('cp guesses the system of a contact', () => {
    const text =
      "src -> tgt.telecom = cp('a@b'), tgt.telecom = cp('http://x'), tgt.telecom = cp('555'), tgt.telecom = cp('fax', '1');";
    expect(made(text, patient())).toEqual(
      patient({
        telecom: [
          { system: 'email', value: 'a@b' },
          { system: 'url', value: 'http://x' },
          { system: 'phone', value: '555' },
          { system: 'fax', value: '1' },
        ],
      }),
    );
  });
  test.each([
    ['Immunization_Reaction', 'reaction', { reaction: [{ reported: true }] }, 'reported'],
    ['Immunization_AppliedProtocol', 'protocolApplied', { protocolApplied: [{ series: 'true' }] }, 'series'],
    ['Immunization.education', 'education', { education: [{ documentType: 'true' }] }, 'documentType'],
  ])('create knows %s', (name, element, expected, child) => {
    const text = `group main(source src, target tgt : Immunization) {
      src -> tgt.${element} = create('${name}') as e, e.${child} = true;
    }`;
    expect(made(text, {})).toEqual({ resourceType: 'Immunization', ...expected });
  });
  test('create without a type takes that of the element', () => {
    expect(made("src -> tgt.name = create() as n, n.family = 'A';", patient())).toEqual(
      patient({ name: [{ family: 'A' }] }),
    );
    expect(stop('src -> tgt.deceased = create() as d;', patient()).code).toBe('wrong-parameters');
  });
  test('reference gives a Reference, or its text where text is wanted', () => {
    const text = `group main(source src : Patient, target b : Bundle) {
      src -> create('Patient') as p, create('Observation') as o, o.subject = reference(p), o.focus as f,
        f.reference = reference(p), o.derivedFrom as d, d.reference = pointer(p), b.entry as e, e.resource = o;
    }`;
    expect(made(text, patient())).toEqual({
      resourceType: 'Bundle',
      entry: [
        {
          resource: observation({
            subject: { reference: 'Patient/id-1' },
            focus: [{ reference: 'Patient/id-1' }],
            derivedFrom: [{ reference: 'urn:uuid:id-1' }],
          }),
        },
      ],
    });
  });
  test('several results are one element each, and an error where one only fits', () => {
    expect(made("src -> tgt.name as n, n.given = ('a' | 'b');", patient())).toEqual(
      patient({ name: [{ given: ['a', 'b'] }] }),
    );
    expect(stop("src -> tgt.gender = ('a' | 'b');", patient()).code).toBe('several-values');
    expect(stop("src -> ('a' | 'b') as v;", patient()).code).toBe('several-values');
  });
  test('resolve() finds what a Bundle or a resource contains', () => {
    const text = 'src.managingOrganization as o -> evaluate(o, resolve()) as r, tgt.name as n, n.text = (%r.name);';
    const source = patient({
      contained: [{ resourceType: 'Organization', id: 'o', name: 'Clinic' }],
      managingOrganization: { reference: '#o' },
    });
    expect(made(text, source)).toEqual(patient({ name: [{ text: 'Clinic' }] }));
  });
  test('functions of the caller are known to expressions', () => {
    expect(
      made(
        basic('src -> tgt.note as n, n.text = (%src.a.shout());'),
        { a: 'x' },
        {
          compile: {
            functions: {
              shout: {
                min: 0,
                max: 0,
                evaluate: (input) => input.map(({ json, type }) => new Item(`${String(json)}!`, type)),
              },
            },
          },
        },
      ),
    ).toEqual(observation({ note: [{ text: 'x!' }] }));
  });
});

describe('translate', () => {
  const url = 'http://example.org/cm';
  const conceptMap = (unmapped?: object): ConceptMap => ({
    resourceType: 'ConceptMap',
    url,
    group: [
      {
        source: 'http://s',
        target: 'http://t',
        element: [
          { code: 'a', target: [{ code: 'A', display: 'Ah', equivalence: 'equivalent' }] },
          { code: 'n', target: [{ code: 'N', equivalence: 'narrower' }] },
          {
            code: 'w',
            target: [
              { code: 'X', equivalence: 'narrower' },
              { code: 'W', equivalence: 'wider' },
            ],
          },
          {
            code: 'two',
            target: [
              { code: '1', equivalence: 'equal' },
              { code: '2', equivalence: 'equal' },
            ],
          },
          { code: 'r5', target: [{ code: 'R', relationship: 'source-is-narrower-than-target' }] },
        ],
        ...(unmapped === undefined ? {} : { unmapped: unmapped as { mode: string } }),
      },
    ],
  });
  const rules = (output: string): string => basic(`src.c as c -> tgt.code = translate(c, '${url}', '${output}') "t";`);
  const setting = (unmapped?: object): { conceptMaps: ConceptMap[] } => ({ conceptMaps: [conceptMap(unmapped)] });
  const unknown = { c: { system: 'http://s', code: 'secret', display: 'Secret words' } };

  test('by code, and by system where there is one', () => {
    const expected = observation({ code: { coding: [{ system: 'http://t', code: 'A', display: 'Ah' }] } });
    expect(made(rules('CodeableConcept'), { c: 'a' }, setting())).toEqual(expected);
    expect(made(rules('CodeableConcept'), { c: { system: 'http://s', code: 'a' } }, setting())).toEqual(expected);
    expect(stop(rules('CodeableConcept'), { c: { system: 'http://other', code: 'a' } }, setting()).code).toBe(
      'unmapped-code',
    );
  });
  test('takes the first coding of a CodeableConcept that is listed', () => {
    const c = {
      coding: [
        { system: 'http://other', code: 'q' },
        { system: 'http://s', code: 'a' },
      ],
    };
    expect(made(rules('CodeableConcept'), { c }, setting())).toEqual(
      observation({ code: { coding: [{ system: 'http://t', code: 'A', display: 'Ah' }] } }),
    );
  });
  test.each([
    ['code', 'language', 'A'],
    ['system', 'implicitRules', 'http://t'],
  ])('gives a %s', (output, element, expected) => {
    const text = basic(`src.c as c -> tgt.${element} = translate(c, '${url}', '${output}');`);
    expect(made(text, { c: 'a' }, setting())).toEqual(observation({ [element]: expected }));
  });
  test('uses targets that are the same or wider, of R4 and R5', () => {
    const text = basic(`src.c as c -> tgt.language = translate(c, '${url}', 'code');`);
    expect(made(text, { c: 'w' }, setting())).toEqual(observation({ language: 'W' }));
    expect(made(text, { c: 'r5' }, setting())).toEqual(observation({ language: 'R' }));
    expect(stop(text, { c: 'n' }, setting()).message).toMatch(/without a target that may be used/u);
    expect(stop(text, { c: 'two' }, setting()).code).toBe('concept-map');
  });
  test('without a match stops the map; the code is told apart from the message', () => {
    const stopped = stop(rules('CodeableConcept'), unknown, setting());
    expect(stopped).toMatchObject({
      code: 'unmapped-code',
      unmapped: { conceptMap: url, system: 'http://s', code: 'secret', display: 'Secret words' },
    });
    expect(stopped.message).toContain(url);
    expect(stopped.message).not.toMatch(/secret/iu);
  });
  test.each([
    ['provided', { mode: 'provided' }, { coding: [{ system: 'http://s', code: 'secret', display: 'Secret words' }] }],
    [
      'fixed',
      { mode: 'fixed', code: 'F', display: 'Fixed' },
      { coding: [{ system: 'http://t', code: 'F', display: 'Fixed' }] },
    ],
    [
      'text',
      {
        mode: 'fixed',
        code: 'F',
        extension: [{ url: 'https://tejido.dev/fhir/StructureDefinition/unmapped-policy', valueCode: 'text' }],
      },
      { text: 'Secret words' },
    ],
  ])('without a match does as the policy says, and records it: %s', (policy, unmapped, code) => {
    const result = run(rules('CodeableConcept'), unknown, setting(unmapped));
    expect(result.targets).toEqual([observation({ code })]);
    expect(result.unmapped).toEqual([
      {
        conceptMap: url,
        system: 'http://s',
        code: 'secret',
        display: 'Secret words',
        policy,
        where: expect.stringMatching(/^m\.fml:\d+:\d+ rule "t"$/u),
      },
    ]);
  });
  test('without a match asks another ConceptMap, and records it', () => {
    const other: ConceptMap = {
      resourceType: 'ConceptMap',
      url: 'http://other',
      group: [{ target: 'http://o', element: [{ code: 'secret', target: [{ code: 'O' }] }] }],
    };
    const first = conceptMap({ mode: 'other-map', url: 'http://other' });
    const result = run(rules('CodeableConcept'), unknown, { conceptMaps: [first, other] });
    expect(result.targets).toEqual([observation({ code: { coding: [{ system: 'http://o', code: 'O' }] } })]);
    expect(result.unmapped).toMatchObject([{ policy: 'other-map', code: 'secret' }]);
    expect(stop(rules('CodeableConcept'), unknown, { conceptMaps: [first] }).code).toBe('concept-map');
  });
  test('keeps words only where words fit: a code is left out, and recorded', () => {
    const text = basic(`src.c as c -> tgt.language = translate(c, '${url}', 'code');`);
    const unmapped = {
      mode: 'fixed',
      extension: [{ url: 'https://tejido.dev/fhir/StructureDefinition/unmapped-policy', valueCode: 'text' }],
    };
    const result = run(text, unknown, setting(unmapped));
    expect(result.targets).toEqual([observation({})]);
    expect(result.unmapped).toMatchObject([{ policy: 'text', code: 'secret' }]);
  });
});
