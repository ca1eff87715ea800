/**
 * One look at a FHIR server for laboratory results: what changed since the last look is kept as messages, and only then the
 * cursor moves on. What was read before is passed over, so that a look may be repeated as often as it likes.
 */
import type pg from 'pg';
import { isOfCategory, type LabReads, type LabType } from '../connections/fhir/labs.ts';
import { localReference, objectIn, referenceIn } from '../core/fhir-json.ts';
import type { FhirLabSource } from '../core/lab/source.ts';
import type { Failure, Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { Accept, Clock, Incoming, Log, PatientIdentifiers, Resource } from '../core/ports.ts';
import { cursorOf, moveCursor } from '../ledger/changes.ts';
import { inChart, knownPayload, knownRecords } from '../ledger/lab-sources.ts';
import type { DestinationId } from '../core/model.ts';
import { identifyFhirLab } from '../sources/fhir-lab.ts';
import { readLabBundle } from '../sources/fhir-lab-bundle.ts';
import {
  after,
  closure,
  isContained,
  isOlder,
  isOurs,
  madeAt,
  nameOf,
  refersTo,
  updatedOf,
  versionName,
} from './lab-resources.ts';

export type LookedAt = {
  readonly source: FhirLabSource;
  readonly base: string;
  readonly reads: LabReads;
  readonly categories: readonly string[];
  /** Also results whose report did not change, or that have none. */
  readonly observations: boolean;
  readonly aloneAfterMs: number;
  readonly overlapMs: number;
  /** Versions that were seen to their end, and when they were made: not read again while the process lives. */
  readonly seen: Map<string, number>;
};

export type LookParts = {
  readonly pool: pg.Pool;
  readonly accept: Accept;
  readonly artifactSystem: string;
  readonly clock: Clock;
  readonly log: Log;
};

/** What is found at one place, with whose it is where that is known. */
type Found = { readonly main: Resource; readonly person?: PatientIdentifiers };

export async function lookForLabs(at: LookedAt, parts: LookParts): Promise<void> {
  const types: readonly LabType[] = at.observations ? ['DiagnosticReport', 'Observation'] : ['DiagnosticReport'];
  for (const type of types) {
    const { source } = at;
    const now = parts.clock();
    const place = source.name as DestinationId;
    const cursor = await cursorOf(parts.pool, place, type, now);
    const since = new Date(cursor.getTime() - at.overlapMs);
    const look = lookOf(at, parts, now);
    const categories = type === 'Observation' ? ['laboratory'] : at.categories;
    const ended = await at.reads.changed(type, { since, categories }, (finds) =>
      type === 'DiagnosticReport'
        ? look.reports(finds.matches, finds.included)
        : look.results(finds.matches, finds.included),
    );
    const failure = ended.ok ? look.failed() : ended.failure;
    if (failure !== undefined) {
      parts.log('warn', 'labs.not-looked-at', { source: source.name, resourceType: type, cause: failure.cause });
      return;
    }
    for (const [version, madeAt] of at.seen) if (madeAt < since.getTime() - at.overlapMs) at.seen.delete(version);
    // By the server's clock; never ahead of ours, or one wrong time there would hide what comes before it.
    const newest = look.cursor();
    if (newest !== undefined) await moveCursor(parts.pool, place, type, newest < now ? newest : now);
    if (look.kept() > 0)
      parts.log('info', 'labs.read', { source: source.name, resourceType: type, count: look.kept() });
  }
}

function lookOf(at: LookedAt, parts: LookParts, now: Date) {
  const { source, base, reads, seen } = at;
  const { pool } = parts;
  let kept = 0;
  let newest: number | undefined;
  let waitsFrom: number | undefined;
  let failure: Failure | undefined;

  const waits = (one: Resource): void => {
    waitsFrom = Math.min(waitsFrom ?? Infinity, madeAt(one));
  };

  /** With whose it is; of a chart only what is of the programme's patients, and not what Tejido filed. */
  const ofPeople = async (matches: readonly Resource[]): Promise<readonly Found[]> => {
    const foreign = matches.filter((one) => !isOurs(one, parts.artifactSystem));
    if (source.chartOf === undefined) return foreign.map((main) => ({ main }));
    const asked = foreign.flatMap((main) => {
      const patient = localReference(referenceIn(main['subject']), base);
      return patient === undefined ? [] : [{ main, reference: nameOf(main), patient }];
    });
    const chart = await inChart(pool, source.chartOf, source.name, asked);
    return asked.flatMap(({ main }, index): readonly Found[] => {
      const whose = chart[index];
      if (whose === undefined || whose.ours) return [];
      if (whose.busy) {
        waits(main);
        return [];
      }
      return [{ main, person: whose.person }];
    });
  };

  const news = (matches: readonly Resource[]): Promise<readonly Found[]> => {
    for (const one of matches) newest = Math.max(newest ?? -Infinity, madeAt(one));
    return ofPeople(matches.filter((one) => !seen.has(versionName(one))));
  };

  const keep = async (items: readonly Incoming[]): Promise<void> => {
    if (items.length === 0) return;
    await parts.accept(items);
    kept += items.length;
  };

  const take = async (found: readonly Found[], included: readonly Resource[]): Promise<Outcome<void>> => {
    if (found.length === 0) return ok(undefined);
    const got = await reads.around(
      found.map(({ main }) => main),
      included,
    );
    if (!got.ok) return got;
    const { resources } = got.value;
    const made = found.map(({ main, person }) =>
      identifyFhirLab(
        {
          base,
          about: nameOf(main),
          resources: closure(main, resources, base),
          ...(person === undefined ? {} : { person }),
        },
        source,
      ),
    );
    const known = await knownRecords(
      pool,
      source.name,
      made.flatMap(({ record }) => record?.id ?? []),
    );
    const items: Incoming[] = [];
    for (const [index, item] of made.entries()) {
      const { main, person } = found[index] as Found;
      const before = item.record === undefined ? undefined : known.get(item.record.id);
      if (before === undefined) items.push(item);
      else if (before.contentHash !== item.record?.contentHash) {
        const whole = await withDeleted(main, resources, person);
        if (!whole.ok) return whole;
        const next = whole.value ?? item;
        // The index lags and shows what stood before; or two versions within one tick of the server's clock.
        if (next.record?.contentHash === before.contentHash || isOlder(next, before.version)) continue;
        items.push(after(next, before.version));
      }
    }
    items.push(...(await noLongerAlone(found, resources)));
    await keep(items);
    for (const { main } of found) seen.set(versionName(main), madeAt(main));
    return ok(undefined);
  };

  /** What the report held before, and what has been deleted at the laboratory since: it stands as entered in error. */
  const withDeleted = async (
    main: Resource,
    resources: ReadonlyMap<string, Resource>,
    person: PatientIdentifiers | undefined,
  ): Promise<Outcome<Incoming | undefined>> => {
    const own = closure(main, resources, base);
    const body = await knownPayload(pool, source.name, `${base}|${nameOf(main)}`);
    const earlier = body === undefined ? undefined : readLabBundle(body, {});
    const names = new Set(own.map(nameOf));
    const missing = (earlier?.observations ?? []).filter((one) => one.id !== undefined && !names.has(nameOf(one)));
    const standing = missing.filter(
      (one) => earlier?.report?.['contained'] === undefined || !isContained(one, earlier.report),
    );
    if (standing.length === 0) return ok(undefined);
    const gone = await reads.deleted(standing.map(nameOf));
    if (!gone.ok) return gone;
    const errored = standing
      .filter((one) => gone.value.has(nameOf(one)))
      .map((one): Resource => ({
        ...one,
        status: 'entered-in-error',
        meta: { ...objectIn(one['meta']), lastUpdated: updatedOf(main) },
      }));
    if (errored.length === 0) return ok(undefined);
    const delivery = { base, about: nameOf(main), resources: [...own, ...errored] };
    return ok(identifyFhirLab({ ...delivery, ...(person === undefined ? {} : { person }) }, source));
  };

  /** A result that came by itself and is part of a report now: by itself it stands no more. */
  const noLongerAlone = async (
    found: readonly Found[],
    resources: ReadonlyMap<string, Resource>,
  ): Promise<readonly Incoming[]> => {
    const members = found
      .filter(({ main }) => main.resourceType === 'DiagnosticReport')
      .flatMap(({ main, person }) =>
        closure(main, resources, base)
          .filter(({ resourceType }) => resourceType === 'Observation')
          .map((one) => ({ one, main, person })),
      );
    const known = await knownRecords(
      pool,
      source.name,
      members.map(({ one }) => `${base}|${nameOf(one)}`),
    );
    return members.flatMap(({ one, person }) => {
      const before = known.get(`${base}|${nameOf(one)}`);
      if (before === undefined) return [];
      const withdrawn: Resource = { ...one, status: 'entered-in-error' };
      const about = closure(withdrawn, resources, base).map((each) =>
        nameOf(each) === nameOf(one) ? withdrawn : each,
      );
      const item = identifyFhirLab(
        { base, about: nameOf(one), resources: about, ...(person === undefined ? {} : { person }) },
        source,
      );
      return item.record?.contentHash === before.contentHash ? [] : [after(item, before.version)];
    });
  };

  /** Results that changed: with their report, or by themselves once no report is on its way any more. */
  const looseResults = async (found: readonly Found[], included: readonly Resource[]): Promise<Outcome<void>> => {
    if (found.length === 0) return ok(undefined);
    const names = found.map(({ main }) => nameOf(main));
    const reports = await reads.referring('DiagnosticReport', 'result', names);
    if (!reports.ok) return reports;
    const inReport = new Set(reports.value.matches.flatMap((one) => refersTo(one, 'result', base)));
    const panels = await reads.referring(
      'Observation',
      'hasMember',
      names.filter((name) => !inReport.has(name)),
    );
    const inPanel = new Set((panels.ok ? panels.value.matches : []).flatMap((one) => refersTo(one, 'hasMember', base)));
    const withReport = await ofPeople(reports.value.matches.filter((one) => isOfCategory(one, at.categories)));
    const taken = await take(withReport, [...included, ...reports.value.included, ...found.map(({ main }) => main)]);
    if (!taken.ok) return taken;
    const alone = found.filter(({ main }) => !inReport.has(nameOf(main)) && !inPanel.has(nameOf(main)));
    const young = alone.filter(({ main }) => now.getTime() - madeAt(main) < at.aloneAfterMs);
    for (const { main } of young) waits(main);
    const old = alone.filter((one) => !young.includes(one));
    const known = await take(old, included);
    if (!known.ok) return known;
    for (const { main } of found)
      if (!young.some((one) => one.main === main)) seen.set(versionName(main), madeAt(main));
    return ok(undefined);
  };

  const page = async (
    work: (found: readonly Found[], included: readonly Resource[]) => Promise<Outcome<void>>,
    matches: readonly Resource[],
    included: readonly Resource[],
  ): Promise<void> => {
    if (failure !== undefined) return;
    const done = await work(await news(matches), included);
    if (!done.ok) failure = done.failure;
  };

  return {
    reports: (matches: readonly Resource[], included: readonly Resource[]) => page(take, matches, included),
    results: (matches: readonly Resource[], included: readonly Resource[]) => page(looseResults, matches, included),
    kept: () => kept,
    failed: () => failure,
    cursor: () => {
      const to = waitsFrom ?? newest;
      return to === undefined || !Number.isFinite(to) ? undefined : new Date(to);
    },
  };
}
