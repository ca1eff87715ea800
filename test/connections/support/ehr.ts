/** The sandbox EHR behind real HTTP, and a destination that files into it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { EmittedLink, MessageId } from '../../../src/core/model.ts';
import type { FilingPlan, FilingStep, Resource } from '../../../src/core/ports.ts';
import { fhirDestination } from '../../../src/connections/fhir/destination.ts';
import type { FhirDestination, FhirDestinationDeps } from '../../../src/connections/fhir/destination.ts';
import type { FhirDestinationConfig } from '../../../src/connections/fhir/config.ts';
import { createSandbox } from '../../../src/sandbox/sandbox.ts';
import type { Sandbox, SandboxOptions } from '../../../src/sandbox/sandbox.ts';

export const artifactSystem = 'https://tejido.example/artifact';
export const mrnSystem = 'urn:example:mrn';

export type Ehr = {
  readonly baseUrl: string;
  readonly admin: Sandbox['admin'];
  /** Writes only, as `METHOD path`. */
  readonly writes: () => readonly string[];
  readonly destination: (
    config?: Partial<FhirDestinationConfig>,
    deps?: Partial<FhirDestinationDeps>,
  ) => FhirDestination;
  readonly close: () => Promise<void>;
};

/** Starts a sandbox with one patient `Patient/p1`, MRN `MRN-1`. */
export async function startEhr(options: Partial<SandboxOptions> = {}): Promise<Ehr> {
  const app = express();
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  const sandbox = await createSandbox({ baseUrl, clock: () => new Date(), random: Math.random, ...options });
  app.use('/fhir', sandbox.router);
  sandbox.admin.seed([patient('p1', 'MRN-1')]);
  const open: FhirDestination[] = [];
  return {
    baseUrl,
    admin: sandbox.admin,
    writes: () =>
      sandbox.admin
        .requests()
        .filter(({ method, path }) => method !== 'GET' && !path.endsWith('_search'))
        .map(({ method, path }) => `${method} ${path}`),
    destination: (config = {}, deps = {}) => {
      const made = fhirDestination({ ...configFor(baseUrl), ...config }, { ...depsForTests, ...deps });
      open.push(made);
      return made;
    },
    close: async () => {
      await Promise.all(open.map((each) => each.close()));
      await sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const configFor = (baseUrl: string): FhirDestinationConfig => ({
  id: 'clinic',
  baseUrl,
  auth: { kind: 'none' },
  mrnSystem,
  patientIdentifierSystems: { commcare: 'urn:example:commcare' },
  artifactSystem,
  timeoutMs: 800,
  connections: 4,
  quirks: { lookAgainMs: [20, 60] },
});

export const depsForTests: FhirDestinationDeps = { clock: () => new Date(), random: () => 0.5, log: () => {} };

export const patient = (id: string, mrn: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Patient',
  id,
  active: true,
  birthDate: '1961-03-02',
  identifier: [{ system: mrnSystem, value: mrn }],
  name: [{ text: 'María García' }],
  ...more,
});

const urn = (artifact: string): string =>
  `urn:uuid:00000000-0000-4000-8000-${Buffer.from(artifact).toString('hex').padStart(12, '0').slice(-12)}`;

/** A visit: an Encounter, and Observations that refer to it. */
export function visit(
  key: string,
  { observations = 2, note = 'visit' }: { observations?: number; note?: string } = {},
): FilingStep[] {
  const encounter = put(`${key}.encounter`, {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'HH' },
    subject: { reference: 'Patient/p1' },
    reasonCode: [{ text: note }],
  });
  return [
    encounter,
    ...Array.from({ length: observations }, (_, index) =>
      put(`${key}.o${index}`, {
        ...observation(`measure ${index}`, 70 + index),
        encounter: { reference: fullUrlOf(encounter) },
      }),
    ),
  ];
}

export const observation = (what: string, value: number): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: what },
  subject: { reference: 'Patient/p1' },
  valueQuantity: { value, unit: 'kg' },
});

export const put = (artifact: string, resource: Resource, known?: EmittedLink): FilingStep => ({
  do: 'put',
  artifact,
  fullUrl: urn(artifact),
  resource,
  ...(known === undefined ? {} : { known }),
});

const fullUrlOf = (step: FilingStep): string => ('fullUrl' in step ? step.fullUrl : '');

export const plan = (steps: readonly FilingStep[], doubt = false): FilingPlan => ({
  receivedAt: new Date('2026-05-06T23:05:00Z'),
  messageId: 'm1' as MessageId,
  steps,
  doubt,
});

export const artifactOf = (resource: Resource): string | undefined =>
  (resource['identifier'] as { system?: string; value?: string }[] | undefined)?.find(
    (each) => each.system === artifactSystem,
  )?.value;

/** The resources that carry our identifier, live ones only. */
export const ours = (ehr: Ehr, type: string): readonly Resource[] =>
  ehr.admin.all(type).filter((each) => artifactOf(each) !== undefined && each['status'] !== 'entered-in-error');
