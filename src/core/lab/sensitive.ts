/**
 * Which results need more care than others, and where they may go: judged for each result, not for the message. An A1c
 * beside an HIV test is an A1c. Pure; a judgement names classes, never a value.
 *
 * A result is judged by its codes and names, and by a value that is coded or written in words (a culture that grew it), not
 * by its notes and conclusions: the note under every A1c of a laboratory speaks of pregnancy. What belongs to a report whose own
 * name is sensitive (`HIV panel`: `Interpretation`) is as sensitive as that, unless it is a measure whose trend the CHW is told.
 */
import { isRestricted } from '../change.ts';
import { screenOf, type WordList } from '../gates/words.ts';
import type { Resource } from '../ports.ts';
import type { LabRules } from './rules.ts';

/** One class of sensitive results. `codes`: LOINC or the laboratory's own, whatever the system. */
export type SensitiveClass = WordList & { readonly about: string; readonly codes: readonly string[] };

export type Label = { readonly system: string; readonly code: string; readonly display: string };

export type LabJudgement = {
  /** `hiv`, `sti`, `drug-screen`, `pregnancy`, `genetic`, `mental-health`, `part2`, and what the site adds. */
  readonly about: readonly string[];
  /** For `meta.security`, beside what stands there. */
  readonly labels: readonly Label[];
  readonly toEhr: boolean;
  /** Of a measure that a CHW is told, and nothing that needs care. */
  readonly toChw: boolean;
};

export type LabSurroundings = {
  /** The sender is a programme under 42 CFR Part 2. */
  readonly part2: boolean;
  /** Of an Observation: the report it belongs to. */
  readonly report?: Resource;
  /** Of a DiagnosticReport: what its results were judged to be. */
  readonly results?: readonly LabJudgement[];
};

/** Judges one Observation or DiagnosticReport, as it was mapped. */
export type JudgeResult = (resource: Resource, around: LabSurroundings) => LabJudgement;

const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

/** Of HL7 v3-ActCode, where it has one. What a site adds is labelled as restricted only. */
const labelOf: Readonly<Record<string, Label>> = {
  hiv: { system: actCode, code: 'HIV', display: 'HIV/AIDS information sensitivity' },
  sti: { system: actCode, code: 'STD', display: 'sexually transmitted disease information sensitivity' },
  'drug-screen': { system: actCode, code: 'ETH', display: 'substance abuse information sensitivity' },
  pregnancy: { system: actCode, code: 'SEX', display: 'sexuality and reproductive health information sensitivity' },
  genetic: { system: actCode, code: 'GDIS', display: 'genetic disease information sensitivity' },
  'mental-health': { system: actCode, code: 'MH', display: 'mental health information sensitivity' },
  part2: { system: actCode, code: '42CFRPart2', display: '42 CFR Part2' },
};

const restricted: Label = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  code: 'R',
  display: 'restricted',
};

const mostKnown = 2_000;

/** Compiles the lists once; the function that comes back is called for each result. */
export function createLabScreen(
  rules: Pick<LabRules, 'sensitive' | 'sensitiveCodes' | 'withholdFromEhr' | 'trends'>,
): JudgeResult {
  const classes = rules.sensitive.map(({ about, codes, ...words }) => ({
    about,
    codes: new Set([...codes, ...(rules.sensitiveCodes[about] ?? [])]),
    screen: screenOf(words),
  }));
  const added = Object.entries(rules.sensitiveCodes)
    .filter(([about]) => !rules.sensitive.some((one) => one.about === about))
    .map(([about, codes]) => ({ about, codes: new Set(codes), screen: () => false }));
  const all = [...classes, ...added];
  const told = new Set(rules.trends.flatMap(({ codes }) => codes));

  const judged = (codes: readonly string[], names: readonly string[]): readonly string[] =>
    all
      .filter((one) => codes.some((code) => one.codes.has(code)) || names.some((name) => one.screen(name)))
      .map(({ about }) => about);
  // What is measured is the same again and again; what a value says is not, and is not remembered.
  const known = new Map<string, readonly string[]>();
  const ofConcept = (concept: unknown): readonly string[] => {
    const [codes, names] = [codesIn(concept), textsIn(concept)];
    const key = [...codes, '', ...names].join('\n');
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size >= mostKnown) known.clear();
    const about = judged(codes, names);
    known.set(key, about);
    return about;
  };
  const aboutOf = (concept: unknown, words: readonly string[]): readonly string[] =>
    words.length === 0 ? ofConcept(concept) : [...new Set([...ofConcept(concept), ...judged([], words)])];
  const ofReport = (report: Resource): readonly string[] => aboutOf(report['code'], []);

  return (resource, { part2, report, results = [] }) => {
    const isReport = resource.resourceType === 'DiagnosticReport';
    const parts = [resource, ...list(resource['component'])];
    const own = isReport
      ? aboutOf(resource['code'], list(resource['conclusionCode']).flatMap(textsIn))
      : parts.flatMap((part) => aboutOf(part['code'], valuesIn(part)));
    const plain = codesIn(resource['code']).some((code) => told.has(code));
    const inherited = report === undefined || plain ? [] : ofReport(report);
    const about = new Set([...own, ...inherited, ...results.flatMap((one) => one.about), ...(part2 ? ['part2'] : [])]);
    const withheld = (names: Iterable<string>): boolean =>
      [...names].some((name) => rules.withholdFromEhr.includes(name));
    // A report goes as long as it is not itself of such a class and something of it goes.
    const toEhr = isReport
      ? !withheld([...ofReport(resource), ...(part2 ? ['part2'] : [])]) &&
        (results.length === 0 || results.some((one) => one.toEhr))
      : !withheld(about);
    return {
      about: [...about],
      labels: about.size === 0 ? [] : [restricted, ...[...about].flatMap((name) => labelOf[name] ?? [])],
      toEhr,
      toChw: !isReport && plain && about.size === 0 && !isRestricted(resource),
    };
  };
}

/** The resource with these labels beside its own. */
export function withLabels(resource: Resource, labels: readonly Label[]): Resource {
  if (labels.length === 0) return resource;
  const meta = record(resource['meta']);
  const before = list(meta['security']);
  const news = labels.filter(
    (label) => !before.some((one) => one['system'] === label.system && one['code'] === label.code),
  );
  return { ...resource, meta: { ...meta, security: [...before, ...news] } };
}

/** A report of which some results are withheld, as it may go: without the texts and attached forms, which tell of all of them. */
export const withoutTexts = (report: Resource): Resource => ({
  resourceType: report.resourceType,
  ...Object.fromEntries(Object.entries(report).filter(([element]) => !tellsOfAll.has(element))),
});

const tellsOfAll = new Set(['conclusion', 'conclusionCode', 'presentedForm', 'text', 'media', 'note']);

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const record = (value: unknown): Json => (isRecord(value) ? value : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const texts = (value: unknown): readonly string[] => (typeof value === 'string' && value !== '' ? [value] : []);

const codesIn = (concept: unknown): readonly string[] =>
  list(record(concept)['coding']).flatMap(({ code }) => texts(code));

const textsIn = (concept: unknown): readonly string[] => [
  ...texts(record(concept)['text']),
  ...list(record(concept)['coding']).flatMap(({ display }) => texts(display)),
];

/** A value in words or codes. */
const valuesIn = (part: Json): readonly string[] => [
  ...texts(part['valueString']),
  ...textsIn(part['valueCodeableConcept']),
];
