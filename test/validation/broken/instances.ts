/** Makes a resource that a profile must accept, from its snapshot: the least that is asked for, or all that it supports. */
import type { Definitions, ElementDefinition, Json, Resource, Structure } from './definitions.ts';
import { codeOf, isObject, wantedBy, type Context } from './places.ts';
import { isPrimitive, sampleOf } from './samples.ts';

export type Extent = 'least' | 'supported';

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What both say; where they differ, the second. Lists are laid over one another item by item. */
const merged = (below: unknown, above: unknown): unknown => {
  if (Array.isArray(below) && Array.isArray(above))
    return Array.from({ length: Math.max(below.length, above.length) }, (_, index) =>
      merged((below as unknown[])[index], (above as unknown[])[index]),
    );
  if (isObject(below) && isObject(above)) {
    const all: Record<string, unknown> = { ...below };
    for (const [key, value] of Object.entries(above)) all[key] = merged(below[key], value);
    return all;
  }
  return above ?? below;
};

const hasValue = (it: Json): boolean => Object.keys(it).some((key) => key.startsWith('value'));

class Maker {
  readonly #definitions: Definitions;
  readonly #extent: Extent;

  constructor(definitions: Definitions, extent: Extent) {
    this.#definitions = definitions;
    this.#extent = extent;
  }

  #isAsked({ min, max, mustSupport, type }: ElementDefinition): boolean {
    if (max === '0' || min > 0) return max !== '0';
    if (this.#extent === 'least') return false;
    const [url] = type?.[0]?.code === 'Extension' ? (type[0].profile ?? []) : [];
    const extension = url === undefined ? undefined : this.#definitions.byUrl(url);
    // What a profile names may stand there, also where nobody need support it.
    return extension !== undefined || mustSupport === true;
  }

  /** With its url, and a value where the definition does not ask for one: an extension that says nothing is none. */
  #extension(made: Json, profile: Structure | undefined): Json {
    const named = { ...made, url: made['url'] ?? profile?.url };
    const value = profile?.elements.get('Extension.value[x]');
    if (profile === undefined || value === undefined || 'extension' in made || hasValue(made)) return named;
    return {
      ...named,
      [`value${upperFirst(codeOf(value.type?.[0] ?? { code: 'string' }))}`]: this.#value(profile, value, 0),
    };
  }

  /** The elements of an object, as one StructureDefinition lists them below `id`. */
  object({ structure, id }: Context, depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const element of structure.children.get(id) ?? []) {
      const [type] = element.type ?? [];
      const slices = (structure.slices.get(element.id) ?? []).filter((slice) => this.#isAsked(slice));
      if ((!this.#isAsked(element) && slices.length === 0) || type === undefined || depth > 6) continue;
      const name = element.id.slice(element.id.lastIndexOf('.') + 1);
      if (name.endsWith('[x]')) {
        // Slices of a choice are its types; one of them, or the first type, stands.
        const chosen = slices.find(({ type: of }) => of?.length === 1) ?? element;
        const code = codeOf(chosen.type?.[0] ?? type);
        made[name.slice(0, -3) + upperFirst(code)] = this.#value(structure, chosen, depth);
        continue;
      }
      const items = slices.flatMap((slice) =>
        Array.from({ length: Math.max(1, slice.min) }, () => this.#value(structure, slice, depth)),
      );
      const least = Math.max(element.min, items.length === 0 ? 1 : 0);
      while (items.length < least) items.push(this.#value(structure, element, depth));
      // Supported, and nothing is said of what would stand in it.
      if (items.every((item) => isObject(item) && Object.keys(item).length === 0)) continue;
      const list = (element.base?.max ?? element.max) !== '1';
      made[name] = list ? items : items[0];
    }
    return made;
  }

  #codeOf({ binding }: ElementDefinition): ReturnType<Definitions['codeOf']> {
    if (binding?.valueSet === undefined || !/^(?:required|extensible)$/u.test(binding.strength)) return undefined;
    // Media types are a grammar.
    if (binding.valueSet.includes('mimetypes')) return { code: 'text/plain' };
    // Where the codes are not at hand, any is as good: text alone does not meet a binding.
    return this.#definitions.codeOf(binding.valueSet) ?? { system: 'https://example.org/codes', code: 'sample' };
  }

  #value(structure: Structure, element: ElementDefinition, depth: number): unknown {
    const [type] = element.type ?? [];
    const wanted = wantedBy(element)?.value;
    if (type === undefined) return wanted;
    const code = codeOf(type);
    const coded = this.#codeOf(element);
    if (isPrimitive(code)) return wanted ?? (code === 'code' ? coded?.code : undefined) ?? sampleOf(code) ?? 'x';
    const own = structure.children.has(element.id) ? this.object({ structure, id: element.id }, depth + 1) : {};
    const profile = type.profile?.[0] === undefined ? undefined : this.#definitions.byUrl(type.profile[0]);
    const of = profile ?? this.#definitions.ofType(code);
    const typed =
      code === 'BackboneElement' || of === undefined ? {} : this.object({ structure: of, id: of.type }, depth + 1);
    const made = merged(merged(typed, own), wanted) as Json;
    if (code === 'Extension') return this.#extension(made, profile);
    if (code === 'Reference' && made['reference'] === undefined) {
      const known = (of: readonly string[] | undefined): string | undefined =>
        of?.map((url) => this.#definitions.byUrl(url)?.type).find((each) => each !== undefined);
      // A profile of an IG that is not at hand: by the type alone.
      const base = this.#definitions.ofType(structure.type)?.elements.get(element.path);
      const target =
        known(type.targetProfile) ?? known(base?.type?.find((each) => codeOf(each) === code)?.targetProfile);
      return {
        ...made,
        reference: `${target === undefined || target === 'Resource' ? (type.targetProfile === undefined ? 'Basic' : 'Organization') : target}/x1`,
      };
    }
    if (coded !== undefined && wanted === undefined) {
      if (code === 'CodeableConcept') return merged({ coding: [coded] }, made);
      if (code === 'Coding') return merged(coded, made);
      if (code === 'Quantity') return merged({ ...(sampleOf(code) as Json), ...coded }, made);
    }
    const sample = sampleOf(code);
    return Object.keys(made).length > 0 && code !== 'CodeableConcept' ? made : merged(sample, made);
  }
}

type Open = Record<string, unknown>;
const list = (value: unknown): readonly Open[] => (Array.isArray(value) ? (value as Open[]) : []);
const absent = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }] };

