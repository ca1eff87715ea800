/** Whose chart it is: the queue of the front desk, links that are certain, people merged and un-linked. On a real ledger. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { ChartPatient } from '../../src/core/matching/candidates.ts';
import type { Demographics } from '../../src/core/matching/demographics.ts';
import type { MatchDetail, MatchSummary } from '../../src/core/people.ts';
import { ok } from '../../src/core/outcome.ts';
import type { Destination, Incoming, Mapper } from '../../src/core/ports.ts';
import { subjectKey } from '../../src/core/artifact.ts';
import { decideMatch } from '../../src/ledger/match-decisions.ts';
import { listMatches, showMatch } from '../../src/ledger/matches.ts';
import { mergePeople } from '../../src/ledger/merge.ts';
import { findPerson, showPerson } from '../../src/ledger/people.ts';
import { unlinkIdentity } from '../../src/ledger/unlink.ts';
import type { PatientKey } from '../../src/core/model.ts';
import { aLedger, type TestLedger } from '../ledger/support.ts';
import { matchingRules } from '../support/matching.ts';
import { aChart, anActivity, type Chart, drain, type Given, statesOf, testMapper } from './support.ts';

let ledger: TestLedger;
let chart: Chart;
/** What the EHR answers to a search by name. */
let patients: ChartPatient[];
let searches: number;
let destination: Destination;
beforeEach(async () => {
  ledger = await aLedger();
  chart = aChart();
  patients = [];
  searches = 0;
  destination = {
    ...chart.destination,
    findAlike: () => {
      searches += 1;
      return Promise.resolve({ outcome: ok(patients), exchanges: [] });
    },
  };
});
afterEach(() => ledger.end());

const maria: Demographics = {
  given: 'María Guadalupe',
  family: 'García',
  secondFamily: 'López',
  sex: 'female',
  phones: ['312-555-0142'],
};
const born = '1961-03-12';

type Sent = Given & { source?: string; demographics?: Demographics; dob?: string };

/** As a door hands it over, by way of any source. */
function sent({ source = 'app', demographics, dob, ...given }: Sent): Incoming {
  const item = anActivity(given);
  return {
    ...item,
    source,
    patient: {
      ...item.patient,
      source,
      ...(demographics === undefined ? {} : { demographics: { dob, ...demographics } }),
      ...(dob === undefined ? {} : { dob }),
    },
  };
}

const accept = (...items: Sent[]) => ledger.acceptor.accept(items.map(sent));
const work = (over: Parameters<typeof drain>[2] = {}) => drain(ledger, chart, { destination, ...over });
const waiting = async (): Promise<readonly MatchSummary[]> => (await listMatches(ledger.pool, {})).matches;
const first = async (): Promise<MatchDetail> => {
  const [one] = await waiting();
  const match = one === undefined ? undefined : await showMatch(ledger.pool, one.id, 'front-desk');
  if (match === undefined) throw new Error('Nobody waits.');
  return match;
};
const link = async (number: number) => {
  const match = await first();
  return decideMatch(ledger.pool, match.id, { kind: 'candidate', number }, 'front-desk');
};
const person = async (source: string, id: string): Promise<PatientKey> => {
  const key = await findPerson(ledger.pool, { system: `source:${source}`, value: id });
  if (key === undefined) throw new Error('Nobody has this id.');
  return key;
};

