/** People, organizations, places and coverages as US Core publishes them. */
import type { Resource } from '../../../src/core/ports.ts';
import { absent, coding, concept, core, doctor, fhir, loinc, of, patient, snomed, term, to } from './parts.ts';

const extension = (name: string, more: object): object => ({
  url: `${core}StructureDefinition/us-core-${name}`,
  ...more,
});
const race = (...parts: readonly object[]): object => extension('race', { extension: parts });
const cdc = 'urn:oid:2.16.840.1.113883.6.238';
const name = [{ family: 'Shaw', given: ['Amy', 'V.'] }];
const identifier = [{ use: 'usual', system: 'http://hospital.smarthealthit.org', value: '1032702' }];
const person = (more: object): Resource => of('Patient', ['patient'], { identifier, name, gender: 'female', ...more });
const npi = (value: string): object => ({ system: 'http://hl7.org/fhir/sid/us-npi', value });
const home = { line: ['1003 Healthcare Drive'], city: 'Amherst', state: 'MA', postalCode: '01002', country: 'US' };

export const people: Readonly<Record<string, Resource>> = {
  'a patient with all of US Core': person({
    extension: [
      race(
        { url: 'ombCategory', valueCoding: coding(cdc, '2106-3', 'White') },
        { url: 'ombCategory', valueCoding: coding(cdc, '1002-5') },
        { url: 'ombCategory', valueCoding: coding(cdc, '2028-9', 'Asian') },
        { url: 'detailed', valueCoding: coding(cdc, '1586-7', 'Shoshone') },
        { url: 'detailed', valueCoding: coding(cdc, '2036-2', 'Filipino') },
        { url: 'text', valueString: 'Mixed' },
      ),
      extension('ethnicity', {
        extension: [
          { url: 'ombCategory', valueCoding: coding(cdc, '2135-2') },
          { url: 'detailed', valueCoding: coding(cdc, '2184-0', 'Dominican') },
          { url: 'detailed', valueCoding: coding(cdc, '2148-5', 'Mexican') },
          { url: 'text', valueString: 'Hispanic or Latino' },
        ],
      }),
      extension('tribal-affiliation', {
        extension: [
          { url: 'tribalAffiliation', valueCodeableConcept: concept(`${term}v3-TribalEntityUS`, '187', 'Paiute') },
          { url: 'isEnrolled', valueBoolean: false },
        ],
      }),
      extension('birthsex', { valueCode: 'F' }),
      extension('genderIdentity', { valueCodeableConcept: concept(snomed, '446141000124107', 'Identifies as female') }),
    ],
    active: true,
    name: [
      { use: 'old', family: 'Shaw', given: ['Amy', 'V.'], period: { start: '2016-12-06', end: '2020-07-22' } },
      { family: 'Baxter', given: ['Amy', 'V.'], suffix: ['PharmD'], period: { start: '2020-07-22' } },
    ],
    telecom: [
      { system: 'phone', value: '555-555-5555', use: 'home' },
      { system: 'email', value: 'amy.shaw@example.com' },
    ],
    birthDate: '1987-02-20',
    address: [
      {
        use: 'old',
        line: ['49 MEADOW ST'],
        city: 'MOUNDS',
        state: 'OK',
        postalCode: '74047',
        country: 'US',
        period: { start: '2016-12-06' },
      },
    ],
    communication: [{ language: concept('urn:ietf:bcp:47', 'en-US', 'English') }],
  }),
  'a race that nobody knows': person({
    extension: [
      race(
        { url: 'ombCategory', valueCoding: coding(`${term}v3-NullFlavor`, 'UNK', 'unknown') },
        { url: 'text', valueString: 'Unknown' },
      ),
    ],
  }),
  'a race in text': person({ extension: [race({ url: 'text', valueString: 'Asked' })] }),
  'a patient without a name': person({ name: [absent('masked')] }),
  'a patient with a part of a name': person({ name: [{ _family: absent('masked'), given: ['Child'] }] }),
  'a patient who died': person({ deceasedDateTime: '2021-02-28T23:00:00-05:00', birthDate: '1940' }),
  'a patient who is alive': person({ deceasedBoolean: false, birthDate: '1940-05' }),
  'a birth date that is not known': person({ _birthDate: absent() }),
  'a birth at a time': person({
    birthDate: '2014-02-04',
    _birthDate: { id: 'b1', extension: [{ url: `${fhir}patient-birthTime`, valueDateTime: '2014-02-04T05:00:00Z' }] },
    multipleBirthInteger: 1,
  }),
  'identifiers of many kinds': person({
    identifier: [
      {
        type: concept(`${term}v2-0203`, 'MR', 'Medical Record Number'),
        system: 'urn:oid:1.2.36.146.595.217.0.1',
        value: '12345',
      },
      {
        system: 'urn:uuid:4cb4e3b5-6d0b-4b32-9c63-0d6f0e9c8a11',
        value: ' 12 ',
        period: { start: '2001-05-06' },
        assigner: { display: 'Acme' },
      },
      {
        system: 'http://hl7.org/fhir/sid/us-ssn',
        _value: { extension: [{ url: `${fhir}rendered-value`, valueString: 'xxx-xx-1111' }] },
      },
    ],
  }),
  'links, contacts and photographs': person({
    photo: [
      {
        contentType: 'image/jpeg',
        data: 'AAAA BBBB\nCCC=',
        title: 'photo',
        hash: '2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
        size: 0,
      },
    ],
    contact: [{ relationship: [{ text: 'mum' }], organization: to('Organization/o'), period: { start: '2012' } }],
    maritalStatus: concept(`${term}v3-MaritalStatus`, 'S'),
    link: [{ other: to('Patient/2'), type: 'seealso' }],
    generalPractitioner: [doctor, to('Organization/o'), to('PractitionerRole/r')],
  }),
  'addresses in other lands': person({
    language: 'es-419',
    address: [
      {
        _line: [{ extension: [{ url: `${fhir}iso21090-ADXP-streetName`, valueString: 'Calle' }] }],
        line: ['Calle 1'],
        city: 'Lima',
        country: 'PE',
      },
      {
        text: 'c/o \u00dc',
        extension: [
          {
            url: `${fhir}geolocation`,
            extension: [
              { url: 'latitude', valueDecimal: -12.05 },
              { url: 'longitude', valueDecimal: -77 },
            ],
          },
        ],
      },
    ],
    communication: [
      { language: { coding: [coding('urn:ietf:bcp:47', 'nl')], text: 'Dutch' }, preferred: true },
      { language: { text: 'Quechua' } },
    ],
  }),
  'a practitioner': of('Practitioner', ['practitioner'], {
    identifier: [npi('1144221847'), { system: 'http://example.org/license', value: '25456' }],
    name: [{ family: 'Bone', given: ['Ronald'], prefix: ['Dr'] }],
    telecom: [
      {
        extension: [extension('direct', { valueBoolean: true })],
        system: 'email',
        value: 'ronald.bone@direct.example.com',
        use: 'work',
      },
    ],
    address: [{ use: 'home', ...home }],
    qualification: [
      { code: concept(`${term}v2-0360|2.7`, 'MD'), issuer: { display: 'State' }, period: { end: '2030' } },
    ],
  }),
  'a practitioner of another identifier': of('Practitioner', ['practitioner'], {
    identifier: [{ system: 'urn:oid:1.2.3', value: '-' }],
    name: [{ family: 'Williams' }],
  }),
  'a role': of('PractitionerRole', ['practitionerrole'], {
    contained: [
      of(
        'Practitioner',
        ['practitioner'],
        { id: 'p', identifier: [npi('9941339100')], name: [{ family: 'Y' }] },
        false,
      ),
      of('Organization', ['organization'], { id: 'o', active: true, name: 'Acme' }, false),
    ],
    practitioner: to('#p'),
    organization: to('#o'),
    code: [concept('http://nucc.org/provider-taxonomy', '208D00000X', 'General Practice')],
    specialty: [concept('http://nucc.org/provider-taxonomy', '208D00000X')],
    location: [to('Location/hospital')],
    telecom: [{ system: 'phone', value: '(555) 555-5555', rank: 1 }],
    endpoint: [to('Endpoint/71')],
    availableTime: [
      { daysOfWeek: ['mon', 'tue'], availableStartTime: '08:00:00', availableEndTime: '17:30:00' },
      { allDay: true },
    ],
  }),
  'a lab with CLIA': of('Organization', ['organization'], {
    identifier: [
      npi('1144221847'),
      { system: 'urn:oid:2.16.840.1.113883.4.7', value: '12D4567890' },
      { system: 'urn:oid:2.16.840.1.113883.6.300', value: '12345' },
    ],
    active: true,
    type: [concept(`${term}organization-type`, 'prov', 'Healthcare Provider')],
    name: 'Acme Labs',
    telecom: [
      { system: 'phone', value: '(+1) 734-677-7777' },
      { system: 'url', value: 'http://www.acme.com' },
    ],
    address: [home],
    partOf: { reference: 'Organization/parent', type: 'Organization' },
  }),
  'an organization of an unknown kind': of('Organization', ['organization'], { _active: absent(), name: 'Unknown' }),
  'a place': of('Location', ['location'], {
    identifier: [{ system: 'http://www.acme.org/location', value: '29' }],
    status: 'active',
    operationalStatus: coding(`${term}v2-0116`, 'H', 'Housekeeping'),
    name: 'Health Level Seven International',
    alias: ['HL7'],
    mode: 'instance',
    type: [concept(`${term}v3-RoleCode`, 'ACC', 'accident site')],
    address: home,
    physicalType: concept(`${term}location-physical-type`, 'wi', 'Wing'),
    position: { longitude: -83.69471, latitude: 42.2565, altitude: 0 },
    managingOrganization: to('Organization/hl7'),
    hoursOfOperation: [{ daysOfWeek: ['sun'], allDay: false, openingTime: '09:00:00' }],
  }),
  'a mother': of('RelatedPerson', ['relatedperson'], {
    active: true,
    patient,
    relationship: [{ coding: [coding(`${term}v3-RoleCode`, 'MTH', 'mother'), coding(snomed, '72705000')] }],
    name: [{ text: 'Sarah van Putten' }],
    gender: 'female',
    period: { start: '1975' },
  }),
  'a care team': of('CareTeam', ['careteam'], {
    status: 'active',
    name: 'US-Core example CareTeam',
    subject: patient,
    participant: [
      { role: [concept(snomed, '17561000', 'Cardiologist')], member: doctor, period: { end: '2020' } },
      { role: [concept(snomed, '453231000124104')], member: to('Patient/example', 'Amy') },
      {
        role: [concept('http://nucc.org/provider-taxonomy', '133V00000X')],
        member: doctor,
        onBehalfOf: to('Organization/o'),
      },
      { role: [{ text: 'Mum' }], member: to('RelatedPerson/shaw-niece') },
    ],
  }),
  'a coverage of Medicaid': of('Coverage', ['coverage'], {
    identifier: [
      {
        type: concept(`${term}v2-0203`, 'MB', 'Member Number'),
        system: 'https://github.com/x',
        value: '88800933501',
        assigner: to('Organization/p'),
      },
    ],
    status: 'active',
    type: concept('https://nahdo.org/sopt', '3712', 'PPO'),
    subscriber: patient,
    subscriberId: '888009335',
    beneficiary: patient,
    relationship: concept(`${term}subscriber-relationship`, 'self'),
    period: { start: '2020-01-01' },
    payor: [to('Organization/payer', 'Payer')],
    class: [
      { type: concept(`${term}coverage-class`, 'group'), value: '993355', name: 'Stars' },
      { type: concept(`${term}coverage-class`, 'plan'), value: '11461128' },
    ],
    costToBeneficiary: [
      { type: concept(`${term}coverage-copay-type`, 'gpvisit'), valueMoney: { value: 20, currency: 'USD' } },
    ],
  }),
  'a coverage that one pays oneself': of('Coverage', ['coverage'], {
    identifier: [{ type: concept(`${term}v2-0203`, 'MB'), value: '1' }],
    status: 'active',
    type: concept(`${term}coverage-selfpay`, 'pay', 'Pay'),
    beneficiary: patient,
    relationship: { coding: [coding('http://terminology.hl7.org/CodeSystem/subscriber-relationship', 'self')] },
    payor: [patient],
  }),
  'an endpoint': of('Endpoint', [], {
    status: 'active',
    connectionType: coding(`${term}endpoint-connection-type`, 'direct-project'),
    name: 'Direct',
    payloadType: [concept('urn:oid:1.3.6.1.4.1.19376.1.2.3', 'urn:hl7-org:sdwg:ccda-structuredBody:1.1')],
    payloadMimeType: ['application/hl7-v3+xml', 'text/html; charset=utf-8', 'application/fhir+json'],
    address: 'mailto:MARTIN.SMIETANKA@directnppes.com',
    header: ['bearer-code BASGS534s4'],
  }),
  'an interpreter is needed': person({
    extension: [extension('interpreter-needed', { valueCoding: coding(snomed, '373066001', 'Yes') })],
  }),
  'a group': of('Group', [], {
    type: 'person',
    actual: true,
    member: [{ entity: patient }],
    quantity: 1,
    code: concept(loinc, 'x'),
  }),
};
