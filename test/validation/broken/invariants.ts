/**
 * Changes that leave every element well-formed and break an invariant. That one is broken, and which, is judged by
 * fhirpath.js, which the validator under test does not use for what it compiles itself.
 */
import { compile } from 'fhirpath';
import model from 'fhirpath/fhir-context/r4';
import { changed, type Break } from './break.ts';
import type { Constraint, Definitions, Resource } from './definitions.ts';
import { isObject, placesOf, type Place } from './places.ts';

type Violation = { readonly key: string; readonly path: string };
type Test = (value: unknown, resource: unknown) => boolean | undefined;

const tests = new Map<string, Test>();

/** Whether an expression holds; undefined where fhirpath.js cannot say without a server or without HTML. */
function testOf(base: string | undefined, expression: string): Test {
  const name = `${base ?? ''} ${expression}`;
  let test = tests.get(name);
  if (test !== undefined) return test;
  if (/htmlChecks|resolve\(|memberOf|conformsTo/u.test(expression)) test = () => undefined;
  else {
    const run = compile(base === undefined ? expression : { base, expression }, model, {
      traceFn: () => undefined,
    });
    test = (value, resource) => {
      try {
        // Nothing at all (ref-1 of a reference that is but a display) is no verdict.
        return (run(value, { resource, rootResource: resource }) as readonly unknown[])[0] as boolean | undefined;
      } catch {
        return undefined;
      }
    };
  }
  tests.set(name, test);
  return test;
}

const constraintsOf = ({ rules, contexts }: Place): readonly Constraint[] => {
  const all = [
    ...rules.map(({ element }) => element),
    ...contexts
      .filter(({ structure, id }) => id === structure.type)
      .flatMap(({ structure, id }) => structure.elements.get(id) ?? []),
  ].flatMap(({ constraint }) => constraint ?? []);
  return [...new Map(all.map((each) => [`${each.key} ${each.expression ?? ''}`, each])).values()];
};

/** The invariants that do not hold. */
export function violations(resource: Resource, places: readonly Place[]): readonly Violation[] {
  return places.flatMap((place) => {
    const { type, value, rules, path } = place;
    const inline = type === 'BackboneElement' || type === 'Element';
    const base = isObject(value) && 'resourceType' in value ? undefined : inline ? rules[0]?.element.path : type;
    return constraintsOf(place).flatMap(({ key, severity, expression }) =>
      // ele-1 is of the shape of JSON, which is broken elsewhere.
      severity === 'error' &&
      key !== 'ele-1' &&
      expression !== undefined &&
      testOf(base, expression)(value, resource) === false
        ? [{ key, path }]
        : [],
    );
  });
}

type Open = Record<string, unknown>;
const text = (of: string): object => ({ text: of });
const ucum = 'http://unitsofmeasure.org';

/** By the type or the resource type they are tried on. */
const changes: Readonly<Record<string, readonly ((target: Open) => void)[]>> = {
  Period: [(it) => Object.assign(it, { start: '2026-05-07', end: '2026-05-06' })],
  Quantity: [
    (it) => Object.assign(it, { system: undefined, code: 'mg' }),
    (it) => Object.assign(it, { comparator: '<' }),
    (it) => Object.assign(it, { system: 'https://example.org/units', code: 'x' }),
  ],
  Age: [(it) => Object.assign(it, { value: -1 }), (it) => Object.assign(it, { system: 'https://example.org/units' })],
  Duration: [(it) => Object.assign(it, { system: 'https://example.org/units' })],
  Range: [
    (it) =>
      Object.assign(it, { low: { value: 9, system: ucum, code: 'm' }, high: { value: 1, system: ucum, code: 'm' } }),
  ],
  Ratio: [(it) => delete it['numerator'], (it) => delete it['denominator']],
  ContactPoint: [
    (it) => Object.assign(it, { value: '555', system: undefined }),
    (it) => Object.assign(it, { use: 'home' }),
  ],
  Address: [(it) => Object.assign(it, { use: 'home' })],
  Attachment: [(it) => Object.assign(it, { data: 'aGVsbG8=', contentType: undefined })],
  'Timing.repeat': [
    (it) => Object.assign(it, { duration: 3, durationUnit: undefined }),
    (it) => Object.assign(it, { period: -1, periodUnit: 'd' }),
    (it) => Object.assign(it, { period: undefined, periodMax: 3 }),
    (it) => Object.assign(it, { timeOfDay: ['10:00:00'], when: ['MORN'] }),
    (it) => Object.assign(it, { count: undefined, countMax: 3 }),
  ],
  DomainResource: [
    (it) => (it['contained'] = [{ resourceType: 'Organization', id: 'unused', name: 'x' }]),
    (it) =>
      Object.assign(it, {
        contained: [
          {
            resourceType: 'Basic',
            id: 'c',
            code: text('x'),
            subject: { reference: '#' },
            contained: [{ resourceType: 'Basic', id: 'd', code: text('x') }],
          },
        ],
      }),
    (it) =>
      Object.assign(it, {
        contained: [
          { resourceType: 'Basic', id: 'c', meta: { versionId: '1' }, code: text('x'), subject: { reference: '#' } },
        ],
      }),
    (it) =>
      Object.assign(it, {
        contained: [
          {
            resourceType: 'Basic',
            id: 'c',
            meta: { security: [{ code: 'R' }] },
            code: text('x'),
            subject: { reference: '#' },
          },
        ],
      }),
  ],
  AllergyIntolerance: [
    (it) =>
      (it['verificationStatus'] = {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification', code: 'entered-in-error' },
        ],
      }),
  ],
  'CarePlan.activity': [(it) => Object.assign(it, { detail: { status: 'scheduled' }, reference: { display: 'x' } })],
  Condition: [
    (it) => (it['abatementDateTime'] = '2026-05-06'),
    (it) =>
      (it['verificationStatus'] = {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'entered-in-error' }],
      }),
    (it) => (it['stage'] = [{ type: text('x') }]),
    (it) => (it['evidence'] = [{ id: 'x' }]),
  ],
  DiagnosticReport: [(it) => delete it['effectiveDateTime']],
  'Goal.target': [(it) => Object.assign(it, { measure: undefined, detailString: 'x' })],
  Group: [(it) => Object.assign(it, { actual: false, member: [{ entity: { display: 'x' } }] })],
  HumanName: [(it) => Object.assign(it, { family: undefined, given: undefined, text: 'x' })],
  Identifier: [
    (it) => Object.assign(it, { system: 'http://hl7.org/fhir/sid/us-npi', value: '123' }),
    (it) => Object.assign(it, { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567890' }),
    (it) => Object.assign(it, { system: 'urn:oid:2.16.840.1.113883.4.7', value: '12X4567890' }),
    (it) => Object.assign(it, { system: 'urn:oid:2.16.840.1.113883.6.300', value: '123' }),
  ],
  Immunization: [(it) => (it['education'] = [{ publicationDate: '2026' }])],
  Observation: [
    (it) =>
      Object.assign(it, { dataAbsentReason: text('unknown'), valueQuantity: it['valueQuantity'] ?? { value: 3 } }),
    (it) => Object.assign(it, { valueString: 'x', component: [{ code: it['code'], valueString: 'y' }] }),
    (it) => (it['referenceRange'] = [{ appliesTo: [text('adults')] }]),
    (it) => (it['component'] = [{ code: text('x') }]),
    (it) => (it['effectiveDateTime'] === undefined ? it : (it['effectiveDateTime'] = '2026')),
    (it) => (it['effectiveDateTime'] === undefined ? it : (it['effectiveDateTime'] = '2026-05')),
    (it) => {
      const [first, ...rest] = (it['component'] ?? []) as readonly Open[];
      if (first !== undefined) it['component'] = [{ ...first, valueQuantity: undefined }, ...rest];
    },
  ],
  Organization: [(it) => Object.assign(it, { name: undefined, identifier: undefined })],
  Patient: [(it) => (it['contact'] = [{ gender: 'female' }])],
  PractitionerRole: [(it) => Object.assign(it, { telecom: undefined, endpoint: undefined })],
  Procedure: [(it) => Object.assign(it, { performedDateTime: undefined, performedPeriod: undefined })],
  'QuestionnaireResponse.item': [
    (it) => Object.assign(it, { answer: [{ valueString: 'x' }], item: [{ linkId: 'x' }] }),
  ],
  RelatedPerson: [(it) => Object.assign(it, { name: undefined, relationship: undefined })],
  ServiceRequest: [(it) => Object.assign(it, { code: undefined, orderDetail: [text('x')] })],
  Task: [(it) => Object.assign(it, { authoredOn: '2026-05-06', lastModified: '2026-05-05' })],
};

/** Every element that is there taken away, alone and with one other. */
function* drops(value: Readonly<Record<string, unknown>>): Generator<readonly string[]> {
  const keys = Object.keys(value).filter((key) => key !== 'resourceType' && !key.startsWith('_'));
  if (keys.length > 1) for (const key of keys) yield [key];
  if (keys.length > 2 && keys.length < 6)
    for (const [index, key] of keys.entries()) for (const other of keys.slice(index + 1)) yield [key, other];
}

export function* invariantBreaks(
  definitions: Definitions,
  resource: Resource,
  places: readonly Place[],
): Generator<Break> {
  const judged = function* (what: string, copy: Resource): Generator<Break> {
    const clean = JSON.parse(JSON.stringify(copy)) as Resource;
    const found = violations(clean, placesOf(definitions, clean));
    const [one] = found;
    if (one !== undefined)
      yield {
        kind: 'invariant',
        what: `${what}: ${[...new Set(found.map(({ key }) => key))].join(', ')}`,
        path: one.path,
        resource: clean,
      };
  };
  for (const { keys, path, type, value, rules, contexts } of places) {
    if (!isObject(value)) continue;
    const names = [
      type,
      rules[0]?.element.path,
      contexts.some(({ structure }) => structure.elements.has(`${type}.contained`)) ? 'DomainResource' : undefined,
    ];
    for (const change of new Set(names.flatMap((name) => changes[name ?? ''] ?? [])))
      yield* judged(`changed ${path}`, changed(resource, keys, change));
    for (const dropped of drops(value))
      yield* judged(
        `without ${dropped.join(' and ')} of ${path}`,
        changed(resource, keys, (target) => dropped.forEach((key) => delete target[key])),
      );
  }
}
