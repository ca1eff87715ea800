/** Constraints of an element, evaluated by FHIRPath. */
import { Item, isObject, itemOf } from '../definitions/item.ts';
import type { CompiledExpression, Env } from '../fhirpath/index.ts';
import { meets } from './around.ts';
import { membershipOf } from './bindings.ts';
import type { Constraint } from './definition.ts';
import type { Delta, Knowledge } from './knowledge.ts';
import { resolved } from './reference.ts';
import type { Run } from './run.ts';

/**
 * Those of R4 that are judged without FHIRPath: by the shape of the JSON (ele-1, ext-1), with the resource (dom-2 to
 * dom-5), with references (ref-1) and with the narrative (txt-1, txt-2).
 */
const native = new Set(['ele-1', 'ext-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5', 'ref-1', 'txt-1', 'txt-2']);

/** R4 asks for a System.Boolean where a boolean of FHIR stands; corrected in R5. */
const textOf = ({ key, expression = '' }: Constraint): string =>
  key === 'que-7' ? expression.replace('answer is Boolean', 'answer is boolean') : expression;

/** These compare what may not be comparable: dates of another precision, quantities of another unit. */
const comparing = new Set(['per-1', 'rng-2']);

/** What is evaluated of an element's constraints; those of `applied` have been, at the same place. */
const toEvaluate = (
  constraints: readonly Constraint[] | undefined,
  applied: readonly (readonly Constraint[] | undefined)[],
): readonly Constraint[] =>
  (constraints ?? []).filter(
    ({ key, expression, bestPractice }) =>
      expression !== undefined &&
      bestPractice !== true &&
      !native.has(key) &&
      !applied.some((list) => list?.some((each) => each.key === key && each.expression === expression) === true),
  );

type Invariant = {
  readonly constraint: Constraint;
  /** Undefined until first needed; null when it cannot be read. */
  expression: CompiledExpression | null | undefined;
};

export function invariantsOf(
  constraints: readonly Constraint[] | undefined,
  applied: readonly (readonly Constraint[] | undefined)[],
  type: string,
  know: Knowledge,
): Delta | undefined {
  const invariants = toEvaluate(constraints, applied).map((constraint): Invariant => ({
    constraint,
    expression: undefined,
  }));
  if (invariants.length === 0) return undefined;
  const declared = know.types.get(type);
  return (value, extra, run) => {
    const json = value ?? undefined;
    const own = isObject(json) && typeof json['resourceType'] === 'string' ? json['resourceType'] : undefined;
    const item = new Item(
      json,
      own === undefined ? declared : (know.types.get(own) ?? declared),
      isObject(extra) ? extra : undefined,
    );
    const env = (run.around.env ??= envOf(run, know));
    for (const invariant of invariants) {
      if (invariant.expression === undefined)
        invariant.expression = know.expression(textOf(invariant.constraint)) ?? null;
      evaluate(invariant, item, env, run);
    }
  };
}

function evaluate({ constraint, expression }: Invariant, item: Item, env: Env, run: Run): void {
  let met: boolean | undefined;
  run.undecided = undefined;
  try {
    met = expression?.test(item, env);
  } catch {
    met = undefined;
  }
  if (met === true) return;
  const { key, human, severity } = constraint;
  if (met === false && (item.json === undefined || comparing.has(key)) && saysNothing(expression, item, env)) return;
  if (met === undefined) run.add('not-supported', `the invariant ${key} could not be evaluated`, 'warning');
  else if (run.undecided !== undefined) run.notChecked(run.undecided, severity === 'error');
  else
    run.add('invariant', human ?? `the invariant ${key} is not met`, severity === 'error' ? 'error' : 'warning', key);
}

/** Empty is not false: of a primitive without value, or of what cannot be compared, nothing is known. */
const saysNothing = (expression: CompiledExpression | null | undefined, item: Item, env: Env): boolean =>
  expression?.evaluate([item], env).length === 0;

function envOf(run: Run, know: Knowledge): Env {
  const { around, now } = run;
  const { json, root } = around;
  const { types } = know;
  const resource = itemOf(types, json);
  const rootResource = root === json ? resource : itemOf(types, root);
  return {
    ...(resource === undefined ? {} : { resource }),
    ...(rootResource === undefined ? {} : { rootResource }),
    now,
    resolve: (reference) => resolved(reference, around, run.lookup, types),
    memberOf: ({ json: value, type }, valueSet) => {
      const membership = membershipOf(know.codeSets(valueSet), value, type?.name);
      if (membership !== 'unknown') return membership === 'in';
      run.undecided = valueSet;
      return undefined;
    },
    conformsTo: ({ json: value, extra, type }, profile) =>
      know.tree(profile)?.definition.type === type?.name ? meets(value, extra, profile, run, know) : undefined,
  };
}
