/** Random tests try the same in every run; FC_SEED=n tries others. A failure prints its seed. */
import { configureGlobal } from 'fast-check';

configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_122) });
