/** From what a record should be in the chart, and what it is there already, to the steps that make it so. Pure. */
import type { EmittedLink } from './model.ts';
import type { FilingStep, Mapped, Resource } from './ports.ts';

/** Of each artifact its latest link, of those that still stand. */
export type Standing = ReadonlyMap<string, EmittedLink>;

export type Plan = {
  readonly steps: readonly FilingStep[];
  /** Artifacts that were to be merged into, and that nothing filed stands as. */
  readonly missing: readonly string[];
};

/**
 * `mine`: what earlier versions of this record emitted. `subject`: what other records emitted for the same person
 * (a goal that this one reviews). What an earlier version emitted and this one does not is marked entered-in-error.
 * A merge is left out when what it merges into is missing; references to it become logical ones (identifier only). A merge
 * with an id is into that resource, which is the EHR's own.
 */
export function planSteps(mapped: readonly Mapped[], mine: Standing, subject: Standing, artifactSystem: string): Plan {
  const wanted = new Set(mapped.map((one) => one.artifact));
  const dropped = [...mine.values()].filter((link) => !wanted.has(link.artifact));
  const known = (one: Mapped): EmittedLink | undefined =>
    named(one) ?? mine.get(one.artifact) ?? subject.get(one.artifact);
  const merges = mapped.filter((one) => one.do === 'merge');
  const targets = new Map(
    merges.map((one): readonly [string, Record<string, unknown>] => {
      const link = known(one);
      // What stands as a line of a note is no resource that a reference could lead to.
      const reference = link?.tier === 'native' ? link.reference : undefined;
      return [
        one.fullUrl,
        reference === undefined
          ? { type: one.resource.resourceType, identifier: { system: artifactSystem, value: one.artifact } }
          : { reference },
      ];
    }),
  );
  const missing = merges.filter((one) => known(one) === undefined).map((one) => one.artifact);
  const steps = mapped
    .filter((one) => !missing.includes(one.artifact))
    .map((one): FilingStep => {
      const link = known(one);
      const resource = targets.size === 0 ? one.resource : (referringTo(one.resource, targets) as Resource);
      const base = { artifact: one.artifact, resource, ...(link === undefined ? {} : { known: link }) };
      if (one.do === 'merge') return { do: 'merge', ...base, ...only(one) };
      return { do: 'put', fullUrl: one.fullUrl, ...base, ...(one.shared === true ? { shared: true } : {}) };
    });
  return { steps: [...voidSteps(dropped), ...steps], missing };
}

/** The EHR's own resource, as the activity names it. */
function named({ do: how, artifact, resource: { resourceType, id } }: Mapped): EmittedLink | undefined {
  if (how !== 'merge' || id === undefined) return undefined;
  return { artifact, resourceType, reference: `${resourceType}/${id}`, action: 'merged', tier: 'native', owned: [] };
}

const only = ({ clears, stays }: Mapped): Pick<Mapped, 'clears' | 'stays'> => ({
  ...(clears === undefined ? {} : { clears }),
  ...(stays === undefined ? {} : { stays }),
});

/** What another record says as well is not taken back. */
export function withoutKept(steps: readonly FilingStep[], derived: readonly FilingStep[]): readonly FilingStep[] {
  const kept = new Set(derived.filter((step) => step.do === 'merge' && step.stays).map(({ artifact }) => artifact));
  return steps.filter((step) => step.do !== 'void' || !kept.has(step.artifact));
}

/** The fullUrl of a merge leads nowhere outside this plan: what is meant stands in the chart already, or does not. */
function referringTo(json: unknown, targets: ReadonlyMap<string, Record<string, unknown>>): unknown {
  if (Array.isArray(json)) return json.map((item) => referringTo(item, targets));
  if (typeof json !== 'object' || json === null) return json;
  const { reference, ...rest } = json as Record<string, unknown>;
  const target = typeof reference === 'string' ? targets.get(reference) : undefined;
  const copy = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, referringTo(value, targets)]));
  if (target !== undefined) return { ...target, ...copy };
  return reference === undefined ? copy : { reference, ...copy };
}

/** Everything that stands, marked entered-in-error; what refers to others first. */
export function voidSteps(links: readonly EmittedLink[]): readonly FilingStep[] {
  return links
    .filter((link) => link.action !== 'voided' && link.action !== 'merged')
    .map((link): FilingStep => ({ do: 'void', artifact: link.artifact, resourceType: link.resourceType, known: link }))
    .reverse();
}

/** What was derived of facts none of which stands any more, marked entered-in-error. */
export function withdrawnSteps(links: readonly EmittedLink[], prefixes: readonly string[]): readonly FilingStep[] {
  return links
    .filter((link) => link.action !== 'voided' && prefixes.includes(link.artifact))
    .map((link): FilingStep => ({ do: 'void', artifact: link.artifact, resourceType: link.resourceType, known: link }));
}