const identified = (it: Open): void => {
  const numbers: Readonly<Record<string, string>> = {
    'http://hl7.org/fhir/sid/us-npi': '1234567893',
    'urn:oid:2.16.840.1.113883.4.7': '12D4567890',
    'urn:oid:2.16.840.1.113883.6.300': '12345',
  };
  for (const identifier of list(it['identifier'])) {
    const number = numbers[String(identifier['system'])];
    if (number !== undefined) identifier['value'] = number;
  }
};

/** Invariants ask for more than the elements say: what meets them. */
const completed: Readonly<Record<string, (it: Open) => void>> = {
  // Ours: it was not done; it is over.
  Communication: (it) => (it['status'] = 'not-done'),
  Encounter: (it) => (it['status'] = 'finished'),
  Consent: (it) => (it['policyRule'] ??= { text: 'opt in' }),
  Condition: (it) => {
    it['clinicalStatus'] = {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'resolved' }],
    };
    // SDOHCC: said by the element or by the extension.
    if (it['extension'] !== undefined) delete it['asserter'];
  },
  Coverage: (it) => (it['subscriberId'] ??= '1'),
  DiagnosticReport: (it) => {
    it['effectiveDateTime'] ??= '2026-05-06T18:05:00Z';
    it['issued'] ??= '2026-05-06T18:05:00Z';
  },
  Observation: (it) => {
    for (const part of [it, ...list(it['component'])])
      if (hasValue(part)) delete part['dataAbsentReason'];
      else part['dataAbsentReason'] = absent;
    for (const part of list(it['component']))
      if (JSON.stringify(part['code']) === JSON.stringify(it['code'])) part['code'] = { text: 'a part' };
  },
  Organization: identified,
  Patient: (it) => {
    for (const name of list(it['name'])) name['family'] ??= 'Quispe';
  },
  Practitioner: identified,
  PractitionerRole: (it) => {
    it['telecom'] ??= [{ system: 'phone', value: '555-0100' }];
    it['practitioner'] ??= { reference: 'Practitioner/x1' };
  },
  Procedure: (it) => {
    if (!Object.keys(it).some((key) => key.startsWith('performed'))) it['performedDateTime'] = '2026-05-06';
  },
  Provenance: (it) => {
    for (const agent of list(it['agent'])) agent['onBehalfOf'] ??= { reference: 'Organization/x1' };
  },
  RelatedPerson: (it) => (it['name'] ??= [{ family: 'Quispe' }]),
};

const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const usCore = 'http://hl7.org/fhir/us/core/CodeSystem/';
const alsoIn = (it: Open, ...more: readonly object[]): void => {
  it['category'] = [...list(it['category']), ...more];
};
const suppliedByPatient = { tag: [{ system: `${usCore}us-core-tags`, code: 'patient-supplied' }] };

/** What invariants of our own profiles ask for. */
const completedOurs: Readonly<Record<string, (it: Open) => void>> = {
  'tejido-consent': (it) => alsoIn(it, concept('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'IDSCL')),
  'tejido-health-concern': (it) => {
    alsoIn(it, concept(`${usCore}condition-category`, 'health-concern'));
    it['evidence'] ??= [{ detail: [{ reference: 'Observation/x1' }] }];
  },
  'tejido-linkage': (it) => (it['statusReason'] = { text: 'not wanted' }),
  'tejido-medication-statement': (it) => {
    it['informationSource'] = it['subject'];
    it['meta'] = suppliedByPatient;
  },
  'tejido-referral-outcome': (it) => alsoIn(it, concept(`${usCore}us-core-category`, 'sdoh')),
  'tejido-research-subject': (it) => {
    const system = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
    it['meta'] = { security: [{ system, code: 'R' }] };
  },
  'tejido-screening-need': (it) =>
    alsoIn(
      it,
      concept('http://terminology.hl7.org/CodeSystem/observation-category', 'survey'),
      concept(`${usCore}us-core-category`, 'sdoh'),
    ),
  'tejido-self-report': (it) => {
    it['performer'] = [it['subject']];
    it['meta'] = suppliedByPatient;
  },
  'tejido-supply': (it) => (it['suppliedItem'] ??= { quantity: { value: 1 }, itemCodeableConcept: { text: 'strips' } }),
  'tejido-text-message': (it) => {
    it['sent'] ??= '2026-05-06T18:05:00Z';
    it['statusReason'] = { text: 'not sent' };
  },
};

/** A resource that claims the profile. */
export function instanceOf(definitions: Definitions, profile: Structure, extent: Extent): Resource {
  const { type, url } = profile;
  const made = new Maker(definitions, extent).object({ structure: profile, id: type }, 0);
  completed[type]?.(made);
  completedOurs[url.replace('https://tejido.dev/fhir/StructureDefinition/', '')]?.(made);
  return merged(made, { resourceType: type, meta: { profile: [url] } }) as Resource;
}
