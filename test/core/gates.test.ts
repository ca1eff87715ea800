/** The gates one by one, and in their order; against the lists and defaults that Tejido comes with. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { loadConfig } from '../../src/config/load.ts';
import type { Activity } from '../../src/core/activity.ts';
import type { CauseCode } from '../../src/core/causes.ts';
import type { OwnedFact } from '../../src/core/fact.ts';
import { createGates, type GateInput, type GateRules } from '../../src/core/gates/index.ts';
import { receivesAll } from '../../src/core/gates/minimum.ts';
import { drawn } from '../../src/core/gates/review.ts';
import { screenOf, type WordList } from '../../src/core/gates/words.ts';

let rules: GateRules;
beforeAll(async () => {
  const loaded = await loadConfig({ env: { TEJIDO_CONFIG: 'test/config/empty.yaml' } });
  if (!loaded.ok) throw new Error('The defaults are not sound.');
  rules = loaded.value.gates;
});

const occurredAt = '2026-05-06T18:05:00-05:00';
const now = new Date('2026-05-07T12:00:00Z');
const record = { source: 'app', recordId: 'r1' };

const activity = (more: object = {}): Activity => ({
  schemaVersion: '1.0',
  activityType: 'contact.home',
  programmeId: 'msep',
  status: 'completed',
  source: { systemId: 'app', recordId: 'r1' },
  occurredAt,
  subject: { mrn: 'M1' },
  performer: { sourceUserId: 'u' },
  ...more,
});

const check = (given: object = {}, more: Partial<GateInput> & { rules?: Partial<GateRules> } = {}) => {
  const { rules: other, ...input } = more;
  const asked = { activity: activity(given), record, facts: [], receivedAt: now, now, released: [], receives: receivesAll, to: 'ehr' }; // prettier-ignore
  return createGates({ ...rules, ...other }).check({ ...asked, ...input });
};

/** `go-on`, `withhold`, or the cause. */
const verdict = (given?: object, more?: Parameters<typeof check>[1]): string => {
  const gated = check(given, more);
  return gated.do === 'stop' ? gated.failure.cause : gated.do;
};

const consent = (key: string, data: object, at = '2026-01-01T12:00:00Z', recordId = key): OwnedFact => ({
  kind: 'consent',
  key,
  at,
  source: 'app',
  recordId,
  data: { kind: 'community-referral', status: 'given', scope: ['all'], ...data },
});

const referral = (details: object = {}) => ({
  activityType: 'referral.community',
  details: { category: 'food', serviceId: 'hsds:svc-9', ...details },
});

