import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { table, when } from '../format.ts';
import type { Key, Parts } from '../parts.ts';
import { actor, CommandError, json, withLedger } from '../run.ts';

/** As the doors ask for them; `sources:write:NAME` limits it to one source. */
const knownScopes = [
  'activities:write',
  'sources:write',
  'messages:read',
  'messages:act',
  'changes:read',
  'escalations:read',
  'escalations:act',
  'escalations:restricted',
  'matches:read',
  'matches:act',
  'admin',
] as const;

const scope = (given: string, before: readonly string[] = []): readonly string[] => {
  if (!knownScopes.some((known) => known === given) && !/^sources:write:[\w.-]+$/.test(given))
    throw new InvalidArgumentError(`One of: ${knownScopes.join(', ')}, sources:write:NAME.`);
  return [...before, given];
};

const more = (given: string, before: readonly string[] = []): readonly string[] => [...before, given];

const days = (given: string): number => {
  const number = Number(given);
  if (!Number.isFinite(number) || number <= 0 || number > 36_500) throw new InvalidArgumentError('A number of days.');
  return number;
};

const stateOf = (key: Key, now: Date): string => {
  if (key.revokedAt !== undefined) return 'revoked';
  return key.expiresAt !== undefined && key.expiresAt <= now ? 'expired' : 'valid';
};

export function register(program: Command, parts: Parts): void {
  const { out, err } = parts.terminal;
  const keys = program.command('keys').description('API keys: create, list, revoke');
  keys
    .command('create')
    .description('make a key; it is printed once and cannot be shown again')
    .argument('<name>', 'who or what uses it')
    .option(
      '--scope <scope>',
      `${knownScopes.join(', ')}, sources:write:NAME; may be repeated (default: activities:write)`,
      scope,
    )
    .option('--system <systemId>', 'it may send for this source.systemId only; may be repeated', more)
    .option('--days <n>', 'it expires after so many days', days)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ tejido keys create commcare --scope sources:write:commcare --system commcare --days 365',
    )
    .action(
      async (
        name: string,
        options: { scope?: readonly string[]; system?: readonly string[]; days?: number; json?: true },
        command: Command,
      ) => {
        const made = await withLedger(parts, command, (ledger) =>
          ledger.keys.create(
            {
              name,
              scopes: options.scope ?? ['activities:write'],
              ...(options.system === undefined ? {} : { systemIds: options.system }),
              ...(options.days === undefined
                ? {}
                : { expiresAt: new Date(parts.clock().getTime() + options.days * 86_400_000) }),
            },
            actor(),
          ),
        );
        if (options.json) return out(json({ ...made.key, secret: made.secret }));
        err(`Key ${made.key.id} (${made.key.scopes.join(', ')}). Keep it now; it cannot be shown again:`);
        out(made.secret);
      },
    );
  keys
    .command('list')
    .description('all keys, without their secrets')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido keys list')
    .action(async (options: { json?: true }, command: Command) => {
      const all = await withLedger(parts, command, (ledger) => ledger.keys.list());
      if (options.json) return out(json(all));
      const rows = all.map((key) => [
        key.id,
        key.name,
        stateOf(key, parts.clock()),
        key.scopes.join(','),
        key.systemIds?.join(',') ?? 'any',
        when(key.createdAt),
        key.lastUsedAt === undefined ? 'never' : when(key.lastUsedAt),
      ]);
      out(table(['ID', 'NAME', 'STATE', 'SCOPES', 'SYSTEMS', 'CREATED', 'LAST USED'], rows));
    });
  keys
    .command('revoke')
    .description('take a key out of use; takes effect everywhere within seconds')
    .argument('<id>', 'id of the key')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido keys revoke k3v9x2mq4abc')
    .action(async (id: string, options: { json?: true }, command: Command) => {
      const revoked = await withLedger(parts, command, (ledger) => ledger.keys.revoke(id, actor()));
      if (!revoked)
        throw new CommandError('There is no such key, or it was revoked before.', 'See `tejido keys list`.');
      out(options.json ? json({ id, revoked }) : `Key ${id} is revoked.`);
    });
}
