/** What stands in the chart already, and whose it is. */
import type { OwnedLink, PersonContext, RecordName } from '../core/lane.ts';
import type { PatientKey } from '../core/model.ts';
import type { PrepareDeps } from './deps.ts';

export const isOf = (link: OwnedLink, { source, recordId }: RecordName): boolean =>
  link.source === source && link.recordId === recordId;

export const stands = (link: OwnedLink): boolean => link.action !== 'voided';

/** A line of a note is nothing that a reference could lead to. */
export const isReferable = (link: OwnedLink): boolean => link.tier === 'native';

/** What this record emitted, and what others did that it may build on. */
export function split(links: readonly OwnedLink[], record: RecordName) {
  const isMine = (link: OwnedLink): boolean => isOf(link, record);
  const standing = links.filter(stands);
  return {
    mine: new Map(standing.filter(isMine).map((link) => [link.artifact, link])),
    others: new Map(standing.filter((link) => !isMine(link)).map((link) => [link.artifact, link])),
  };
}

export async function withLinksOf(
  record: RecordName,
  patientKey: PatientKey,
  subject: string,
  person: PersonContext,
  deps: PrepareDeps,
): Promise<readonly OwnedLink[]> {
  const known = new Set(person.links.map((link) => link.artifact));
  const target = await deps.ledger.personContext(patientKey, subject, [record]);
  return [...person.links, ...target.links.filter((link) => !known.has(link.artifact))];
}
