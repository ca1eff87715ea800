/** Laboratory results on their way to the CHW: a schedule, and whose ids are no app's. */
import type { Config } from '../config/config.ts';
import { chartSource } from '../core/lab/source.ts';
import type { Log } from '../core/ports.ts';
import { releaseLabs } from '../ledger/labs-release.ts';
import type { Schedule } from '../wake/schedule.ts';
import type { Store } from './store.ts';

/** Names in the ledger of what sends results. */
export const labSourcesOf = ({
  mllp,
  labSources,
  destinations,
}: Pick<Config, 'mllp' | 'labSources' | 'destinations'>): readonly string[] => [
  mllp.anySender.name,
  ...mllp.senders.map(({ name }) => name),
  ...labSources.map(({ name }) => name),
  ...destinations.map(({ id }) => chartSource(id)),
];

export function labSchedules({
  config,
  store,
  log,
}: {
  readonly config: Config;
  readonly store: Store;
  readonly log: Log;
}): readonly Schedule[] {
  const release = { rules: config.labs, labSources: labSourcesOf(config) };
  const run = async (): Promise<void> => {
    let [count, more] = [0, true];
    while (more) {
      const looked = await releaseLabs(store.pool, release);
      count += looked.told;
      ({ more } = looked);
    }
    if (count > 0) log('info', 'labs.told', { count });
  };
  return config.labs.trends.length === 0 ? [] : [{ name: 'labs', everyMs: config.labs.release.everyMs, run }];
}
