import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { isMessageId, type MessageId, type PatientKey } from '../../core/model.ts';
import { table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { CommandError, json, withLedger } from '../run.ts';
import { day } from './reconcile.ts';

const patientKey = (given: string): PatientKey => {
  if (!/^[0-9a-f-]{36}$/i.test(given)) throw new InvalidArgumentError("Tejido's own id of a person (patientKey).");
  return given as PatientKey;
};

const messageId = (given: string): MessageId => {
  if (!isMessageId(given)) throw new InvalidArgumentError('An id as `tejido messages list` shows it.');
  return given;
};

type Options = {
  readonly patient?: PatientKey;
  readonly message?: MessageId;
  readonly from?: Date;
  readonly to?: Date;
  readonly json?: true;
};

export function register(program: Command, parts: Parts): void {
  const { out } = parts.terminal;
  program
    .command('disclosures')
    .description('what left the clinic about a person')
    .command('list')
    .description('when, to whom, what types of resources, under which consent; newest first')
    .option('--patient <key>', "Tejido's own id of the person (patientKey)", patientKey)
    .option('--message <id>', 'the person whom this message is about', messageId)
    .option('--from <day>', 'from this day on (UTC)', day)
    .option('--to <day>', 'before this day (UTC)', day)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido disclosures list --message 1042 --from 2026-01-01')
    .action(async ({ patient: given, message, from, to, json: asJson }: Options, command: Command) => {
      const disclosures = await withLedger(parts, command, async (ledger) => {
        const patient = given ?? (message === undefined ? undefined : (await ledger.story(message))?.patientKey);
        if (patient === undefined) {
          throw new CommandError('Whose disclosures?', 'Give --patient, or --message with a message about the person.');
        }
        return ledger.disclosures({
          patient,
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        });
      });
      if (asJson) return out(json(disclosures));
      if (disclosures.length === 0) return out('Nothing was disclosed.');
      out(
        table(
          ['WHEN', 'TO', 'CLASS', 'WHAT', 'CONSENT', 'MESSAGE'],
          disclosures.map((one) => [
            when(one.at),
            one.recipient,
            one.recipientClass,
            one.what.join(', '),
            one.consent ?? '',
            one.messageId,
          ]),
        ),
      );
    });
}
