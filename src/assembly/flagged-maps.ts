/**
 * What a rule finds in a measurement or a score is an item of the message for the maps, as if the CHW had raised it. It
 * is made anew whenever a message is mapped, so that an edit, an amendment or a void takes its Task back as well.
 */
import type { RedFlagConfig } from '../config/config.ts';
import type { Mapper, MappingContext } from '../core/ports.ts';
import { levelAt } from '../core/escalation.ts';
import { redFlagsOf, redFlagType, withDerived } from '../core/red-flag/detect.ts';
import { type RedFlag, severities } from '../core/red-flag/rules.ts';
import type { LiveMaps } from './live-maps.ts';

/** Without a map for red flags nothing is added: they are told of by the alternate route alone. */
export function flagged(mapper: Mapper, config: RedFlagConfig): Mapper {
  const { enabled, rules } = config;
  if (!enabled || mapper.mapOf(redFlagType) === undefined) return mapper;
  return {
    ...mapper,
    map: (activity, context, unmapped) => {
      const flags = activity === undefined ? [] : redFlagsOf(activity, rules);
      if (activity === undefined || flags.length === 0) return mapper.map(activity, context, unmapped);
      const programme = { ...context.programme, ...poolFor(flags, config) };
      return mapper.map(withDerived(activity, flags), { ...context, programme }, unmapped);
    },
  };
}

/** To whom the Task is addressed: the first pool of the gravest. */
function poolFor(
  flags: readonly RedFlag[],
  { pools, clock }: RedFlagConfig,
): Pick<MappingContext['programme'], 'pool'> {
  const gravest = severities.find((one) => flags.some((flag) => flag.severity === one)) ?? 'urgent';
  const found = pools.find(({ id }) => id === levelAt(clock, gravest, 1).pool);
  if (found === undefined) return {};
  const { name, reference } = found;
  return { pool: { display: name, ...(reference === undefined ? {} : { reference }) } };
}

export function seeingFlags(maps: LiveMaps, config: RedFlagConfig): LiveMaps {
  let seen: { readonly maps: Mapper; readonly flagged: Mapper } | undefined;
  return {
    ...maps,
    now: () => {
      const now = maps.now();
      if (seen?.maps !== now) seen = { maps: now, flagged: flagged(now, config) };
      return seen.flagged;
    },
  };
}
