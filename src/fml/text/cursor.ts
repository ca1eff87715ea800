/** A place in the lexemes of a map, what was found wrong so far, and the comments that still have no home. */
import type { Comments, Place } from '../model.ts';
import type { Problem } from '../problem.ts';
import { signSlip } from './slips.ts';
import { lexemesOf, type Lexeme, type Remark } from './lexemes.ts';
import { didYouMean } from '../../definitions/nearest.ts';

/** Ends the reading of a rule or header line whose problem has been reported; the caller finds the next place to go on. */
export class Unreadable extends Error {}

/** The entry of `Comments` that stands for an empty line. */
export const emptyLine = '\n';

const words = (lexeme: Lexeme): string => {
  if (lexeme.kind === 'end') return 'the end of the map';
  const text = lexeme.text.length > 40 ? `${lexeme.text.slice(0, 40)}…` : lexeme.text;
  return lexeme.kind === 'string' ? `the string “${text}”` : `“${text}”`;
};

export class Cursor {
  readonly file: string;
  readonly text: string;
  readonly lexemes: readonly Lexeme[];
  readonly problems: Problem[] = [];
  /** The group being read, for messages. */
  group: string | undefined;
  /** Number of blocks around the next lexeme. */
  depth = 0;
  /** Index of the next lexeme. */
  index = 0;
  /** Line of the innermost block of this group whose “}” stands further left than the line of its “{”. */
  crooked: number | undefined;
  /** Comments inside the thing being read: they go before it. */
  #loose: string[] = [];
  /** Lexemes whose comments have found a home, and how many of them. */
  readonly #homed = new Map<number, number>();

  constructor(text: string, file: string) {
    this.file = file;
    this.text = text;
    const { lexemes, faults } = lexemesOf(text);
    this.lexemes = lexemes;
    for (const { at, what } of faults) this.report(at, what);
  }

  /** The lexeme `ahead` of the next; beyond the last: the end. */
  peek(ahead = 0): Lexeme {
    return this.at(this.index + ahead);
  }

  at(index: number): Lexeme {
    const lexeme = this.lexemes[Math.min(index, this.lexemes.length - 1)];
    if (lexeme === undefined) throw new Unreadable('no lexeme');
    return lexeme;
  }

  /** The lexeme before the next. */
  last(): Lexeme | undefined {
    return this.lexemes[this.index - 1];
  }

  take(): Lexeme {
    const lexeme = this.peek();
    this.#loose.push(...this.#remarks(this.index).flatMap(({ lines }) => lines));
    this.#homed.set(this.index, lexeme.remarks.length);
    if (lexeme.kind !== 'end') this.index += 1;
    return lexeme;
  }

  /** Whether a sign or an unquoted word comes next. */
  is(text: string, ahead = 0): boolean {
    return this.isAt(this.index + ahead, text);
  }

  isAt(index: number, text: string): boolean {
    const lexeme = this.at(index);
    return (lexeme.kind === 'sign' || lexeme.kind === 'name') && !lexeme.quoted && lexeme.text === text;
  }

  takeIf(text: string): boolean {
    if (!this.is(text)) return false;
    this.take();
    return true;
  }