describe('a patient of whom only an id is known', () => {
  test('stands in the queue; the front desk gives the MRN, and what waited is filed in order', async () => {
    await accept({ recordId: 'r1', sourcePatientId: 'p1' }, { recordId: 'r2', sourcePatientId: 'p1' });
    await work();
    expect(await statesOf(ledger)).toEqual(['held match/unknown-patient', 'held match/unknown-patient']);
    expect(await waiting()).toMatchObject([{ state: 'open', sources: ['app'], waiting: 2, candidates: 0 }]);
    expect(searches).toBe(0);

    const match = await first();
    const decided = await decideMatch(ledger.pool, match.id, { kind: 'mrn', mrn: 'M1' }, 'front-desk');
    expect(decided).toEqual({ ok: true, state: 'linked', released: 2 });
    await work();
    expect(await statesOf(ledger)).toEqual(['filed', 'filed']);
    expect(await waiting()).toEqual([]);

    await accept({ recordId: 'r3', sourcePatientId: 'p1' });
    await work();
    expect(chart.standing()).toEqual(['Patient/M1 encounter', 'Patient/M1 encounter', 'Patient/M1 encounter']);
  });

  test('is linked to the person who has that MRN already: one person, one lane', async () => {
    await accept({ recordId: 'r1', source: 'roster', sourcePatientId: 'x1', mrn: 'M1' });
    await accept({ recordId: 'r2', sourcePatientId: 'p1' });
    await work();
    const match = await first();
    await decideMatch(ledger.pool, match.id, { kind: 'mrn', mrn: 'M1' }, 'front-desk');
    await work();
    expect(await statesOf(ledger)).toEqual(['filed', 'filed']);
    expect(await person('app', 'p1')).toBe(await person('roster', 'x1'));
  });

  test('whose MRN was a slip can be given another one', async () => {
    destination = {
      ...destination,
      findPatient: (given, signal) =>
        chart.destination.findPatient(given.mrn === 'WRONG' ? { source: given.source } : given, signal),
    };
    await accept({ recordId: 'r1', sourcePatientId: 'p1' });
    await work();
    const { id } = await first();
    await decideMatch(ledger.pool, id, { kind: 'mrn', mrn: 'WRONG' }, 'front-desk');
    await work();
    expect(await statesOf(ledger)).toEqual(['held match/unknown-patient']);
    await decideMatch(ledger.pool, id, { kind: 'mrn', mrn: 'M1' }, 'front-desk');
    await work();
    expect(chart.standing()).toEqual(['Patient/M1 encounter']);
  });
});

