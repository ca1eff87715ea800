/** Observations as US Core publishes them. */
import type { Resource } from '../../../src/core/ports.ts';
import {
  absent,
  categories,
  coding,
  concept,
  core,
  doctor,
  fhir,
  loinc,
  of,
  patient,
  quantity,
  snomed,
  term,
  to,
} from './parts.ts';

const category = (code: string, text?: string): object => concept(`${term}observation-category`, code, text);
const vital = [category('vital-signs', 'Vital Signs')];
const lab = [category('laboratory', 'Laboratory')];
const survey = category('survey', 'Survey');
const sdoh = concept(categories, 'sdoh', 'SDOH');

const sign = (profiles: readonly string[], code: string, more: object): Resource =>
  of('Observation', ['vital-signs', ...profiles], {
    status: 'final',
    category: vital,
    code: concept(loinc, code, 'a sign'),
    subject: patient,
    encounter: { display: 'GP Visit' },
    effectiveDateTime: '1999-07-02',
    ...more,
  });
const test = (code: string, more: object): Resource =>
  of('Observation', ['observation-lab'], {
    status: 'final',
    category: lab,
    code: concept(loinc, code, 'a test'),
    subject: patient,
    effectiveDateTime: '2005-07-05T13:30:00-07:00',
    ...more,
  });
const simple = (profile: string, kind: string, code: string, more: object): Resource =>
  of('Observation', [profile], {
    status: 'final',
    category: [category(kind)],
    code: concept(loinc, code, 'what'),
    subject: patient,
    effectiveDateTime: '2022-08-17T08:12:31.000Z',
    performer: [doctor],
    ...more,
  });
const answer = (code: string, more: object): Resource =>
  of('Observation', ['observation-screening-assessment'], {
    status: 'final',
    category: [survey, sdoh],
    code: concept(loinc, code, 'question'),
    subject: patient,
    effectiveDateTime: '2023-04-01',
    performer: [to('Patient/example')],
    ...more,
  });
const kg = quantity(79.4, 'kg');

