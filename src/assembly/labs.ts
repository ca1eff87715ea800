/** Laboratory results for the pipeline: how each format is read and mapped, and what may become of a result. */
import type { Config } from '../config/config.ts';
import { createLabScreen } from '../core/lab/sensitive.ts';
import { fail } from '../core/outcome.ts';
import type { LabDeps } from '../pipeline/lab/deps.ts';

export const labsOf = ({ labs }: Pick<Config, 'labs'>): LabDeps => ({
  read: ({ format }) => fail('mapping/no-route', `No reader for the format ${format}.`),
  map: (order, names, context, mapper, unmapped) => mapper.mapLab(order, names, context, unmapped),
  judge: createLabScreen(labs),
});
