/** One order of a message: what of it is news, and the steps that make it stand. Pure. */
import type { KeptLabVersion, LabNames, LabOrder, LabVersion, ResultSummary } from '../../core/lab/model.ts';
import { type JudgeResult, type LabJudgement, withLabels, withoutTexts } from '../../core/lab/sensitive.ts';
import { countingOf, type Effect, effectOf, isWithdrawn, overruled } from '../../core/lab/versions.ts';
import type { FilingStep, Mapped, Resource } from '../../core/ports.ts';
import { judgeAll } from './judged.ts';
import { inChartAs, type Known, versionsOf } from './known.ts';
import { inWords, isLine, linesBeside } from './lines.ts';
import { provenanceOf } from './provenance.ts';
import { versionOf } from './versions.ts';

export type OrderPlan = {
  readonly steps: readonly FilingStep[];
  readonly versions: readonly LabVersion[];
  /** Results that do not go to this destination. */
  readonly withheld: number;
  /** Results whose version is late, and changes nothing. */
  readonly late: number;
  /** Results that the chart has by another hand, and otherwise. */
  readonly otherwise: number;
};

type Told = { readonly one: Mapped; readonly version: LabVersion; readonly effect: Effect };

export function planOrder(
  order: LabOrder,
  report: string,
  names: LabNames,
  mapped: readonly Mapped[],
  judge: JudgeResult,
  part2: boolean,
  known: Known,
): OrderPlan {
  const isTold = ({ artifact }: Mapped): boolean => artifact === names.report || names.results.includes(artifact);
  const judged = judgeAll(mapped.filter(isTold), names, judge, part2);
  const withheld = judged.filter(({ says }) => !says.toEhr);
  const told = judged
    .filter(({ says }) => says.toEhr)
    .map(({ one, says }): Told => {
      const version = versionOf(one, report, order, names, says.toChw);
      const effect = isSaidAlready(version, known) ? 'none' : effectOf(version, versionsOf(known, one.artifact));
      const isPart = one.artifact === names.report && withheld.length > 0;
      const shown = isPart ? { ...one, resource: withoutTexts(one.resource) } : one;
      return { one: labelled(shown, says), version, effect };
    });
  // The chart has its own: nothing is written beside it, nor to it.
  const ours = told.filter(({ one }) => inChartAs(one.artifact, known.links) === undefined);

  const links = resultLinks(told, names, known);
  const steps = ours.flatMap((each) =>
    each.one.artifact === names.report ? reportStep(each, links, known) : resultStep(each, known),
  );
  const toldOf = new Map(told.map(({ one, version: { hash } }) => [one.artifact, { one, hash }]));
  const lines = linesBeside(steps, report, toldOf, mapped.find(isTold)?.resource['subject'], known);
  const beside = referredTo(
    mapped.filter((one) => !isTold(one)),
    steps,
  );
  const provenance = ours.flatMap(({ one, version }) => {
    const target = targetOf(one, steps, known);
    const before = versionsOf(known, one.artifact);
    // Of a report it would say nothing: what was replaced are its results.
    return target === undefined || one.artifact === names.report || isSaidAlready(version, known)
      ? []
      : overruled(version, before).map((old) => provenanceOf(old, one.artifact, target, known));
  });
  const written = new Set([...steps, ...beside].flatMap((step) => ('fullUrl' in step ? [step.fullUrl] : [])));
  const standing = new Map(
    mapped.flatMap(({ fullUrl, artifact }) =>
      written.has(fullUrl) ? [] : [[fullUrl, known.links.get(artifact)?.reference] as const],
    ),
  );
  // What is written is referred to by its name in the plan: it may have to be made anew.
  const anew = [...steps, ...beside.map((one) => putStep(one, one.resource, known))].flatMap((step) =>
    step.do === 'put' && step.known?.tier === 'native' ? [[step.known.reference, step.fullUrl] as const] : [],
  );
  const elsewhere: Elsewhere = new Map([...standing, ...anew]);
  return {
    steps: [...beside.map((one) => putStep(one, one.resource, known)), ...steps, ...lines, ...provenance]
      .toSorted((a, b) => depth(a) - depth(b))
      .map((step) => (elsewhere.size === 0 ? step : pointed(step, elsewhere))),
    versions: told.map(({ version }) => version),
    withheld: withheld.length,
    otherwise: told.filter((each) => each.effect !== 'none' && !ours.includes(each)).length,
    late: told.filter(
      ({ one, version, effect }) => effect === 'none' && isLate(version, versionsOf(known, one.artifact)),
    ).length,
  };
}

