/** Chance that can be repeated: the same seed, the same throws. */
import { seededRandom } from '../sandbox/patients.ts';

export type Dice = {
  readonly chance: (share: number) => boolean;
  /** A whole number, both ends included. */
  readonly between: (low: number, high: number) => number;
  readonly one: <T>(list: readonly T[]) => T;
  /** One of the names, by its weight. */
  readonly weighted: <K extends string>(weights: Readonly<Record<K, number>>) => K;
};

export function diceOf(seed: number): Dice {
  const random = seededRandom(seed);
  return {
    chance: (share) => random() < share,
    between: (low, high) => low + Math.floor(random() * (high - low + 1)),
    one: <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T,
    weighted: <K extends string>(weights: Readonly<Record<K, number>>) => {
      const entries = Object.entries(weights) as [K, number][];
      let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      const found = entries.find(([, weight]) => (left -= weight) < 0) ?? entries.at(-1);
      return (found as [K, number])[0];
    },
  };
}
