/** ORU^R01 as a laboratory sends them, about 1.2 kB: a lipid panel of four results. Same numbers, same bytes. */
import { type Resource } from '../../src/core/ports.ts';
import { syntheticPatients } from '../../src/sandbox/patients.ts';

export const facility = 'BENCHLAB';
/** CX.4 of the numbers that are the clinic's own. */
export const authority = 'BENCHMRN';

type Analyte = { readonly code: string; readonly name: string; readonly range: string; readonly from: number };
const analytes: readonly Analyte[] = [
  { code: '2093-3', name: 'Cholesterol [Mass/volume] in Serum or Plasma', range: '<200', from: 140 },
  { code: '2085-9', name: 'Cholesterol in HDL [Mass/volume] in Serum or Plasma', range: '>39', from: 30 },
  { code: '2571-8', name: 'Triglyceride [Mass/volume] in Serum or Plasma', range: '<150', from: 80 },
  { code: '13457-7', name: 'Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation', range: '<100', from: 60 },
]; // prettier-ignore

export type Corpus = {
  readonly patients: number;
  /** The n-th message: patient n modulo the patients, so that each patient's messages are a sequence. */
  readonly message: (n: number) => string;
  readonly controlId: (n: number) => string;
};

type Name = { readonly family?: string; readonly given?: readonly string[] };

const two = (n: number): string => String(n).padStart(2, '0');
/** One minute a message from 2026-01-01, in UTC. */
const timeOf = (n: number): string => {
  const at = new Date(Date.UTC(2026, 0, 1, 0, n));
  return `${at.getUTCFullYear()}${two(at.getUTCMonth() + 1)}${two(at.getUTCDate())}${two(at.getUTCHours())}${two(at.getUTCMinutes())}00-0600`;
};

/** `run` keeps the numbers of two runs apart. The patients are those that an EHR of the bench has. */
export function corpus(patients: number, run: string): Corpus {
  const people = syntheticPatients(patients).map(pidOf);
  const controlId = (n: number): string => `${run}${n}`;
  return {
    patients,
    controlId,
    message: (n) => {
      const at = timeOf(n);
      const ordered = '1234567893^Okafor^Ngozi^^^Dr^MD^^NPI^L^^^NPI';
      return [
        `MSH|^~\\&|BENCH|${facility}|TEJIDO|CLINIC|${at}||ORU^R01^ORU_R01|${controlId(n)}|P|2.5.1`,
        people[n % patients],
        'PV1|1|O',
        `ORC|RE|P-${run}${n}|F-${run}${n}||CM|||||||${ordered}`,
        `OBR|1|P-${run}${n}|F-${run}${n}|24331-1^Lipid 1996 panel - Serum or Plasma^LN|||${at}|||||||${at}||${ordered}||||||${at}||CH|F`,
        ...analytes.map(
          ({ code, name, range, from }, i) =>
            `OBX|${i + 1}|NM|${code}^${name}^LN||${from + ((n * (i + 3)) % 90)}|mg/dL|${range}|N|||F|||${at}`,
        ),
        '',
      ].join('\r');
    },
  };
}

function pidOf(person: Resource): string {
  const [identifier] = person['identifier'] as readonly { readonly value: string }[];
  const [name] = person['name'] as readonly Name[];
  const dob = String(person['birthDate']).replaceAll('-', '');
  return `PID|1||${identifier?.value ?? ''}^^^${authority}^MR||${name?.family ?? ''}^${name?.given?.join(' ') ?? ''}||${dob}|F|||2355 S Western Ave^^Chicago^IL^60608||^PRN^PH^^^312^5550142||es^Spanish^HL70296`;
}
