/**
 * From the steps as the maps made them to those that this EHR takes: as themselves, as another type, as lines of a note,
 * by HL7 v2, or as an entry of the work list. Pure.
 *
 *   step ─▶ forms.ts (which form) ─┬─▶ itself, or another type (elsewhere.ts) ─────────────▶ steps
 *                                  ├─▶ a line (lines.ts) ─▶ a note (holders.ts, note.ts) ─▶ steps, or posts
 *                                  ├─▶ a message of its own by HL7 v2 ─────────────────────▶ posts (by-v2.ts)
 *                                  └─▶ no note possible, or wanted by hand ──────────────▶ work list
 */
import type { EmittedLink } from '../../../core/model.ts';
import type { FilingPlan, FilingStep, WorkListEntry } from '../../../core/ports.ts';
import { identified } from '../identity.ts';
import { subjectOf } from '../reference.ts';
import type { Abilities } from './abilities.ts';
import { asResult, isLine, isSurvey, otherForm } from './decide.ts';
import type { Tier } from './decide.ts';
import { inOtherForm } from './elsewhere.ts';
import { formOf, mergeForm, typeIn } from './forms.ts';
import type { Merge, Put, Void } from './forms.ts';
import { hold, isTextNote } from './holders.ts';
import { lineOf } from './lines.ts';
import { entryIn, entryOf, isOfLine, isOurNote, itemReference, noteOf, prefixOf } from './names.ts';
import { textOf } from './note.ts';
import { lostByV2, overByV2, postedAs, takenOf } from './posts.ts';
import type { V2Post } from './posts.ts';
import { referring } from './referring.ts';

/** An artifact that stands in another form, and where: by the artifact that holds it, or by a reference of our own. */
export type Placed = {
  readonly artifact: string;
  readonly resourceType: string;
  readonly tier: EmittedLink['tier'];
  readonly in: { readonly artifact: string } | { readonly reference: string };
};

/** What an earlier attempt may have written in another form than this one does. */
export type Suspect = {
  readonly artifact: string;
  readonly resourceType: string;
  readonly subject: string | undefined;
};

export type Lowered = {
  readonly steps: readonly FilingStep[];
  /** After the steps, in this order. */
  readonly posts: readonly V2Post[];
  readonly placed: readonly Placed[];
  /** Links that stay as they are, or are over together with what held them. */
  readonly links: readonly EmittedLink[];
  readonly workList: readonly WorkListEntry[];
  /** In doubt: to be looked for, and taken back where found. */
  readonly suspects: readonly Suspect[];
};

