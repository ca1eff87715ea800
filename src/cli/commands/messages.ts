import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { causes, isCause } from '../../core/causes.ts';
import type { CauseCode } from '../../core/causes.ts';
import { messageStates } from '../../core/model.ts';
import type { MessageId, MessageState } from '../../core/model.ts';
import type { MessageFilter } from '../../core/story.ts';
import { plural } from '../format.ts';
import type { CliLedger, Parts } from '../parts.ts';
import { startProgress } from '../progress.ts';
import { actor, CommandError, json, Unsuccessful, withLedger } from '../run.ts';
import { messageTable, storyText } from '../story.ts';
import { day } from './reconcile.ts';

const messageId = (given: string): MessageId => {
  if (!/^[\w-]{1,64}$/.test(given)) throw new InvalidArgumentError('An id as `tejido messages list` shows it.');
  return given as MessageId;
};

const messageIds = (given: string, before: readonly MessageId[] = []): readonly MessageId[] => [
  ...before,
  messageId(given),
];

const cause = (given: string): CauseCode => {
  if (!isCause(given)) throw new InvalidArgumentError(`One of: ${Object.keys(causes).join(', ')}.`);
  return given;
};

const atMost = (most: number) => (given: string) => {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1 || number > most) throw new InvalidArgumentError(`From 1 to ${most}.`);
  return number;
};

type FilterOptions = {
  readonly state?: MessageState;
  readonly cause?: CauseCode;
  readonly source?: string;
  readonly kind?: string;
  readonly record?: string;
  readonly conceptMap?: string;
  readonly from?: Date;
  readonly to?: Date;
};

const filterOf = (options: FilterOptions): MessageFilter => ({
  ...(options.state === undefined ? {} : { state: options.state }),
  ...(options.cause === undefined ? {} : { cause: options.cause }),
  ...(options.source === undefined ? {} : { source: options.source }),
  ...(options.kind === undefined ? {} : { kind: options.kind }),
  ...(options.record === undefined ? {} : { recordId: options.record }),
  ...(options.conceptMap === undefined ? {} : { conceptMap: options.conceptMap }),
  ...(options.from === undefined ? {} : { receivedFrom: options.from }),
  ...(options.to === undefined ? {} : { receivedTo: options.to }),
});

const withFilters = (command: Command): Command =>
  command
    .addOption(new Option('--state <state>', 'only in this state').choices([...messageStates]))
    .option('--cause <cause>', 'only with this cause', cause)
    .option('--source <name>', 'only from this source')
    .option('--kind <kind>', 'only of this kind: an activity type, or a message type such as ORU^R01')
    .option('--record <id>', 'only of this record of the source')
    .option('--concept-map <url>', 'only with a code that this ConceptMap does not list')
    .option('--from <day>', 'received from this day on (UTC)', day)
    .option('--to <day>', 'received before this day (UTC)', day);

async function* allOf(ledger: CliLedger, filter: MessageFilter): AsyncGenerator<MessageId> {
  let before: MessageId | undefined;
  do {
    const page = await ledger.list({ ...filter, limit: 500, ...(before === undefined ? {} : { before }) });
    yield* page.messages.map(({ id }) => id);
    before = page.next;
  } while (before !== undefined);
}

type Act = 'retry' | 'release' | 'void';
type Acted = { readonly id: MessageId; readonly ok: boolean; readonly state?: MessageState; readonly refused?: string };

const act = async (
  parts: Parts,
  ledger: CliLedger,
  action: Act,
  ids: AsyncIterable<MessageId> | Iterable<MessageId>,
  total: number,
): Promise<readonly Acted[]> => {
  const acted: Acted[] = [];
  const progress = startProgress(parts.terminal, action, total);
  try {
    for await (const id of ids) {
      acted.push({ id, ...(await ledger[action](id, actor())) });
      progress.to(acted.length);
    }
  } finally {
    progress.end();
  }
  return acted;
};