describe('the screen of immigration status', () => {
  test.each([
    'Está INDOCUMENTADO, dice.',
    'son indocumentadas',
    'indocumentadxs',
    'vive SIN  PAPELES, tiene miedo',
    'sin\npapeles',
    'indocu-\nmentada',
    'in\u200Bdocu\u00ADmentado',
    'indоcumentadо', // Cyrillic о
    'ｉｎｄｏｃｕｍｅｎｔａｄｏ',
    '1nd0cumentad0',
    'indocumentad@',
    'i n d o c u m e n t a d o',
    'S.I.N. P.A.P.E.L.E.S',
    '#sinpapeles',
    'estatus migratorio',
    'situación migratoria',
    'lost her Green Card',
    'greencard',
    'was deported in 2019',
    'undocumented',
    'DACA',
    'la migra',
    'TIENE LA VISA VENCIDA',
    'asylum seeker',
    'pidió asilo',
    'naturalizada',
  ])('finds %j', (text) => {
    expect(verdict({ narrative: { es: text } })).toBe('gate/sensitive-text');
  });

  test.each([
    'Trajo sus papeles; faltan documentos del seguro.',
    'documented foot care',
    'pagó con Visa',
    'hace deporte, va al deportivo',
    'green card de Medicaid',
    'tarjeta verde del seguro',
    'undocumented allergies',
    'sin papeles de la cita',
    'vive en un asilo de ancianos',
    'ice pack on the knee, ice cream',
    'migraña; migró de sistema',
    'permiso para faltar al trabajo',
    'su papel en la familia',
    'legal services',
  ])('lets %j pass', (text) => {
    expect(verdict({ narrative: { es: text } })).toBe('go-on');
  });

  test('finds it wherever a person can type, and names the place, never the wording', () => {
    const places: readonly (readonly [object, string])[] = [
      [{ details: { reason: 'indocumentado' } }, '/details/reason'],
      [{ components: [{ key: 'g', activityType: 'goal.set', details: { text: 'undocumented' } }] }, '/components/0/details/text'],
      [{ attachments: [{ title: 'green card.pdf' }] }, '/attachments/0/title'],
      [{ clientTags: ['sin papeles'] }, '/clientTags/0'],
      [{ required_documents: 'Proof of citizenship' }, '/required_documents'],
      [{ details: { estatus_migratorio: 'x' } }, '/details/(name)'],
      [{ details: { estatusMigratorio: { a: ['undocumented'] } } }, '/details/(name)'],
    ]; // prettier-ignore
    for (const [given, where] of places) {
      const gated = check(given);
      if (gated.do !== 'stop') throw new Error(`It passed: ${where}`);
      expect(gated.failure.issues?.map((issue) => issue.where)).toEqual([where]);
      expect(JSON.stringify(gated.failure).toLowerCase()).not.toMatch(/indocu|undocu|green|papeles|citizen|estatus/);
    }
  });

  test('is no affair of the name of a person', () => {
    expect(verdict({ subject: { mrn: 'M1', name: { given: 'Daca', family: 'Asylum' } } })).toBe('go-on');
  });

  test('cannot be released', () => {
    expect(verdict({ narrative: { en: 'undocumented' } }, { released: ['gate/sensitive-text', 'gate/review'] })).toBe(
      'gate/sensitive-text',
    );
  });

  test('every phrase of the lists finds itself: as it stands, in capitals, with accents and marks between', () => {
    for (const list of ['wording', 'substanceUse'] as const) {
      const screen = screenOf({ phrases: rules[list].phrases, harmless: [] });
      fc.assert(
        fc.property(
          fc.constantFrom(...rules[list].phrases),
          fc.constantFrom(' ', '  ', '\n', ' - ', '. ', '\u00A0', '_'),
          fc.constantFrom('', '\u200B', '\u0301', '\u00AD'),
          fc.boolean(),
          (phrase, gap, mark, upper) => {
            const bare = phrase.replaceAll('*', '').split(' ').map((word) => Array.from(word).join(mark)).join(gap);
            return screen(`x ${upper ? bare.toUpperCase() : bare} y`);
          },
        ),
      ); // prettier-ignore
    }
  });

  test('a harmless phrase saves what is inside of it and nothing else', () => {
    const list: WordList = { phrases: ['green card'], harmless: ['green card de medicaid'] };
    expect(screenOf(list)('su green card de medicaid')).toBe(false);
    expect(screenOf(list)('su green card de medicaid y su green card')).toBe(true);
  });
});

describe('the clock', () => {
  const ahead = { occurredAt: '2026-05-07T13:00:00Z' };
  test('what lies ahead waits, goes on when the time has come, or when a person releases it', () => {
    expect(verdict(ahead)).toBe('gate/clock-skew');
    expect(verdict(ahead, { now: new Date('2026-05-07T12:51:00Z') })).toBe('go-on');
    expect(verdict(ahead, { released: ['gate/clock-skew'] })).toBe('go-on');
    expect(verdict({ occurredAt: '2026-05-07T12:09:00Z' })).toBe('go-on');
  });

  test('a record older than its event is marked', () => {
    const gated = check({ recordedAt: '2026-05-06T12:00:00Z' });
    expect(gated).toMatchObject({ do: 'go-on', issues: [{}, { where: '/recordedAt', code: 'gate/clock' }] });
  });

  test('late entries are marked, very late ones held until released', () => {
    const late = { rules: { late: { markDays: 30, holdDays: 60 } } };
    expect(check({ occurredAt: '2026-04-01T12:00:00Z' }, late)).toMatchObject({ do: 'go-on', lateDays: 36 });
    expect(check({}, late)).not.toHaveProperty('lateDays');
    const old = { occurredAt: '2026-02-01T12:00:00Z' };
    expect(verdict(old, late)).toBe('gate/late');
    expect(check(old, { ...late, released: ['gate/late'] })).toMatchObject({ do: 'go-on', lateDays: 95 });
  });
});

