/** Where lines go: into the note of the contact, into a note of their own, or, without notes, onto the work list. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '../../../core/ports.ts';
import { identified } from '../identity.ts';
import { isObject } from '../json.ts';
import type { Abilities } from './abilities.ts';
import type { Merge, Put, Void } from './forms.ts';
import { lineOf } from './lines.ts';
import { isOfLine, noteOf } from './names.ts';
import { noteFor, textOf, withLines } from './note.ts';

/** A note, and what goes into it. */
type Holder = { readonly note: Put; readonly lines: readonly (Put | Merge)[]; readonly by: 'fhir' | 'v2' };

export type Held = {
  readonly holders: readonly Holder[];
  /** What no note can hold. */
  readonly left: readonly (Put | Merge)[];
  /** Notes of ours that are needed no more. */
  readonly over: readonly Void[];
};

export const isTextNote = ({ resource }: Put): boolean =>
  resource.resourceType === 'DocumentReference' && textOf(resource) !== undefined;

const labelsOf = ({ meta }: Resource): readonly unknown[] =>
  isObject(meta) && Array.isArray(meta['security']) ? (meta['security'] as unknown[]) : [];

const has = (labels: readonly unknown[], label: unknown): boolean =>
  labels.some((each) => isDeepStrictEqual(keyOf(each), keyOf(label)));
const keyOf = (label: unknown): unknown => (isObject(label) ? [label['system'], label['code']] : label);

export type Around = {
  readonly recordKey: string;
  readonly artifactSystem: string;
  readonly abilities: Abilities;
  /** Notes that earlier versions of the record made for such lines. */
  readonly ours: readonly Void[];
  /** Everything that the message files: a note made for it takes author and time from there. */
  readonly among: readonly Resource[];
};

/** `own`: the contact's note, when it goes into the chart as itself. A line never goes where more people read it. */
export function hold(lines: readonly (Put | Merge)[], own: Put | undefined, ownBy: Holder['by'], around: Around): Held {
  const fits = ({ resource }: Put | Merge): boolean =>
    own !== undefined && labelsOf(resource).every((label) => has(labelsOf(own.resource), label));
  const inOwn = lines.filter(fits);
  const others = lines.filter((line) => !fits(line));
  const restricted = (line: Put | Merge): boolean => labelsOf(line.resource).length > 0;
  const made = [
    holdApart(
      others.filter((line) => !restricted(line)),
      noteOf(around.recordKey, false),
      around,
    ),
    holdApart(others.filter(restricted), noteOf(around.recordKey, true), around),
  ];
  const holders = made.flatMap(({ holder }) => (holder === undefined ? [] : [holder]));
  const used = new Set(holders.map(({ note }) => note.artifact));
  return {
    holders: own === undefined ? holders : [...holders, { note: filled(own, inOwn), lines: inOwn, by: ownBy }],
    left: made.flatMap(({ left }) => left),
    over: around.ours.filter(({ artifact }) => !used.has(artifact)),
  };
}

const filled = (note: Put, lines: readonly (Put | Merge)[]): Put =>
  lines.length === 0
    ? note
    : {
        ...note,
        resource: withLines(
          note.resource,
          lines.map(({ resource }) => lineOf(resource)),
        ),
      };

function holdApart(
  lines: readonly (Put | Merge)[],
  base: string,
  { abilities, ours, artifactSystem, among }: Around,
): { readonly holder?: Holder; readonly left: readonly (Put | Merge)[] } {
  const standing = ours.find(({ artifact }) => isOfLine(base, artifact));
  const by = writtenBy(standing, abilities);
  if (lines.length === 0 || by === undefined) return { left: lines };
  const resources = lines.map(({ resource }) => resource);
  const labels = resources
    .flatMap(labelsOf)
    .filter((label, at, all) => all.findIndex((each) => has([each], label)) === at);
  const artifact = standing?.artifact ?? base;
  const resource = noteFor(resources, among, resources.map(lineOf), labels);
  const note: Put = {
    do: 'put',
    artifact,
    fullUrl: `urn:tejido:${artifact}`,
    resource: identified(resource, artifactSystem, artifact),
    ...(standing?.known === undefined ? {} : { known: standing.known }),
  };
  return { holder: { note, lines, by }, left: [] };
}

/** A note that went by HL7 v2 goes on that way. Undefined: neither way is open. */
function writtenBy(standing: Void | undefined, abilities: Abilities): Holder['by'] | undefined {
  const byV2 = abilities.byV2.documents ? 'v2' : undefined;
  if (standing?.known?.tier === 'v2') return byV2;
  if (abilities.create('DocumentReference')) return 'fhir';
  if (standing === undefined) return byV2;
  return abilities.change('DocumentReference') === undefined ? undefined : 'fhir';
}