const tellActed = (parts: Parts, acted: readonly Acted[], asJson: boolean): void => {
  const refused = acted.filter(({ ok }) => !ok);
  if (asJson) parts.terminal.out(json(acted));
  else {
    for (const { id, ok, state, refused: why } of acted.length <= 20 ? acted : refused.slice(0, 20)) {
      parts.terminal.out(ok ? `${id}: ${state ?? ''}` : `${id}: refused. ${why ?? ''}`);
    }
    if (acted.length !== 1) parts.terminal.out(`${plural(acted.length, 'message')}, ${refused.length} refused.`);
  }
  if (refused.length > 0) throw new Unsuccessful();
};

const actions: Record<Act, { readonly says: string; readonly example: string }> = {
  retry: {
    says: 'try failed or held messages again',
    example:
      'tejido messages retry 1042 1043\n  $ tejido messages retry --all --state failed --cause send/budget-spent',
  },
  release: { says: 'let held messages go on that wait for a person', example: 'tejido messages release 1042' },
  void: {
    says: 'withdraw held or failed messages that filed nothing (what stands in the chart is voided by a void activity)',
    example: 'tejido messages void 1042',
  },
};

export function register(program: Command, parts: Parts): void {
  const { out, err } = parts.terminal;
  const messages = program.command('messages').description('what was accepted, and what became of it');

  withFilters(messages.command('list').description('newest first'))
    .option('--limit <n>', 'so many at most', atMost(500), 50)
    .option('--before <id>', 'older than this message', messageId)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido messages list --state held --cause match/unknown-patient')
    .action(async (options: FilterOptions & { limit: number; before?: MessageId; json?: true }, command: Command) => {
      const { limit, before } = options;
      const filter = { ...filterOf(options), limit, ...(before === undefined ? {} : { before }) };
      const page = await withLedger(parts, command, (ledger) => ledger.list(filter));
      if (options.json) return out(json(page));
      out(page.messages.length === 0 ? 'No such message.' : messageTable(page.messages));
      if (page.next !== undefined) err(`More: --before ${page.next}`);
    });

  messages
    .command('show')
    .description('the whole story of a message')
    .argument('<id>', 'id of the message', messageId)
    .option('--bodies', "with requests and answers in full (patients' data)")
    .option('--raw', "the bytes as they came (patients' data); the look is recorded")
    .option('--json', 'print JSON, bodies included')
    .addHelpText('after', '\nExample:\n  $ tejido messages show 1042')
    .action(async (id: MessageId, options: { bodies?: true; raw?: true; json?: true }, command: Command) =>
      withLedger(parts, command, async (ledger) => {
        if (options.raw) {
          const raw = await ledger.raw(id, actor());
          if (!raw) throw new CommandError('There is no such message, its copy is sealed, or retention has taken it.');
          return out(Buffer.from(raw.body).toString('utf8'));
        }
        const story = await ledger.story(id);
        if (!story) throw new CommandError(`There is no message ${id}.`, 'See `tejido messages list`.');
        out(options.json ? json(story) : storyText(story, options.bodies ?? false));
      }),
    );

  for (const action of ['retry', 'release', 'void'] as const) {
    const { says, example } = actions[action];
    const command = messages
      .command(action)
      .description(says)
      .argument('[id...]', 'ids of messages', messageIds)
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExample:\n  $ ${example}`);
    if (action !== 'void') withFilters(command.option('--all', 'all that the filters select'));
    command.action(
      async (ids: readonly MessageId[], options: FilterOptions & { all?: true; json?: true }, self: Command) => {
        const filter = filterOf(options);
        if (options.all ? ids.length > 0 : ids.length === 0) {
          throw new CommandError(
            'Name the messages, or select them.',
            action === 'void' ? 'Give their ids.' : 'Give their ids, or --all with filters; not both.',
          );
        }
        if (!options.all && Object.keys(filter).length > 0) {
          throw new CommandError('Filters select messages only together with --all.');
        }
        if (options.all && filter.state === undefined) {
          throw new CommandError(
            '--all needs --state.',
            `For example --all --state ${action === 'retry' ? 'failed' : 'held'}.`,
          );
        }
        const acted = await withLedger(parts, self, async (ledger) => {
          if (!options.all) return act(parts, ledger, action, ids, ids.length);
          // All ids first: acting changes what the filter selects.
          const selected = await Array.fromAsync(allOf(ledger, filter));
          return act(parts, ledger, action, selected, selected.length);
        });
        tellActed(parts, acted, options.json ?? false);
      },
    );
  }
}
