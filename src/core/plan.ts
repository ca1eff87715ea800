/** From what a record should be in the chart, and what it is there already, to the steps that make it so. Pure. */
import type { EmittedLink } from './model.ts';
import type { FilingStep, Mapped } from './ports.ts';

/** Of each artifact its latest link, of those that still stand. */
export type Standing = ReadonlyMap<string, EmittedLink>;

/**
 * `mine`: what earlier versions of this record emitted. `subject`: what other records emitted for the same person
 * (a goal that this one reviews). What an earlier version emitted and this one does not is marked entered-in-error.
 */
export function planSteps(mapped: readonly Mapped[], mine: Standing, subject: Standing): readonly FilingStep[] {
  const wanted = new Set(mapped.map((one) => one.artifact));
  const dropped = [...mine.values()].filter((link) => !wanted.has(link.artifact));
  const steps = mapped.map((one): FilingStep => {
    const known = mine.get(one.artifact) ?? subject.get(one.artifact);
    const base = { artifact: one.artifact, resource: one.resource, ...(known === undefined ? {} : { known }) };
    return one.do === 'merge' ? { do: 'merge', ...base } : { do: 'put', fullUrl: one.fullUrl, ...base };
  });
  return [...voidSteps(dropped), ...steps];
}

/** Everything that stands, marked entered-in-error; what refers to others first. */
export function voidSteps(links: readonly EmittedLink[]): readonly FilingStep[] {
  return links
    .filter((link) => link.action !== 'voided' && link.action !== 'merged')
    .map((link): FilingStep => ({ do: 'void', artifact: link.artifact, resourceType: link.resourceType, known: link }))
    .reverse();
}
