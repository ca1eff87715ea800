/** A roster of 4,000 people: judged beside what is known, committed, and sent again; beside a bare reading of the CSV and the same activities as arrays. */
import { parse } from 'csv-parse/sync';
import { freshSite, key, startTejido, until } from './stack.ts';

const header =
  'source_patient_id,mrn,family,second_family,given,dob,sex,phone,language,zip,site,chw_id,programme_status,start,tier';

const row = (n: number): string =>
  `p-${n},B-${n},Núñez${n % 97},Ríos,María ${n},${1940 + (n % 50)}-0${1 + (n % 9)}-1${n % 9},F,312555${String(n).padStart(4, '0')},es,60608,Pilsen,chw-${n % 20},active,2026-03-02,${n % 8 === 0 ? 'high_need' : 'regular'}`;

type Answer = { readonly rosters?: readonly { readonly state: string }[] };

export async function benchRoster(options: {
  readonly rows: number;
  readonly env?: Record<string, string>;
}): Promise<void> {
  const site = await freshSite();
  const csv = `${header}\n${Array.from({ length: options.rows }, (_, n) => row(n)).join('\n')}\n`;
  try {
    const tejido = await startTejido(site, {
      // Nobody listens there: what is filed is not measured here.
      ehr: 'http://127.0.0.1:9/fhir',
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const ask = async (path: string, body?: string, type = 'text/csv'): Promise<Answer> => {
      const answer = await fetch(`${tejido.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': type },
        ...(body === undefined ? {} : { body }),
      });
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
      return (await answer.json()) as Answer;
    };
    const timed = async (what: string, run: () => Promise<unknown>): Promise<void> => {
      const began = performance.now();
      await run();
      const seconds = (performance.now() - began) / 1_000;
      console.log(`  ${what.padEnd(44)} ${Math.round(options.rows / seconds)} rows/s  (${seconds.toFixed(2)} s)`);
    };
    console.log(`roster of ${options.rows} rows, ${(csv.length / 1e6).toFixed(2)} MB`);
    await timed('baseline: csv-parse alone', () => Promise.resolve(parse(csv)));
    await timed('read, judge, compare (dry run, all new)', () => ask('/v1/rosters?mode=snapshot&dryRun=true', csv));
    await timed('commit, to the last activity in the ledger', async () => {
      await ask('/v1/rosters?mode=snapshot', csv);
      await until('the roster is committed', async () => {
        const { rosters } = await ask('/v1/rosters?limit=1');
        return rosters?.[0]?.state === 'committed';
      });
    });
    await timed('the same again (all known)', () => ask('/v1/rosters?mode=snapshot', csv));
    await timed('baseline: the same number by /v1/activities', async () => {
      for (let from = 0; from < options.rows; from += 500) {
        const items = Array.from({ length: Math.min(500, options.rows - from) }, (_, k) => activity(from + k));
        await ask('/v1/activities', JSON.stringify(items), 'application/json');
      }
    });
    await tejido.stop();
  } finally {
    await site.remove();
  }
}

const activity = (n: number) => ({
  schemaVersion: '1.0',
  activityType: 'roster.enrol',
  programmeId: 'programme',
  status: 'completed',
  source: { systemId: 'bare', recordId: `enrol-${n}`, recordVersion: 1 },
  occurredAt: '2026-03-02T12:00:00Z',
  subject: { sourcePatientId: `b-${n}`, mrn: `C-${n}`, dob: '1961-03-02' },
  performer: { sourceUserId: 'rosa' },
  details: { start: '2026-03-02', status: 'active' },
});