describe('consent to a referral', () => {
  const later = '2026-03-01T12:00:00Z';
  test.each<[string, string, object, readonly OwnedFact[]]>([
    ['gate/consent-missing', 'none', {}, []],
    ['go-on', 'named by the sender', { consentRef: 'c-3' }, []],
    ['go-on', 'on record', {}, [consent('c-3', {})]],
    ['go-on', 'on record for this service', {}, [consent('c-3', { scope: ['food'], recipient: 'hsds:svc-9' })]],
    ['go-on', 'on record for this class', {}, [consent('c-3', { recipient: 'community-organisations' })]],
    ['gate/consent-scope', 'for another service', { consentRef: 'c-3' }, [consent('c-3', { scope: ['legal'] })]],
    ['gate/consent-scope', 'for another recipient', {}, [consent('c-3', { recipient: 'hsds:other' })]],
    ['gate/consent-scope', 'of another kind', { consentRef: 'c-3' }, [consent('c-3', { kind: 'messaging' })]],
    ['gate/consent-expired', 'expired', { consentRef: 'c-3' }, [consent('c-3', { until: '2026-05-06' })]],
    ['go-on', 'on its last day', { consentRef: 'c-3' }, [consent('c-3', { until: '2026-05-07' })]],
    ['gate/consent-missing', 'declined', { consentRef: 'c-3' }, [consent('c-3', { status: 'declined' })]],
    [
      'gate/consent-withdrawn',
      'withdrawn since',
      { consentRef: 'c-3' },
      [consent('c-3', {}), consent('c-3', { status: 'withdrawn' }, later, 'w')],
    ],
    [
      'gate/consent-withdrawn',
      'withdrawn, though the sender names one that nobody has seen',
      { consentRef: 'c-99' },
      [consent('c-3', { status: 'withdrawn' })],
    ],
    [
      'go-on',
      'withdrawn for another service only',
      { consentRef: 'c-3' },
      [consent('c-3', {}), consent('c-4', { status: 'withdrawn', scope: ['legal'] }, later)],
    ],
    ['go-on', 'given anew', {}, [consent('c-3', { status: 'withdrawn' }), consent('c-4', {}, later)]],
  ])('%s: %s', (expected, _, details, facts) => {
    expect(verdict(referral(details), { facts })).toBe(expected);
    const component = { components: [{ key: 'r', ...referral(details) }] };
    expect(verdict(component, { facts })).toBe(expected);
  });

  test('recorded: what only the sender says does not count', () => {
    const strict = { rules: { consent: { ...rules.consent, require: 'recorded' as const } } };
    expect(verdict(referral({ consentRef: 'c-3' }), strict)).toBe('gate/consent-missing');
    expect(verdict(referral({ consentRef: 'c-3' }), { ...strict, facts: [consent('c-3', {})] })).toBe('go-on');
  });

  test('nothing is asked of a referral that the patient did not want', () => {
    expect(verdict({ ...referral(), status: 'not-done' })).toBe('go-on');
  });

  test('one given in the same visit counts', () => {
    const given = { consentId: 'c-3', kind: 'community-referral', status: 'given', scope: ['food'] };
    const components = [
      { key: 'r', ...referral({ consentRef: 'c-3' }) },
      { key: 'c', activityType: 'consent.record', details: given },
    ];
    const strict = { rules: { consent: { ...rules.consent, require: 'recorded' as const } } };
    expect(verdict({ components }, strict)).toBe('go-on');
  });

  test('what is labelled as substance use needs a consent of its own (42 CFR Part 2)', () => {
    const sud = { ...referral({ consentRef: 'c-3' }), sensitivity: ['sud'] };
    expect(verdict(sud, { facts: [consent('c-3', {})] })).toBe('gate/consent-missing');
    const part2 = consent('c-5', { kind: 'part2', scope: ['food'], recipient: 'hsds:svc-9' });
    expect(verdict(sud, { facts: [consent('c-3', {}), part2] })).toBe('go-on');
  });
});

