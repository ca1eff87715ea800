/**
 * One look at a FHIR server for laboratory results: what changed since the last look is kept as messages, and only then the
 * cursor moves on. What was read before is passed over, so that a look may be repeated as often as it likes.
 */
import type pg from 'pg';
import { isOfCategory, type LabReads, type LabType } from '../connections/fhir/labs.ts';
import { localReference, referenceIn } from '../core/fhir-json.ts';
import type { FhirLabSource } from '../core/lab/source.ts';
import type { Failure, Outcome } from '../core/outcome.ts';
import { ok } from '../core/outcome.ts';
import type { Accept, Clock, Incoming, Log, Resource } from '../core/ports.ts';
import { cursorOf, moveCursor } from '../ledger/changes.ts';
import { inChart, knownRecords } from '../ledger/lab-sources.ts';
import type { DestinationId } from '../core/model.ts';
import { identifyFhirLab } from '../sources/fhir-lab.ts';
import { parentsOf } from './lab-parents.ts';
import { after, closure, type Found, isOlder, isOurs, madeAt, nameOf, versionName } from './lab-resources.ts';
import { noLongerAlone, withDeleted } from './lab-withdrawn.ts';

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
      const before = item.record === undefined ? undefined : known.get(item.record.id);
      if (before === undefined) items.push(item);
      else if (before.contentHash !== item.record?.contentHash) {
        const whole = await withDeleted(found[index] as Found, resources, at, pool);
        if (!whole.ok) return whole;
        const next = whole.value ?? item;
        // The index lags and shows what stood before; or two versions within one tick of the server's clock.
        if (next.record?.contentHash === before.contentHash || isOlder(next, before.version)) continue;
        items.push(after(next, before.version));
      }
    }
    items.push(...(await noLongerAlone(found, resources, at, pool)));
    await keep(items);
    for (const { main } of found) seen.set(versionName(main), madeAt(main));
    return ok(undefined);
  };

  /** Results that changed: with their report, or by themselves once no report is on its way any more. */
  const looseResults = async (found: readonly Found[], included: readonly Resource[]): Promise<Outcome<void>> => {
    if (found.length === 0) return ok(undefined);
    const parents = await parentsOf(
      reads,
      base,
      found.map(({ main }) => nameOf(main)),
    );
    if (!parents.ok) return parents;
    const { reports, panels, inReport, inPanel } = parents.value;
    const withReport = await ofPeople(reports.filter((one) => isOfCategory(one, at.categories)));
    const around = [...included, ...panels, ...found.map(({ main }) => main)];
    const taken = await take(withReport, around);
    if (!taken.ok) return taken;
    const asked = new Set(found.map(({ main }) => nameOf(main)));
    const others = await ofPeople(panels.filter((one) => !asked.has(nameOf(one))));
    const alone = [...found, ...others].filter(({ main }) => !inReport.has(nameOf(main)) && !inPanel.has(nameOf(main)));
    const young = alone.filter(({ main }) => now.getTime() - madeAt(main) < at.aloneAfterMs);
    for (const { main } of young) waits(main);
    const known = await take(
      alone.filter((one) => !young.includes(one)),
      around,
    );
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
