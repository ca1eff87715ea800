/**
 * Choices for a generator, taken one after another from a list of numbers. What is built from them stays whole however
 * the list is cut, so fast-check shrinks a map by shrinking its numbers: 0, and the end of the list, are the simplest
 * choice everywhere.
 */
import { array, nat, noBias, type Arbitrary } from 'fast-check';

export class Dice {
  readonly #numbers: readonly number[];
  #taken = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get isSpent(): boolean {
    return this.#taken >= this.#numbers.length;
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    const number = this.#numbers[this.#taken] ?? 0;
    this.#taken += 1;
    return count === 0 ? 0 : number % count;
  }

  /** One time in `oneIn`; never when the numbers are spent. */
  chance(oneIn: number): boolean {
    return this.below(oneIn) === oneIn - 1;
  }

  pick<const Choices extends readonly [unknown, ...unknown[]]>(choices: Choices): Choices[number] {
    return choices[this.below(choices.length)];
  }

  /** One of a list that may be empty. */
  among<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)];
  }

  list<T>(most: number, make: (index: number) => T): T[] {
    const made: T[] = [];
    while (made.length < most && !this.isSpent && this.below(3) !== 0) made.push(make(made.length));
    return made;
  }
}

export const numbers = (most: number): Arbitrary<number[]> =>
  noBias(array(nat({ max: 5039 }), { maxLength: most, size: 'max' }));