  report(at: Place, what: string, suggestion?: string, severity: Problem['severity'] = 'error'): void {
    const { file, group } = this;
    this.problems.push({
      code: 'syntax',
      severity,
      file,
      at,
      ...(group === undefined ? {} : { group }),
      what,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  /** Reports that something else was expected than what comes next. */
  fail(expected: string, candidates: readonly string[] = [], suggestion?: string): never {
    const next = this.peek();
    const meant = next.kind === 'name' ? didYouMean(next.text, candidates) : undefined;
    const slip = next.kind === 'sign' ? signSlip(next.text) : undefined;
    this.report(next.at, `${expected} is expected before ${words(next)}`, suggestion ?? meant ?? slip);
    throw new Unreadable(expected);
  }

  expect(text: string): void {
    if (!this.takeIf(text)) this.fail(`“${text}”`, [text]);
  }

  /** A string, without its quotes. */
  string(what: string): string {
    if (this.peek().kind !== 'string') this.fail(`${what}, in quotes,`);
    return this.take().text;
  }

  /** A name; one in quotes of any kind is taken too. */
  name(what: string): string {
    const { kind } = this.peek();
    if (kind !== 'name' && kind !== 'string') this.fail(what);
    return this.take().text;
  }

  /** Where what started at `from` (a lexeme) and ended before the next lexeme stands. */
  since(from: Lexeme): Place {
    const end = this.last()?.end ?? from.end;
    return { ...from.at, length: Math.max(end - from.at.offset, 0) };
  }

  /** Just behind the last lexeme: where something is missing. */
  behind(): Place {
    const last = this.last();
    if (last === undefined) return this.peek().at;
    const lineStart = this.text.lastIndexOf('\n', last.end - 1) + 1;
    return { line: last.endLine, column: last.end - lineStart + 1, offset: last.end, length: 1 };
  }

  /** Whether the lexeme at `index` is the first on its line. */
  startsLine(index: number): boolean {
    const before = this.lexemes[index - 1];
    return before === undefined || this.at(index).at.line > before.endLine;
  }

  /** Number of blanks at the start of a line of the text. */
  indentOf({ offset }: Place): number {
    const start = this.text.lastIndexOf('\n', offset - 1) + 1;
    return this.text.slice(start, offset).search(/\S|$/u);
  }

  /** Whether a group begins here; `group` may be the name of a variable too. */
  startsGroup(index = this.index): boolean {
    if (!this.isAt(index, 'group')) return false;
    const after = this.at(index + 1);
    if (after.kind !== 'name' && after.kind !== 'string') return false;
    if (this.isAt(index + 2, '(')) return true;
    return this.startsLine(index) && !this.isAt(index + 1, 'as') && !this.isAt(index + 2, '->');
  }

  #remarks(index: number): readonly Remark[] {
    return this.at(index).remarks.slice(this.#homed.get(index) ?? 0);
  }

  /** The comments up to the next lexeme, with empty lines between paragraphs; none at the start of a block or file. */
  before(keepFirstGap: boolean): readonly string[] {
    const next = this.peek();
    const lines: string[] = [];
    let line = this.last()?.endLine ?? 0;
    const gap = (start: number): void => {
      if (start - line > 1 && (keepFirstGap || lines.length > 0) && lines.at(-1) !== emptyLine) lines.push(emptyLine);
    };
    for (const remark of this.#remarks(this.index)) {
      gap(remark.at.line);
      lines.push(...remark.lines);
      line = remark.endLine;
    }
    gap(next.at.line);
    this.#homed.set(this.index, next.remarks.length);
    return lines;
  }

  /** The comments on the line of the last lexeme, after it. */
  after(): string | undefined {
    const line = this.last()?.endLine;
    const remarks = this.#remarks(this.index).filter(({ at, endLine }) => at.line === line && endLine === line);
    if (remarks.length === 0) return undefined;
    const { length } = remarks;
    this.#homed.set(this.index, (this.#homed.get(this.index) ?? 0) + length);
    return remarks.flatMap(({ lines }) => lines).join(' ');
  }

  /** `///` lines before the next lexeme, each with the comments before it; what is behind the last stays. */
  metadata(): { remark: Remark; before: readonly string[] }[] {
    const found: { remark: Remark; before: readonly string[] }[] = [];
    let before: string[] = [];
    let line = this.last()?.endLine ?? 0;
    const first = this.#homed.get(this.index) ?? 0;
    for (const [index, remark] of this.#remarks(this.index).entries()) {
      if (remark.at.line - line > 1 && before.length + found.length > 0) before.push(emptyLine);
      line = remark.endLine;
      if (remark.metadata === undefined) before.push(...remark.lines);
      else {
        found.push({ remark, before });
        before = [];
        this.#homed.set(this.index, first + index + 1);
      }
    }
    return found;
  }

  /** Reads something that owns the comments within it, and if `trails` says so then, the one after it on its line. */
  owning<Thing>(
    first: boolean,
    read: () => Thing,
    trails: (thing: Thing) => boolean = () => true,
  ): { thing: Thing; comments: Comments | undefined } {
    const before = this.before(!first);
    const outer = this.#loose;
    this.#loose = [];
    try {
      const thing = read();
      const after = trails(thing) ? this.after() : undefined;
      const all = [...before, ...this.#loose];
      const comments: Comments = {
        ...(all.length === 0 ? {} : { before: all }),
        ...(after === undefined ? {} : { after }),
      };
      return { thing, comments: Object.keys(comments).length === 0 ? undefined : comments };
    } finally {
      this.#loose = outer;
    }
  }

  /** Goes to `index`; comments on the way are part of what was skipped. */
  skipTo(index: number): void {
    for (let at = this.index; at < index; at += 1) this.#homed.set(at, this.at(at).remarks.length);
    this.index = Math.min(index, this.lexemes.length - 1);
  }
}
