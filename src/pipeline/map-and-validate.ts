/** From an activity to resources that meet their profiles. */
import type { Activity } from '../core/activity.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import type { Mapped, MappingContext, Resource, UnmappedCode } from '../core/ports.ts';
import type { PrepareDeps } from './deps.ts';

/** Also the dry run: what would be filed, or why not. */
export function mapAndValidate(
  activity: Activity | undefined,
  deps: Pick<PrepareDeps, 'mapper' | 'validate'>,
  context: MappingContext,
  unmapped?: UnmappedCode[],
): Outcome<readonly Mapped[]> {
  return checked(deps.mapper.map(activity, context, unmapped), deps);
}

/** What a map made, if it meets its profiles. */
export function checked(
  mapped: Outcome<readonly Mapped[]>,
  deps: Pick<PrepareDeps, 'validate'>,
): Outcome<readonly Mapped[]> {
  if (!mapped.ok) return mapped;
  const issues = mapped.value.flatMap((one) =>
    one.do === 'merge'
      ? []
      : deps
          .validate(one.resource)
          .filter((issue) => issue.severity !== 'warning')
          .map((issue) => ({ ...issue, where: `${nameOf(one.resource)}: ${issue.where}` })),
  );
  return issues.length === 0
    ? mapped
    : fail('validation/failed', `${String(issues.length)} of the rules of the profiles are not met.`, { issues });
}

const nameOf = (resource: Resource): string => resource.resourceType;
