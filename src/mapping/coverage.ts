/** Which rules of maps were entered: what no golden case exercises can break without anybody noticing. */
import { placeOf, type TraceEvent } from '../fml/index.ts';
import type { MapText, Rule } from '../fml/model.ts';

export type RulePlace = {
  /** `mappings/contact.fml:41:7 rule "note"` */
  readonly where: string;
  readonly group: string;
};

export type Coverage = {
  readonly rules: number;
  readonly exercised: number;
  /** In the order of the maps. */
  readonly unexercised: readonly RulePlace[];
};

/** Notes every rule that had something to work on. */
export function coverageOf(): {
  readonly trace: (event: TraceEvent) => void;
  /** Over all rules of these maps, those of inline blocks included. */
  readonly over: (maps: readonly MapText[]) => Coverage;
} {
  const entered = new Set<string>();
  return {
    trace: (event) => {
      if (event.kind === 'rule-entered') entered.add(`${event.rule.group} ${event.rule.where}`);
    },
    over: (maps) => {
      const all = maps.flatMap(({ file, groups }) =>
        groups.flatMap(({ name, rules }) => rulesIn(rules).map((rule) => placeIn(file, name, rule))),
      );
      const unexercised = all.filter(({ where, group }) => !entered.has(`${group} ${where}`));
      return { rules: all.length, exercised: all.length - unexercised.length, unexercised };
    },
  };
}

const rulesIn = (rules: readonly Rule[]): readonly Rule[] => rules.flatMap((rule) => [rule, ...rulesIn(rule.rules)]);

const placeIn = (file: string, group: string, { at, name }: Rule): RulePlace => ({
  where: placeOf({ file, at, ...(name === undefined ? {} : { rule: name }) }),
  group,
});
