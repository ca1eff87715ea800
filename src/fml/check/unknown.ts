/** Types that nobody has defined. */
import { didYouMean } from '../../definitions/nearest.ts';
import type { Place } from '../model.ts';
import type { ExpressionContext } from './expressions.ts';

/** Warns of a type that is not known; says nothing where no type is, as there are no definitions then. */
export function unknownType({ report, library, map }: ExpressionContext, written: string, at: Place): void {
  if (library.types.all().length === 0) return;
  report.warn(
    'unknown-type',
    at,
    `the type ${written} is not known: what has it is not checked`,
    didYouMean(written, [
      ...map.structures.flatMap(({ alias }) => alias ?? []),
      ...library.types.all().map(({ name }) => name),
    ]),
  );
}
