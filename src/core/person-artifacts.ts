/**
 * What belongs to a person rather than to one record is named by the person's key. Of somebody merged into another
 * person it stands under the key they had: it keeps that name, so that no second goal or episode comes to stand. Pure.
 */
import type { OwnedLink } from './lane.ts';
import type { Mapped, Resource } from './ports.ts';

/** From names under the person's key to those that stand: only what stands under the key of one merged into them. */
export function standingNames(
  subject: string,
  aliases: readonly string[],
  links: readonly Pick<OwnedLink, 'artifact' | 'action'>[],
): ReadonlyMap<string, string> {
  if (aliases.length === 0) return new Map();
  const standing = new Set(links.filter(({ action }) => action !== 'voided').map(({ artifact }) => artifact));
  const names = new Map<string, string>();
  for (const artifact of standing) {
    const alias = aliases.find((each) => artifact.startsWith(`${each}.`));
    if (alias === undefined) continue;
    const own = `${subject}${artifact.slice(alias.length)}`;
    if (!standing.has(own)) names.set(own, artifact);
  }
  return names;
}

/** The same resources under the names that stand. */
export function underStandingNames(mapped: readonly Mapped[], names: ReadonlyMap<string, string>): readonly Mapped[] {
  if (names.size === 0) return mapped;
  return mapped.map((one) => ({
    ...one,
    artifact: names.get(one.artifact) ?? one.artifact,
    resource: renamed(one.resource, names) as Resource,
  }));
}

function renamed(json: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof json === 'string') return names.get(json) ?? json;
  if (Array.isArray(json)) return json.map((item) => renamed(item, names));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, renamed(value, names)]));
}
