/**
 * What a rule finds in a measurement or a score is an item of the message for the maps, as if the CHW had raised it. It
 * is made anew whenever a message is mapped, so that an edit, an amendment or a void takes its Task back as well.
 */
import type { RedFlagConfig } from '../config/config.ts';
import type { Mapper } from '../core/ports.ts';
import { redFlagType, withRedFlags } from '../core/red-flag/detect.ts';
import type { LiveMaps } from './live-maps.ts';

/** Without a map for red flags nothing is added: they are told of by the alternate route alone. */
export function flagged(mapper: Mapper, { enabled, rules }: Pick<RedFlagConfig, 'enabled' | 'rules'>): Mapper {
  if (!enabled || mapper.mapOf(redFlagType) === undefined) return mapper;
  return {
    ...mapper,
    map: (activity, ...rest) => mapper.map(activity === undefined ? undefined : withRedFlags(activity, rules), ...rest),
  };
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