export function lower(plan: FilingPlan, abilities: Abilities, artifactSystem: string): Lowered {
  const { puts, merges, voids, ours } = sorted(plan.steps, artifactSystem);
  const recordKey = plan.recordKey ?? prefixOf(plan.steps[0]?.artifact ?? '');
  const notes = new Set(
    [...puts, ...voids, ...ours].flatMap(({ known }) =>
      known !== undefined && typeIn(known) === 'DocumentReference' && known.tier === 'native' ? [known.reference] : [],
    ),
  );
  const forms = new Map(puts.map((step) => [step, formOf(step, abilities, notes)]));
  const mergeForms = new Map(
    merges.map((step) => {
      const here = puts.find(({ artifact }) => artifact === step.artifact);
      return [step, mergeForm(step, here && forms.get(here), abilities)];
    }),
  );
  const of = (tier: Tier['tier']): readonly Put[] => puts.filter((step) => forms.get(step)?.tier === tier);
  const inLines = puts.filter((step) => {
    const form = forms.get(step);
    return form !== undefined && isLine(form, step.resource.resourceType);
  });
  const asked = [...merges.filter((step) => mergeForms.get(step)?.tier === 'note'), ...inLines];
  const byV2 = of('v2').filter((step) => !inLines.includes(step));

  const ownNative = of('native').find(isTextNote);
  const own = ownNative ?? byV2.find(isTextNote);
  const among = plan.steps.flatMap((step) => (step.do === 'void' ? [] : [step.resource]));
  const held = hold(asked, own, ownNative === undefined ? 'v2' : 'fhir', {
    recordKey,
    artifactSystem,
    abilities,
    ours,
    among,
  });
  const byHand = [...of('work-list'), ...held.left];
  const entry = entryOf(recordKey);

  const placed: Placed[] = [
    ...held.holders.flatMap(({ note, lines, by }) =>
      lines.map((step) => placeOf(step, by === 'v2' ? 'v2' : 'note', { artifact: note.artifact })),
    ),
    ...byHand.map((step) => placeOf(step, 'work-list', { reference: itemReference(entry) })),
    ...of('kept').map((step) => placeOf(step, 'kept', { reference: 'Tejido/kept' })),
    ...of('elsewhere').map((step) => placeOf(step, 'elsewhere', { artifact: step.artifact })),
  ].filter(({ artifact }) => !merges.some((step) => step.artifact === artifact && isElsewhereOwned(step, puts)));

  const holderOf = (artifact: string): string | undefined =>
    held.holders.find(({ lines, by }) => by === 'fhir' && lines.some((line) => line.artifact === artifact))?.note
      .fullUrl;
  const unplaced = new Map(
    [...inLines, ...byV2, ...of('work-list'), ...of('kept')].map((step) => [
      step.fullUrl,
      { resourceType: step.resource.resourceType, artifact: step.artifact, holder: holderOf(step.artifact) },
    ]),
  );
  const ready = (step: Put): Put => {
    const note = held.holders.find((each) => each.note.artifact === step.artifact)?.note ?? step;
    return { ...note, resource: referring(note.resource, unplaced, artifactSystem) };
  };
  const madeBy = (by: 'fhir' | 'v2'): readonly Put[] =>
    held.holders.flatMap((each) => (each.by === by && each.note.artifact !== own?.artifact ? [each.note] : []));
  const made = madeBy('fhir');
  const filed = puts.flatMap((step): Put[] => {
    const form = forms.get(step);
    if (form?.tier === 'native') return [ready(step.known?.tier === 'native' ? step : withoutKnown(step))];
    return form?.tier === 'elsewhere' ? [ready(asOther(step, form.as ?? ''))] : [];
  });
  const ended = [...voids, ...held.over.filter(({ known }) => known?.tier === 'v2')].map((step) =>
    endOf(step, abilities),
  );
  const posts = [
    ...[...madeBy('v2'), ...byV2].map((step): V2Post => ({
      ...ready(step),
      as: forms.get(step)?.as === asResult ? 'result' : 'document',
    })),
    ...puts.flatMap((step) => overByV2(step, forms.get(step))),
    ...ended.flatMap(({ posts: of }) => of),
    ...lostByV2(
      voids,
      (steps, of) => lower({ ...plan, steps, recordKey: of, doubt: false }, abilities, artifactSystem).posts,
    ),
  ];
  const { taken, left } = takenOf(posts, abilities);
  return {
    steps: [
      ...made,
      ...filed,
      ...merges
        .filter((step) => mergeForms.get(step)?.tier === 'native')
        .map((step) => ({ ...step, resource: referring(step.resource, unplaced, artifactSystem) })),
      ...puts.flatMap((step) => retraction(step, forms.get(step))),
      ...ended.flatMap(({ steps }) => steps),
      ...held.over.filter(({ known }) => known?.tier !== 'v2'),
    ],
    posts: taken,
    placed: [...placed, ...ended.flatMap(({ placed: of }) => of)],
    links: [
      ...merges.flatMap((step): EmittedLink[] =>
        mergeForms.get(step)?.tier === 'note' && isElsewhereOwned(step, puts) && step.known !== undefined
          ? [{ ...step.known, action: 'unchanged' }]
          : [],
      ),
      ...ended.flatMap(({ links }) => links),
      ...left.map(({ link }) => link),
    ],
    workList: [...workListOf(byHand, entry, [...puts, ...voids]), ...left.map(({ entry: one }) => one)],
    suspects: suspectsOf(plan, puts, voids, forms, abilities, recordKey, [...made, ...madeBy('v2')]),
  };
}

/** Its link belongs to what another record filed. */
const isElsewhereOwned = (step: Merge, puts: readonly Put[]): boolean =>
  !puts.some(({ artifact }) => artifact === step.artifact);

const placeOf = (step: Put | Merge, tier: Placed['tier'], at: Placed['in']): Placed => ({
  artifact: step.artifact,
  resourceType: step.resource.resourceType,
  tier,
  in: at,
});

function withoutKnown({ known: _known, ...step }: Put): Put {
  return step;
}

function asOther(step: Put, as: string): Put {
  const { known } = step;
  const resource = inOtherForm(step.resource, as);
  return known?.tier === 'elsewhere' && typeIn(known) === as
    ? { ...step, resource, known: { ...known, resourceType: as, tier: 'native' } }
    : { ...withoutKnown(step), resource };
}

/** What stood as another type, and is filed in a better form now. */
function retraction({ artifact, known }: Put, form: Tier | undefined): readonly Void[] {
  if (known?.tier !== 'elsewhere' || (form?.tier === 'elsewhere' && form.as === typeIn(known))) return [];
  return [{ do: 'void', artifact, resourceType: typeIn(known), known: { ...known, tier: 'native' } }];
}

type End = {
  readonly steps: readonly Void[];
  readonly posts: readonly V2Post[];
  readonly placed: readonly Placed[];
  readonly links: readonly EmittedLink[];
};

