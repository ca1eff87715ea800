/** docs/ehrs.md: what each EHR takes, by what it says of itself. Pure. */
import { readCapabilities } from '../src/connections/fhir/capability.ts';
import { abilitiesOf } from '../src/connections/fhir/tiers/abilities.ts';
import { levelsOf } from '../src/connections/fhir/tiers/levels.ts';

export type Statement = { readonly name: string; readonly body: unknown };

type Levels = ReturnType<typeof levelsOf>;

const titles: Readonly<Record<string, string>> = {
  'athenahealth-r4': 'athenahealth',
  'eclinicalworks-r4': 'eClinicalWorks',
  'epic-r4': 'Epic',
  'meditech-greenfield-r4': 'MEDITECH Greenfield',
  'nextgen-enterprise-r4': 'NextGen Enterprise',
  'nextgen-office-r4': 'NextGen Office',
  'oracle-health-r4-open': 'Oracle Health, open endpoint',
  'oracle-health-r4-secure': 'Oracle Health, secured endpoint',
};

const order = [
  'epic-r4',
  'oracle-health-r4-secure',
  'oracle-health-r4-open',
  'athenahealth-r4',
  'eclinicalworks-r4',
  'meditech-greenfield-r4',
  'nextgen-enterprise-r4',
  'nextgen-office-r4',
];

const place = ({ name }: Statement): number => (order.includes(name) ? order.indexOf(name) : order.length);

/** The page, from R4 CapabilityStatements. What is none is left out. */
export function ehrsPage(statements: readonly Statement[]): string {
  const read = statements
    .toSorted((one, other) => place(one) - place(other) || (one.name < other.name ? -1 : 1))
    .flatMap(({ name, body }) => {
      const capabilities = readCapabilities(body, new Date(0));
      if (capabilities === undefined) return [];
      const levels = (byV2: boolean): Levels =>
        levelsOf(
          capabilities,
          abilitiesOf(capabilities, undefined, { has: () => false }, {}, { documents: byV2, results: byV2 }),
        );
      return [{ title: titles[name] ?? name, capabilities, levels: levels(false), withV2: levels(true) }];
    });
  return [
    '# What each EHR takes',
    'Made by `npm run docs:ehrs` from the CapabilityStatements that the vendors publish (captured in July and August 2026). ' +
      'A site may allow less: `tejido check` says what yours does, by its own statement and the scopes it granted. What a ' +
      'vendor offers beside FHIR (athenaOne, the write-back programme of eClinicalWorks) is not counted here; HL7 v2 has a ' +
      'table of its own.',
    'How Tejido chooses, and what a note or an entry of the work list looks like: ' +
      '[connections.md](connections.md#what-an-ehr-does-not-take).',
    '## At a glance',
    overview(read.map(({ title, levels }) => ({ title, levels }))),
    '**itself**: as the FHIR resource. **itself, final**: it can be created, but Tejido can neither amend nor void it; a ' +
      'correction becomes an entry of the work list. **note**: a line of the contact’s note, replaced with each change. ' +
      '**as …**: filed as this other type. **by hand**: an entry of the work list, for a person. **Tejido**: kept in Tejido ' +
      'only; author and source stand in the note.',
    '## With an HL7 v2 interface',
    'Where the site has one and the destination names it (`hl7v2`, ' +
      '[connections.md](connections.md#an-hl7-v2-interface-beside-fhir)), taking documents and results: what differs.',
    overview(read.map(({ title, levels, withV2 }) => ({ title, levels: differing(levels, withV2) }))),
    '**MDM^T02**: the note itself. **line, MDM^T02**: a line of the note that goes so. **ORU^R01**: vital signs and ' +
      'point-of-care tests; other Observations are lines. A correction replaces the document (T10) or the value (C); a ' +
      'void cancels them (T11, W).',
    ...read.flatMap(({ title, capabilities, levels }) => [
      `## ${title}`,
      summary(levels),
      `Transactions: ${capabilities.transaction ? 'yes' : 'no'}. Batches: ${capabilities.batch ? 'yes' : 'no'}.`,
      detail(levels),
    ]),
  ].join('\n\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function overview(read: readonly { readonly title: string; readonly levels: Levels }[]): string {
  const types = [...new Set(read.flatMap(({ levels }) => levels.map(({ type }) => type)))]
    .filter((type) => type !== 'Patient')
    .toSorted();
  return table(
    ['Resource', ...read.map(({ title }) => title)],
    types.map((type) => [type, ...read.map(({ levels }) => short(levels.find((level) => level.type === type)))]),
  );
}

const differing = (levels: Levels, others: Levels): Levels =>
  others.filter(({ type, tier }) => levels.find((level) => level.type === type)?.tier !== tier);

function short(level: Levels[number] | undefined): string {
  if (level === undefined) return '';
  if (level.tier === 'native') return level.amend === 'by hand' ? 'itself, final' : 'itself';
  if (level.tier === 'elsewhere') return `as ${/^as (\w+)/.exec(level.says)?.[1] ?? 'another'}`;
  if (level.tier === 'work-list') return 'by hand';
  if (level.tier === 'v2')
    return level.says.startsWith('vital signs')
      ? 'ORU^R01'
      : level.type === 'DocumentReference'
        ? 'MDM^T02'
        : 'line, MDM^T02';
  return level.tier === 'kept' ? 'Tejido' : 'note';
}

function summary(levels: Levels): string {
  const of = (...tiers: readonly string[]): readonly string[] =>
    levels.filter(({ type, tier }) => type !== 'Patient' && tiers.includes(tier)).map(({ type }) => type);
  const [native, degraded, byHand] = [of('native'), of('elsewhere', 'note', 'v2'), of('work-list')];
  const say = (what: string, types: readonly string[]): readonly string[] =>
    types.length === 0 ? [] : [`${what}: ${types.join(', ')}.`];
  const only =
    native.length === 0
      ? ['It takes nothing by FHIR: everything becomes an entry of the work list, for a person.']
      : [];
  return [...only, ...say('As itself', native), ...say('In another form', degraded), ...say('By hand', byHand)].join(
    ' ',
  );
}

const detail = (levels: Levels): string =>
  table(
    ['Resource', 'Create', 'Update', 'How it is filed', 'Amended', 'Voided'],
    levels.map(({ type, create, update, says, amend, void: voids }) => [
      type,
      create ? 'yes' : 'no',
      update ? 'yes' : 'no',
      says,
      amend,
      voids,
    ]),
  );
