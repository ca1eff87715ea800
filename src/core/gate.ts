/**
 * Gates: what must not go on without a person. Pure. A gate never repeats the text it stopped: not in the cause, not in
 * a log.
 */
import type { Activity } from './activity.ts';
import { fail, ok, type Outcome } from './outcome.ts';

export type GateRules = {
  /** Wording about immigration status, lower case, without accents: such text is never charted. */
  readonly sensitivePhrases: readonly string[];
  /** Activity types that disclose to a community organisation: they need a consent. */
  readonly consentFor: readonly string[];
  /** Activity types, or `user:<sourceUserId>`, that a supervisor reviews before they file. */
  readonly reviewFor: readonly string[];
};

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ');

/** Every string an author could have typed, with its JSON pointer. */
function* texts(value: unknown, pointer = ''): Generator<readonly [pointer: string, text: string]> {
  if (typeof value === 'string') yield [pointer, value];
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* texts(item, `${pointer}/${String(index)}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      yield* texts(item, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    }
  }
}

/** `released`: a supervisor has let this message pass the review. The other gates cannot be released, only resolved. */
export function gate(activity: Activity, rules: GateRules, released: boolean): Outcome<Activity> {
  const marked: string[] = [];
  for (const [pointer, text] of texts(activity)) {
    const words = ` ${plain(text)} `;
    if (rules.sensitivePhrases.some((phrase) => words.includes(` ${phrase} `))) marked.push(pointer);
  }
  if (marked.length > 0) {
    return fail('gate/sensitive-text', 'The text at the places named must be reworded by its author.', {
      issues: marked.map((where) => ({
        where,
        what: 'Wording that must not be charted.',
        code: 'gate/sensitive-text',
      })),
    });
  }
  const parts = [activity, ...(activity.components ?? [])];
  const unconsented = parts.find(
    (part) =>
      rules.consentFor.includes(part.activityType) &&
      activity.consentRef === undefined &&
      typeof part.details?.['consentRef'] !== 'string',
  );
  if (unconsented !== undefined) {
    return fail('gate/consent-missing', `${unconsented.activityType} names no consent (details.consentRef).`);
  }
  const reviewed = parts.some((part) => rules.reviewFor.includes(part.activityType));
  if (!released && (reviewed || rules.reviewFor.includes(`user:${activity.performer.sourceUserId}`))) {
    return fail('gate/review', 'A supervisor reviews this activity before it files.');
  }
  return ok(activity);
}
