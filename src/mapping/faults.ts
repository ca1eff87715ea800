/** Why a map stopped, and where. Messages name rules, types and ConceptMaps, never a value of the data. */
import { ExpressionError } from './expression.ts';
import { ConceptMapFault, UnmappedCode } from './translate.ts';
import { TargetError } from './tree.ts';
import type { MapText, Rule } from './model.ts';

/** A rule asked for something that is not there, or checked that something is. */
export class RuleError extends Error {}

/** `where` is `mappings/contact.fml:41 rule "note"`. */
export class MapStopped extends Error {
  readonly where: string;
  readonly unmapped: UnmappedCode['unmapped'] | undefined;
  constructor(where: string, cause: Error) {
    super(cause.message, { cause });
    this.where = where;
    this.unmapped = cause instanceof UnmappedCode ? cause.unmapped : undefined;
  }
}

export const placeOf = (map: MapText, rule: Rule): string =>
  `${map.file}:${rule.line}${rule.name === undefined ? '' : ` rule "${rule.name}"`}`;

/** The innermost rule names the place. What is no fault of a map (a fault of ours) passes unchanged. */
export const stoppedAt = (map: MapText, rule: Rule, error: unknown): unknown =>
  error instanceof RuleError ||
  error instanceof TargetError ||
  error instanceof ExpressionError ||
  error instanceof UnmappedCode ||
  error instanceof ConceptMapFault
    ? new MapStopped(placeOf(map, rule), error)
    : error;
