/** Everything about a map that can be known before a message arrives. */
import type { Library } from '../link.ts';
import type { MapText } from '../model.ts';
import type { Problem } from '../problem.ts';
import type { ExpressionContext } from './expressions.ts';
import { Groups } from './groups.ts';
import { checkNames } from './names.ts';
import { Report } from './report.ts';
import { checkRequired } from './required.ts';
import { Uses } from './uses.ts';

export type CheckOptions = {
  /** Functions that the runner adds to those of FHIRPath: least and most number of parameters. */
  readonly functions?: ExpressionContext['functions'];
};

/**
 * Checks a map against the types, maps and ConceptMaps that it may use, and tells all that is wrong, in the order of the
 * file. Errors would stop the map, or make a rule write nothing, whatever the message; warnings are likely slips. Where
 * a type is not known nothing is said.
 */
export function checkMap(library: Library, map: MapText, options: CheckOptions = {}): readonly Problem[] {
  const report = new Report(map.file);
  const context: ExpressionContext = { library, map, report, functions: options.functions ?? {} };
  const uses = new Uses(context);
  new Groups(context, uses).check();
  checkNames(context, uses);
  checkRequired(context);
  return report.all();
}