/**
 * The same result by another way (HL7 v2 and FHIR, or a second line of the laboratory): the resources differ in names and
 * codes of their own, and say the same.
 */
function isSaidAlready(version: LabVersion, known: Known): boolean {
  const top = countingOf(versionsOf(known, version.artifact))?.top;
  return (
    top !== undefined &&
    known.links.has(version.artifact) &&
    top.source !== known.source &&
    top.status === version.status &&
    saysOf(top.summary) === saysOf(version.summary)
  );
}

/** A number in UCUM is the same whatever the sender calls its unit. */
const saysOf = ({ text, number, comparator, unit }: ResultSummary): string =>
  JSON.stringify(number === undefined || unit === undefined ? text : [comparator, number, unit]);

const isLate = (version: LabVersion, before: readonly KeptLabVersion[]): boolean =>
  before.length > 0 && countingOf([version, ...before])?.top !== version;

/** References point backwards: specimens, results, reports, and what speaks of them. */
const depths: Readonly<Record<string, number>> = { Specimen: 0, Observation: 1, DiagnosticReport: 2 };

const depth = (step: FilingStep): number =>
  depths[step.do === 'void' ? step.resourceType : step.resource.resourceType] ?? (step.do === 'put' ? 3 : 4);

const labelled = (one: Mapped, { labels }: LabJudgement): Mapped => ({
  ...one,
  resource: withLabels(one.resource, labels),
});

/** What was withdrawn is known still: should it come to stand again, it is the same resource. */
function putStep({ artifact, fullUrl }: Mapped, resource: Resource, { links }: Known): FilingStep {
  const link = links.get(artifact);
  return { do: 'put', artifact, fullUrl, resource, ...(link === undefined ? {} : { known: link }) };
}

function resultStep({ one, version, effect }: Told, known: Known): readonly FilingStep[] {
  const { artifact, resource } = one;
  const link = known.links.get(artifact);
  // Never shown, and withdrawn: there is nothing to take back, and what comes late finds that it was.
  if (effect === 'none' || (isWithdrawn(version.status) && link === undefined)) return [];
  if (effect === 'put') return [putStep(one, resource, known)];
  if (effect === 'fill') {
    const top = countingOf([version, ...versionsOf(known, artifact)])?.top ?? version;
    return [putStep(one, { ...resource, status: top.status, issued: top.issued.toISOString() }, known)];
  }
  if (link !== undefined && isLine(link)) {
    // A line is written whole.
    const base = countingOf([version, ...versionsOf(known, artifact)])?.base ?? version;
    return [putStep(one, inWords(resource.resourceType, version.status, base.summary, resource['subject']), known)];
  }
  const { resourceType, status, issued } = resource as Resource & { status: string; issued?: string };
  return [
    {
      do: 'merge',
      artifact,
      resource: { resourceType, status, ...(issued === undefined ? {} : { issued }) },
      ...(link === undefined ? {} : { known: link }),
    },
  ];
}

/** By our identifier alone where it stands in a lesser form: nothing that a reference could lead to. */
type ResultLink =
  | { readonly reference: string }
  | { readonly type: string; readonly identifier: { readonly system: string; readonly value: string } };
type ResultLinks = { readonly before: readonly ResultLink[]; readonly after: readonly ResultLink[] };

