/** What a supervisor reads before it is filed: by type, by CHW, or one in so many. */
import type { Activity } from '../activity.ts';
import type { CauseCode } from '../causes.ts';
import { partsOf } from './consent.ts';
import { type Mark, passedWith, stopped, type Verdict } from './verdict.ts';

export type ReviewRules = {
  readonly activityTypes: readonly string[];
  /** sourceUserIds. */
  readonly users: readonly string[];
  /** So many of a hundred of everything else. */
  readonly percent: number;
};

/** FNV-1a. The same record is always chosen, or never: an edit does not escape the draw, nor a retry. */
export function drawn(recordId: string, percent: number): boolean {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(recordId)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  // The low bits of FNV of similar ids are too regular.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0 < (percent / 100) * 2 ** 32;
}

export function reviewGate(activity: Activity, rules: ReviewRules, released: readonly CauseCode[]): Verdict {
  const whys: Mark[] = [];
  const typed = partsOf(activity).find(({ activityType }) => rules.activityTypes.includes(activityType));
  if (typed !== undefined) whys.push({ where: '/activityType', what: `${typed.activityType} is reviewed.` });
  if (rules.users.includes(activity.performer.sourceUserId)) {
    whys.push({ where: '/performer', what: 'Everything of this CHW is reviewed.' });
  }
  if (whys.length === 0 && drawn(`${activity.source.systemId}\n${activity.source.recordId}`, rules.percent)) {
    whys.push({ where: '', what: `One of the ${String(rules.percent)} % that are reviewed.` });
  }
  if (whys.length === 0 || released.includes('gate/review')) {
    return passedWith(
      'review',
      whys.map((why) => ({ ...why, what: `${why.what} Released by a person.` })),
    );
  }
  return stopped('review', {
    cause: 'gate/review',
    detail: 'A supervisor reviews this activity before it files.',
    issues: whys.map((why) => ({ ...why, code: 'gate/review' })),
  });
}
