/** What a FHIR server no longer says: results that it deleted, and results that stood by themselves until their report came. */
import type { LabReads } from '../connections/fhir/labs.ts';
import { objectIn } from '../core/fhir-json.ts';
import type { FhirLabSource } from '../core/lab/source.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import type { Incoming, Resource } from '../core/ports.ts';
import { knownPayload, knownRecords } from '../ledger/lab-sources.ts';
import type { Queryable } from '../ledger/statement.ts';
import { identifyFhirLab } from '../sources/fhir-lab.ts';
import { readLabBundle } from '../sources/fhir-lab-bundle.ts';
import { after, closure, type Found, isContained, nameOf, updatedOf } from './lab-resources.ts';

type At = { readonly source: FhirLabSource; readonly base: string; readonly reads: LabReads };
type Resources = ReadonlyMap<string, Resource>;

const named = ({ person }: Found) => (person === undefined ? {} : { person });

/** The report with what it held before and what the server has deleted since, as entered in error; undefined: nothing was. */
export async function withDeleted(
  found: Found,
  resources: Resources,
  { source, base, reads }: At,
  on: Queryable,
): Promise<Outcome<Incoming | undefined>> {
  const { main } = found;
  const own = closure(main, resources, base);
  const body = await knownPayload(on, source.name, `${base}|${nameOf(main)}`);
  const earlier = body === undefined ? undefined : readLabBundle(body, {});
  const names = new Set(own.map(nameOf));
  const missing = (earlier?.observations ?? []).filter(
    (one) =>
      one.id !== undefined &&
      !names.has(nameOf(one)) &&
      (earlier?.report === undefined || !isContained(one, earlier.report)),
  );
  if (missing.length === 0) return ok(undefined);
  const gone = await reads.deleted(missing.map(nameOf));
  if (!gone.ok) return gone;
  const errored = missing
    .filter((one) => gone.value.has(nameOf(one)))
    .map((one): Resource => {
      const meta = { ...objectIn(one['meta']), lastUpdated: updatedOf(main) };
      return { ...one, status: 'entered-in-error', meta };
    });
  if (errored.length === 0) return ok(undefined);
  const delivery = { base, about: nameOf(main), resources: [...own, ...errored], ...named(found) };
  return ok(identifyFhirLab(delivery, source));
}

/** Results that came by themselves and are part of a report now: by themselves they stand no more. */
export async function noLongerAlone(
  found: readonly Found[],
  resources: Resources,
  { source, base }: Pick<At, 'source' | 'base'>,
  on: Queryable,
): Promise<readonly Incoming[]> {
  const results = found
    .filter(({ main }) => main.resourceType === 'DiagnosticReport')
    .flatMap((each) =>
      closure(each.main, resources, base)
        .filter(({ resourceType }) => resourceType === 'Observation')
        .map((one) => ({ one, each })),
    );
  const records = results.map(({ one }) => `${base}|${nameOf(one)}`);
  const known = await knownRecords(on, source.name, records);
  return results.flatMap(({ one, each }) => {
    const before = known.get(`${base}|${nameOf(one)}`);
    if (before === undefined) return [];
    const withdrawn: Resource = { ...one, status: 'entered-in-error' };
    const others = closure(withdrawn, resources, base).filter((other) => nameOf(other) !== nameOf(one));
    const delivery = { base, about: nameOf(one), resources: [withdrawn, ...others], ...named(each) };
    const item = identifyFhirLab(delivery, source);
    return item.record?.contentHash === before.contentHash ? [] : [after(item, before.version)];
  });
}