/** The results of the report, of this message and of earlier ones, in the order of the laboratory; none withdrawn. */
function resultLinks(told: readonly Told[], names: LabNames, known: Known): ResultLinks {
  const earlier = Map.groupBy(
    known.versions.filter(({ key }) => key !== ''),
    ({ artifact }) => artifact,
  );
  const now = new Map<string, readonly LabVersion[]>(earlier);
  for (const { one, version } of told)
    if (one.artifact !== names.report) now.set(one.artifact, [...(now.get(one.artifact) ?? []), version]);
  const fullUrls = new Map(told.map(({ one }) => [one.artifact, one.fullUrl]));
  const linksOf = (of: ReadonlyMap<string, readonly LabVersion[]>, fresh: boolean): readonly ResultLink[] =>
    [...of]
      .flatMap(([artifact, versions]) => {
        const top = countingOf(versions)?.top;
        return top === undefined || isWithdrawn(top.status) ? [] : [{ artifact, position: top.position }];
      })
      .toSorted((a, b) => a.position - b.position || (a.artifact < b.artifact ? -1 : 1))
      .flatMap(({ artifact }): readonly ResultLink[] => {
        const link = inChartAs(artifact, known.links) ?? known.links.get(artifact);
        if (link !== undefined && link.tier !== 'native')
          return [{ type: 'Observation', identifier: { system: known.artifactSystem, value: artifact } }];
        const reference = link === undefined && fresh ? fullUrls.get(artifact) : link?.reference;
        return reference === undefined ? [] : [{ reference }];
      });
  return { before: linksOf(earlier, false), after: linksOf(now, true) };
}

function reportStep({ one, effect }: Told, { before, after }: ResultLinks, known: Known): readonly FilingStep[] {
  const { artifact, resource } = one;
  const { result: _, ...rest } = resource;
  const whole = after.length === 0 ? rest : { ...rest, result: after };
  if (effect === 'put' || effect === 'fill') return [putStep(one, whole, known)];
  const link = known.links.get(artifact);
  if (link === undefined || link.tier !== 'native' || JSON.stringify(before) === JSON.stringify(after)) return [];
  const merged = { resourceType: resource.resourceType, ...(after.length === 0 ? {} : { result: after }) };
  return [{ do: 'merge', artifact, resource: merged, clears: ['result'], known: link }];
}

/** What stands, or comes to stand with this message. */
function targetOf({ artifact, fullUrl }: Mapped, steps: readonly FilingStep[], { links }: Known): string | undefined {
  return steps.some((step) => step.do === 'put' && step.artifact === artifact)
    ? fullUrl
    : links.get(artifact)?.reference;
}

/** What is neither result nor report (a specimen) goes with what refers to it. */
function referredTo(loose: readonly Mapped[], steps: readonly FilingStep[]): readonly Mapped[] {
  if (loose.length === 0) return loose;
  const wanted = new Set(steps.flatMap((step) => (step.do === 'put' ? [...referencesIn(step.resource)] : [])));
  return loose.filter(({ fullUrl }) => wanted.has(fullUrl));
}

function* referencesIn(json: unknown): Generator<string> {
  if (typeof json !== 'object' || json === null) return;
  for (const [name, value] of Object.entries(json)) {
    if (name === 'reference' && typeof value === 'string') yield value;
    else yield* referencesIn(value);
  }
}

type Elsewhere = ReadonlyMap<string, string | undefined>;

/** References to what this message does not write lead to what stands. */
const pointed = (step: FilingStep, elsewhere: Elsewhere): FilingStep =>
  step.do === 'void' ? step : { ...step, resource: changed(step.resource, elsewhere) as Resource };

function changed(json: unknown, elsewhere: Elsewhere): unknown {
  if (Array.isArray(json)) return json.map((item: unknown) => changed(item, elsewhere));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      name === 'reference' && typeof value === 'string' ? (elsewhere.get(value) ?? value) : changed(value, elsewhere),
    ]),
  );
}
