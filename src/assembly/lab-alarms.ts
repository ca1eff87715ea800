/** Critical laboratory values, found at every door that results come by. */
import type { Config } from '../config/config.ts';
import { createCriticalReader, type ReadCritical } from '../core/lab/critical.ts';

export const criticalReader = ({ labs, redFlags }: Pick<Config, 'labs' | 'redFlags'>): ReadCritical =>
  redFlags.enabled ? createCriticalReader({ labs, redFlags: redFlags.rules }) : () => [];
