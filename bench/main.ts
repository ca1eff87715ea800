/** `npm run bench [-- accept|filing|backlog|roster|matching|activities|engine|hl7|mllp]`: each figure beside a baseline taken in the same run. */
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { benchAccept } from './accept.ts';
import { benchBacklog } from './backlog.ts';
import { benchEngine } from './engine.ts';
import { benchFiling } from './filing.ts';
import { benchHl7 } from './hl7.ts';
import { benchMatching } from './matching.ts';
import { benchMllp } from './mllp.ts';
import { benchMessage } from './mllp/message.ts';
import { benchRoster } from './roster.ts';
import { benchTypes } from './engine/types.ts';

const program = new Command('bench')
  .argument(
    '[what]',
    'accept, filing, backlog, roster, matching, activities, engine, hl7, mllp; all of them when left out',
  )
  .option('--seconds <n>', 'length of each accept measurement', Number, 8)
  .option('--count <n>', 'activities filed', Number, 2_000)
  .option('--backlog <list>', 'sizes of the backlog', '1000,10000,100000')
  .option('--rounds <n>', 'rounds of each figure of the engine; the median counts', Number, 7)
  .option('--runs <n>', 'runs of the engine to see whether memory grows', Number, 1_000_000)
  .option('--redis <url>', 'wake-ups on this Redis instead of Postgres')
  .option('--profile <folder>', 'write CPU profiles of Tejido there')
  .action(
    async (
      what: string | undefined,
      options: {
        seconds: number;
        count: number;
        backlog: string;
        rounds: number;
        runs: number;
        redis?: string;
        profile?: string;
      },
    ) => {
      const env = {
        env: {
          ...(options.redis === undefined ? {} : { REDIS_URL: options.redis }),
          ...(options.profile === undefined
            ? {}
            : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${path.resolve(options.profile)}` }),
        },
      };
      const [first] = cpus();
      console.log(
        `${new Date().toISOString()} · ${String(cpus().length)} × ${first?.model ?? '?'} · ${(totalmem() / 2 ** 30).toFixed(0)} GB · Node ${process.version} · wake-ups on ${options.redis === undefined ? 'Postgres' : 'Redis'}\n`,
      );
      if (what === undefined || what === 'accept') await benchAccept({ seconds: options.seconds, ...env });
      if (what === undefined || what === 'filing') await benchFiling({ count: options.count, ...env });
      if (what === undefined || what === 'backlog')
        await benchBacklog({ steps: options.backlog.split(',').map(Number), ...env });
      if (what === undefined || what === 'roster') await benchRoster({ rows: 4_000, ...env });
      if (what === undefined || what === 'matching') await benchMatching({ steps: [1_000, 10_000, 100_000] });
      if (what === undefined || what === 'activities')
        await benchTypes(fileURLToPath(new URL('..', import.meta.url)), { ms: 100, rounds: options.rounds }, (line) => console.log(line)); // prettier-ignore
      if (what === undefined || what === 'engine')
        await benchEngine({ ms: 100, rounds: options.rounds, runs: options.runs, print: (line) => console.log(line) });
      if (what === undefined || what === 'mllp') {
        await benchMessage({ ms: 100, rounds: options.rounds }, (line) => console.log(line));
        await benchMllp({
          seconds: options.seconds,
          count: options.count,
          patients: 500,
          connections: [1, 4, 8, 64],
          ...env,
          print: (line) => console.log(line),
        });
      }
      if (what === undefined || what === 'hl7')
        benchHl7(fileURLToPath(new URL('..', import.meta.url)), 3 * options.rounds, (line) => console.log(line)); // prettier-ignore
    },
  );

await program.parseAsync();
