/** Synthetic patients: invented names, numbers of the 555-01xx block that is never assigned. */
import type { Resource } from '../core/ports.ts';

export const mrnSystem = 'urn:tejido:sandbox:mrn';

const women = ['María', 'Guadalupe', 'Rosa', 'Ana', 'Carmen', 'Lucía', 'Teresa', 'Silvia', 'Verónica', 'Norma', 'Elena', 'Alma', 'Yolanda', 'Beatriz', 'Dolores']; // prettier-ignore
const men = ['José', 'Juan', 'Luis', 'Miguel', 'Jesús', 'Carlos', 'Francisco', 'Rafael', 'Ernesto', 'Raúl', 'Héctor', 'Arturo', 'Ramón', 'Sergio', 'Ignacio']; // prettier-ignore
const surnames = ['García', 'Hernández', 'Martínez', 'López', 'González', 'Pérez', 'Rodríguez', 'Sánchez', 'Ramírez', 'Cruz', 'Flores', 'Gómez', 'Morales', 'Vázquez', 'Jiménez', 'Reyes', 'Díaz', 'Torres', 'Gutiérrez', 'Ruiz', 'Mendoza', 'Aguilar', 'Ortiz', 'Castillo', 'Moreno', 'Núñez', 'Ibáñez', 'Peña']; // prettier-ignore
const towns = ['Fresno', 'Salinas', 'Watsonville', 'Madera', 'Visalia', 'Delano', 'Calexico', 'Hollister'];

/** Area codes of California: each has a hundred numbers that are never assigned. */
const areas = [559, 661, 831, 209, 760, 805, 408, 510, 530, 619, 626, 650, 707, 714, 818, 858, 909, 916, 925, 949, 951, 323, 310, 213, 341, 350, 415, 424, 442, 562, 628, 657, 669, 747, 820, 279, 840, 369, 738, 837]; // prettier-ignore

/** Some share a phone: among the first 250, which are those of the documentation, many; of the others one in nine. */
function phoneOf(index: number): string {
  const owner = index >= 250 && index % 9 === 0 ? index - 1 : index;
  const area = owner < 250 ? areas[0] : areas[Math.floor(owner / 100) % areas.length];
  return `+1-${String(area)}-555-01${String(owner % 100).padStart(2, '0')}`;
}

/** A small generator of numbers in [0, 1): the same seed gives the same people (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `n` patients with MRN SYN-10001 and on. SYN-10023 is the one of the documentation: born 1961-03-02. */
export function syntheticPatients(n: number, seed = 1): readonly Resource[] {
  const random = seededRandom(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: n }, (_, i) => {
    const mrn = `SYN-${10_001 + i}`;
    const female = random() < 0.62;
    const [father, mother] = [one(surnames), one(surnames)];
    const given =
      random() < 0.35 ? [one(female ? women : men), one(female ? women : men)] : [one(female ? women : men)];
    const born = new Date(
      Date.UTC(1940 + Math.floor(random() * 50), Math.floor(random() * 12), 1 + Math.floor(random() * 28)),
    );
    const spanish = random() < 0.85;
    const phone = phoneOf(i);
    return {
      resourceType: 'Patient',
      id: mrn.toLowerCase(),
      identifier: [
        {
          use: 'usual',
          type: {
            coding: [
              { system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR', display: 'Medical record number' },
            ],
          },
          system: mrnSystem,
          value: mrn,
        },
      ],
      active: true,
      name: [
        {
          use: 'official',
          text: `${given.join(' ')} ${father} ${mother}`,
          family: `${father} ${mother}`,
          _family: {
            extension: [
              { url: 'http://hl7.org/fhir/StructureDefinition/humanname-fathers-family', valueString: father },
              { url: 'http://hl7.org/fhir/StructureDefinition/humanname-mothers-family', valueString: mother },
            ],
          },
          given,
        },
      ],
      telecom: [{ system: 'phone', value: phone, use: 'mobile' }],
      gender: female ? 'female' : 'male',
      birthDate: mrn === 'SYN-10023' ? '1961-03-02' : born.toISOString().slice(0, 10),
      address: [{ use: 'home', city: one(towns), state: 'CA', country: 'US' }],
      communication: [
        {
          language: {
            coding: [
              { system: 'urn:ietf:bcp:47', code: spanish ? 'es' : 'en', display: spanish ? 'Spanish' : 'English' },
            ],
            text: spanish ? 'Español' : 'English',
          },
          preferred: true,
        },
      ],
    };
  });
}
