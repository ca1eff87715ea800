/** All commands, and how a run of one ends. A new command is one file in `commands/` and one line here. */
import { Command, CommanderError } from 'commander';
import { register as check } from './commands/check.ts';
import { register as demo } from './commands/demo.ts';
import { register as destinations } from './commands/destinations.ts';
import { register as escalations } from './commands/escalations.ts';
import { register as disclosures } from './commands/disclosures.ts';
import { register as keys } from './commands/keys.ts';
import { register as map } from './commands/map.ts';
import { register as matches } from './commands/matches.ts';
import { register as messages } from './commands/messages.ts';
import { register as migrate } from './commands/migrate.ts';
import { register as people } from './commands/people.ts';
import { register as prove } from './commands/prove.ts';
import { register as reconcile } from './commands/reconcile.ts';
import { register as referrals } from './commands/referrals.ts';
import { register as refile } from './commands/refile.ts';
import { register as report } from './commands/report.ts';
import { register as send } from './commands/send.ts';
import { register as start } from './commands/start.ts';
import { register as validate } from './commands/validate.ts';
import { register as worklist } from './commands/worklist.ts';
import type { Parts } from './parts.ts';
import { tellFault, Unsuccessful } from './run.ts';

const commands: readonly ((program: Command, parts: Parts) => void)[] = [
  start,
  demo,
  check,
  send,
  messages,
  worklist,
  refile,
  matches,
  people,
  reconcile,
  report,
  destinations,
  escalations,
  referrals,
  disclosures,
  keys,
  migrate,
  map,
  validate,
  prove,
];

const quiet = (command: Command, parts: Parts): void => {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => parts.terminal.out(text.trimEnd()),
      writeErr: (text) => parts.terminal.err(text.trimEnd()),
    })
    .showSuggestionAfterError();
  for (const each of command.commands) quiet(each, parts);
};

export function createProgram(parts: Parts): Command {
  const program = new Command('tejido')
    .description("Weaves community health work into the clinic's record.")
    .version(parts.version)
    .option('-c, --config <file>', 'configuration (default: TEJIDO_CONFIG, else tejido.yaml when there is one)')
    .addHelpText('after', '\nExample:\n  $ tejido start\n  $ tejido messages list --state held');
  for (const register of commands) register(program, parts);
  quiet(program, parts);
  return program;
}

/** @returns the exit code: 0 only on success; 2 for a command line that cannot be understood */
export async function run(argv: readonly string[], parts: Parts): Promise<number> {
  try {
    await createProgram(parts).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof Unsuccessful)) parts.terminal.err(`tejido: ${tellFault(error)}`);
    return 1;
  }
}
