/** Codes outside their value set, and values other than the fixed or pattern value. */
import { changed, type Break } from './break.ts';
import type { Definitions, Resource } from './definitions.ts';
import { isObject, meets, wantedBy, type Place } from './places.ts';
import { whereBroken } from './rules.ts';

const wrongCode = 'zz-not-a-code';

/** Copies in which each coded value (of a code, Coding, CodeableConcept, Quantity) has another code. */
function misbound(
  value: unknown,
): { readonly value: unknown; readonly codes: readonly (readonly [string | undefined, string])[] } | undefined {
  if (typeof value === 'string') return { value: wrongCode, codes: [[undefined, wrongCode]] };
  if (!isObject(value)) return undefined;
  if (typeof value['code'] === 'string')
    return { value: { ...value, code: wrongCode }, codes: [[value['system'] as string | undefined, wrongCode]] };
  const { coding } = value as { coding?: readonly { system?: string }[] };
  if (!Array.isArray(coding) || coding.length === 0) return undefined;
  return {
    value: { ...value, coding: coding.map((each) => ({ ...(each as object), code: wrongCode })) },
    codes: coding.map(({ system }: { system?: string }) => [system, wrongCode] as const),
  };
}

/** Copies of a value in which one leaf that the wanted value names is another, or is gone. */
function* otherThan(wanted: unknown, value: unknown): Generator {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(value)) return;
    for (const part of wanted) {
      const met = (value as unknown[]).map((each) => meets(each, part));
      const first = (value as unknown[])[met.indexOf(true)];
      for (const other of otherThan(part, first))
        if (other !== undefined) yield (value as unknown[]).map((each, index) => (met[index] === true ? other : each));
    }
  } else if (isObject(wanted)) {
    if (!isObject(value)) return;
    for (const [key, part] of Object.entries(wanted))
      for (const other of otherThan(part, value[key])) {
        const { [key]: _, ...rest } = value;
        if (other !== undefined) yield { ...rest, [key]: other };
        else if (Object.keys(rest).length > 0) yield rest;
      }
  } else {
    if (typeof value === 'string') yield `${value}-x`;
    if (typeof value === 'number') yield value + 1;
    if (typeof value === 'boolean') yield !value;
    yield undefined;
  }
}

export function* valueBreaks(definitions: Definitions, resource: Resource, places: readonly Place[]): Generator<Break> {
  for (const { keys, path, value, rules } of places) {
    const last = keys.at(-1);
    if (last === undefined) continue;
    const seen = new Set<string>();
    for (const rule of rules) {
      const { element, structure } = rule;
      const set = function* (kind: string, what: string, to: unknown): Generator<Break> {
        const text = JSON.stringify([kind, to]);
        if (seen.has(text)) return;
        const copy = changed(resource, keys.slice(0, -1), (target) => {
          if (to !== undefined) target[last] = to;
          else if (Array.isArray(target)) target.splice(Number(last), 1);
          else delete target[last];
        });
        const where = to === undefined ? undefined : whereBroken(definitions, copy, keys, rule, path);
        if (where === undefined) return;
        seen.add(text);
        yield { kind, what: `${what} by ${element.id} of ${structure.url}`, path: where, resource: copy };
      };
      const { binding } = element;
      const other = binding?.strength === 'required' && binding.valueSet !== undefined ? misbound(value) : undefined;
      if (
        other?.codes.every(
          ([system, code]) => definitions.contains(binding?.valueSet ?? '', system, code) === 'out',
        ) === true
      )
        yield* set('binding', `no code of ${binding?.valueSet ?? ''}`, other.value);
      const wanted = wantedBy(element);
      if (wanted === undefined) continue;
      for (const wrong of otherThan(wanted.value, value))
        yield* set('fixed', `other than the ${wanted.fixed ? 'fixed' : 'pattern'} value`, wrong);
      if (wanted.fixed && isObject(value)) yield* set('fixed', 'more than the fixed value', { ...value, id: 'more' });
    }
  }
}
