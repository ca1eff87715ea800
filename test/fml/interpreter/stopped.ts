/** Why a run stopped: the kind of error, and the innermost rule. */
import type { MapText, Rule } from '../../../src/fml/model.ts';

export class Fault extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

export class Stopped extends Error {
  readonly kind: string;
  readonly map: MapText;
  readonly rule: Rule;
  constructor(fault: Fault, map: MapText, rule: Rule) {
    super(`${map.file}:${rule.at.line}:${rule.at.column} ${fault.message}`, { cause: fault });
    this.kind = fault.kind;
    this.map = map;
    this.rule = rule;
  }
}
