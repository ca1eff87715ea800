/**
 * From the answers of a form to the fields of an activity, by the rules of the site's config. Knows no form and no
 * activity type: everything it does stands in the rules. All that is wrong is told at once, with question and field.
 */
import { ok, type Issue, type Outcome } from '../core/outcome.ts';
import { answerAt, choicesOf, find, rows, textOf, type Answers } from './answers.ts';
import type { AnswerRule, ComponentRule, Condition, FieldRule, FormRule } from './config.ts';
import { convert } from './conversions.ts';

/** A field that a rule set, so that a later complaint about the field can name the question. */
type Origin = { readonly field: string; readonly question: string };

export type Filled = {
  readonly value: Readonly<Record<string, unknown>>;
  readonly issues: readonly Issue[];
  readonly unmapped: boolean;
  readonly origins: readonly Origin[];
};

const asRule = (rule: FieldRule): AnswerRule => (typeof rule === 'string' ? { from: rule } : rule);
const pathsOf = (rule: AnswerRule): readonly string[] => (typeof rule.from === 'string' ? [rule.from] : rule.from);
const listOf = <T>(one: T | readonly T[] | undefined): readonly T[] =>
  one === undefined ? [] : Array.isArray(one) ? (one as readonly T[]) : [one as T];

export type Answered = { readonly value: unknown } | { readonly issue: Issue; readonly unmapped: boolean } | undefined;

/** The typed value of one rule; undefined when nothing was answered and there is no default. */
export function answer(roots: Answers, given: FieldRule, field: string, timeZone: string | undefined): Answered {
  const rule = asRule(given);
  const texts: string[] = [];
  for (const path of pathsOf(rule)) {
    const found = answerAt(roots, path);
    if (!found.ok) return problem(field, rule, found.failure.detail, false);
    if (found.value !== undefined) texts.push(found.value);
    if (texts.length > 0 && rule.join === undefined) break;
  }
  if (texts.length === 0) {
    if (rule.default !== undefined) return { value: rule.default };
    return rule.required === true ? problem(field, rule, 'is required and was not answered', false) : undefined;
  }
  const converted = convert(texts.join(rule.join ?? ''), rule, timeZone);
  if (converted.ok) return { value: converted.value };
  return problem(field, rule, converted.says, rule.values !== undefined);
}

const problem = (field: string, rule: AnswerRule, says: string, unmapped: boolean) => ({
  issue: {
    where: pathsOf(rule).join(' | '),
    what: `${says} (field ${field})`,
    code: unmapped ? 'answer/unmapped' : 'answer/unusable',
  },
  unmapped,
});

/** Whether all conditions hold. A question that cannot be read does not hold. */
export function holds(roots: Answers, when: Condition | readonly Condition[] | undefined): boolean {
  return listOf(when).every((condition) => {
    const found = find(roots, condition.from);
    const text = found.ok ? textOf(Array.isArray(found.value) ? found.value[0] : found.value) : undefined;
    const group = found.ok && typeof found.value === 'object' && found.value !== null;
    const chosen = text === undefined ? [] : [text, ...choicesOf(text)];
    if (condition.answered !== undefined && condition.answered !== (text !== undefined || group)) return false;
    if (condition.is !== undefined && !listOf(condition.is).some((value) => chosen.includes(value))) return false;
    return condition.isNot === undefined || !listOf(condition.isNot).some((value) => chosen.includes(value));
  });
}

type Draft = {
  readonly value: Record<string, unknown>;
  readonly issues: Issue[];
  readonly origins: Origin[];
  unmapped: boolean;
  answered: number;
};

const draft = (): Draft => ({ value: {}, issues: [], origins: [], unmapped: false, answered: 0 });

/** Fields and components of a form by its rule; `roots` are `form`, `case`, `meta` and what the payload has beside. */
export function fillForm(roots: Answers, rule: FormRule, timeZone: string | undefined): Filled {
  const filled = draft();
  fill(filled, roots, rule, timeZone, '');
  const components: unknown[] = [];
  for (const component of rule.components ?? []) {
    const made = fillComponent(roots, component, timeZone, components.length);
    if (!made.ok) {
      filled.issues.push({
        where: component.each ?? component.key,
        what: made.failure.detail,
        code: 'answer/unusable',
      });
      continue;
    }
    for (const one of made.value) {
      components.push(one.value);
      filled.issues.push(...one.issues);
      filled.origins.push(...one.origins);
      filled.unmapped ||= one.unmapped;
    }
  }
  if (components.length > 0) filled.value['components'] = components;
  return filled;
}

function fillComponent(
  roots: Answers,
  rule: ComponentRule,
  timeZone: string | undefined,
  position: number,
): Outcome<readonly Draft[]> {
  const repeated: Outcome<readonly unknown[]> = rule.each === undefined ? ok([undefined]) : rows(roots, rule.each);
  if (!repeated.ok) return repeated;
  const made: Draft[] = [];
  for (const [index, row] of repeated.value.entries()) {
    const here = rule.each === undefined ? roots : { ...roots, item: row };
    if (!holds(here, rule.when)) continue;
    const one = draft();
    one.value['key'] = rule.each === undefined ? rule.key : `${rule.key}${index + 1}`;
    one.value['activityType'] = rule.activityType;
    fill(one, here, rule, timeZone, `/components/${position + made.length}`);
    // A part of the form that was left empty is not a measurement without a value.
    const asks = Object.keys(rule.fields ?? {}).length > 0;
    if (!asks || one.answered > 0) made.push(one);
  }
  return ok(made);
}

function fill(
  into: Draft,
  roots: Answers,
  rule: Pick<FormRule, 'constants' | 'fields'>,
  timeZone: string | undefined,
  base: string,
): void {
  for (const [field, value] of Object.entries(rule.constants ?? {})) set(into.value, field, value);
  for (const [field, given] of Object.entries(rule.fields ?? {})) {
    const found = answer(roots, given, field, timeZone);
    if (found === undefined) continue;
    if ('issue' in found) {
      into.issues.push(found.issue);
      into.unmapped ||= found.unmapped;
      // It was answered, though not usably: the component must not vanish.
      into.answered += 1;
      continue;
    }
    set(into.value, field, found.value);
    into.answered += 1;
    into.origins.push({ field: `${base}/${field.replaceAll('.', '/')}`, question: pathsOf(asRule(given)).join(' | ') });
  }
}

function set(target: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop();
  if (last === undefined) return;
  let node = target;
  for (const name of names) {
    const held = Object.hasOwn(node, name) ? node[name] : undefined;
    const next: Record<string, unknown> = typeof held === 'object' && held !== null ? { ...held } : {};
    define(node, name, next);
    node = next;
  }
  define(node, last, value);
}

/** Never through a setter of the prototype. */
const define = (node: Record<string, unknown>, name: string, value: unknown): void => {
  Object.defineProperty(node, name, { value, writable: true, enumerable: true, configurable: true });
};
