/** A pipeline that is sent no laboratory results. */
import { fail } from '../../src/core/outcome.ts';
import type { LabDeps } from '../../src/pipeline/lab/deps.ts';

export const noLabs: LabDeps = {
  about: () => ({}),
  read: () => fail('mapping/no-route', 'No laboratory results here.'),
  map: () => fail('mapping/no-route', 'No laboratory results here.'),
  judge: () => ({ about: [], labels: [], toEhr: true, toChw: false }),
};
