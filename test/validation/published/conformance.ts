/** Forms, answers, Bundles and conformance resources as US Core publishes them. */
import type { Resource } from '../../../src/core/ports.ts';
import { coding, concept, core, doctor, fhir, loinc, of, patient, term, to } from './parts.ts';

const sdc = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-';
const uuid = (last: number): string => `urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a1${last}`;
const amy = of('Patient', ['patient'], {
  id: 'amy',
  identifier: [{ system: 'urn:oid:1.2', value: '1' }],
  name: [{ family: 'Shaw' }],
  gender: 'female',
});
const bone = of('Practitioner', ['practitioner'], {
  id: 'bone',
  identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1144221847' }],
  name: [{ family: 'Bone' }],
});
const mood = (subject: object): Resource =>
  of('Observation', ['simple-observation'], {
    status: 'final',
    category: [concept(`${term}observation-category`, 'social-history')],
    code: concept(loinc, '71802-3'),
    subject,
    valueString: 'x',
  });
const published = {
  url: 'https://example.org/x',
  version: '8.0.0',
  name: 'Example',
  title: 'An example',
  status: 'active',
  experimental: false,
  date: '2025-06-01T10:00:00+00:00',
  publisher: 'HL7 International / Cross-Group Projects',
  contact: [{ name: 'HL7', telecom: [{ system: 'url', value: 'http://www.hl7.org/Special/committees/cgp' }] }],
  description: 'Some *markdown*\n\n- one\n- two',
  useContext: [{ code: coding(`${term}usage-context-type`, 'focus'), valueCodeableConcept: { text: 'x' } }],
  jurisdiction: [concept('urn:iso:std:iso:3166', 'US')],
  copyright: 'HL7',
};
const wg = { url: `${fhir}structuredefinition-wg`, valueCode: 'cgp' };
const answered = (more: object): Resource =>
  of('QuestionnaireResponse', ['questionnaireresponse'], {
    questionnaire: `${core}Questionnaire/phq-9-example`,
    status: 'completed',
    subject: patient,
    authored: '2023-03-02T15:02:00.000+00:00',
    author: doctor,
    ...more,
  });

