import { type Command, Option } from 'commander';
import { escalationStates, type EscalationState } from '../../core/escalation.ts';
import { severities, type Severity } from '../../core/red-flag/rules.ts';
import type { EscalationAct, EscalationEntry, EscalationStory } from '../../core/story.ts';
import { table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { actor, CommandError, json, withLedger } from '../run.ts';

const nameOf = ({ code, restricted }: EscalationEntry): string => code ?? (restricted ? '(restricted)' : '');

const storyText = (story: EscalationStory): string =>
  [
    `Escalation ${story.id}: ${story.state}`,
    `  ${nameOf(story)}, ${story.severity}; message ${story.messageId}`,
    `  opened ${when(story.openedAt)}; pool ${story.pool}, level ${String(story.level)}` +
      (story.dueAt === undefined ? '' : `, next ${when(story.dueAt)}`),
    `  task in the EHR: ${story.inChart ? 'yes' : 'no'}`,
    ...(story.acknowledgedAt === undefined
      ? []
      : [
          `  acknowledged ${when(story.acknowledgedAt)} by ${story.acknowledgedBy ?? ''} (${story.acknowledgedByRole ?? ''})`,
        ]),
    ...(story.cancelReason === undefined ? [] : [`  cancelled: ${story.cancelReason}`]),
    '',
    'History',
    ...story.events.map(
      ({ at, state, pool, actor: by, detail }) =>
        `  ${when(at)}  ${state} (${pool}) by ${by}${detail === undefined ? '' : `: ${detail}`}`,
    ),
    ...(story.notices.length === 0 ? [] : ['', 'Alternate route']),
    ...story.notices.flatMap(({ kind, pool, state, createdAt, attempts }) => [
      `  ${when(createdAt)}  ${kind} to ${pool}: ${state}`,
      ...attempts.map(({ at, status, result }) => `    ${when(at)}  ${result}${status === undefined ? '' : ` (${String(status)})`}`), // prettier-ignore
    ]),
  ].join('\n');

export function register(program: Command, parts: Parts): void {
  const { out } = parts.terminal;
  const escalations = program.command('escalations').description('red flags: who was told, and who has taken them');
  escalations
    .command('list')
    .description('those that nobody has acknowledged first')
    .addOption(new Option('--state <state>', 'only in this state').choices(['running', ...escalationStates]))
    .addOption(new Option('--severity <severity>', 'only of this severity').choices([...severities]))
    .option('--restricted', 'with the codes that only few may see')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido escalations list --state running')
    .action(
      async (
        options: { state?: EscalationState | 'running'; severity?: Severity; restricted?: true; json?: true },
        command: Command,
      ) => {
        // prettier-ignore
        const { state, severity } = options;
        const filter = { ...(state === undefined ? {} : { state }), ...(severity === undefined ? {} : { severity }) };
        const found = await withLedger(parts, command, (ledger) =>
          ledger.escalations.list(filter, options.restricted ?? false),
        );
        if (options.json) return out(json(found));
        if (found.length === 0) return out('No such escalation.');
        out(
          table(
            ['ID', 'SEVERITY', 'STATE', 'CODE', 'POOL', 'OPENED', 'NEXT', 'TASK'],
            found.map((one) => [
              one.id,
              one.severity,
              one.state,
              nameOf(one),
              one.pool,
              when(one.openedAt),
              one.dueAt === undefined ? '' : when(one.dueAt),
              one.inChart ? 'in the EHR' : '',
            ]),
          ),
        );
      },
    );
  escalations
    .command('show')
    .description('whom it was given to, by which route, and who took it')
    .argument('<id>', 'id of the escalation')
    .option('--restricted', 'with the code, when only few may see it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido escalations show 7f4c2f4e-1f0e-4a7e-9a53-0c2b8b9f6a11')
    .action(async (id: string, options: { restricted?: true; json?: true }, command: Command) => {
      const story = await withLedger(parts, command, (ledger) =>
        ledger.escalations.story(id, options.restricted ?? false),
      );
      if (story === undefined)
        throw new CommandError(`There is no escalation ${id}.`, 'See `tejido escalations list`.');
      out(options.json ? json(story) : storyText(story));
    });
  const acting = (name: 'ack' | 'resolve', says: string): void => {
    escalations
      .command(name)
      .description(says)
      .argument('<id>', 'id of the escalation')
      .option('--role <role>', 'your office, as the CHW is told: nurse')
      .option('--note <text>', 'for those who read the escalation')
      .addHelpText(
        'after',
        `\nExample:\n  $ tejido escalations ${name} 7f4c2f4e-1f0e-4a7e-9a53-0c2b8b9f6a11 --role nurse`,
      )
      .action(async (id: string, options: { role?: string; note?: string }, command: Command) => {
        await act(parts, command, id, { do: name, ...options });
      });
  };
  acting('ack', 'you have it: the clock stops');
  acting('resolve', 'it is done');
  escalations
    .command('reassign')
    .description('give it to another pool, which is told now')
    .argument('<id>', 'id of the escalation')
    .argument('<pool>', 'id of a pool of the configuration')
    .option('--note <text>', 'for those who read the escalation')
    .addHelpText('after', '\nExample:\n  $ tejido escalations reassign 7f4c2f4e-1f0e-4a7e-9a53-0c2b8b9f6a11 lead')
    .action(async (id: string, pool: string, options: { note?: string }, command: Command) => {
      await act(parts, command, id, { do: 'reassign', pool, ...options });
    });
}

async function act(parts: Parts, command: Command, id: string, what: EscalationAct): Promise<void> {
  const result = await withLedger(parts, command, (ledger) => ledger.escalations.act(id, what, actor()));
  if (!result.ok) throw new CommandError(result.refused);
  parts.terminal.out(`${id}: ${result.state}`);
}
