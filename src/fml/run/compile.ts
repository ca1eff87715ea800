/**
 * A map → closures over frames (fml.md §3): depth first, rules in the order of the text, once for each source item.
 * Groups are compiled when they are first called for; what the text shows to be wrong stops the map where it is reached.
 */
import { Item, itemOf, type JsonObject } from '../../definitions/item.ts';
import type { TypeDef, TypeTable } from '../../definitions/types.ts';
import type { CompileOptions as ExpressionOptions } from '../../fhirpath/index.ts';
import { isSystemType, systemTypes } from '../../fhirpath/system.ts';
import { findConceptMap, type FoundGroup, type Library } from '../link.ts';
import type { Group, MapText } from '../model.ts';
import { Constants, type Constant } from './constants.ts';
import { ElementWriter } from './element.ts';
import { Slots } from './frame.ts';
import { compileGroup, type GroupCode } from './group.ts';
import { conceptTable, type ConceptTable } from './translate.ts';

/** How maps are compiled. */
export type CompileOptions = {
  /** Events are told (`RunOptions.trace`). Costs nothing when it is off. */
  readonly trace?: true;
  /** Functions for expressions, besides those of FHIRPath. */
  readonly functions?: NonNullable<ExpressionOptions['functions']>;
};

/** What the maps of one library are compiled to, each group, constant and ConceptMap once. */
export class Compiler {
  readonly library: Library;
  readonly options: CompileOptions;
  readonly types: TypeTable;
  readonly writer: ElementWriter;
  readonly itemOf: (json: JsonObject) => Item;
  /** FHIRPath's own types → those of FHIR that say the same. */
  readonly #system: ReadonlyMap<TypeDef, TypeDef>;
  readonly #groups = new Map<Group, GroupCode>();
  readonly #tables = new Map<unknown, ConceptTable>();
  readonly #constants = new Constants(this);

  constructor(library: Library, options: CompileOptions) {
    this.library = library;
    this.options = options;
    this.types = library.types;
    this.writer = new ElementWriter(library.types);
    this.#system = new Map(
      Object.values(systemTypes).flatMap((type): [TypeDef, TypeDef][] => {
        const fhir = library.types.get(type.name);
        return fhir === undefined ? [] : [[type, fhir]];
      }),
    );
    this.itemOf = (json) => itemOf(library.types, json) ?? new Item(json, undefined);
  }

  /** What an expression gave, as FHIR has it. */
  asFhir(items: readonly Item[]): readonly Item[] {
    for (let index = 0; index < items.length; index += 1) {
      const { type } = items[index] as Item;
      if (type !== undefined && isSystemType(type)) return items.map((item) => this.itemAsFhir(item));
    }
    return items;
  }

  itemAsFhir(item: Item): Item {
    const { type } = item;
    if (type === undefined || !isSystemType(type)) return item;
    const fhir = this.#system.get(type);
    return fhir === undefined ? item : new Item(item.json, fhir, item.extra);
  }

  /** The table of a ConceptMap; undefined when it is not known. */
  conceptTable(map: MapText, name: string): ConceptTable | undefined {
    const conceptMap = findConceptMap(this.library, map, name);
    if (conceptMap === undefined) return undefined;
    let table = this.#tables.get(conceptMap);
    if (table === undefined)
      this.#tables.set(conceptMap, (table = conceptTable(name, conceptMap, (url) => this.conceptTable(map, url))));
    return table;
  }

  /** The value of `let name`; undefined when the map has no such constant. */
  constant(map: MapText, name: string): Constant | undefined {
    return this.#constants.find(map, name);
  }

  /** A group, compiled when it is first asked for. Its code is filled in last: a group may call itself. */
  group(found: FoundGroup): GroupCode {
    const standing = this.#groups.get(found.group);
    if (standing !== undefined) return standing;
    const made: GroupCode = { found, slots: new Slots(), code: () => undefined };
    this.#groups.set(found.group, made);
    made.code = compileGroup(this, made);
    return made;
  }
}