describe('a patient known by name', () => {
  const onRoster: Sent = {
    recordId: 'x',
    source: 'roster',
    sourcePatientId: 'x1',
    mrn: 'M1',
    dob: born,
    demographics: maria,
  };

  test('is linked without a person when it is certain, and is filed in order', async () => {
    await accept(onRoster);
    await work();
    await accept(
      { recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: maria },
      { recordId: 'r2', sourcePatientId: 'p1' },
    );
    await work();
    expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'filed']);
    expect(await person('app', 'p1')).toBe(await person('roster', 'x1'));
    const { rows } = await sql<{ actor: string }>`select actor from audit where action = 'people.merge'`.execute(
      ledger.db,
    );
    expect(rows).toEqual([{ actor: 'system' }]);
  });

  test('waits for a person, certain or not, where the configuration says so', async () => {
    await accept(onRoster);
    await accept({ recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: maria });
    await work({ matching: { ...matchingRules, automatic: 'never' } });
    expect(await statesOf(ledger)).toEqual(['filed', 'held match/review']);
    expect((await first()).candidates).toMatchObject([{ class: 'certain', mrn: 'M1' }]);
  });

  test('is shown beside the candidate, with reasons, when it is not certain; and files once linked', async () => {
    await accept(onRoster);
    await accept({ recordId: 'r1', sourcePatientId: 'p1', dob: '1961-12-03', demographics: { ...maria, phones: [] } });
    await accept({ recordId: 'r2', sourcePatientId: 'p1', dob: '1961-12-03' });
    await work();
    expect(await statesOf(ledger)).toEqual(['filed', 'held match/review', 'held match/review']);
    const match = await first();
    expect(match.demographics).toMatchObject({ given: 'María Guadalupe', dob: '1961-12-03' });
    const [candidate] = match.candidates;
    expect(candidate).toMatchObject({ number: 1, class: 'unsure', mrn: 'M1', demographics: { dob: born } });
    expect(candidate?.features.map(({ says }) => says)).toContain(
      'The dates of birth agree when day and month are exchanged.',
    );
    expect(await link(1)).toMatchObject({ ok: true, state: 'linked' });
    await accept({ recordId: 'r3', sourcePatientId: 'p1', dob: '1961-12-03' });
    await work();
    // The wrong date was seen by a person: it is not held against the patient any more.
    expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'filed', 'filed']);
  });

  test('two patients of one source never come onto one chart by themselves', async () => {
    await accept({ ...onRoster, source: 'app' });
    await accept({ recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: maria });
    await work();
    expect(await statesOf(ledger)).toEqual(['filed', 'held match/review']);
    expect((await first()).candidates).toMatchObject([
      { class: 'unsure', doubts: ['The same source already knows this patient by another id.'] },
    ]);
    // A person may say that they are one.
    expect(await link(1)).toMatchObject({ ok: true });
    await work();
    expect(await statesOf(ledger)).toEqual(['filed', 'filed']);
  });

  test('is found in the EHR, and linked to that chart when it is certain', async () => {
    patients = [{ reference: 'Patient/77', mrn: 'M77', descriptions: [{ ...maria, dob: born }] }];
    await accept({ recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: maria });
    await work();
    expect(chart.standing()).toEqual(['Patient/77 encounter']);
    const shown = await showPerson(ledger.pool, await person('app', 'p1'), 'x');
    expect(shown?.identities).toMatchObject([{ system: 'mrn', value: 'M77' }, { system: 'source:app' }]);
  });

  test('is asked for once for all messages that wait', async () => {
    patients = [{ reference: 'Patient/77', descriptions: [{ ...maria, dob: '1980-01-05' }] }];
    await accept(
      { recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: maria },
      { recordId: 'r2', sourcePatientId: 'p1' },
      { recordId: 'r3', sourcePatientId: 'p1' },
    );
    await work();
    expect(searches).toBe(1);
    expect(await statesOf(ledger)).toEqual(Array(3).fill('held match/review'));
  });

  test('none of the candidates is not offered again; a later roster resolves it', async () => {
    patients = [{ reference: 'Patient/77', mrn: 'M77', descriptions: [{ ...maria, dob: '1961-12-03', phones: [] }] }];
    await accept({ recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: maria });
    await work();
    const { id } = await first();
    expect(await decideMatch(ledger.pool, id, { kind: 'new' }, 'front-desk')).toMatchObject({
      state: 'new',
      released: 1,
    });
    await work();
    expect(await statesOf(ledger)).toEqual(['held match/unknown-patient']);
    await accept({ ...onRoster, mrn: 'M5' });
    await work();
    expect(chart.standing()).toEqual(['Patient/M5 encounter', 'Patient/M5 encounter']);
  });

  test('of whom somebody is not sure stays in the queue', async () => {
    await accept(onRoster);
    await accept({ recordId: 'r1', sourcePatientId: 'p1', dob: born, demographics: { ...maria, phones: [] } });
    await work();
    const { id } = await first();
    await decideMatch(ledger.pool, id, { kind: 'not-sure' }, 'front-desk');
    await work();
    expect(await waiting()).toMatchObject([{ id, state: 'not-sure', waiting: 1 }]);
    expect(await first()).toMatchObject({ decidedBy: 'front-desk' });
  });

  test('a decision on a match that is no more is refused', async () => {
    await accept({ recordId: 'r1', sourcePatientId: 'p1' });
    await work();
    const { id } = await first();
    await decideMatch(ledger.pool, id, { kind: 'mrn', mrn: 'M1' }, 'x');
    await work();
    expect(await decideMatch(ledger.pool, id, { kind: 'new' }, 'x')).toMatchObject({ ok: false });
    expect(await decideMatch(ledger.pool, '999', { kind: 'new' }, 'x')).toMatchObject({ ok: false, unknown: true });
    expect(await decideMatch(ledger.pool, id, { kind: 'candidate', number: 9 }, 'x')).toMatchObject({ ok: false });
  });
});

/** An encounter for each message, and what belongs to the person: `goal` in details.parts. */
const withGoals: Mapper = {
  ...testMapper,
  map: (activity, context, unmapped) => {
    const made = testMapper.map(activity, context, unmapped);
    return made.ok
      ? ok(
          made.value.map((one) => {
            const part = one.artifact.slice(context.recordKey.length + 1);
            return part === 'goal' ? { ...one, artifact: `${context.subjectKey}.goal` } : one;
          }),
        )
      : made;
  },
};
const withGoal = { details: { parts: ['encounter', 'goal'] } };
const goals = () => drain(ledger, chart, { destination, mapper: () => withGoals });

