/**
 * Where an EHR takes results only as lines of a note, or by hand, the note or the entry is written whole each time: what
 * this message does not change of the report goes into it as well, as it stands. Pure.
 */
import type { ResultSummary } from '../../core/lab/model.ts';
import { countingOf, isWithdrawn } from '../../core/lab/versions.ts';
import type { EmittedLink } from '../../core/model.ts';
import { voidSteps } from '../../core/plan.ts';
import type { FilingStep, Mapped, Resource } from '../../core/ports.ts';
import { type Known, versionsOf } from './known.ts';

export const isLine = ({ tier, sent }: EmittedLink): boolean =>
  tier === 'note' || tier === 'work-list' || (tier === 'v2' && sent === undefined);

/** `steps`: what this message changes of the report. `mapped`: all that it tells, by artifact. */
export function linesBeside(
  steps: readonly FilingStep[],
  report: string,
  mapped: ReadonlyMap<string, { readonly one: Mapped; readonly hash: string }>,
  subject: unknown,
  known: Known,
): readonly FilingStep[] {
  const links = [...known.links.values()].filter(
    ({ artifact, action }) => action !== 'voided' && artifact.startsWith(`${report}.`),
  );
  const lines = links.filter(isLine);
  if (steps.length === 0 || lines.length === 0) return [];
  const changed = new Set(steps.map(({ artifact }) => artifact));
  const rest = lines.flatMap((link): readonly FilingStep[] => {
    if (changed.has(link.artifact)) return [];
    const resource = asItStands(link, mapped, subject, known);
    return resource === undefined
      ? []
      : [{ do: 'put', artifact: link.artifact, fullUrl: `urn:tejido:${link.artifact}`, resource, known: link }];
  });
  // The notes that hold them: written anew in their place.
  const notes = links.filter((link) => link.resourceType === 'DocumentReference' && !isLine(link));
  return [...rest, ...voidSteps(notes)];
}

function asItStands(
  { artifact, resourceType }: EmittedLink,
  mapped: ReadonlyMap<string, { readonly one: Mapped; readonly hash: string }>,
  subject: unknown,
  known: Known,
): Resource | undefined {
  const counts = countingOf(versionsOf(known, artifact));
  if (counts === undefined || isWithdrawn(counts.top.status)) return undefined;
  const here = mapped.get(artifact);
  if (here?.hash === counts.top.hash) return here.one.resource;
  return inWords(resourceType, counts.top.status, counts.base.summary, subject);
}

/** What a line needs of it: nothing that stands as itself is written so. */
export function inWords(resourceType: string, status: string, summary: ResultSummary, subject: unknown): Resource {
  const { codes, name, text, effective } = summary;
  return {
    resourceType,
    status,
    ...(subject === undefined ? {} : { subject }),
    code: {
      coding: codes.map((code) => ({
        system: code.slice(0, code.lastIndexOf('|')),
        code: code.slice(code.lastIndexOf('|') + 1),
      })),
      ...(name === undefined ? {} : { text: name }),
    },
    ...(effective === undefined ? {} : { effectiveDateTime: effective }),
    ...(text === undefined || resourceType !== 'Observation' ? {} : { valueString: text }),
  };
}
