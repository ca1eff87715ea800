/** What the sandbox says it can do, and what a statement it wears lets it do. */
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import { problem } from './outcome.ts';
import type { Quirks } from './quirks.ts';
import { resourceTypes, searchParametersOf } from './search-parameters.ts';

type Interaction =
  | 'read' | 'vread' | 'update' | 'patch' | 'delete' | 'history-instance' | 'create' | 'search-type'
  | 'transaction' | 'batch'; // prettier-ignore

const always = ['read', 'search-type'] as const;
const writes = ['create', 'update', 'patch', 'delete'] as const;

const isReadOnly = (quirks: Quirks, type: string): boolean => {
  const types = quirks.text('read-only')?.split('+');
  return types !== undefined && (types.includes('*') || types.includes(type));
};

/** The sandbox's own statement, true to the quirks in force. */
export function ownStatement(baseUrl: string, date: Date, quirks: Quirks, secured: boolean): CapabilityStatement {
  const history = !quirks.has('no-history');
  const resource = resourceTypes().map((type): CapabilityStatementRestResource => ({
    type: type as CapabilityStatementRestResource['type'],
    interaction: [
      ...always,
      ...(isReadOnly(quirks, type) ? [] : writes),
      ...(history ? (['vread', 'history-instance'] as const) : []),
    ].map((code) => ({ code })),
    versioning: quirks.has('if-match-ignored') ? 'versioned' : 'versioned-update',
    readHistory: history,
    updateCreate: quirks.has('client-ids-accepted'),
    conditionalCreate: !quirks.has('no-conditional-create'),
    conditionalRead: 'not-supported',
    conditionalUpdate: true,
    conditionalDelete: 'single',
    referencePolicy: ['literal', 'local', ...(quirks.has('dangling-refs-accepted') ? [] : (['enforced'] as const))],
    searchParam: searchParametersOf(type).map(({ code, type }) => ({ name: code, type })),
  }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: date.toISOString(),
    kind: 'instance',
    software: { name: 'Tejido sandbox EHR' },
    implementation: { description: 'A stand-in EHR for trying and testing Tejido. No real patients.', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        ...(secured
          ? {
              security: {
                service: [
                  {
                    coding: [
                      {
                        system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
                        code: 'SMART-on-FHIR',
                      },
                    ],
                  },
                ],
                extension: [
                  {
                    url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
                    extension: [{ url: 'token', valueUri: `${baseUrl}/oauth/token` }],
                  },
                ],
              },
            }
          : {}),
        resource,
        interaction: [
          ...(quirks.has('no-transaction') ? [] : [{ code: 'transaction' as const }]),
          ...(quirks.has('no-batch') ? [] : [{ code: 'batch' as const }]),
        ],
      },
    ],
  };
}

export type Offer = {
  /** Throws a 404 for a type that is not offered, a 405 for an interaction that is not. */
  readonly check: (interaction: Interaction, type?: string) => void;
  readonly conditionalCreate: (type: string) => boolean;
  readonly declared: (type: string, code: string) => boolean;
};

/** What this request may use: everything, or what the statement worn lists; less what the quirks take away. */
export function offerOf(worn: CapabilityStatement | undefined, quirks: Quirks): Offer {
  const rest = worn?.rest?.find(({ mode }) => mode === 'server');
  const listed = (type: string) => rest?.resource?.find((resource) => resource.type === type);
  return {
    check(interaction, type) {
      if (type === undefined) {
        const declared = !worn || rest?.interaction?.some(({ code }) => code === interaction);
        if (quirks.has(interaction === 'transaction' ? 'no-transaction' : 'no-batch'))
          throw problem(400, 'not-supported', `This server does not support ${interaction}.`);
        if (!declared) throw problem(405, 'not-supported', `This server does not support ${interaction}.`);
        return;
      }
      if (!(worn ? listed(type) !== undefined : resourceTypes().includes(type) || type === 'Binary'))
        throw problem(404, 'not-found', `Resource type ${type} is not supported.`);
      const isWrite = (writes as readonly string[]).includes(interaction);
      const offered = worn ? listed(type)?.interaction?.some(({ code }) => code === interaction) : true;
      if (!offered || (isWrite && isReadOnly(quirks, type)))
        throw problem(405, 'not-supported', `${interaction} of ${type} is not supported.`);
    },
    conditionalCreate: (type) =>
      !quirks.has('no-conditional-create') &&
      !quirks.has('ifnoneexist-ignored') &&
      (!worn || listed(type)?.conditionalCreate === true),
    declared: (type, code) =>
      !worn || code === '_id' || (listed(type)?.searchParam?.some(({ name }) => name === code) ?? false),
  };
}