describe('two people made one', () => {
  test('have one lane, and what belongs to the person is still found: no second goal', async () => {
    await accept(
      { recordId: 'r1', source: 'commcare', sourcePatientId: 'c1', mrn: 'M1', ...withGoal },
      { recordId: 'r2', source: 'cht', sourcePatientId: 'h1' },
    );
    await goals();
    const [into, from] = [await person('commcare', 'c1'), await person('cht', 'h1')];
    // The other way round: the goal stands under the key of the one who goes.
    const preview = await mergePeople(ledger.pool, { from: into, into: from, run: false }, 'x');
    expect(preview).toMatchObject({
      ok: true,
      done: false,
      preview: { messages: { filed: 1 }, resources: { Observation: 2 }, openWork: 0 },
    });
    expect(await person('commcare', 'c1')).toBe(into);
    expect(await mergePeople(ledger.pool, { from: into, into: from, run: true }, 'x')).toMatchObject({
      ok: true,
      done: true,
    });
    await accept({ recordId: 'r3', source: 'cht', sourcePatientId: 'h1', ...withGoal });
    await goals();
    expect(await statesOf(ledger)).toEqual(['filed', 'filed', 'filed']);
    expect(chart.standing().filter((one) => one.endsWith('goal'))).toEqual(['Patient/M1 goal']);
    expect(chart.resources.has(`${subjectKey(into)}.goal`)).toBe(true);
    expect(chart.standing()).toHaveLength(4);
    expect(await showPerson(ledger.pool, into, 'x')).toMatchObject({ patientKey: from, merged: [into] });
  });

  test('are refused when each has a chart of its own, with what to do', async () => {
    await accept(
      { recordId: 'r1', sourcePatientId: 'p1', mrn: 'M1' },
      { recordId: 'r2', source: 'b', sourcePatientId: 'p2', mrn: 'M2' },
    );
    await work();
    const given = { from: await person('app', 'p1'), into: await person('b', 'p2') };
    for (const run of [false, true]) {
      const result = await mergePeople(ledger.pool, { ...given, run }, 'x');
      expect(result).toMatchObject({ ok: false });
      expect(result.ok ? '' : result.refused).toMatch(/un-link/);
    }
    expect(await person('app', 'p1')).toBe(given.from);
  });

  test('that stand twice in one chart are told before', async () => {
    await accept(
      { recordId: 'r1', sourcePatientId: 'p1', mrn: 'M1', ...withGoal },
      { recordId: 'r2', source: 'b', sourcePatientId: 'p2', ...withGoal },
    );
    await goals();
    // Linked straight to the chart, as an identifier that the EHR knows would.
    await sql`insert into ehr_patient (destination, patient_key, reference)
      select 'ehr', patient_key, 'Patient/M1' from identity where value = 'p2'`.execute(ledger.db);
    await sql`update delivery set state = 'due' where state = 'held'`.execute(ledger.db);
    await sql`update lane set due_at = now()`.execute(ledger.db);
    await goals();
    const result = await mergePeople(
      ledger.pool,
      { from: await person('b', 'p2'), into: await person('app', 'p1'), run: false },
      'x',
    );
    expect(result.ok ? result.preview.twice : []).toHaveLength(1);
  });
});

