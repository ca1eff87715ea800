/** Rules that tell what they do: for maps that are compiled with `trace`. */
import { Item } from '../../definitions/item.ts';
import type { Rule } from '../model.ts';
import type { Code } from './frame.ts';
import { sourcePath } from './path.ts';
import type { Rules } from './scope.ts';
import type { SourceCode } from './source.ts';
import { Target } from './target.ts';
import type { RuleAt } from './trace.ts';

/** Tells when a rule begins with an item, with what it reads, and when it ends. */
export function traced(rules: Rules, rule: Rule, at: RuleAt, sources: readonly SourceCode[], body: Code): Code {
  const { origins } = rules.slots;
  return (frame) => {
    const { run } = frame;
    run.entered += 1;
    run.options.trace?.({
      kind: 'rule-entered',
      rule: at,
      depth: run.depth,
      read: sources.map(({ slot }, index) => {
        const held = frame.slots[slot];
        const { context = '', elements = [], variable } = rule.sources[index] ?? {};
        return {
          ...(variable === undefined ? {} : { variable }),
          path: sourcePath(frame, slot, origins) ?? [context, ...elements].join('.'),
          value: held instanceof Target ? run.output.itemOf(held)?.json : held instanceof Item ? held.json : undefined,
        };
      }),
    });
    body(frame);
    run.options.trace?.({ kind: 'rule-left', rule: at, depth: run.depth });
  };
}

/** Tells of a rule that was reached and had nothing to work on. */
export function telling(code: Code, at: RuleAt): Code {
  return (frame) => {
    const { run } = frame;
    const before = run.entered;
    code(frame);
    if (run.entered === before) run.options.trace?.({ kind: 'rule-idle', rule: at, depth: run.depth });
  };
}
