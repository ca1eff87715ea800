/** Laboratory results as a door hands them over, maps for them, and a chart that remembers what was written. */
import type { LabOrder } from '../../src/core/lab/model.ts';
import { fail, ok } from '../../src/core/outcome.ts';
import type { Destination, Incoming, Mapped, Resource } from '../../src/core/ports.ts';
import type { LabDeps } from '../../src/pipeline/lab/deps.ts';
import { anItem, ehr } from '../ledger/support.ts';

export type Told = { code?: string; status: string; text?: string; key?: string };
export type GivenOrder = {
  conclusion?: string;
  status?: string;
  results: readonly Told[];
  filler?: string;
  /** Empty: not told. */
  system?: string;
  placer?: string;
  service?: string;
  collected?: string;
  parent?: string;
};

export type Given = GivenOrder & {
  id: string;
  minute: number;
  /** When the message was made; else as it was reported. */
  sent?: number;
  mrn?: string;
  sourcePatientId?: string;
  source?: string;
  /** Further orders. */
  more?: readonly GivenOrder[];
};

export const time = (minute: number): string => `2026-03-10T12:${String(minute).padStart(2, '0')}:00Z`;

/** As a door hands it over; the body is read by the reader below. */
export function anOru({ id, mrn = 'M1', sourcePatientId, source = 'lab', ...content }: Given): Incoming {
  return anItem({
    recordId: id,
    source,
    format: 'hl7v2',
    kind: 'ORU^R01',
    content: JSON.stringify(content),
    patient: { source, mrn, ...(sourcePatientId === undefined ? {} : { sourcePatientId }) },
  });
}

export const labs: LabDeps = {
  about: () => ({}),
  judge: (resource) => {
    const secret = JSON.stringify(resource).includes('secret');
    return { about: [], labels: [], toEhr: !secret, toChw: !secret };
  },
  read: ({ body }) => {
    const given = JSON.parse(Buffer.from(body).toString()) as Given;
    const orders = [given, ...(given.more ?? [])].map((one): LabOrder => {
      const { filler = 'F-1', system = 'urn:lab', service = '24331-1', collected = '2026-03-09', placer, parent } = one;
      const under = system === '' ? {} : { system };
      return {
        ...(filler === '' ? {} : { filler: { value: filler, ...under } }),
        ...(placer === undefined ? {} : { placer: { value: placer, ...under } }),
        service: `http://loinc.org|${service}`,
        ...(collected === '' ? {} : { collected }),
        issued: time(given.minute),
        sent: time(given.sent ?? given.minute),
        ...(parent === undefined ? {} : { parent: { filler: { value: parent, ...under } } }),
        results: one.results.map(({ code = '4548-4', key }) => ({ key: key ?? code })),
        specimens: ['s'],
        tree: one,
      };
    });
    return ok({ test: false, part2: false, orders });
  },
  map: (order, names, context) => {
    const given = order.tree as GivenOrder;
    const url = (artifact: string): string => `urn:uuid:${artifact}`;
    const specimen = names.specimens[0] ?? '';
    const put = (artifact: string, resource: Resource): Mapped => ({
      artifact,
      fullUrl: url(artifact),
      do: 'put',
      resource,
    });
    return ok([
      put(specimen, { resourceType: 'Specimen', subject: context.patient }),
      ...given.results.map(({ code = '4548-4', status, text }, n) =>
        put(names.results[n] ?? '', {
          resourceType: 'Observation',
          status,
          subject: context.patient,
          code: { text: code },
          issued: order.issued,
          specimen: { reference: url(specimen) },
          ...(text === undefined ? {} : { valueString: text }),
        }),
      ),
      put(names.report, {
        resourceType: 'DiagnosticReport',
        status: given.status ?? 'final',
        subject: context.patient,
        issued: order.issued,
        ...(given.conclusion === undefined ? {} : { conclusion: given.conclusion }),
        ...(names.parent === undefined ? {} : { basedOn: [{ reference: context.filed[names.parent] ?? 'nowhere' }] }),
        result: names.results.map((one) => ({ reference: url(one) })),
      }),
    ]);
  },
};

export type LabChart = {
  /** What stands, by artifact; references by what they lead to. */
  readonly resources: Map<string, Resource>;
  /** The answer to the next writes is lost, as often. */
  lose: number;
  requests: number;
  /** So many filings begin before the first of them ends. */
  together: number;
  readonly destination: Destination;
};

export function aLabChart(): LabChart {
  const chart = new Map<string, Resource>();
  const self: LabChart = { resources: chart, lose: 0, requests: 0, together: 1, destination: undefined as never };
  const begun: (() => void)[] = [];
  const allThere = (): Promise<void> =>
    new Promise((resolve) => {
      begun.push(resolve);
      if (begun.length < self.together) return;
      self.together = 1;
      for (const go of begun.splice(0)) go();
    });
  const destination: Destination = {
    id: ehr,
    findPatient: ({ mrn }) =>
      Promise.resolve({
        outcome: mrn === undefined ? fail('match/unknown-patient', 'No MRN.') : ok({ reference: `Patient/${mrn}` }),
        exchanges: [],
      }),
    file: async (plan) => {
      self.requests += 1;
      await allThere();
      const urls = new Map<string, string>();
      for (const one of plan.steps) if (one.do === 'put') urls.set(one.fullUrl, `Any/${one.artifact}`);
      const resolved = (json: unknown): unknown =>
        JSON.parse(
          JSON.stringify(json).replaceAll(/"reference":"(urn:uuid:[^"]+)"/g, (whole, one: string) => {
            const found = urls.get(one);
            if (found === undefined) throw new Error(`${whole} leads nowhere`);
            return `"reference":"${found}"`;
          }),
        ) as unknown;
      const links = plan.steps.flatMap((step) => {
        const before = chart.get(step.artifact);
        if (step.do === 'void' && before === undefined) return [];
        const standing: Resource = before ?? { resourceType: 'none' };
        if (step.do === 'void') chart.set(step.artifact, { ...standing, status: 'entered-in-error' });
        else if (step.do === 'put') chart.set(step.artifact, resolved(step.resource) as Resource);
        else {
          const left = Object.entries(standing).filter(([name]) => step.clears?.includes(name) !== true);
          chart.set(step.artifact, {
            ...(Object.fromEntries(left) as Resource),
            ...(resolved(step.resource) as Resource),
          });
        }
        return {
          artifact: step.artifact,
          resourceType: step.do === 'void' ? step.resourceType : step.resource.resourceType,
          reference: `Any/${step.artifact}`,
          action:
            step.do === 'void'
              ? ('voided' as const)
              : before === undefined
                ? ('created' as const)
                : ('updated' as const),
          tier: 'native' as const,
          owned: [],
        };
      });
      if (self.lose > 0) {
        self.lose -= 1;
        return Promise.resolve({
          links: [],
          exchanges: [],
          failure: { cause: 'send/connection-lost', detail: 'Lost.' },
        });
      }
      return { links, exchanges: [] };
    },
    standing: () => Promise.resolve(ok([])),
    report: () => Promise.reject(new Error('not asked for')),
  };
  return Object.assign(self, { destination });
}
