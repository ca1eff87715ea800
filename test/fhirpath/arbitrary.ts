/** Random patients and observations, and random expressions about them. */
import * as fc from 'fast-check';

const text = fc.constantFrom('a', 'B', 'ab', 'Ab c', '', 'x-1', 'usual', 'official', 'home', 'male');
const date = fc.constantFrom('2020', '2020-02', '2020-02-29', '2019-12-31', '1974-05-01');
const instant = fc.constantFrom(
  '2020-02-29T10:00:00Z',
  '2020-02-29T05:00:00-05:00',
  '2020-02-29',
  '2020',
  '2021-01-01T00:00:00.500Z',
);
const few = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: 1, maxLength: 3 });
const some = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> =>
  fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;

const period = some({ start: date, end: date });
const quantity = fc.record({
  value: fc.constantFrom(1, 2, 0.5, 1000, 2.25, -3),
  unit: text,
  system: fc.constant('http://unitsofmeasure.org'),
  code: fc.constantFrom('kg', 'g', 'm', '1', 'd'),
});
const coding = some({ system: fc.constantFrom('http://loinc.org', 'urn:x'), code: text, display: text });
const concept = some({ coding: few(coding), text });

export const patient = some({
  active: fc.boolean(),
  gender: fc.constantFrom('male', 'female'),
  birthDate: date,
  name: few(some({ use: fc.constantFrom('usual', 'official'), family: text, given: few(text), period })),
  telecom: few(some({ system: fc.constantFrom('phone', 'email'), value: text, rank: fc.integer({ min: 1, max: 4 }) })),
  multipleBirthInteger: fc.integer({ min: 1, max: 4 }),
  contact: few(some({ gender: fc.constantFrom('male', 'female'), period })),
}).map((each) => ({ resourceType: 'Patient', ...each }));

export const observation = some({
  status: fc.constantFrom('final', 'amended'),
  code: concept,
  effectiveDateTime: instant,
  valueQuantity: quantity,
  category: few(concept),
  component: few(
    fc.oneof(
      some({ code: concept, valueQuantity: quantity }),
      some({ code: concept, valueString: text }),
      some({ code: concept, valueInteger: fc.integer({ min: -3, max: 3 }) }),
    ),
  ),
}).map((each) => ({ resourceType: 'Observation', ...each }));

type Kinds = { many: string; truth: string; string: string; number: string; moment: string; quantity: string };

const strings: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    'gender',
    'name.given',
    'name.family',
    'name.use',
    'telecom.value',
    'Patient.name.first().family',
    'name[0].given[0]',
  ],
  Observation: [
    'status',
    'code.text',
    'code.coding.code',
    'category.coding.system',
    'component.code.text',
    'component.value.ofType(string)',
  ],
};
const objects: Readonly<Record<string, readonly string[]>> = {
  Patient: ['name', 'telecom', 'contact', 'name.period', '$this', 'Patient.contact', 'name[1]', 'photo'],
  Observation: [
    'code',
    'code.coding',
    'category',
    'component',
    'component.value',
    'value',
    'component[0].code.coding',
    'referenceRange',
  ],
};
const numbers: Readonly<Record<string, readonly string[]>> = {
  Patient: ['telecom.rank', 'multipleBirth', 'telecom[0].rank'],
  Observation: ['value.value', 'component.value.ofType(integer)', 'component.value.ofType(Quantity).value'],
};
const moments: Readonly<Record<string, readonly string[]>> = {
  Patient: ['birthDate', 'name.first().period.start', 'contact.period.end'],
  Observation: ['effective', 'Observation.effective', '@2020-05-06'],
};
const criteria: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    "use = 'usual'",
    'given.exists()',
    'period.start > period.end',
    'rank > 1',
    "system = 'phone'",
    '$index = 1',
    'gender.exists()',
    '$this.exists()',
  ],
  Observation: [
    'code.exists()',
    "code = 'ab'",
    'interpretation.empty()',
    'coding.count() > 1',
    'system.empty()',
    "display ~ 'AB'",
    '$this is Coding',
    'text.exists() and $index < 2',
  ],
};