/** A line is over with its note, an entry when it is withdrawn; the rest is marked where it stands. */
function endOf(step: Void, abilities: Abilities): End {
  const { known, artifact, resourceType } = step;
  const nothing: End = { steps: [], posts: [], placed: [], links: [] };
  if (known === undefined) return { ...nothing, steps: abilities.find(resourceType) ? [step] : [] };
  if (known.tier === 'native') return { ...nothing, steps: [step] };
  if (known.tier === 'v2' && known.sent !== undefined)
    return { ...nothing, posts: [{ do: 'void', artifact, known, as: postedAs(known) }] };
  if (known.tier === 'elsewhere')
    return {
      ...nothing,
      steps: [{ ...step, resourceType: typeIn(known), known: { ...known, tier: 'native' } }],
      placed: [{ artifact, resourceType, tier: 'elsewhere', in: { artifact } }],
    };
  return { ...nothing, links: [{ ...known, action: 'voided' }] };
}

/** What a person reads, and enters: the note as it was written, then a line for each resource. */
function workListOf(
  byHand: readonly (Put | Merge)[],
  entry: string,
  before: readonly (Put | Void)[],
): readonly WorkListEntry[] {
  const text = (step: Put | Merge): readonly string[] =>
    (step.do === 'put' ? textOf(step.resource) : undefined)?.split('\n').filter((line) => line.trim() !== '') ?? [];
  const notes = byHand.flatMap(text);
  const others = byHand.filter((step) => text(step).length === 0).map(({ resource }) => lineOf(resource));
  const wanted: readonly WorkListEntry[] =
    byHand.length === 0 ? [] : [{ do: 'enter', artifact: entry, lines: [...notes, ...others] }];
  const entries = new Set(
    before.flatMap(({ known }) => (known?.tier === 'work-list' ? [entryIn(known.reference)] : [])),
  );
  const over = [...entries].filter((each) => byHand.length === 0 || each !== entry);
  // An entry of another record is that record's to withdraw, unless this plan voids it.
  return [
    ...wanted,
    ...over
      .filter((each) => each === entry || before.some((step) => step.do === 'void' && isIn(step, each)))
      .map((artifact) => ({ do: 'withdraw', artifact }) as const),
  ];
}

const isIn = ({ known }: Void, entry: string): boolean => known?.reference === itemReference(entry);

/** Steps by what they do. A note that replaced another is known by its own artifact; here it is found again. */
function sorted(steps: readonly FilingStep[], artifactSystem: string) {
  const voids = steps.filter((step) => step.do === 'void');
  const replaced = new Set<Void>();
  const puts = steps
    .filter((step) => step.do === 'put')
    .map((step): Put => {
      if (step.resource.resourceType !== 'DocumentReference' || step.known !== undefined) return step;
      const later = voids.find(({ artifact, known }) => known !== undefined && isOfLine(step.artifact, artifact));
      if (later?.known === undefined) return step;
      replaced.add(later);
      const { artifact, known } = later;
      return { ...step, artifact, known, resource: identified(step.resource, artifactSystem, artifact) };
    });
  const left = voids.filter((step) => !replaced.has(step));
  const ours = left.filter(({ artifact, known }) => known !== undefined && isOurNote(artifact));
  return {
    puts,
    merges: steps.filter((step) => step.do === 'merge'),
    voids: left.filter((step) => !ours.includes(step)),
    ours,
  };
}

/**
 * An attempt before this one, whose answer was lost, may have chosen otherwise: the EHR, or what we knew of it, was
 * another then.
 */
function suspectsOf(
  { doubt }: FilingPlan,
  puts: readonly Put[],
  voids: readonly Void[],
  forms: ReadonlyMap<Put, Tier>,
  abilities: Abilities,
  recordKey: string,
  made: readonly Put[],
): readonly Suspect[] {
  if (!doubt) return [];
  const fromPuts = puts.flatMap((step): Suspect[] => {
    const { artifact, resource, known } = step;
    if (known !== undefined) return [];
    const as = forms.get(step)?.as;
    const subject = subjectOf(resource);
    return [resource.resourceType, otherForm(resource.resourceType, isSurvey(resource))]
      .filter((type) => type !== undefined && type !== as)
      .map((resourceType) => ({ artifact, resourceType: resourceType ?? '', subject }));
  });
  const unknown = voids.filter(({ known }) => known === undefined);
  const fromVoids = unknown.flatMap(({ artifact, resourceType, subject }): Suspect[] => {
    const other = otherForm(resourceType, true);
    return other === undefined ? [] : [{ artifact, resourceType: other, subject }];
  });
  const prefixes = new Map(unknown.map(({ artifact, subject }) => [prefixOf(artifact), subject]));
  if (puts.length > 0)
    prefixes.set(
      recordKey,
      puts.map(({ resource }) => subjectOf(resource)).find((each) => each !== undefined),
    );
  const notes = [...prefixes].flatMap(([key, subject]) =>
    [false, true]
      .map((restricted) => noteOf(key, restricted))
      .filter((artifact) => !made.some((note) => isOfLine(artifact, note.artifact)))
      .map((artifact): Suspect => ({ artifact, resourceType: 'DocumentReference', subject })),
  );
  return [...fromPuts, ...fromVoids, ...notes].filter(({ resourceType }) => abilities.find(resourceType));
}