describe('other consents', () => {
  test('a withdrawal from the programme stops what comes after it, not what was done before, and never a danger', () => {
    const facts = [consent('p', { kind: 'programme', status: 'withdrawn' }, '2026-05-01T12:00:00Z')];
    expect(verdict({}, { facts })).toBe('gate/consent-withdrawn');
    expect(verdict({ occurredAt: '2026-04-30T12:00:00Z' }, { facts })).toBe('go-on');
    for (const activityType of ['escalation.red-flag', 'consent.record', 'roster.status-change']) {
      expect(verdict({ activityType }, { facts })).toBe('go-on');
    }
    const anew = consent('p2', { kind: 'programme' }, '2026-05-03T12:00:00Z');
    expect(verdict({}, { facts: [...facts, anew] })).toBe('go-on');
  });

  test('texts to the patient need one; texts from the patient do not', () => {
    const text = (direction: string) => ({ activityType: 'contact.text', details: { direction } });
    expect(verdict(text('out'))).toBe('gate/consent-missing');
    expect(verdict(text('in'))).toBe('go-on');
    expect(verdict(text('out'), { facts: [consent('m', { kind: 'messaging' })] })).toBe('go-on');
  });

  test('what is done for a study needs the consent to that study', () => {
    const given = { activityType: 'questionnaire', details: { study: 'msep-400' } };
    const to = (study: string) => [consent(`study.${study}`, { kind: 'research', scope: [study] })];
    expect(verdict(given)).toBe('gate/consent-missing');
    expect(verdict(given, { facts: to('other') })).toBe('gate/consent-scope');
    expect(verdict(given, { facts: to('msep-400') })).toBe('go-on');
  });

  test('whom the patient no longer shares with is not shared with, whatever the form says', () => {
    const participants = [
      { role: 'family', familyId: 'f-1', consentToShare: true },
      { role: 'family', familyId: 'f-2', consentToShare: true },
    ];
    const facts = [consent('family.f-1', { kind: 'family', status: 'withdrawn', recipient: 'f-1' })];
    const gated = check({ participants }, { facts });
    expect(gated.do === 'go-on' && gated.activity['participants']).toMatchObject([
      { consentToShare: false },
      { consentToShare: true },
    ]);
  });
});

describe('labels and 42 CFR Part 2', () => {
  const labels = (given: object) => {
    const gated = check(given);
    return gated.do === 'go-on' ? gated.activity.sensitivity : gated;
  };
  test.each<[object, readonly string[] | undefined]>([
    [{ activityType: 'questionnaire', details: { instrument: 'phq-9', items: [{ item: '9', value: 1 }] } }, ['suicidality']],
    [{ activityType: 'questionnaire', details: { instrument: 'PHQ-9', items: { 9: 2 } } }, ['suicidality']],
    [{ activityType: 'questionnaire', details: { instrument: 'phq-9', items: { 9: 0, 1: 3 } } }, undefined],
    [{ activityType: 'escalation.red-flag', details: { code: 'violence-at-home' } }, ['ipv']],
    [{ activityType: 'escalation.red-flag', details: { code: 'glucose-low' } }, undefined],
    [{ sensitivity: ['hiv'], components: [{ key: 'e', activityType: 'escalation.red-flag', details: { code: 'suicidality' } }] }, ['hiv', 'suicidality']],
  ])('%j is labelled %j', (given, expected) => {
    expect(labels(given)).toEqual(expected);
  }); // prettier-ignore

  test('words about substance use are read by a person, who may release them; its author’s label is enough', () => {
    const text = { narrative: { es: 'Dice que toma mucha cerveza los fines de semana.' } };
    const gated = check(text);
    expect(gated).toMatchObject({
      do: 'stop',
      failure: { cause: 'gate/part2-review', issues: [{ where: '/narrative/es' }, {}] },
    });
    expect(JSON.stringify(gated)).not.toContain('cerveza');
    expect(verdict(text, { released: ['gate/part2-review'] })).toBe('go-on');
    expect(verdict({ ...text, sensitivity: ['sud'] })).toBe('go-on');
  });

  test.each(['toallita con alcohol antes de medir', 'hígado graso no alcohólico', 'no fuma', 'addicted to sugar'])(
    '%j is not about substance use',
    (es) => {
      expect(verdict({ narrative: { es } })).toBe('go-on');
    },
  );

  test('what is labelled so does not leave the clinic without its own consent', () => {
    const outside = { receives: { ...receivesAll, recipient: 'treatment' as const } };
    expect(verdict({ sensitivity: ['sud'] }, outside)).toBe('withhold');
    expect(verdict({ sensitivity: ['hiv'] }, outside)).toBe('go-on');
    const facts = [consent('c', { kind: 'part2', recipient: 'ehr' })];
    expect(verdict({ sensitivity: ['sud'] }, { ...outside, facts })).toBe('go-on');
  });
});

