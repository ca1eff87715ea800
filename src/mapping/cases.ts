/**
 * Golden cases: `cases/<activity-type>/<nn-what-it-shows>/{input.json,expected.json}`. `input.json` holds
 * `{activity, context?}` (of laboratory results `{tree, issued, context?}`: lab-cases.ts), `expected.json` the list of `{artifact, do, resource}`, or `{failure: {cause, where}}`.
 * References read `urn:uuid:<artifact>`, so that a person can write them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Activity } from '../core/activity.ts';
import { type Fact, factsOf, type FactView, noFacts } from '../core/fact.ts';
import type { Mapper, MappingContext } from '../core/ports.ts';
import { isObject, type JsonObject } from '../definitions/item.ts';
import { readLabInput } from './lab-cases.ts';

/** The context of a case that gives none; what it gives replaces the parts of this. */
export const caseContext: MappingContext = {
  patient: { reference: 'Patient/p1', display: 'Rosa Mendoza' },
  performer: {
    system: 'https://example.org/chw',
    id: 'chw-7',
    name: 'Ana Torres',
    phone: '+1 312 555 0107',
    languages: ['es', 'en'],
    reference: 'Practitioner/chw-7',
  },
  programme: {
    id: 'alivio',
    name: 'Alivio Diabetes Peer Support',
    phone: '+1 312 555 0100',
    timeZone: 'America/Chicago',
    artifactSystem: 'https://tejido.dev/artifact',
    organization: { reference: 'Organization/alivio', display: 'Alivio Medical Center' },
  },
  recordKey: 'rec1',
  subjectKey: 'sub1',
  receivedAt: '2026-05-06T23:30:00Z',
  filed: {},
  facts: noFacts,
};

/** The uuids of cases are the names they are made from. */
export const readableUuid = (name: string): string => name;

const merged = (base: JsonObject, given: JsonObject): JsonObject => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const standing = base[key];
      return [key, isObject(standing) && isObject(value) ? { ...standing, ...value } : value];
    }),
  ),
});

/** What `input.json` says; a bare activity is taken too. Undefined when it is neither. */
export function readInput(
  json: unknown,
): { readonly activity: Activity; readonly context: MappingContext } | undefined {
  if (!isObject(json)) return undefined;
  const activity = json['activity'] ?? json;
  if (!isObject(activity) || typeof activity['activityType'] !== 'string') return undefined;
  const { facts, ...context } = isObject(json['context']) ? json['context'] : {};
  const given = activity as unknown as Activity;
  const around = merged(caseContext, context) as unknown as MappingContext;
  return { activity: given, context: { ...around, facts: viewOf(given, facts, around.recordKey) } };
}

/** `context.facts` of a case is what other records say. */
function viewOf(activity: Activity, others: unknown, recordKey: string): FactView {
  const told = factsOf(activity, recordKey);
  return { others: Array.isArray(others) ? (others as readonly Fact[]) : [], told, touched: told };
}

export type CaseResult = {
  /** `contact.phone/01-short-call` */
  readonly name: string;
  readonly folder: string;
  readonly passed: boolean;
  readonly actual: unknown;
  /** Unified diff from what is expected to what came. */
  readonly difference?: string;
};

const sorted = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(sorted);
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, sorted(value)]),
  );
};

const printed = (json: unknown): string => `${JSON.stringify(json, null, 2)}\n`;

/** Undefined when the file is missing or no JSON. */
const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
};

/** Folders of all cases below `cases/`. */
export async function findCases(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && entry.name === 'input.json')
    .map((entry) => entry.parentPath)
    .toSorted();
}

/** Undefined when the input is neither an activity nor an order of a laboratory. */
function mapped(mapper: Mapper, json: unknown): ReturnType<Mapper['map']> | undefined {
  const lab = readLabInput(json);
  if (lab !== undefined) return mapper.mapLab(lab.order, lab.names, lab.context);
  const input = readInput(json);
  return input === undefined ? undefined : mapper.map(input.activity, input.context);
}

/** Runs one case. The mapper must have been loaded with `readableUuid`. */
export async function runCase(mapper: Mapper, root: string, folder: string): Promise<CaseResult> {
  const name = folder.slice(root.length + 1);
  const given = await readJson(join(folder, 'input.json'));
  const expected = await readJson(join(folder, 'expected.json'));
  const outcome = mapped(mapper, given);
  if (outcome === undefined)
    return {
      name,
      folder,
      passed: false,
      actual: null,
      difference: 'input.json holds no activity with an activityType, and no tree of a laboratory order',
    };
  const actual = outcome.ok
    ? outcome.value.map(({ artifact, do: action, clears, resource }) => ({
        artifact,
        do: action,
        ...(clears === undefined ? {} : { clears }),
        resource,
      }))
    : { failure: { cause: outcome.failure.cause, where: outcome.failure.issues?.[0]?.where ?? '' } };
  const [wanted, came] = [printed(sorted(expected ?? null)), printed(sorted(actual))];
  if (wanted === came) return { name, folder, passed: true, actual };
  const difference = createTwoFilesPatch('expected', 'actual', wanted, came, undefined, undefined, { context: 3 });
  const why = outcome.ok ? '' : `${outcome.failure.detail}\n`;
  return { name, folder, passed: false, actual, difference: why + difference.split('\n').slice(1).join('\n') };
}
