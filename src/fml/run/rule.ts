/** Rules → code: sources around targets, targets before the rules and calls within (fml.md §3). */
import type { Rule } from '../model.ts';
import { placeOf } from '../problem.ts';
import { compileCall } from './call.ts';
import { Fault, MapStopped } from './fault.ts';
import { sequence, type Code, type Frame, type Names, type Slots } from './frame.ts';
import { sourcePath } from './path.ts';
import type { Rules } from './scope.ts';
import { compileShorthand } from './shorthand.ts';
import { compileSource, type SourceCode } from './source.ts';
import { compileStraight } from './straight.ts';
import type { RuleAt } from './trace.ts';
import { telling, traced } from './tracing.ts';
import { Block, compileTarget, type RuleParts } from './write.ts';

/** The rules of a group, or those within a rule, in the order of the text. */
export function compileBlock(rules: Rules, block: readonly Rule[], names: Names): Code {
  const shared = new Block();
  const code = sequence(block.map((rule) => compileRule(rules, rule, names, shared)));
  const slots = shared.shared;
  if (slots.length === 0) return code;
  return (frame) => {
    for (const slot of slots) frame.slots[slot] = undefined;
    code(frame);
  };
}

function compileRule(rules: Rules, rule: Rule, names: Names, block: Block): Code {
  const { map, group } = rules;
  const at: RuleAt = {
    file: map.file,
    at: rule.at,
    group: group.name,
    ...(rule.name === undefined ? {} : { rule: rule.name }),
    where: placeOf({ file: map.file, at: rule.at, ...(rule.name === undefined ? {} : { rule: rule.name }) }),
  };
  const sources: SourceCode[] = [];
  let inner = names;
  for (const source of rule.sources) {
    const compiled = compileSource(rules, source, inner);
    inner = compiled.names;
    sources.push(compiled);
  }
  const source = sources.at(-1)?.slot ?? 0;
  const own = new Set(rule.sources.flatMap(({ variable }) => variable ?? []));
  const parts: RuleParts = { rules, block, at, source, own };
  const body = rule.shorthand ? compileShorthand(parts, rule, inner) : compileBody(parts, rule, inner);
  let code = rules.compiler.options.trace === true ? traced(rules, rule, at, sources, body) : body;
  for (const each of sources.toReversed()) code = each.loop(code);
  if (rules.compiler.options.trace !== true) code = compileStraight(rules, rule, names, code);
  if (rules.compiler.options.trace === true) code = telling(code, at);
  const { origins } = rules.slots;
  const slots = sources.map(({ slot }) => slot);
  return (frame) => {
    try {
      code(frame);
    } catch (error) {
      throw stopped(error, at, frame, slots, origins);
    }
  };
}

/** The innermost rule names the place. What is no fault of a map (a fault of ours) passes unchanged. */
function stopped(
  error: unknown,
  at: RuleAt,
  frame: Frame,
  slots: readonly number[],
  origins: Slots['origins'],
): unknown {
  if (!(error instanceof Fault)) return error;
  // The last source that has an item: what the rule was reading.
  const slot = slots.findLast((each) => frame.slots[each] !== undefined) ?? slots[0];
  const path = slot === undefined ? undefined : sourcePath(frame, slot, origins);
  return new MapStopped(error, at.where, path);
}

function compileBody(parts: RuleParts, rule: Rule, names: Names): Code {
  const { rules } = parts;
  const codes: Code[] = [];
  let inner = names;
  for (const target of rule.targets) {
    const compiled = compileTarget(parts, target, inner);
    inner = compiled.names;
    if (compiled.code !== undefined) codes.push(compiled.code);
  }
  if (rule.rules.length > 0) codes.push(compileBlock(rules, rule.rules, inner));
  for (const call of rule.calls) codes.push(compileCall(rules, call, inner));
  return sequence(codes);
}
