/** Which results are sensitive: per result, by code and by name, and where they may go. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { LabRules } from '../../../src/core/lab/rules.ts';
import { createLabScreen, type LabSurroundings, withLabels, withoutTexts } from '../../../src/core/lab/sensitive.ts';
import type { Resource } from '../../../src/core/ports.ts';
import { labRules } from '../../support/labs.ts';

const screen = (more: Partial<LabRules> = {}) => createLabScreen({ ...labRules, ...more });
const judge = screen();
const alone: LabSurroundings = { part2: false };

const observation = (name: string, code = 'X1', more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Observation',
  code: { coding: [{ system: 'urn:lab', code, display: name }] },
  ...more,
});
const report = (name: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'DiagnosticReport',
  code: { text: name },
  ...more,
});

describe('a name', () => {
  test.each([
    ['HIV 1+2 Ab+HIV1 p24 Ag SerPl Ql IA', 'hiv'],
    ['CD4 count', 'hiv'],
    ['Prueba de VIH', 'hiv'],
    ['C trach rRNA XXX Ql NAA+probe', 'sti'],
    ['Neisseria gonorrhoeae DNA', 'sti'],
    ['Rapid Plasma Reagin (RPR)', 'sti'],
    ['Treponema pallidum Ab', 'sti'],
    ['Drug Screen 9 Panel, Urine', 'drug-screen'],
    ['Benzoylecgonine', 'drug-screen'],
    ['Ethanol Bld-mCnc', 'drug-screen'],
    ['Choriogonadotropin (pregnancy test) [Presence] in Urine', 'pregnancy'],
    ['Prueba de embarazo', 'pregnancy'],
    ['BRCA1 gene mutations found', 'genetic'],
    ['Lithium SerPl-mCnc', 'mental-health'],
    ['PHQ-9 total', 'mental-health'],
  ])('%s is %s', (name, about) => {
    expect(judge(observation(name), alone)).toMatchObject({ about: [about], toChw: false, toEhr: true });
  });

  test.each([
    'Hemoglobin A1c/Hemoglobin.total in Blood',
    'Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation',
    'Triglycerides',
    'Glucose [Mass/volume] in Serum or Plasma --2 hours post 75 g glucose PO',
    'Albumin/Creatinine [Mass Ratio] in Urine',
    'Glomerular filtration rate/1.73 sq M.predicted',
    'Fetal Hemoglobin',
    'Potassium (lithium heparin plasma)',
    'Alpha-1-Fetoprotein',
    'Thyrotropin',
  ])('%s is not sensitive', (name) => {
    expect(judge(observation(name), alone)).toEqual({ about: [], labels: [], toEhr: true, toChw: false });
  });
});

test('only the measures whose trend is told go to a CHW, and never a report as a whole', () => {
  expect(judge(observation('Hemoglobin A1c', '4548-4'), alone).toChw).toBe(true);
  expect(judge(observation('Glucose', '2345-7'), alone).toChw).toBe(false);
  expect(judge({ ...report('Hemoglobin A1c'), code: { coding: [{ code: '4548-4' }] } }, alone).toChw).toBe(false);
});

test('a code without any name, and a code that the site adds', () => {
  const bare = (code: string): Resource => ({ resourceType: 'Observation', code: { coding: [{ code }] } });
  expect(judge(bare('56888-1'), alone).about).toEqual(['hiv']);
  expect(judge(bare('LAB77'), alone).about).toEqual([]);
  const added = screen({ sensitiveCodes: { hiv: ['LAB77'], hepatitis: ['LAB78'] } });
  expect(added(bare('LAB77'), alone).about).toEqual(['hiv']);
  const own = added(bare('LAB78'), alone);
  expect(own).toMatchObject({ about: ['hepatitis'], toChw: false });
  expect(own.labels.map(({ code }) => code)).toEqual(['R']);
});

test('what grew in a culture counts, the note of the laboratory does not', () => {
  const grew = observation('Bacteria identified', 'C1', { valueCodeableConcept: { text: 'Neisseria gonorrhoeae' } });
  expect(judge(grew, alone).about).toEqual(['sti']);
  const note = [{ text: 'Not valid in pregnancy, HIV treatment, sickle cell trait.' }];
  expect(judge(observation('Hemoglobin A1c', '4548-4', { note }), alone).about).toEqual([]);
});

test('an A1c beside an HIV test goes on; what has no name of its own is what its report is', () => {
  const panel = report('HIV 1/2 panel');
  const around = { ...alone, report: panel };
  expect(judge(observation('Interpretation'), around).about).toEqual(['hiv']);
  expect(judge(observation('Hemoglobin A1c', '4548-4'), { ...alone, report: report('Prenatal panel') })).toMatchObject({
    about: [],
    toChw: true,
  });
});

test('a programme under Part 2: everything is labelled, nothing is told', () => {
  const a1c = judge(observation('Hemoglobin A1c', '4548-4'), { part2: true });
  expect(a1c).toMatchObject({ about: ['part2'], toChw: false, toEhr: true });
  expect(a1c.labels.map(({ code }) => code)).toEqual(['R', '42CFRPart2']);
});

test('what its sender restricted is not told', () => {
  const meta = { security: [{ code: 'R' }] };
  expect(judge(observation('Hemoglobin A1c', '4548-4', { meta }), alone)).toMatchObject({ about: [], toChw: false });
});

describe('a report', () => {
  const sensitive = judge(observation('HIV 1 Ab'), alone);
  const plain = judge(observation('Glucose'), alone);

  test('is what its results are', () => {
    expect(judge(report('Panel'), { ...alone, results: [plain, sensitive] }).about).toEqual(['hiv']);
    expect(judge(report('Panel'), { ...alone, results: [plain] }).about).toEqual([]);
  });

  test('is withheld from the EHR when it is of such a class itself, or nothing of it goes', () => {
    const strict = screen({ withholdFromEhr: ['hiv'] });
    const held = strict(observation('HIV 1 Ab'), alone);
    expect(held.toEhr).toBe(false);
    expect(strict(report('Panel'), { ...alone, results: [plain, held] }).toEhr).toBe(true);
    expect(strict(report('Panel'), { ...alone, results: [held] }).toEhr).toBe(false);
    expect(strict(report('HIV panel'), { ...alone, results: [plain] }).toEhr).toBe(false);
  });

  test('of which some is withheld goes without what tells of all of it', () => {
    const whole = report('Panel', {
      status: 'final',
      conclusion: 'HIV positive',
      presentedForm: [{ data: 'aGl2' }],
      result: [{ reference: '#artifact:a' }],
    });
    expect(withoutTexts(whole)).toEqual({
      resourceType: 'DiagnosticReport',
      code: { text: 'Panel' },
      status: 'final',
      result: [{ reference: '#artifact:a' }],
    });
  });
});

test('labels stand beside those that are there, once', () => {
  const { labels } = judge(observation('HIV 1 Ab'), alone);
  const once = withLabels(
    observation('HIV 1 Ab', 'X', { meta: { profile: ['p'], security: [{ code: 'N' }] } }),
    labels,
  );
  expect(once['meta']).toMatchObject({ profile: ['p'], security: [{ code: 'N' }, { code: 'R' }, { code: 'HIV' }] });
  expect(withLabels(once, labels)).toEqual(once);
});

test('the list is written so that every phrase of it is found', () => {
  const file = new URL('../../../src/config/screens/sensitive-labs.json', import.meta.url);
  const { classes } = JSON.parse(readFileSync(file, 'utf8')) as {
    classes: Record<string, { names: string[]; codes: string[] }>;
  };
  for (const [about, { names, codes }] of Object.entries(classes)) {
    for (const name of names) expect([name, judge(observation(name.replace('*', '')), alone).about]).toEqual([name, expect.arrayContaining([about])]); // prettier-ignore
    for (const code of codes) expect(judge(observation('', code), alone).about).toContain(about);
  }
});
