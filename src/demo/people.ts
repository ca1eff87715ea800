/** The patients of the programme, made of those of the sandbox EHR, and the roster that names them. Pure. */
import type { Resource } from '../core/ports.ts';
import { diceOf } from './dice.ts';
import { promotoras } from './programme.ts';

export type Person = {
  readonly sourceId: string;
  readonly mrn: string;
  readonly dob: string;
  readonly given: string;
  readonly family: string;
  readonly secondFamily: string;
  readonly female: boolean;
  readonly phone: string;
  readonly language: 'es' | 'en';
  readonly promotora: string;
  readonly highNeed: boolean;
  readonly research: boolean;
  /** YYYY-MM-DD */
  readonly enrolled: string;
};

/** In the programme that this one is like: 471 of 4,000 high-need, 400 in the research sample. */
const shareOf = { highNeed: 471 / 4_000, research: 400 / 4_000 };

/** Spread evenly: of any `n` neighbours about `share` of them, of all of them exactly so many. */
const isIn = (index: number, share: number): boolean =>
  Math.floor((index + 1) * share + 1e-9) > Math.floor(index * share + 1e-9);

export const dayMs = 86_400_000;
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

type Name = { readonly given: readonly string[]; readonly family: string };
type Chart = {
  readonly identifier: readonly { readonly value: string }[];
  readonly name: readonly Name[];
  readonly telecom: readonly { readonly value: string }[];
  readonly communication: readonly { readonly language: { readonly coding: readonly { readonly code: string }[] } }[];
};

/** `from`, `until`: between these, in ms, they were enrolled. */
export function peopleOf(
  patients: readonly Resource[],
  { seed, from, until }: { readonly seed: number; readonly from: number; readonly until: number },
): readonly Person[] {
  const dice = diceOf(seed);
  return patients.map((patient, index) => {
    const { identifier, name, telecom, communication } = patient as unknown as Chart;
    const [family = '', secondFamily = ''] = (name[0]?.family ?? '').split(' ');
    return {
      sourceId: `caso-${String(1_000 + index)}`,
      mrn: identifier[0]?.value ?? '',
      dob: String(patient['birthDate']),
      given: name[0]?.given.join(' ') ?? '',
      family,
      secondFamily,
      female: patient['gender'] === 'female',
      phone: telecom[0]?.value ?? '',
      language: communication[0]?.language.coding[0]?.code === 'en' ? 'en' : 'es',
      promotora: promotoras[index % promotoras.length]?.id ?? '',
      highNeed: isIn(index, shareOf.highNeed),
      research: isIn(index, shareOf.research),
      enrolled: dayOf(dice.between(from, until)),
    };
  });
}

const columns = [
  'ID del paciente', 'Expediente', 'Apellido paterno', 'Apellido materno', 'Nombre', 'Fecha de nacimiento', 'Sexo',
  'Teléfono', 'Idioma', 'Promotora', 'Estado', 'Fecha de inscripción', 'Referido por', 'Nivel', 'Fecha de nivel', 'Motivo del nivel',
]; // prettier-ignore

const reasons = ['A1c alta', 'faltó a sus citas', 'decisión de su doctora'];

/** As the programme keeps it: CSV with Spanish headers. */
export function rosterCsv(people: readonly Person[]): string {
  const rows = people.map((one, index) => [
    one.sourceId, one.mrn, one.family, one.secondFamily, one.given, one.dob, one.female ? 'mujer' : 'hombre',
    one.phone, one.language, one.promotora, 'activa', one.enrolled, 'PCP',
    ...(one.highNeed ? ['alta necesidad', one.enrolled, reasons[index % reasons.length] ?? ''] : ['regular', '', '']),
  ]); // prettier-ignore
  return `${[columns, ...rows].map((row) => row.join(',')).join('\n')}\n`;
}
