/** One run over one resource: the place where it is, and what it has found. */
import type { JsonObject } from '../definitions/item.ts';
import type { Env } from '../fhirpath/index.ts';
import { Lookup } from './reference.ts';
import type { Issue, IssueCode, Severity } from './issue.ts';

/** A resource within the run: the one given, one contained, or one of a Bundle's entries. */
export type Around = {
  readonly json: JsonObject;
  /** What contains it: itself, unless it is contained. */
  readonly root: JsonObject;
  /** The Bundle that it comes in. */
  readonly bundle: JsonObject | undefined;
  /** Depth of the place where it begins. */
  readonly depth: number;
  /** For its invariants, made with the first. */
  env: Env | undefined;
};

/**
 * The place is a stack of names and indexes that is written over, not built: a place becomes a text only when there is
 * something to say of it.
 */
export class Run {
  issues: Issue[] = [];
  /** Places with what has been said of them, and by which invariants. */
  said = new Set<string>();
  depth = 0;
  readonly keys: string[] = [];
  readonly indexes: number[] = [];
  around: Around;
  readonly lookup = new Lookup();
  /** The profile that asks, when it is not base R4. */
  by: string | undefined = undefined;
  readonly now: Date;
  /** What is being asked by `holds`, outermost first. */
  readonly asking: { readonly value: unknown; readonly of: unknown }[] = [];
  /** The value set that the invariant in hand asked for, and that is not at hand. */
  undecided: string | undefined = undefined;
  /** Value sets that were not at hand: the first place each, and whether a required binding asked. */
  unchecked: Map<string, { readonly where: string; required: boolean }> | undefined = undefined;

  constructor(json: JsonObject, now: Date) {
    this.now = now;
    this.around = { json, root: json, bundle: undefined, depth: 0, env: undefined };
    this.keys.push(String(json['resourceType']));
    this.indexes.push(-1);
  }

  /** The FHIRPath expression of the place. */
  where(): string {
    let text = this.keys[0] ?? '';
    for (let at = 1; at <= this.depth; at += 1) {
      text += `.${this.keys[at]}`;
      if ((this.indexes[at] ?? -1) >= 0) text += `[${this.indexes[at]}]`;
    }
    return text;
  }

  add(code: IssueCode, what: string, severity: Severity = 'error', key?: string): void {
    const where = this.where();
    // What base R4 finds already, a profile need not say again; what it adds, it signs.
    const [words, invariant] = [`${where} ${what}`, `${where}#${key}`];
    if (this.said.has(words) || (key !== undefined && this.said.has(invariant))) return;
    this.said.add(words);
    if (key !== undefined) this.said.add(invariant);
    this.issues.push({
      where,
      what: this.by === undefined ? what : `${what} (${this.by})`,
      code,
      severity,
      ...(key === undefined ? {} : { key }),
    });
  }

  /** Says it one step further in. */
  addAt(name: string, code: IssueCode, what: string, severity: Severity = 'error'): void {
    this.enter(name);
    this.add(code, what, severity);
    this.depth -= 1;
  }

  /** A profile that a definition names and that is not at hand. */
  addProfileMissing(url: string): void {
    this.add('not-found', `the profile ${url} is not loaded; it was not checked`, 'warning');
  }

  enter(name: string): void {
    this.depth += 1;
    this.keys[this.depth] = name;
    this.indexes[this.depth] = -1;
  }

  /** A value set that is not at hand: said once for each, at the end. */
  notChecked(valueSet: string, required: boolean): void {
    this.unchecked ??= new Map();
    const known = this.unchecked.get(valueSet);
    if (known === undefined) this.unchecked.set(valueSet, { where: this.where(), required });
    else known.required ||= required;
  }

  /**
   * Whether `check`, which asks `of` of a value, finds no error; what it finds is not kept. Resources may refer to each
   * other in a circle: what is asked within its own asking holds, so far.
   */
  holds(value: unknown, of: unknown, check: () => void): boolean {
    if (this.asking.some((each) => each.value === value && each.of === of)) return true;
    const { issues, said, unchecked, depth } = this;
    this.issues = [];
    this.said = new Set();
    this.unchecked = undefined;
    this.asking.push({ value, of });
    check();
    this.asking.pop();
    const good = !this.issues.some(({ severity }) => severity === 'error');
    this.issues = issues;
    this.said = said;
    this.unchecked = unchecked;
    this.depth = depth;
    return good;
  }
}