describe('an identifier that was linked to the wrong chart', () => {
  const wrong = async (): Promise<PatientKey> => {
    await accept(
      { recordId: 'q1', source: 'roster', sourcePatientId: 'x1', mrn: 'M1', ...withGoal },
      { recordId: 'r1', sourcePatientId: 'p1', details: { parts: ['encounter', 'note'] } },
      { recordId: 'r2', sourcePatientId: 'p1', details: { parts: ['encounter', 'plan'] } },
      { recordId: 'r3', sourcePatientId: 'p1' },
      { recordId: 'q2', source: 'roster', sourcePatientId: 'x1', details: { parts: ['visit'] } },
    );
    await goals();
    await decideMatch(ledger.pool, (await first()).id, { kind: 'mrn', mrn: 'M1' }, 'x');
    await accept(sentVoid);
    await goals();
    return person('app', 'p1');
  };
  const sentVoid: Sent = {
    recordId: 'void-r3',
    sourcePatientId: 'p1',
    activityType: 'void',
    details: { target: { recordId: 'r3' } },
  };

  test('leaves nothing standing there, waits, and files where it belongs; the other’s work stays as it is', async () => {
    const owner = await wrong();
    expect(chart.standing()).toEqual([
      'Patient/M1 encounter',
      'Patient/M1 encounter',
      'Patient/M1 encounter',
      'Patient/M1 goal',
      'Patient/M1 note',
      'Patient/M1 plan',
      'Patient/M1 visit',
    ]);
    const given = { person: owner, source: 'app', sourcePatientId: 'p1' };
    const preview = await unlinkIdentity(ledger.pool, { ...given, run: false }, 'x');
    expect(preview).toMatchObject({ ok: true, done: false, preview: { resources: { Observation: 4 } } });
    expect(chart.standing()).toHaveLength(7);

    const done = await unlinkIdentity(ledger.pool, { ...given, run: true }, 'x');
    expect(done).toMatchObject({ ok: true, done: true });
    await goals();
    expect(chart.standing()).toEqual(['Patient/M1 encounter', 'Patient/M1 goal', 'Patient/M1 visit']);
    expect(await statesOf(ledger)).toEqual([
      'filed',
      'held match/review',
      'held match/review',
      'voided',
      'filed',
      'filed',
    ]);
    // Not even the MRN of before leads back.
    await accept({ recordId: 'r4', sourcePatientId: 'p1' });
    await goals();
    expect((await statesOf(ledger)).at(-1)).toBe('held match/review');

    const match = await first();
    expect(match.candidates.filter(({ rejectedBy }) => rejectedBy === undefined)).toEqual([]);
    await decideMatch(ledger.pool, match.id, { kind: 'mrn', mrn: 'M2' }, 'x');
    await goals();
    expect(chart.standing()).toEqual([
      'Patient/M1 encounter',
      'Patient/M1 goal',
      'Patient/M1 visit',
      'Patient/M2 encounter',
      'Patient/M2 encounter',
      'Patient/M2 encounter',
      'Patient/M2 note',
      'Patient/M2 plan',
    ]);
    expect((await statesOf(ledger)).filter((state) => state.startsWith('held'))).toEqual([]);
  });

  test('and linked to the right one at once is moved in one go', async () => {
    const owner = await wrong();
    await unlinkIdentity(ledger.pool, { person: owner, source: 'app', sourcePatientId: 'p1', run: true }, 'x');
    const match = await first();
    await decideMatch(ledger.pool, match.id, { kind: 'mrn', mrn: 'M2' }, 'x');
    await goals();
    expect(chart.standing().filter((one) => one.startsWith('Patient/M1'))).toHaveLength(3);
    expect(chart.standing().filter((one) => one.startsWith('Patient/M2'))).toHaveLength(4);
  });

  test('whose payload has aged out still leaves the chart', async () => {
    const owner = await wrong();
    await sql`delete from payload`.execute(ledger.db);
    await unlinkIdentity(ledger.pool, { person: owner, source: 'app', sourcePatientId: 'p1', run: true }, 'x');
    await goals();
    expect(chart.standing()).toEqual(['Patient/M1 encounter', 'Patient/M1 goal', 'Patient/M1 visit']);
    expect(await statesOf(ledger)).toContain('held source/unreadable');
  });

  test('of somebody else is refused', async () => {
    const owner = await wrong();
    expect(
      await unlinkIdentity(ledger.pool, { person: owner, source: 'app', sourcePatientId: 'p9', run: true }, 'x'),
    ).toMatchObject({ ok: false });
  });
});

test('a goal that another of the person’s ids reviewed leaves with the record that set it', async () => {
  await accept({ recordId: 'r1', sourcePatientId: 'p1', mrn: 'M1', ...withGoal });
  await goals();
  const owner = await person('app', 'p1');
  // As a review leaves it: merged by a later message of another source.
  await sql`insert into link (destination, artifact, message_id, source, record_id, patient_key, resource_type, reference, action, tier, owned)
    select destination, artifact, message_id + 1000, 'other', 'review', patient_key, resource_type, reference, 'merged', tier, owned
    from link where artifact like '%.goal'`.execute(ledger.db);
  await unlinkIdentity(ledger.pool, { person: owner, source: 'app', sourcePatientId: 'p1', run: true }, 'x');
  await goals();
  expect(chart.standing()).toEqual([]);
  const { rows } = await sql<{ action: string }>`select distinct action from link where artifact like '%.goal'`.execute(
    ledger.db,
  );
  expect(rows).toEqual([{ action: 'voided' }]);
});
