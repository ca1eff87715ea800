/** What a map that was compiled with `trace` tells while it runs: for `map run --trace`, and for the coverage of rules. */
import type { Place } from '../model.ts';

/** A rule in its file. */
export type RuleAt = {
  readonly file: string;
  readonly at: Place;
  readonly group: string;
  readonly rule?: string;
  /** `mappings/contact.fml:41:7 rule "note"` */
  readonly where: string;
};

export type TraceEvent =
  | {
      readonly kind: 'group-entered' | 'group-left';
      readonly file: string;
      readonly group: string;
      readonly depth: number;
    }
  /** Once for each item, or combination of items, that the rule works on. Values are data. */
  | {
      readonly kind: 'rule-entered';
      readonly rule: RuleAt;
      readonly depth: number;
      readonly read: readonly { readonly variable?: string; readonly path: string; readonly value: unknown }[];
    }
  | { readonly kind: 'rule-left'; readonly rule: RuleAt; readonly depth: number }
  /** The rule was reached, and found nothing to work on. */
  | { readonly kind: 'rule-idle'; readonly rule: RuleAt; readonly depth: number }
  | {
      readonly kind: 'wrote';
      readonly rule: RuleAt;
      readonly depth: number;
      readonly path: string;
      readonly value: unknown;
    };
