/** Which groups a map uses, and those that it names and that cannot be found (fml.md §3). */
import { didYouMean } from '../../definitions/nearest.ts';
import { findGroup, importedMaps, mapsImportedBy, type FoundGroup } from '../link.ts';
import type { Group, Place } from '../model.ts';
import { transforms } from '../run/transforms.ts';
import type { ExpressionContext } from './expressions.ts';

/** Filled while the rules are checked. */
export class Uses {
  readonly #context: ExpressionContext;
  /** Groups that something in this map calls, extends or uses by default. */
  readonly used = new Set<Group>();
  /** A default group may be used that cannot be told. */
  mayUseDefaults = false;
  /** Some group is neither here nor in a map that is imported. */
  lost = false;

  constructor(context: ExpressionContext) {
    this.#context = context;
  }

  /** The group that is called or extended `at` a place; undefined, and told, when there is none, or more than one. */
  find(name: string, at: Place): FoundGroup | undefined {
    const { library, map } = this.#context;
    const lookup = findGroup(library, map, name);
    if (lookup.kind !== 'found') {
      this.#notFound(name, at, lookup.kind === 'ambiguous');
      return undefined;
    }
    this.used.add(lookup.found.group);
    return lookup.found;
  }

  #notFound(name: string, at: Place, ambiguous: boolean): void {
    const { report, library, map } = this.#context;
    const imported = importedMaps(library, map);
    if (ambiguous) {
      const homes = [map, ...imported].filter(({ groups }) => groups.some((group) => group.name === name));
      report.error(
        'ambiguous-group',
        at,
        `there is more than one group ${name}, in ${homes.map(({ file }) => file).join(' and ')}`,
        'Rename one of them.',
      );
      return;
    }
    this.lost = true;
    const lost = map.imports.filter(({ canonical }) => mapsImportedBy(library, map, canonical).length === 0);
    const here = [map, ...imported].flatMap(({ groups }) => groups.map((group) => group.name));
    const elsewhere = library.maps.find(({ groups }) => groups.some((group) => group.name === name));
    const slip = transforms.has(name) ? `${name} is a transform: it stands after “=”, or before “as v”.` : undefined;
    report.error(
      'unknown-group',
      at,
      `there is no group ${name}, neither here nor in an imported map`,
      slip ??
        didYouMean(name, here) ??
        (elsewhere !== undefined && elsewhere !== map
          ? `Import it: imports "${elsewhere.url}"`
          : lost.length > 0
            ? `It may be in ${lost.map(({ canonical }) => canonical).join(', ')}, which cannot be found.`
            : undefined),
    );
  }
}