export const observations: Readonly<Record<string, Resource>> = {
  'blood pressure of a sitting': sign(['blood-pressure'], '85354-9', {
    component: [
      { code: concept(loinc, '8480-6', 'Systolic'), valueQuantity: quantity(109, 'mm[Hg]', 'mmHg') },
      { code: concept(loinc, '8462-4', 'Diastolic'), valueQuantity: quantity(44, 'mm[Hg]', 'mmHg') },
    ],
    bodySite: concept(snomed, '368209003', 'Right arm'),
    method: concept(snomed, '37931006'),
  }),
  'blood pressure with one side absent': sign(['blood-pressure'], '85354-9', {
    component: [
      { code: concept(loinc, '8480-6'), valueQuantity: quantity(109, 'mm[Hg]') },
      { code: concept(loinc, '8462-4'), dataAbsentReason: concept(`${term}data-absent-reason`, 'not-performed') },
    ],
  }),
  'average blood pressure': of('Observation', ['average-blood-pressure'], {
    status: 'final',
    category: vital,
    code: concept(loinc, '96607-7', 'Blood pressure panel mean systolic and mean diastolic'),
    subject: patient,
    effectivePeriod: { start: '2023-09-01', end: '2023-09-30T10:00:00+01:00' },
    component: [
      { code: concept(loinc, '96608-5'), valueQuantity: quantity(128, 'mm[Hg]') },
      { code: concept(loinc, '96609-3'), valueQuantity: quantity(82, 'mm[Hg]') },
    ],
  }),
  'pulse oximetry on oxygen': of('Observation', ['pulse-oximetry'], {
    status: 'final',
    category: vital,
    code: {
      coding: [coding(loinc, '2708-6'), coding(loinc, '59408-5'), coding('urn:iso:std:iso:11073:10101', '150456')],
    },
    subject: patient,
    effectiveDateTime: '2014-12-05T09:30:10+01:00',
    valueQuantity: quantity(95, '%', '%'),
    interpretation: [concept(`${term}v3-ObservationInterpretation`, 'N', 'Normal (applies to non-numeric results)')],
    device: { display: 'Acme Pulse Oximeter 2000' },
    referenceRange: [{ low: quantity(90, '%'), high: quantity(99, '%') }],
    component: [
      { code: concept(loinc, '3151-8'), valueQuantity: quantity(6, 'L/min', 'liters/min') },
      { code: concept(loinc, '3150-0'), valueQuantity: quantity(30, '%') },
    ],
  }),
  'oxygen saturation that was not measured': sign([], '2708-6', {
    dataAbsentReason: concept(`${term}data-absent-reason`, 'not-asked'),
  }),
  'head circumference': of('Observation', ['head-circumference'], {
    status: 'final',
    category: vital,
    code: concept(loinc, '9843-4'),
    subject: to('Patient/infant-example'),
    effectiveDateTime: '2014-12-05',
    valueQuantity: quantity(51.2, 'cm'),
  }),
  'pediatric percentile of BMI': of('Observation', ['pediatric-bmi-for-age'], {
    status: 'final',
    category: vital,
    code: concept(loinc, '59576-9'),
    subject: to('Patient/child-example'),
    effectiveDateTime: '2019-07-29',
    valueQuantity: quantity(65, '%'),
  }),
  'pediatric weight for height': of('Observation', ['pediatric-weight-for-height'], {
    status: 'final',
    category: vital,
    code: concept(loinc, '77606-2'),
    subject: to('Patient/infant-example'),
    effectiveDateTime: '2019-07-29',
    valueQuantity: quantity(65, '%'),
  }),
  'body height': sign(['body-height'], '8302-2', { valueQuantity: quantity(66.899999999999991, '[in_i]', 'in') }),
  'body temperature': sign([], '8310-5', { valueQuantity: quantity(36.5, 'Cel', 'C') }),
  'body weight of today': sign(['body-weight'], '29463-7', { valueQuantity: kg, issued: '2020-02-29T23:59:59.999Z' }),
  'BMI that derives from others': sign(['bmi'], '39156-5', {
    valueQuantity: quantity(16.2, 'kg/m2'),
    derivedFrom: [to('Observation/height'), to('Observation/weight')],
  }),
  'heart rate in two codings': sign(['heart-rate'], '8867-4', { valueQuantity: quantity(44, '/min', 'beats/minute') }),
  'panel of vital signs': sign([], '85353-1', {
    hasMember: [to('Observation/blood-pressure', 'Blood Pressure'), to('https://e.org/fhir/Observation/bmi')],
  }),
  'respiratory rate as a component': of('Observation', ['respiratory-rate', 'vital-signs'], {
    status: 'amended',
    category: vital,
    code: concept(loinc, '9279-1'),
    subject: patient,
    effectiveDateTime: '1999-07-02T10:00:00.5Z',
    valueQuantity: quantity(26, '/min', 'breaths/minute'),
    note: [{ authorString: 'Nurse', time: '1999-07-02', text: 'rested  \n **well**' }],
  }),
  'lab: a concept': test('5778-6', { valueCodeableConcept: { text: 'YELLOW' } }),
  'lab: a coded concept with its own system': test('5767-9', {
    valueCodeableConcept: {
      coding: [coding(snomed, '7766007', 'Clear'), coding('urn:oid:1.2.3.4', 'CLR'), { display: 'local' }],
      text: 'CLEAR',
    },
  }),
  'lab: an amount with a range': test('2947-0', {
    identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:uuid:187e0c12-8dd2-67e2-99b2-bf273c878281' }],
    valueQuantity: quantity(140, 'mmol/L'),
    referenceRange: [
      {
        low: quantity(135, 'mmol/L'),
        high: quantity(145, 'mmol/L'),
        appliesTo: [concept(`${term}referencerange-meaning`, 'normal', 'Normal Range')],
        type: concept(`${term}referencerange-meaning`, 'normal'),
        age: { low: quantity(18, 'a'), high: quantity(90, 'a') },
        text: '135.0-145.0 mmol/L',
      },
    ],
    interpretation: [concept(`${term}v3-ObservationInterpretation`, 'N')],
    specimen: to('Specimen/serum'),
  }),
  'lab: an amount in words': test('20565-8', { valueQuantity: { value: 24, unit: 'mg/dL' } }),
  'lab: an amount of UCUM by its unit alone': test('20565-8', {
    valueQuantity: { value: 24, unit: 'mg/dL', system: 'http://unitsofmeasure.org' },
  }),
  'lab: below what is measured': test('20565-9', { valueQuantity: { ...quantity(0.5, 'mg/dL'), comparator: '<' } }),
  'lab: a ratio': test('11557-6', {
    valueRatio: { numerator: { value: 1, comparator: '>' }, denominator: quantity(128, '1') },
  }),
  'lab: a range': test('11557-7', { valueRange: { low: quantity(2, '/[HPF]'), high: quantity(5, '/[HPF]') } }),
  'lab: text': test('5799-2', { valueString: ' two\n\tlines ' }),
  'lab: whole number': test('5799-3', { valueInteger: 0 }),
  'lab: time': test('5799-4', { valueTime: '13:05:00' }),
  'lab: no result': test('5799-5', {
    dataAbsentReason: concept(`${term}data-absent-reason`, 'error', 'Error'),
    note: [{ text: 'hemolyzed' }],
  }),
  'lab: components': test('24356-8', {
    component: [
      { code: concept(loinc, '5767-9'), valueString: 'clear' },
      { code: { text: 'odour' }, dataAbsentReason: concept(`${term}data-absent-reason`, 'unsupported') },
      { code: concept(loinc, '5770-3'), valueCodeableConcept: concept(snomed, '260385009', 'Negative') },
    ],
  }),
  'lab: a panel': test('58410-2', {
    hasMember: [to('Observation/erythrocytes', 'RBC'), { display: 'not at hand' }, { identifier: { value: 'x' } }],
  }),
  'lab: cancelled': test('24357-8', { status: 'cancelled', dataAbsentReason: { text: 'no specimen' } }),
  'lab: when is not known': test('24357-9', {
    effectiveDateTime: undefined,
    _effectiveDateTime: absent('asked-unknown'),
    valueQuantity: quantity(1e-7, 'g/mL'),
  }),
  'smoking status': of('Observation', ['smokingstatus'], {
    status: 'final',
    category: [category('social-history', 'Social History')],
    code: concept(loinc, '72166-2', 'Tobacco smoking status'),
    subject: patient,
    effectiveDateTime: '2016-03-18',
    issued: '2016-03-18T05:27:04Z',
    valueCodeableConcept: concept(snomed, '428041000124106', 'Current some day smoker'),
  }),
  'pack years': of('Observation', ['smokingstatus'], {
    status: 'final',
    category: [category('social-history')],
    code: concept(loinc, '401201003', 'Cigarette pack-years'),
    subject: patient,
    effectiveDateTime: '2016-03-18',
    valueQuantity: quantity(2, '{PackYears}', 'PackYears'),
  }),
  'pregnancy status': simple('observation-pregnancystatus', 'social-history', '82810-3', {
    valueCodeableConcept: concept(snomed, '77386006', 'Pregnant'),
  }),
  'pregnancy intent': simple('observation-pregnancyintent', 'social-history', '86645-9', {
    valueCodeableConcept: concept(snomed, '454391000124109'),
  }),
  'sexual orientation': simple('observation-sexual-orientation', 'social-history', '76690-7', {
    valueCodeableConcept: concept(snomed, '38628009', 'Homosexual'),
  }),
  'sexual orientation not told': simple('observation-sexual-orientation', 'social-history', '76690-7', {
    valueCodeableConcept: concept(`${term}v3-NullFlavor`, 'ASKU', 'asked but unknown'),
  }),
  'occupation and industry': simple('observation-occupation', 'social-history', '11341-5', {
    effectiveDateTime: undefined,
    effectivePeriod: { start: '2005', end: '2019-05' },
    valueCodeableConcept: {
      coding: [coding('urn:oid:2.16.840.1.114222.4.5.327', '13-2011.00.007136', 'Accountant')],
      text: 'Accountant',
    },
    component: [
      {
        code: concept(loinc, '86188-0', 'History of Occupation industry'),
        valueCodeableConcept: concept('urn:oid:2.16.840.1.114222.4.5.327', '5411.000000.001'),
      },
    ],
  }),
  'a preference of care': simple('care-experience-preference', 'social-history', '95541-9', {
    category: [concept(categories, 'care-experience-preference')],
    valueString: 'I would like my dog near.',
  }),
  'a preference of treatment': simple('treatment-intervention-preference', 'social-history', '75773-2', {
    category: [concept(categories, 'treatment-intervention-preference')],
    valueString: 'No "heroics" \u2014 thanks',
  }),
  'clinical result: ECG': simple('observation-clinical-result', 'procedure', '8601-7', {
    category: [category('procedure', 'Procedure')],
    valueCodeableConcept: { coding: [coding(snomed, '106069004', 'Rhythm')], text: 'sinus' },
  }),
  'clinical result: imaging': simple('observation-clinical-result', 'imaging', '19005-8', { valueString: 'No mass.' }),
  'clinical result: lab and imaging': simple('observation-clinical-result', 'imaging', '19005-9', {
    category: [category('imaging'), category('laboratory'), { text: 'mine' }],
    valueBoolean: false,
  }),
  'simple observation: housing': simple('simple-observation', 'social-history', '71802-3', {
    category: [category('social-history'), sdoh],
    valueCodeableConcept: concept(snomed, '32911000', 'Homeless'),
    derivedFrom: [to('QuestionnaireResponse/prapare'), to('DocumentReference/x')],
  }),
  'simple observation: functional': simple('simple-observation', 'survey', '75276-6', {
    category: [concept(categories, 'functional-status')],
    valueCodeableConcept: { text: 'Independent' },
  }),
  'screening: a choice': answer('69722-7', { valueCodeableConcept: concept(loinc, 'LA6568-5', 'Not at all') }),
  'screening: several answers': answer('93159-2', {
    component: [
      { code: concept(loinc, '93159-2'), valueCodeableConcept: concept(loinc, 'LA30125-1', 'Clothing') },
      { code: concept(loinc, '93159-2'), valueCodeableConcept: concept(loinc, 'LA30126-9', 'Child care') },
    ],
    derivedFrom: [to('QuestionnaireResponse/prapare-multi')],
  }),
  'screening: no answer': answer('63512-8', {
    dataAbsentReason: concept(`${term}data-absent-reason`, 'asked-declined'),
  }),
  'screening: a sum': answer('44261-6', { category: [survey], valueQuantity: quantity(5, '{score}') }),
  'screening: a whole panel': answer('93025-5', {
    hasMember: [to('Observation/q1'), to('#own')],
    contained: [
      {
        resourceType: 'QuestionnaireResponse',
        id: 'own',
        status: 'completed',
        questionnaire: `${core}Questionnaire/x`,
      },
    ],
    performer: [to('RelatedPerson/mother'), to('PractitionerRole/r'), to('Organization/o'), to('CareTeam/t')],
  }),
  'screening: disability': answer('69858-9', {
    category: [survey, concept(categories, 'disability-status')],
    valueCodeableConcept: concept(loinc, 'LA33-6', 'Yes'),
  }),
  'screening: cognitive': answer('52491-8', {
    category: [survey, concept(categories, 'cognitive-status')],
    valueInteger: 15,
  }),
  'Apgar score': of('Observation', ['observation-screening-assessment'], {
    status: 'final',
    category: [survey],
    code: concept(loinc, '9274-2', '5 minute Apgar Score'),
    subject: patient,
    effectiveDateTime: '2016-05-18T22:33:22Z',
    valueQuantity: { value: 10, system: 'http://unitsofmeasure.org', code: '{score}' },
    component: [
      {
        code: { coding: [coding(loinc, '32401-2'), coding(snomed, '249221003')], text: 'Apgar color' },
        valueCodeableConcept: {
          coding: [
            {
              extension: [{ url: `${fhir}ordinalValue`, valueDecimal: 1 }],
              system: loinc,
              code: 'LA6722-8',
              display: 'The baby\u2019s color is normal, but the hands and feet are bluish',
            },
          ],
          text: '1. Good color in body with bluish hands or feet',
        },
      },
    ],
  }),
  'an observation of base R4 with samples': of('Observation', [], {
    status: 'final',
    code: concept(loinc, '131328-6', 'MDC_ECG_ELEC_POTL'),
    subject: patient,
    effectiveDateTime: '2015-02-19T09:30:35+01:00',
    component: [
      {
        code: { text: 'I' },
        valueSampledData: {
          origin: { value: 2048 },
          period: 10,
          factor: 1.612,
          lowerLimit: -3300,
          dimensions: 1,
          data: '2041 E U L 2043.5',
        },
      },
    ],
  }),
};