export const conformance: Readonly<Record<string, Resource>> = {
  'a response to a form': answered({
    _questionnaire: {
      extension: [
        { url: `${fhir}display`, valueString: 'PHQ-9' },
        { url: `${core}StructureDefinition/us-core-extension-questionnaire-uri`, valueUri: 'https://e.org/f' },
      ],
    },
    extension: [
      { url: `${sdc.replace('questionnaire-', '')}questionnaireresponse-x`, valueString: 'y' },
      {
        url: `${fhir}questionnaireresponse-completionMode`,
        valueCodeableConcept: concept(`${term}v3-ParticipationMode`, 'ELECTRONIC'),
      },
    ],
    item: [
      {
        linkId: '/44250-9',
        text: 'Little interest or pleasure in doing things?',
        _text: { extension: [{ url: `${fhir}rendering-xhtml`, valueString: '<b>x</b>' }] },
        answer: [
          {
            valueCoding: {
              extension: [
                { url: `${fhir}ordinalValue`, valueDecimal: 3 },
                { url: `${fhir}itemWeight`, valueDecimal: 3 },
              ],
              ...coding(loinc, 'LA6571-9', 'Nearly every day'),
            },
          },
        ],
      },
      {
        linkId: '/44261-6',
        answer: [{ extension: [{ url: `${sdc}isSubject`, valueBoolean: true }], valueDecimal: 25 }],
      },
      {
        linkId: 'a',
        item: [
          {
            linkId: 'b',
            definition: 'https://e.org/a#b',
            answer: [
              { valueAttachment: { url: 'data:,x' } },
              { valueTime: '10:00:00' },
              { valueUri: 'urn:x' },
              { valueReference: patient },
              { valueQuantity: { value: 1 } },
            ],
          },
        ],
      },
    ],
  }),
  'a response to a form that is no form of FHIR': answered({
    questionnaire: undefined,
    _questionnaire: {
      extension: [
        { url: `${core}StructureDefinition/us-core-extension-questionnaire-uri`, valueUri: 'https://e.org/f.pdf' },
      ],
    },
  }),
  'a response to a form that is contained': answered({
    contained: [{ resourceType: 'Questionnaire', id: 'q', status: 'active', item: [{ linkId: '1', type: 'string' }] }],
    questionnaire: '#q',
    item: [{ linkId: '1', answer: [{ valueString: 'x' }] }],
  }),
  'a form': of('Questionnaire', [], {
    ...published,
    meta: { profile: ['http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire|2.7'] },
    contained: [
      {
        resourceType: 'ValueSet',
        id: 'yn',
        status: 'active',
        compose: { include: [{ system: loinc, concept: [{ code: 'LA33-6' }] }] },
      },
    ],
    extension: [
      { url: `${sdc}launchContext`, extension: [{ url: 'name', valueCoding: { code: 'patient' } }] },
      { url: `${fhir}variable`, valueExpression: { name: 'a', language: 'text/fhirpath', expression: '1' } },
    ],
    subjectType: ['Patient'],
    code: [coding(loinc, '44249-1')],
    item: [
      {
        linkId: '0',
        type: 'display',
        text: 'Hello',
        extension: [
          {
            url: `${fhir}questionnaire-displayCategory`,
            valueCodeableConcept: concept('http://hl7.org/fhir/questionnaire-display-category', 'instructions'),
          },
        ],
      },
      {
        linkId: '1',
        type: 'choice',
        prefix: '1)',
        text: 'x',
        required: true,
        repeats: false,
        code: [coding(loinc, '44250-9')],
        extension: [
          {
            url: `${fhir}questionnaire-itemControl`,
            valueCodeableConcept: concept('http://hl7.org/fhir/questionnaire-item-control', 'drop-down'),
          },
        ],
        answerOption: [
          {
            extension: [{ url: `${fhir}ordinalValue`, valueDecimal: 0 }],
            valueCoding: coding(loinc, 'LA6568-5'),
            initialSelected: true,
          },
          { valueString: 'or' },
        ],
      },
      {
        linkId: '2',
        type: 'choice',
        answerValueSet: '#yn',
        enableWhen: [
          { question: '1', operator: '=', answerCoding: coding(loinc, 'LA6568-5') },
          { question: '1', operator: 'exists', answerBoolean: true },
        ],
        enableBehavior: 'any',
      },
      {
        linkId: '3',
        type: 'group',
        item: [
          {
            linkId: '3.1',
            type: 'decimal',
            readOnly: true,
            extension: [
              { url: `${sdc}calculatedExpression`, valueExpression: { language: 'text/fhirpath', expression: '%a' } },
              { url: `${fhir}questionnaire-unit`, valueCoding: coding('http://unitsofmeasure.org', 'kg') },
            ],
          },
        ],
      },
      { linkId: '4', type: 'string', maxLength: 40, initial: [{ valueString: 'x' }] },
      { linkId: '5', type: 'open-choice', answerValueSet: 'http://loinc.org/vs/LL358-3' },
    ],
  }),
  'a searchset': of('Bundle', [], {
    meta: { lastUpdated: '2020-01-01T00:00:00Z' },
    type: 'searchset',
    total: 2,
    link: [
      { relation: 'self', url: 'https://e.org/fhir/Patient?_id=amy&_include=x' },
      { relation: 'next', url: 'https://e.org/fhir?p=2' },
    ],
    entry: [
      { fullUrl: 'https://e.org/fhir/Patient/amy', resource: amy, search: { mode: 'match', score: 1 } },
      { fullUrl: 'https://e.org/fhir/Practitioner/bone', resource: bone, search: { mode: 'include' } },
      {
        resource: {
          resourceType: 'OperationOutcome',
          issue: [{ severity: 'information', code: 'informational', diagnostics: 'x' }],
        },
        search: { mode: 'outcome' },
      },
    ],
  }),
  'a transaction': of('Bundle', [], {
    type: 'transaction',
    entry: [
      {
        fullUrl: uuid(1),
        resource: { ...amy, id: undefined },
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:oid:1.2|1' },
      },
      { fullUrl: uuid(2), resource: mood({ reference: uuid(1) }), request: { method: 'POST', url: 'Observation' } },
      {
        fullUrl: 'https://e.org/fhir/Practitioner/bone',
        resource: bone,
        request: { method: 'PUT', url: 'Practitioner/bone', ifMatch: 'W/"1"' },
      },
      { request: { method: 'DELETE', url: 'Observation/9' } },
      { request: { method: 'GET', url: 'Patient?name=x' } },
    ],
  }),
  'a response to a transaction': of('Bundle', [], {
    type: 'transaction-response',
    entry: [
      {
        response: {
          status: '201 Created',
          location: 'Patient/1/_history/1',
          etag: 'W/"1"',
          lastModified: '2020-01-01T00:00:00Z',
          outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'warning', code: 'invalid' }] },
        },
      },
    ],
  }),
  'a document': of('Bundle', [], {
    identifier: { system: 'urn:ietf:rfc:3986', value: uuid(9) },
    type: 'document',
    timestamp: '2020-01-01T00:00:00Z',
    entry: [
      {
        fullUrl: uuid(1),
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: concept(loinc, '34133-9'),
          subject: { reference: uuid(2) },
          date: '2020-01-01',
          author: [{ reference: uuid(3) }],
          title: 'x',
          attester: [{ mode: 'legal', time: '2020', party: { reference: uuid(3) } }],
          section: [
            {
              title: 'a',
              code: concept(loinc, '11450-4'),
              text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
              entry: [{ reference: uuid(4) }],
            },
            {
              title: 'b',
              emptyReason: concept(`${term}list-empty-reason`, 'nilknown'),
              text: { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml">none</div>' },
            },
          ],
        },
      },
      { fullUrl: uuid(2), resource: { ...amy, id: undefined } },
      { fullUrl: uuid(3), resource: { ...bone, id: undefined } },
      { fullUrl: uuid(4), resource: mood({ reference: uuid(2) }) },
    ],
  }),
  'a message': of('Bundle', [], {
    type: 'message',
    timestamp: '2020-01-01T00:00:00+02:00',
    entry: [
      {
        fullUrl: uuid(1),
        resource: {
          resourceType: 'MessageHeader',
          eventCoding: coding('https://e.org', 'x'),
          source: { endpoint: 'https://e.org' },
          destination: [{ endpoint: 'mllp:10.1.1.10:9234' }],
          focus: [{ reference: uuid(2) }],
        },
      },
      { fullUrl: uuid(2), resource: { ...amy, id: undefined } },
    ],
  }),
  'a history': of('Bundle', [], {
    type: 'history',
    total: 1,
    entry: [
      {
        fullUrl: 'https://e.org/Patient/amy',
        resource: amy,
        request: { method: 'PUT', url: 'Patient/amy' },
        response: { status: '200', lastModified: '2020-01-01T00:00:00Z' },
      },
    ],
  }),
  'a batch': of('Bundle', [], {
    type: 'batch',
    entry: [
      {
        resource: { resourceType: 'Binary', contentType: 'application/pdf', data: 'JVBERi0=' },
        request: { method: 'POST', url: 'Binary' },
      },
    ],
  }),
  'a collection whose entries have no address': of('Bundle', [], {
    type: 'collection',
    entry: [
      {
        resource: {
          resourceType: 'Parameters',
          parameter: [
            { name: 'a', valueDate: '2020' },
            { name: 'b', part: [{ name: 'c', resource: amy }] },
          ],
        },
      },
    ],
  }),
  'an empty searchset': of('Bundle', [], { type: 'searchset', total: 0 }),
  'a value set': of('ValueSet', [], {
    meta: { profile: [`${fhir}shareablevalueset`] },
    extension: [
      wg,
      { url: `${fhir}structuredefinition-standards-status`, valueCode: 'trial-use' },
      { url: `${fhir}structuredefinition-fmm`, valueInteger: 3 },
    ],
    ...published,
    identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:2.16.840.1.113883.4.642.40.2.48.1' }],
    compose: {
      lockedDate: '2020-01-01',
      include: [
        { system: loinc, filter: [{ property: 'STATUS', op: '=', value: 'ACTIVE' }] },
        {
          system: 'http://snomed.info/sct',
          version: 'http://snomed.info/sct/731000124108',
          concept: [
            {
              code: '1',
              display: 'x',
              _display: {
                extension: [
                  {
                    url: `${fhir}translation`,
                    extension: [
                      { url: 'lang', valueCode: 'es' },
                      { url: 'content', valueString: 'y' },
                    ],
                  },
                ],
              },
              designation: [
                { language: 'en-US', use: coding('http://snomed.info/sct', '900000000000003001'), value: 'z' },
              ],
            },
          ],
        },
        { valueSet: ['http://hl7.org/fhir/ValueSet/x|1'] },
      ],
      exclude: [{ system: `${term}v3-NullFlavor`, concept: [{ code: 'NI' }] }],
    },
    expansion: {
      identifier: uuid(8),
      timestamp: '2020-01-01',
      total: 1,
      parameter: [{ name: 'version', valueUri: 'http://loinc.org|2.78' }],
      contains: [{ system: loinc, code: 'a', contains: [{ abstract: true, display: 'g' }] }],
    },
  }),
  'a code system': of('CodeSystem', [], {
    ...published,
    extension: [wg],
    caseSensitive: true,
    content: 'complete',
    hierarchyMeaning: 'is-a',
    count: 2,
    property: [{ code: 'status', uri: 'http://hl7.org/fhir/concept-properties#status', type: 'code' }],
    concept: [
      {
        code: 'a',
        display: 'A',
        definition: 'x',
        property: [{ code: 'status', valueCode: 'active' }],
        concept: [{ code: 'b' }],
        designation: [{ value: 'y' }],
      },
    ],
  }),
  'a search parameter': of('SearchParameter', [], {
    ...published,
    title: undefined,
    copyright: undefined,
    code: '_id',
    base: ['Patient', 'Condition'],
    type: 'token',
    expression: 'Patient.id | Condition.id',
    xpath: 'f:Patient/f:id',
    xpathUsage: 'normal',
    multipleOr: true,
    _multipleOr: { extension: [{ url: `${fhir}conformance-expectation`, valueCode: 'SHOULD' }] },
    comparator: ['eq', 'ne'],
    _comparator: [{ extension: [{ url: `${fhir}conformance-expectation`, valueCode: 'MAY' }] }, null],
    modifier: ['missing'],
    derivedFrom: 'http://hl7.org/fhir/SearchParameter/Resource-id',
    target: ['Group'],
  }),
  'an operation': of('OperationDefinition', [], {
    ...published,
    copyright: undefined,
    kind: 'operation',
    code: 'docref',
    resource: ['DocumentReference'],
    system: false,
    type: true,
    instance: false,
    affectsState: false,
    parameter: [
      { name: 'patient', use: 'in', min: 1, max: '1', type: 'id', documentation: 'x' },
      { name: 'return', use: 'out', min: 1, max: '1', type: 'Bundle' },
      {
        name: 'type',
        use: 'in',
        min: 0,
        max: '*',
        type: 'string',
        searchType: 'token',
        binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/x' },
      },
    ],
  }),
  'a capability statement': of('CapabilityStatement', [], {
    ...published,
    copyright: undefined,
    kind: 'requirements',
    fhirVersion: '4.0.1',
    format: ['json', 'xml', 'application/fhir+json'],
    _format: [
      { extension: [{ url: `${fhir}capabilitystatement-expectation`, valueCode: 'SHALL' }] },
      { extension: [{ url: `${fhir}capabilitystatement-expectation`, valueCode: 'SHOULD' }] },
      null,
    ],
    patchFormat: ['application/json-patch+json'],
    implementationGuide: ['http://hl7.org/fhir/uv/bulkdata/ImplementationGuide/hl7.fhir.uv.bulkdata|2.0.0'],
    rest: [
      {
        mode: 'server',
        documentation: 'x',
        security: {
          cors: true,
          service: [concept(`${term}restful-security-service`, 'SMART-on-FHIR')],
          description: 'y',
          extension: [
            {
              url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
              extension: [
                { url: 'token', valueUri: 'https://e.org/t' },
                { url: 'authorize', valueUri: 'https://e.org/a' },
              ],
            },
          ],
        },
        interaction: [
          { extension: [{ url: `${fhir}capabilitystatement-expectation`, valueCode: 'MAY' }], code: 'transaction' },
        ],
        resource: [
          {
            extension: [
              { url: `${fhir}capabilitystatement-expectation`, valueCode: 'SHALL' },
              {
                url: `${fhir}capabilitystatement-search-parameter-combination`,
                extension: [
                  { url: `${fhir}capabilitystatement-expectation`, valueCode: 'SHALL' },
                  { url: 'required', valueString: 'patient' },
                  { url: 'required', valueString: 'status' },
                ],
              },
            ],
            type: 'Patient',
            supportedProfile: [`${core}StructureDefinition/us-core-patient|8.0.0`],
            _supportedProfile: [{ extension: [{ url: `${fhir}capabilitystatement-expectation`, valueCode: 'SHALL' }] }],
            interaction: [{ code: 'read' }, { code: 'search-type', documentation: 'z' }],
            referencePolicy: ['resolves'],
            searchInclude: ['Patient:general-practitioner'],
            searchRevInclude: ['Provenance:target'],
            searchParam: [{ name: '_id', definition: `${core}SearchParameter/us-core-patient-id`, type: 'token' }],
            operation: [{ name: 'x', definition: 'http://hl7.org/fhir/OperationDefinition/x' }],
          },
        ],
      },
    ],
  }),
  'a guide': of('ImplementationGuide', [], {
    ...published,
    copyright: undefined,
    packageId: 'hl7.fhir.us.core',
    license: 'CC0-1.0',
    fhirVersion: ['4.0.1'],
    dependsOn: [
      {
        id: 'tho',
        uri: 'http://terminology.hl7.org/ImplementationGuide/hl7.terminology',
        packageId: 'hl7.terminology.r4',
        version: '6.2.0',
      },
    ],
    definition: {
      grouping: [{ id: 'g', name: 'g' }],
      resource: [
        { reference: to('StructureDefinition/us-core-patient'), name: 'x', exampleBoolean: false, groupingId: 'g' },
        { reference: to('Patient/example'), exampleCanonical: `${core}StructureDefinition/us-core-patient` },
      ],
      page: {
        nameUrl: 'toc.html',
        title: 'TOC',
        generation: 'html',
        page: [{ nameUrl: 'index.html', title: 'Home', generation: 'markdown' }],
      },
    },
  }),
  'an outcome': of('OperationOutcome', [], {
    issue: [
      {
        severity: 'error',
        code: 'processing',
        details: { text: 'x' },
        expression: ['Patient.name[0]'],
        location: ['/f:Patient'],
      },
    ],
  }),
  'a map of codes': of('ConceptMap', [], {
    ...published,
    sourceUri: 'https://e.org/a',
    targetCanonical: 'https://e.org/b',
    group: [
      {
        source: 'https://e.org/c',
        target: 'https://e.org/d',
        element: [
          {
            code: 'a',
            target: [
              { code: 'b', equivalence: 'equivalent' },
              { equivalence: 'unmatched', comment: 'none' },
            ],
          },
        ],
      },
    ],
  }),
  'a library': of('Library', [], {
    ...published,
    type: concept(`${term}library-type`, 'logic-library'),
    content: [{ contentType: 'text/cql', data: 'bGlicmFyeQ==' }],
    relatedArtifact: [{ type: 'depends-on', resource: 'https://e.org/a|1' }],
    parameter: [{ name: 'p', use: 'in', min: 0, max: '1', type: 'Period' }],
  }),
};
