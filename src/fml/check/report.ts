/** Collects what is wrong, each once, with the group and the rule that are being looked at. */
import type { Expression, Group, Place } from '../model.ts';
import type { Problem, ProblemCode } from '../problem.ts';

export class Report {
  readonly #file: string;
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  group: string | undefined;
  rule: string | undefined;
  /** While types are still being inferred nothing is told. */
  silent = false;

  constructor(file: string) {
    this.#file = file;
  }

  error(code: ProblemCode, at: Place, what: string, suggestion?: string): void {
    this.#add(code, 'error', at, what, suggestion);
  }

  warn(code: ProblemCode, at: Place, what: string, suggestion?: string): void {
    this.#add(code, 'warning', at, what, suggestion);
  }

  #add(code: ProblemCode, severity: Problem['severity'], at: Place, what: string, suggestion?: string): void {
    if (this.silent) return;
    const { group, rule } = this;
    const key = `${code} ${at.offset} ${at.line === 0 ? `${group} ${rule}` : ''} ${what}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#problems.push({
      code,
      severity,
      file: this.#file,
      at,
      ...(group === undefined ? {} : { group }),
      ...(rule === undefined ? {} : { rule }),
      what,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  /** In the order of the file. */
  all(): readonly Problem[] {
    return this.#problems.toSorted((one, other) => one.at.offset - other.at.offset);
  }
}

/** A part of an expression, in its file. */
export function placeIn({ text, at }: Expression, offset: number, length: number): Place {
  if (at.line === 0) return at;
  const lines = text.slice(0, offset).split('\n');
  const last = lines.at(-1)?.length ?? 0;
  return {
    line: at.line + lines.length - 1,
    column: lines.length === 1 ? at.column + last : last + 1,
    offset: at.offset + offset,
    length,
  };
}

/** The element at `index` of `context.a.b`, whose place is that of the whole: as it is commonly written, without spaces. */
export function placeOfElement(at: Place, context: string, elements: readonly string[], index: number): Place {
  if (at.line === 0) return at;
  const before = [context, ...elements.slice(0, index)].join('.').length + 1;
  return { ...at, column: at.column + before, offset: at.offset + before, length: elements[index]?.length ?? 0 };
}

/** `group Name`, without what it holds. */
export const headOf = ({ at, name }: Group): Place =>
  at.line === 0 ? at : { ...at, length: Math.min(at.length, `group ${name}`.length) };