export const expressionOf = (type: string): fc.Arbitrary<string> => {
  const pick = (from: Readonly<Record<string, readonly string[]>>): fc.Arbitrary<string> =>
    fc.constantFrom(...(from[type] ?? []));
  const quoted = text.map((each) => `'${each}'`);
  const joined = (...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
      .map((each) => each.join(''));
  const { many, truth } = fc.letrec<Kinds>((tie) => ({
    many: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      pick(objects),
      pick(strings),
      joined(
        tie('many'),
        fc.constantFrom('.first()', '.last()', '.tail()', '.skip(1)', '.take(1)', '.distinct()', '.children()'),
      ),
      joined(tie('many'), '.where(', pick(criteria), ')'),
      joined(pick(objects), '.select(', fc.oneof(pick(strings), tie('truth'), fc.constant('$index')), ')'),
      joined('(', tie('many'), ' | ', tie('many'), ')'),
      joined(tie('string'), fc.constantFrom('.combine(', '.union(', '.intersect(', '.exclude('), tie('string'), ')'),
      joined('iif(', tie('truth'), ', ', tie('many'), ', ', tie('many'), ')'),
      tie('number'),
      tie('string'),
    ),
    string: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      pick(strings),
      quoted,
      joined(
        tie('string'),
        fc.constantFrom(
          '.first()',
          '.upper()',
          '.lower()',
          '.first().toChars()',
          '.trim()',
          '.toString()',
          ".join('-')",
          ".first().split('b')",
        ),
      ),
      joined(tie('string'), '.substring(', fc.constantFrom('0', '1', '2', '0, 1', '1, 5'), ')'),
      joined(tie('string'), ".replace('a', ", quoted, ')'),
      joined('(', tie('string'), fc.constantFrom(' & ', ' + '), tie('string'), ')'),
    ),
    number: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      pick(numbers),
      fc.constantFrom('1', '2.5', '(-3)'),
      joined(tie('many'), '.count()'),
      joined(tie('string'), fc.constantFrom('.length()', '.toInteger()', ".indexOf('b')")),
      joined('(', tie('number'), fc.constantFrom(' + ', ' - ', ' * ', ' / ', ' div ', ' mod '), tie('number'), ')'),
      joined(tie('number'), fc.constantFrom('.abs()', '.first()', '.toDecimal()', '.floor()', '.round(1)')),
    ),
    moment: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      pick(moments),
      fc.constantFrom('@2020', '@2020-02-29', '@2019-12', '@2020-02-29T10:00:00Z', '@2020-02-29T10:00:00.000+00:00'),
      // The other engine writes a changed time of day in a form of its own, so that only days are changed.
      joined(
        fc.oneof(
          type === 'Patient' ? pick(moments) : fc.constant('@2020-05-06'),
          fc.constantFrom('@2020', '@2020-02-29', '@2019-12'),
        ),
        fc.constantFrom(' + ', ' - '),
        fc.constantFrom('1 year', '2 months', '10 days', '36 hours', '1 week', '90 minutes'),
      ).map((each) => `(${each})`),
    ),
    quantity: fc.oneof(
      fc.constantFrom("1 'kg'", "500 'g'", "2 'm'", '3', "1 'd'"),
      fc.constant(type === 'Observation' ? 'value' : "1000 'g'"),
      joined(
        '(',
        fc.constantFrom("1 'kg'", "500 'g'"),
        fc.constantFrom(' + ', ' - '),
        fc.constantFrom("1 'kg'", "250 'g'"),
        ')',
      ),
    ),
    truth: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      pick(criteria),
      fc.constantFrom('true', 'false', '{}'),
      joined(
        tie('many'),
        fc.constantFrom('.exists()', '.empty()', '.isDistinct()', '.hasValue()', '.first().exists()'),
      ),
      joined(tie('many'), fc.constantFrom('.exists(', '.all('), pick(criteria), ')'),
      joined('(', tie('truth'), fc.constantFrom(' and ', ' or ', ' xor ', ' implies '), tie('truth'), ')'),
      joined('(', tie('truth'), ').not()'),
      joined('(', tie('many'), fc.constantFrom(' = ', ' != ', ' ~ ', ' !~ '), tie('many'), ')'),
      joined('(', tie('string'), fc.constantFrom(' = ', ' < ', ' >= ', ' in ', ' contains '), tie('string'), ')'),
      joined('(', tie('number'), fc.constantFrom(' = ', ' < ', ' <= ', ' > ', ' >= ', ' != '), tie('number'), ')'),
      // Not `~`: the other engine holds a date and a dateTime of the same day for different.
      joined('(', tie('moment'), fc.constantFrom(' = ', ' < ', ' >= ', ' != '), tie('moment'), ')'),
      joined('(', tie('quantity'), fc.constantFrom(' = ', ' < ', ' <= ', ' > ', ' >= '), tie('quantity'), ')'),
      joined(tie('string'), fc.constantFrom('.startsWith(', '.endsWith(', '.contains(', '.matches('), quoted, ')'),
      joined(tie('many'), fc.constantFrom('.subsetOf(', '.supersetOf('), tie('many'), ')'),
      joined(
        '(',
        tie('many'),
        ' is ',
        fc.constantFrom('string', 'code', 'HumanName', 'Quantity', 'System.String', 'Coding', 'date'),
        ')',
      ),
    ),
  }));
  return fc.oneof(many, truth);
};
