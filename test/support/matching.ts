/** The rules of matching as they are without a configuration. */
import type { People } from '../../src/inbound/deps.ts';
import type { MatchingRules } from '../../src/core/matching/judge.ts';

export const matchingRules: MatchingRules = { automatic: 'certain', review: 8, certain: 24, margin: 8, weights: {} };

/** A queue in which nobody waits. */
export const nobodyWaits: People = {
  matches: () => Promise.resolve({ matches: [] }),
  match: () => Promise.resolve(undefined),
  decide: () => Promise.resolve({ ok: false, refused: 'There is no such match.', unknown: true }),
  find: () => Promise.resolve(undefined),
  show: () => Promise.resolve(undefined),
  merge: () => Promise.resolve({ ok: false, refused: 'There is no such person.' }),
  unlink: () => Promise.resolve({ ok: false, refused: 'There is no such person.' }),
};
