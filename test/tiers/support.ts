/** The real pipeline, on a real ledger, against the sandbox wearing a real EHR's statement. */
import { readFileSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@jest/globals';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { sql } from 'kysely';
import type { Destination, Incoming, Mapped, Mapper, Resource } from '../../src/core/ports.ts';
import type { WorkItem } from '../../src/core/story.ts';
import { createLaneLedger } from '../../src/ledger/lane-ledger.ts';
import { listWorkItems } from '../../src/ledger/work-list.ts';
import { loadMapper } from '../../src/mapping/load.ts';
import type { LaneLedger } from '../../src/pipeline/deps.ts';
import type { Ehr } from '../connections/support/ehr.ts';
import { artifactSystem } from '../connections/support/ehr.ts';
import { ehr as ehrId, type TestLedger } from '../ledger/support.ts';
import { anActivity, drain } from '../pipeline/support.ts';

const folder = path.resolve('../shared/data/ehr-capabilities');
export const present = existsSync(folder) || process.env['CI'] === 'true';
if (!present) process.stderr.write(`skipped: vendors' capability statements are not at ${folder}\n`);

export const vendors: readonly string[] = present
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.replace(/\.json$/, ''))
  : [];

export const statementOf = (name: string): CapabilityStatement =>
  JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as CapabilityStatement;

const loaded = await loadMapper({ folders: ['mappings'] });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.failure));
const real = loaded.value;

/** Keeps what was made of each record. */
const mapperKeeping = (seen: Map<string, readonly Mapped[]>): Mapper => ({
  ...real,
  map: (activity, context, ...more) => {
    const mapped = real.map(activity, context, ...more);
    if (mapped.ok && activity !== undefined) seen.set(context.recordKey, mapped.value);
    return mapped;
  },
});

export type Flow = {
  readonly ehr: Ehr;
  readonly ledger: TestLedger;
  /** What the maps made last, by recordKey. */
  readonly mapped: Map<string, readonly Mapped[]>;
  readonly file: (over?: {
    readonly destination?: Destination;
    readonly ledger?: (real: LaneLedger) => LaneLedger;
    readonly leaseMs?: number;
  }) => Promise<void>;
};

export function aFlow(ehr: Ehr, ledger: TestLedger, destination: Destination): Flow {
  const mapped = new Map<string, readonly Mapped[]>();
  const mapper = mapperKeeping(mapped);
  return {
    ehr,
    ledger,
    mapped,
    file: (over = {}) => {
      const leaseMs = over.leaseMs ?? 60_000;
      const lanes = createLaneLedger(ledger.pool, { destination: ehrId, worker: 'w', perLane: 3, leaseMs });
      return drain(
        ledger,
        { destination } as never,
        {
          destination: over.destination ?? destination,
          ledger: over.ledger?.(lanes) ?? lanes,
          mapper: () => mapper,
          programme: {
            id: 'msep',
            name: 'Mi Salud Es Primero (example)',
            timeZone: 'America/Chicago',
            artifactSystem,
          },
          performer: (system, id) => ({ system, id, name: 'Ana Torres, CHW', reference: 'Practitioner/chw' }),
        },
        leaseMs,
      );
    },
  };
}

const answers = (
  JSON.parse(readFileSync('schemas/examples/questionnaire.json', 'utf8')) as { readonly details: unknown }
).details;

