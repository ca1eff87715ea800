/**
 * Patients who could be a person, by date of birth and surname, or by telephone. What is asked goes in the body of
 * `POST Patient/_search`, never in a URL, and every answer is checked against it: a server that ignores a parameter
 * would offer everybody.
 */
import type { ChartPatient } from '../../core/matching/candidates.ts';
import type { Demographics } from '../../core/matching/demographics.ts';
import { phonesOf, withDayAndMonthSwapped } from '../../core/matching/details.ts';
import { surnamesOf } from '../../core/matching/names.ts';
import { similar } from '../../core/matching/sound.ts';
import { fail, ok } from '../../core/outcome.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Resource } from '../../core/ports.ts';
import { takes } from './capability.ts';
import type { Call } from './client.ts';
import type { Environment } from './environment.ts';
import { identifiersOf } from './identity.ts';
import { objects, text } from './json.ts';
import { searchAll } from './search.ts';

type Question = { readonly form: Readonly<Record<string, string>>; readonly answers: (person: Resource) => boolean };

/** R4 `Patient` search parameters (birthdate, family, phone or telecom), as far as the EHR says it has them. */
export async function findAlike(
  env: Environment,
  about: Demographics,
  call: Call,
): Promise<Outcome<readonly ChartPatient[]>> {
  const stated = await env.capabilities.get(call);
  if (!stated.ok) return stated;
  const parameters = stated.value.types.get('Patient')?.searchParams ?? new Set<string>();
  const mayAsk = takes(stated.value, 'Patient', 'search-type');
  const questions = mayAsk ? questionsOf(about, parameters) : [];
  if (questions.length === 0) return fail('send/unsupported', 'the EHR does not search patients by what is known');
  const found = new Map<string, ChartPatient>();
  let refused = 0;
  for (const { form, answers } of questions) {
    const request = {
      method: 'POST',
      path: 'Patient/_search',
      doing: 'search',
      form: new URLSearchParams(form),
      headers: { prefer: 'handling=strict' },
    } as const;
    const page = await searchAll(env.client, request, answers, call);
    if (!page.ok) {
      if (page.status === undefined || ![400, 403, 404, 405, 422, 501].includes(page.status)) return page;
      refused += 1;
      continue;
    }
    for (const person of page.value.resources.filter(answers)) {
      const chart = chartOf(env, person);
      if (chart !== undefined) found.set(chart.reference, chart);
    }
  }
  return refused === questions.length
    ? fail('send/unsupported', 'the EHR refuses to search patients by what is known')
    : ok([...found.values()]);
}

function questionsOf(about: Demographics, parameters: ReadonlySet<string>): readonly Question[] {
  const questions: Question[] = [];
  const families = [...new Set([about.family, about.secondFamily].flatMap((each) => text(each?.trim()) ?? []))];
  const [first] = families;
  // The mother's surname stands second in one element: servers that look at the beginning only find the first.
  const second = (first ?? '').split(/\s+/).at(-1);
  if (families.length === 1 && second !== undefined && second !== first) families.push(second);
  if (about.dob !== undefined && parameters.has('birthdate') && parameters.has('family')) {
    const swapped = withDayAndMonthSwapped(about.dob);
    for (const family of families) questions.push(byBirth(about.dob, family));
    if (swapped !== undefined && first !== undefined) questions.push(byBirth(swapped, first));
  }
  const phone = ['phone', 'telecom'].find((name) => parameters.has(name));
  for (const given of phone === undefined ? [] : (about.phones ?? []).slice(0, 2)) {
    const [number] = phonesOf([given]);
    if (phone === undefined || number === undefined) continue;
    questions.push({ form: { [phone]: given }, answers: (person) => phonesOf(numbersOf(person)).includes(number) });
  }
  return questions;
}

function byBirth(birthdate: string, family: string): Question {
  const asked = surnamesOf(family, undefined).words;
  return {
    form: { birthdate, family },
    answers: (person) =>
      isActivePatient(person) &&
      person['birthDate'] === birthdate &&
      objects(person['name']).some((name) =>
        surnamesOf(text(name['family']) ?? text(name['text']), undefined).words.some((word) =>
          asked.some((one) => word.startsWith(one) || similar(word, one)),
        ),
      ),
  };
}

const isActivePatient = (person: Resource): boolean =>
  person.resourceType === 'Patient' &&
  person['active'] !== false &&
  !objects(person['link']).some((link) => link['type'] === 'replaced-by');

const numbersOf = (person: Resource): readonly string[] =>
  objects(person['telecom']).flatMap((each) => (each['system'] === 'phone' ? (text(each['value']) ?? []) : []));

function chartOf(env: Environment, person: Resource): ChartPatient | undefined {
  if (person.id === undefined || !isActivePatient(person)) return undefined;
  const mrn = identifiersOf(person).find((each) => each['system'] === env.config.mrnSystem && each['use'] !== 'old')?.[
    'value'
  ];
  const around: Demographics = {
    dob: text(person['birthDate']),
    sex: text(person['gender']),
    phones: numbersOf(person),
    postalCode: objects(person['address']).flatMap((each) => text(each['postalCode']) ?? [])[0],
  };
  const names = objects(person['name']).slice(0, 4);
  const descriptions = (names.length === 0 ? [{}] : names).map(
    (name: Readonly<Record<string, unknown>>): Demographics => {
      const given = Array.isArray(name['given']) ? name['given'].filter((each) => typeof each === 'string') : [];
      return { ...around, given: text(given.join(' ')), family: text(name['family']) };
    },
  );
  return { reference: `Patient/${person.id}`, descriptions, ...(typeof mrn === 'string' ? { mrn } : {}) };
}
