/** The queue of the front desk: who waits to be matched, and whose chart it is. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Demographics } from '../../core/matching/demographics.ts';
import type { MatchCandidate, MatchDecision, MatchDetail } from '../../core/people.ts';
import { plural, table, when } from '../format.ts';
import type { Parts } from '../parts.ts';
import { actor, CommandError, json, withLedger } from '../run.ts';

const id = (text: string): string => {
  if (!/^\d{1,18}$/.test(text))
    throw new InvalidArgumentError('The id of a match is a number: see `tejido matches list`.');
  return text;
};
const number = (text: string): number => {
  if (!/^\d{1,6}$/.test(text))
    throw new InvalidArgumentError('The number of a candidate, as `tejido matches show` lists it.');
  return Number(text);
};

const lines: readonly (readonly [string, (of: Demographics) => string])[] = [
  ['given names', ({ given }) => given ?? ''],
  ['surnames', ({ family, secondFamily }) => [family, secondFamily].filter((each) => each !== undefined).join(' ')],
  ['born', ({ dob }) => dob ?? ''],
  ['sex', ({ sex }) => sex ?? ''],
  ['telephone', ({ phones }) => (phones ?? []).join(', ')],
  ['postal code', ({ postalCode }) => postalCode ?? ''],
];

function candidateText(about: Demographics, candidate: MatchCandidate): string {
  const where = [
    candidate.reference,
    candidate.mrn === undefined ? undefined : `MRN ${candidate.mrn}`,
    candidate.rejectedBy === undefined ? undefined : `rejected by ${candidate.rejectedBy}`,
  ].filter((each) => each !== undefined);
  const points = candidate.features.map(
    ({ points: given, says }) => `  ${given > 0 ? '+' : ''}${String(given)}  ${says}`,
  );
  return [
    `Candidate ${String(candidate.number)}: ${String(candidate.score)} points, ${candidate.class}${where.length === 0 ? '' : ` (${where.join(', ')})`}`,
    table(
      ['', 'SENT', 'CHART'],
      lines.map(([name, of]) => [name, of(about), of(candidate.demographics)]),
    ),
    ...points,
    ...candidate.doubts.map((doubt) => `      ${doubt}`),
  ].join('\n');
}

const matchText = (match: MatchDetail): string =>
  [
    `Match ${match.id} at ${match.destination}: ${match.state}, ${plural(match.waiting, 'message')} waiting since ${when(match.openedAt)}`,
    `Person ${match.patientKey}: ${match.identities.map(({ system, value }) => `${system} ${value}`).join(', ')}`,
    ...(match.decidedBy === undefined ? [] : [`Last decided by ${match.decidedBy}`]),
    ...(match.candidates.length === 0
      ? [table(['', 'SENT'], lines.map(([name, of]) => [name, of(match.demographics)])), 'No candidates. Link it by the MRN of the chart, or have the patient registered.'] // prettier-ignore
      : match.candidates.map((candidate) => candidateText(match.demographics, candidate))),
  ].join('\n\n');

export function register(program: Command, parts: Parts): void {
  const { out, err } = parts.terminal;
  const matches = program.command('matches').description('patients whose chart is not known or not certain');

  matches
    .command('list')
    .description('who waits, the longest first; without patient data')
    .option('--limit <n>', 'so many at most', number, 50)
    .option('--after <id>', 'after this match', id)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido matches list')
    .action(async (options: { limit: number; after?: string; json?: true }, command: Command) => {
      const { limit, after } = options;
      const page = await withLedger(parts, command, ({ people }) =>
        people.matches({ limit, ...(after === undefined ? {} : { after }) }),
      );
      if (options.json) return out(json(page));
      out(
        page.matches.length === 0
          ? 'Nobody waits.'
          : table(
              ['ID', 'STATE', 'DESTINATION', 'SOURCES', 'WAITING', 'CANDIDATES', 'BEST', 'SINCE'],
              page.matches.map((one) => [
                one.id,
                one.state,
                one.destination,
                one.sources.join(' '),
                one.waiting,
                one.candidates,
                one.best ?? '',
                when(one.openedAt),
              ]),
            ),
      );
      if (page.next !== undefined) err(`More: --after ${page.next}`);
    });

  matches
    .command('show')
    .description("both sides and the reasons (patients' data; the look is recorded)")
    .argument('<id>', 'id of the match', id)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tejido matches show 7')
    .action(async (of: string, options: { json?: true }, command: Command) => {
      const match = await withLedger(parts, command, ({ people }) => people.match(of, actor()));
      if (match === undefined) throw new CommandError(`There is no match ${of}.`, 'See `tejido matches list`.');
      out(options.json ? json(match) : matchText(match));
    });

  const decide = async (of: string, decision: MatchDecision, command: Command): Promise<void> => {
    const result = await withLedger(parts, command, ({ people }) => people.decide(of, decision, actor()));
    if (!result.ok) throw new CommandError(result.refused);
    err(
      `Match ${of}: ${result.state}. ${plural(result.released, 'message')} released; a running Tejido files them within a minute.`,
    );
  };

  matches
    .command('link')
    .description('say whose chart it is: a candidate, or the MRN in the EHR; what waits is filed, in order')
    .argument('<id>', 'id of the match', id)
    .argument('[candidate]', 'number of the candidate', number)
    .option('--mrn <mrn>', 'the medical record number of the chart')
    .addHelpText('after', '\nExample:\n  $ tejido matches link 7 1\n  $ tejido matches link 7 --mrn SYN-10023')
    .action(async (of: string, candidate: number | undefined, options: { mrn?: string }, command: Command) => {
      if ((candidate === undefined) === (options.mrn === undefined)) {
        throw new CommandError('Name the candidate, or --mrn; not both.', `See \`tejido matches show ${of}\`.`);
      }
      await decide(
        of,
        options.mrn === undefined ? { kind: 'candidate', number: candidate ?? 0 } : { kind: 'mrn', mrn: options.mrn },
        command,
      );
    });

  matches
    .command('reject')
    .description('say that it is none of the candidates, or that you cannot tell')
    .argument('<id>', 'id of the match', id)
    .option('--not-sure', 'it stays in the queue, for somebody else')
    .addHelpText('after', '\nExample:\n  $ tejido matches reject 7\n  $ tejido matches reject 7 --not-sure')
    .action((of: string, options: { notSure?: true }, command: Command) =>
      decide(of, { kind: options.notSure === true ? 'not-sure' : 'new' }, command),
    );
}