/** A home visit: vitals, a goal, a referral with its task, answers to a questionnaire. */
export const aVisit = (
  version = 1,
  { glucose = 212, target = '4 days', recordId = 'visit-1', goalId = 'g-77' } = {},
): Incoming =>
  anActivity({
    recordId,
    version,
    mrn: 'MRN-1',
    sourcePatientId: 'c-1',
    activityType: 'contact.home',
    schemaVersion: '1.0',
    programmeId: 'msep',
    occurredAt: '2026-05-20T10:00:00-05:00',
    durationMinutes: 45,
    details: { outcome: 'reached', reason: 'monthly visit' },
    components: [
      {
        key: 'bp',
        activityType: 'vital.measure',
        details: { kind: 'blood-pressure', systolic: 138, diastolic: 84, unit: 'mmHg', method: 'chw-device' },
      },
      {
        key: 'gl',
        activityType: 'vital.measure',
        details: { kind: 'glucose-capillary', value: glucose, unit: 'mg/dL', method: 'chw-device' },
      },
      {
        key: 'goal',
        activityType: 'goal.set',
        details: { goalId, domain: 'being-active', text: 'Walk after dinner', target, dueDate: '2026-06-30' },
      },
      {
        key: 'ref',
        activityType: 'referral.community',
        details: { category: 'food', referralId: 'ref-5', serviceName: 'Despensa (example)', urgency: 'urgent' },
      },
      { key: 'phq', activityType: 'questionnaire', details: answers },
    ],
  });

export type LinkRow = {
  artifact: string;
  resource_type: string;
  reference: string;
  action: string;
  tier: string;
  version_id: string | null;
};

/** The latest link of each artifact. */
export async function linksOf(ledger: TestLedger): Promise<readonly LinkRow[]> {
  const { rows } =
    await sql<LinkRow>`select distinct on (artifact) artifact, resource_type, reference, action, tier, version_id
    from link order by artifact, message_id desc`.execute(ledger.db);
  return rows;
}

export const openItems = (ledger: TestLedger): Promise<readonly WorkItem[]> =>
  listWorkItems(ledger.pool, { state: 'open', limit: 500 });

const voided = (resource: Resource): boolean =>
  resource['status'] === 'entered-in-error' || resource['lifecycleStatus'] === 'entered-in-error';

/** The artifacts of ours that a resource carries. */
export function carried(resource: Resource): readonly string[] {
  const given = resource['identifier'];
  const identifiers = (Array.isArray(given) ? given : [given]) as ({ system?: string; value?: string } | undefined)[];
  const meta = resource['meta'] as { tag?: { system?: string; code?: string }[] } | undefined;
  return [
    ...identifiers.flatMap((each) => (each?.system === artifactSystem ? [each.value ?? ''] : [])),
    ...(meta?.tag ?? []).flatMap((each) => (each.system === artifactSystem ? [each.code ?? ''] : [])),
  ];
}

/** Everything of ours that stands in the chart. */
export const alive = (ehr: Ehr): readonly Resource[] =>
  ehr.admin.all().filter((each) => carried(each).length > 0 && !voided(each));

export const referenceOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id ?? ''}`;

export function noteText(resource: Resource | undefined): string {
  const [content] = (resource?.['content'] ?? []) as { attachment: { data: string } }[];
  return Buffer.from(content?.attachment.data ?? '', 'base64').toString('utf8');
}

/**
 * Nothing lost, nothing doubled: each artifact that the maps made stands in exactly one form, and in the chart stands
 * nothing of ours besides.
 */
export async function expectOneTruth({ ehr, ledger, mapped }: Flow): Promise<void> {
  const links = await linksOf(ledger);
  const standing = links.filter(({ action }) => action !== 'voided');
  const items = await openItems(ledger);
  for (const { artifact, resource } of [...mapped.values()].flat()) {
    const link = standing.find((each) => each.artifact === artifact);
    expect([artifact, link?.resource_type]).toEqual([artifact, resource.resourceType]);
    const bearers = alive(ehr).filter((each) => carried(each).includes(artifact));
    const native = link?.tier === 'native' || link?.tier === 'elsewhere';
    expect([artifact, link?.tier, bearers.map(referenceOf)]).toEqual([
      artifact,
      link?.tier,
      native ? [link.reference] : [],
    ]);
    if (link?.tier === 'note') expect(alive(ehr).map(referenceOf)).toContain(link.reference);
    if (link?.tier === 'work-list' && link.version_id !== 'done') expect(items).not.toEqual([]);
  }
  const expected = standing.filter(({ tier }) => tier === 'native' || tier === 'elsewhere');
  expect(alive(ehr).map(referenceOf).toSorted()).toEqual(expected.map(({ reference }) => reference).toSorted());
}