describe('minimum necessary', () => {
  const components = [
    { key: 'v', activityType: 'vital.measure', details: {} },
    { key: 'b', activityType: 'barrier.report', details: {} },
  ];
  test('a destination gets the types it is to get, with or without the narrative; what is left out is told', () => {
    const receives = { ...receivesAll, types: ['contact.*', 'vital.measure'], narrative: false };
    const gated = check({ narrative: { es: 'x' }, components }, { receives });
    expect(gated).toMatchObject({
      do: 'go-on',
      activity: { components: [{ key: 'v' }] },
      issues: [{}, { where: 'component b', code: 'gate/minimum' }, { where: '/narrative', code: 'gate/minimum' }],
    });
    expect(gated.do === 'go-on' && gated.activity).not.toHaveProperty('narrative');
    expect(verdict({ activityType: 'goal.set' }, { receives })).toBe('withhold');
    expect(verdict({}, { receives: { ...receivesAll, except: ['contact.home'] } })).toBe('withhold');
  });

  test('nothing above its confidentiality, nothing of what it does not receive', () => {
    const upTo = (maxConfidentiality: 'N' | 'R') => ({ receives: { ...receivesAll, maxConfidentiality } });
    expect(verdict({ sensitivity: ['ipv'] }, upTo('R'))).toBe('withhold');
    expect(verdict({ sensitivity: ['hiv'] }, upTo('R'))).toBe('go-on');
    expect(verdict({ sensitivity: ['hiv'] }, upTo('N'))).toBe('withhold');
    expect(verdict({ sensitivity: ['hiv'] }, { receives: { ...receivesAll, omitSensitivity: ['hiv'] } })).toBe(
      'withhold',
    );
  });
});

describe('the review', () => {
  const review = (more: Partial<GateRules['review']>) => ({
    rules: { review: { activityTypes: [], users: [], percent: 0, ...more } },
  });
  test('by type, by CHW; released by a person', () => {
    expect(verdict({}, review({ activityTypes: ['contact.home'] }))).toBe('gate/review');
    expect(verdict({}, review({ users: ['u'] }))).toBe('gate/review');
    expect(verdict({}, { ...review({ users: ['u'] }), released: ['gate/review'] })).toBe('go-on');
    const other: readonly CauseCode[] = ['gate/late'];
    expect(verdict({}, { ...review({ users: ['u'] }), released: other })).toBe('gate/review');
  });

  test('one in so many, drawn by the record: about as many as asked, and always the same', () => {
    const ids = Array.from({ length: 5_000 }, (_, n) => `app\nrecord-${String(n)}`);
    const chosen = ids.filter((id) => drawn(id, 10));
    expect(chosen.length).toBeGreaterThan(400);
    expect(chosen.length).toBeLessThan(600);
    expect(ids.filter((id) => drawn(id, 10))).toEqual(chosen);
    expect([ids.some((id) => drawn(id, 0)), ids.every((id) => drawn(id, 100))]).toEqual([false, true]);
  });
});

test('the history says which gates were passed', () => {
  expect(check()).toMatchObject({
    issues: [{ what: 'Gates passed: wording, clock, late, consent, part2, review, minimum.', code: 'gate/passed' }],
  });
});
