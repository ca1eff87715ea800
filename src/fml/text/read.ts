/**
 * Reads maps as people write them (R4 mapping language, R5's additions, STU3's leftovers; docs/fml.md lists the forms).
 * Whatever the text, there is a map: what could be read. All problems of the file are told, not the first.
 */
import type { Comments, Constant, ConceptMapText, Group, Import, MapText, Metadata, Structure } from '../model.ts';
import type { Problem } from '../problem.ts';
import { conceptMap, conceptMapOf } from './concept-map.ts';
import { Cursor, Unreadable } from './cursor.ts';
import { takeExpression } from './expression.ts';
import { group } from './group.ts';
import { metadataOf } from './metadata.ts';

const structureModes = ['source', 'queried', 'target', 'produced'] as const;
const keywords = ['map', 'uses', 'imports', 'conceptmap', 'let', 'group'] as const;
const noStops: ReadonlySet<string> = new Set();

type Written<Thing> = Omit<Thing, 'comments'>;

/** `uses "url" alias X as source` */
function structure(cursor: Cursor): Written<Structure> {
  const first = cursor.take();
  const url = cursor.string('the canonical of a structure');
  const alias = cursor.takeIf('alias') ? cursor.name('an alias') : undefined;
  if (!cursor.takeIf('as')) {
    const what = 'it is not said what the structure is for';
    cursor.report(cursor.behind(), what, 'Write “as source”, “as target”, “as queried” or “as produced” at its end.');
    throw new Unreadable('as');
  }
  const mode = structureModes.find((each) => cursor.is(each));
  if (mode === undefined) return cursor.fail('source, queried, target or produced', structureModes);
  cursor.take();
  cursor.takeIf(';');
  return { at: cursor.since(first), url, ...(alias === undefined ? {} : { alias }), mode };
}

/** `imports "url"` */
function imported(cursor: Cursor): Written<Import> {
  const first = cursor.take();
  const canonical = cursor.string('the canonical of a map');
  cursor.takeIf(';');
  return { at: cursor.since(first), canonical };
}

/** `let name = expression;` */
function constant(cursor: Cursor): Written<Constant> {
  const first = cursor.take();
  const name = cursor.name('the name of a constant');
  cursor.expect('=');
  const value = takeExpression(cursor, noStops, true);
  if (!cursor.takeIf(';')) cursor.report(cursor.behind(), 'the constant has no end', 'A constant ends with “;”.');
  return { at: cursor.since(first), name, value };
}

class Reading {
  readonly cursor: Cursor;
  readonly metadata: Metadata[] = [];
  readonly structures: Structure[] = [];
  readonly imports: Import[] = [];
  readonly constants: Constant[] = [];
  readonly conceptMaps: ConceptMapText[] = [];
  readonly groups: Group[] = [];
  url: string | undefined;
  name: string | undefined;
  mapLine = false;
  comments: Comments = {};

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  all(): void {
    const { cursor } = this;
    let before = '';
    for (;;) {
      if (this.groups.length === 0) this.#metadata();
      if (cursor.peek().kind === 'end') break;
      const begin = cursor.index;
      try {
        const keyword = cursor.peek().text;
        // Paragraphs within the uses lines, the imports and the constants are the author's; others are ours.
        this.#one(keyword !== before || keyword === 'group' || keyword === 'conceptmap');
        before = keyword;
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        this.#recover(begin);
      }
    }
    const closing = [...cursor.before(cursor.index > 0)];
    while (closing.at(-1) === '\n') closing.pop();
    if (closing.length > 0) this.comments = { ...this.comments, closing };
  }

  #metadata(): void {
    for (const { remark, before } of this.cursor.metadata()) {
      const found = metadataOf(this.cursor, remark, before);
      if (found === undefined) continue;
      this.metadata.push(found);
      if (typeof found.value !== 'string') continue;
      if (found.key === 'url') this.url ??= found.value;
      if (found.key === 'name') this.name ??= found.value;
    }
  }

  #one(isFirst: boolean): void {
    const { cursor } = this;
    const read = <Thing extends object>(reader: (cursor: Cursor) => Thing): Thing & { comments?: Comments } => {
      const { thing, comments } = cursor.owning(isFirst, () => reader(cursor));
      return { ...thing, ...(comments === undefined ? {} : { comments }) };
    };
    if (cursor.is('map')) this.#map(isFirst);
    else if (cursor.is('uses')) this.structures.push(read(structure));
    else if (cursor.is('imports')) this.imports.push(read(imported));
    else if (cursor.is('let')) this.constants.push(read(constant));
    else if (cursor.is('conceptmap')) this.conceptMaps.push(conceptMap(cursor, isFirst));
    else if (cursor.is('group')) this.groups.push(group(cursor, isFirst));
    else if (cursor.is('}'))
      cursor.fail('a group', [], 'Take this “}” away, or look for a “{” that is missing above it.');
    else cursor.fail('map, uses, imports, conceptmap, let or group', keywords);
  }

  /** `map "url" = "name"` */
  #map(isFirst: boolean): void {
    const { cursor } = this;
    if (this.mapLine) cursor.report(cursor.peek().at, 'a second “map” line', 'Each map is a file of its own.');
    const { comments } = cursor.owning(isFirst, () => {
      cursor.take();
      this.mapLine = true;
      this.url = cursor.string('the url of the map');
      cursor.expect('=');
      this.name = cursor.name('the name of the map');
      cursor.takeIf(';');
    });
    this.comments = { ...comments };
  }

  /** On at the next line that begins with a keyword. */
  #recover(begin: number): void {
    const { cursor } = this;
    if (cursor.index === begin) cursor.skipTo(begin + 1);
    while (cursor.peek().kind !== 'end') {
      if (cursor.startsGroup()) return;
      if (cursor.startsLine(cursor.index) && cursor.peek(1).kind !== 'sign' && keywords.some((each) => cursor.is(each)))
        return;
      cursor.skipTo(cursor.index + 1);
    }
  }
}

/** Reads a map. `file` is only for messages. Never throws. */
export function readMap(text: string, file: string): { map: MapText; problems: readonly Problem[] } {
  const cursor = new Cursor(text, file);
  const reading = new Reading(cursor);
  reading.all();
  const start = cursor.at(0).at;
  const { url, name, groups } = reading;
  if (groups.length === 0 && cursor.problems.length === 0)
    cursor.report(cursor.peek().at, 'the map has no group', 'Write “group Name(source src, target tgt) { … }”.');
  if (!reading.mapLine && (url === undefined || name === undefined))
    cursor.report(
      { ...start, length: 1 },
      `the map has no ${url === undefined ? 'url' : 'name'}`,
      'Begin with: map "url" = "name"',
      'warning',
    );
  const problems = [...cursor.problems].sort((left, right) => left.at.offset - right.at.offset);
  const { comments, conceptMaps: conceptMapTexts } = reading;
  return {
    map: {
      file,
      url: url ?? '',
      name: name ?? '',
      ...(reading.mapLine ? { mapLine: true } : {}),
      ...(Object.keys(comments).length === 0 ? {} : { comments }),
      metadata: reading.metadata,
      structures: reading.structures,
      imports: reading.imports,
      constants: reading.constants,
      conceptMaps: conceptMapTexts.map(conceptMapOf),
      ...(conceptMapTexts.length === 0 ? {} : { conceptMapTexts }),
      groups,
    },
    problems,
  };
}
