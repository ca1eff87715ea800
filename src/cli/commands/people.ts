/** People of the ledger: look at one, make two one, take an identifier away. */
import type { Command } from 'commander';
import { type ChangePreview, isPatientKey, type PeopleResult, type PersonDetail } from '../../core/people.ts';
import type { PatientKey } from '../../core/model.ts';
import { plural, table } from '../format.ts';
import type { CliLedger, Parts } from '../parts.ts';
import { actor, CommandError, json, withLedger } from '../run.ts';

type By = { readonly mrn?: string; readonly source?: string; readonly id?: string };

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.keys(of).length === 0
    ? 'none'
    : Object.entries(of)
        .map(([name, count]) => `${String(count)} ${name}`)
        .join(', ');

function keyOf(text: string): PatientKey {
  if (isPatientKey(text)) return text;
  throw new CommandError(
    'That is no key of a person.',
    'Find it with `tejido people show --mrn MRN`, or in `tejido matches show`.',
  );
}

async function personOf(ledger: CliLedger, key: string | undefined, by: By): Promise<PatientKey> {
  if (key !== undefined) return keyOf(key);
  if (by.mrn === undefined && (by.source === undefined || by.id === undefined)) {
    throw new CommandError('Name the person: a key, --mrn, or --source with --id.');
  }
  const found = await ledger.people.find(
    by.mrn === undefined
      ? { system: `source:${by.source ?? ''}`, value: by.id ?? '' }
      : { system: 'mrn', value: by.mrn },
  );
  if (found === undefined) throw new CommandError('Nobody is known by that identifier.');
  return found;
}

const personText = (person: PersonDetail): string =>
  [
    `Person ${person.patientKey}${person.dob === undefined ? '' : `, born ${person.dob}`}`,
    table(
      ['KNOWN AS', 'ID', 'NAME'],
      person.identities.map(({ system, value, demographics }) => [
        system,
        value,
        [demographics?.given, demographics?.family, demographics?.secondFamily]
          .filter((each) => each !== undefined)
          .join(' '),
      ]),
    ),
    ...person.charts.map(({ destination, reference }) => `Chart: ${reference} in ${destination}`),
    ...(person.merged.length === 0 ? [] : [`Merged into it: ${person.merged.join(', ')}`]),
    `Messages: ${counts(person.messages)}`,
    `In the chart: ${counts(person.resources)}`,
  ].join('\n');

const previewText = (preview: ChangePreview, what: 'merge' | 'unlink'): string =>
  [
    `Messages: ${counts(preview.messages)}`,
    what === 'merge'
      ? `Resources that stay where they stand: ${counts(preview.resources)}`
      : `Resources to be marked entered-in-error: ${counts(preview.resources)}`,
    `Open work: ${plural(preview.openWork, 'message')}`,
    ...(preview.twice.length === 0
      ? []
      : [`Stands twice in the chart already, and is kept up to date once: ${preview.twice.join(', ')}. Have the other one marked entered-in-error.`]), // prettier-ignore
    ...(preview.changedElsewhere.length === 0
      ? []
      : [`Changed by it, and of another record: ${preview.changedElsewhere.join(', ')}. Look at these in the EHR.`]),
  ].join('\n');

export function register(program: Command, parts: Parts): void {
  const { out, err } = parts.terminal;
  const people = program.command('people').description('people of the ledger: show, merge, unlink');

  const tell = (result: PeopleResult, what: 'merge' | 'unlink', asJson: boolean, done: string): void => {
    if (!result.ok) throw new CommandError(result.refused);
    out(asJson ? json(result) : previewText(result.preview, what));
    err(result.done ? done : 'Nothing was changed. Add --yes to do it.');
  };

  people
    .command('show')
    .description("identifiers, charts and work of a person (patients' data; the look is recorded)")
    .argument('[key]', "Tejido's own id of the person")
    .option('--mrn <mrn>', 'by the medical record number')
    .option('--source <name>', 'by the id at this source')
    .option('--id <id>', 'the id there')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido people show --source campo --id p-17')
    .action((key: string | undefined, options: By & { json?: true }, command: Command) =>
      withLedger(parts, command, async (ledger) => {
        const person = await ledger.people.show(await personOf(ledger, key, options), actor());
        if (person === undefined) throw new CommandError('There is no such person.');
        out(options.json ? json(person) : personText(person));
      }),
    );

  people
    .command('merge')
    .description('make two people one: first what it touches, with --yes for real')
    .argument('<from>', 'key of the person who is the other one')
    .argument('<into>', 'key of the person who remains')
    .option('--yes', 'do it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido people merge 9b2f6c1e-… 11d0c7aa-… --yes')
    .action((from: string, into: string, options: { yes?: true; json?: true }, command: Command) =>
      withLedger(parts, command, async (ledger) => {
        const given = { from: keyOf(from), into: keyOf(into), run: options.yes === true };
        tell(
          await ledger.people.merge(given, actor()),
          'merge',
          options.json === true,
          `They are one person now: ${into}.`,
        );
      }),
    );

  people
    .command('unlink')
    .description("take a source's id away from a person: what came by it leaves the chart and waits; --yes for real")
    .argument('<key>', 'key of the person')
    .requiredOption('--source <name>', 'the source')
    .requiredOption('--id <id>', 'the id of the patient there')
    .option('--yes', 'do it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido people unlink 11d0c7aa-… --source campo --id p-17 --yes')
    .action((key: string, options: { source: string; id: string; yes?: true; json?: true }, command: Command) =>
      withLedger(parts, command, async (ledger) => {
        const { source, id: sourcePatientId } = options;
        const result = await ledger.people.unlink(
          { person: keyOf(key), source, sourcePatientId, run: options.yes === true },
          actor(),
        );
        const now = result.ok ? (result.patientKey ?? '') : '';
        tell(
          result,
          'unlink',
          options.json === true,
          `It is a person of its own now: ${now}. Link it: tejido matches list.`,
        );
      }),
    );
}
