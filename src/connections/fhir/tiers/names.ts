/** Names of what Tejido adds beside the artifacts of a record: notes of its own, entries of the work list. Pure. */
const inNote = 'in-note';
const inRestrictedNote = 'in-restricted-note';

/** `recordKey` of an artifact. */
export const prefixOf = (artifact: string): string => artifact.split('.')[0] ?? artifact;

/** The note that holds what had no note to go into; `restricted` where fewer may read it. */
export const noteOf = (recordKey: string, restricted: boolean): string =>
  `${recordKey}.${restricted ? inRestrictedNote : inNote}`;

export const isOurNote = (artifact: string): boolean =>
  [inNote, inRestrictedNote].some((slot) => new RegExp(`^[^.]+\\.${slot}(\\.\\d+)?$`).test(artifact));

/** The document that replaced this one, the second of its line being `.2`. */
export function successorOf(artifact: string): string {
  const found = /^(.*\..*)\.(\d+)$/.exec(artifact);
  return found === null ? `${artifact}.2` : `${found[1] ?? ''}.${Number(found[2]) + 1}`;
}

/** Is it this document, or one that replaced it? */
export const isOfLine = (base: string, artifact: string): boolean =>
  artifact === base || (artifact.startsWith(`${base}.`) && /^\d+$/.test(artifact.slice(base.length + 1)));

/** The entry of the work list with what a person enters for a record. */
export const entryOf = (recordKey: string): string => `${recordKey}.by-hand`;

const item = 'WorkItem/';
export const itemReference = (entry: string): string => `${item}${entry}`;
export const entryIn = (reference: string): string => reference.slice(item.length);
