import { Option } from 'commander';
import type { Command } from 'commander';
import { type ReferralFilter, referralStates } from '../../core/story.ts';
import { table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { json, withLedger } from '../run.ts';

export function register(program: Command, parts: Parts): void {
  const { out } = parts.terminal;
  program
    .command('referrals')
    .description('community referrals: how far they are, and what came of them')
    .command('list')
    .description('oldest first')
    .addOption(new Option('--state <state>', 'only in this state').choices([...referralStates]))
    .option('--category <category>', 'only of this category: food, legal, …')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido referrals list --state requested')
    .action(async ({ json: asJson, ...filter }: ReferralFilter & { json?: true }, command: Command) => {
      const referrals = await withLedger(parts, command, (ledger) => ledger.referrals(filter));
      if (asJson) return out(json(referrals));
      if (referrals.length === 0) return out('No such referral.');
      out(
        table(
          ['REFERRAL', 'CATEGORY', 'STATE', 'OUTCOME', 'SERVICE', 'REQUESTED', 'DAYS'],
          referrals.map((one) => [
            one.referralId,
            one.category ?? '',
            one.state,
            one.outcome ?? '',
            one.service ?? '',
            when(one.requestedAt),
            String(one.ageDays),
          ]),
        ),
      );
    });
}
