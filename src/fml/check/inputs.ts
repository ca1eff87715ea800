/** What is known of the inputs of groups: what they declare, and what calls give (fml.md §1, §3). */
import { importedMaps, typeNamed } from '../link.ts';
import type { Group, GroupInput } from '../model.ts';
import type { ExpressionContext } from './expressions.ts';
import { isOfAnotherRelease } from './foreign.ts';
import { pending, shapeOf, single, union, type Shape } from './shape.ts';

/** Shapes that calls give to the parameters of a group; undefined in a place: something unknown. */
type Given = Shape[][];

/** Types that calls pass on and on are given up after so many rounds. */
const mostRounds = 10;

/** The inputs of all groups; learns from one walk what the next one sees. */
export class Inputs {
  readonly #context: ExpressionContext;
  #given = new Map<Group, Given>();
  #before = new Map<Group, Given>();
  #round = 0;
  /** Sources that are declared to be what they are not; the resourceType of the input wins (fml.md §1). */
  readonly #mistaken = new Set<GroupInput>();

  constructor(context: ExpressionContext) {
    this.#context = context;
  }

  /** Repeats a walk over all groups until the types that calls give are known. */
  infer(walk: () => void): void {
    for (this.#round = 0; this.#round < mostRounds; this.#round += 1) {
      const mistaken = this.#mistaken.size;
      walk();
      const settled = this.#settled() && this.#mistaken.size === mistaken;
      this.#before = this.#given;
      this.#given = new Map();
      if (settled) break;
    }
  }

  #settled(): boolean {
    const words = (given: Map<Group, Given>): string =>
      [...given]
        .map(
          ([{ name }, calls]) =>
            `${name} ${calls.map((call) => call.map((shape) => (shape === undefined ? '?' : inAll(shape))).join()).join(';')}`,
        )
        .join('\n');
    return words(this.#given) === words(this.#before);
  }

  /** Keeps what a call, or a group that extends it, gives to a group. */
  give(group: Group, shapes: Shape[]): void {
    const calls = this.#given.get(group);
    if (calls === undefined) this.#given.set(group, [shapes]);
    else calls.push(shapes);
  }

  /** Keeps that an input is not what it is declared to be. */
  mistake(input: GroupInput): void {
    this.#mistaken.add(input);
  }

  /** Whether what is read of an input is not what it is declared to be. */
  isMistaken(input: GroupInput): boolean {
    return this.#mistaken.has(input);
  }

  /** What the declaration says, and what calls give: the data decides when it runs, so it may be either. */
  shapeOf(group: Group, input: GroupInput, index: number): Shape {
    const { library, map } = this.#context;
    if (this.isMistaken(input)) return undefined;
    const declared =
      input.type === undefined || isOfAnotherRelease(library, map, input.type)
        ? undefined
        : shapeOf([typeNamed(library, map, input.type)].flatMap((type) => type ?? []));
    const calls = this.#before.get(group) ?? [];
    const given = calls.map((call) => call[index]);
    if (declared === undefined) {
      const open = group === map.groups[0] || group.typeMode !== 'none' || this.#calledFromElsewhere(group);
      if (open || this.#round === mostRounds) return undefined;
      const all = given.reduce((either, shape) => union(either, shape), pending);
      const waits = given.length === 0 ? this.#round === 0 : this.#context.report.silent;
      return all?.types.length === 0 && !waits ? undefined : single(all);
    }
    return given.reduce((all, shape) => (shape === undefined ? all : single(union(all, shape))), declared);
  }

  #calledFromElsewhere(group: Group): boolean {
    const { library, map } = this.#context;
    return library.maps.some(
      (other) =>
        other !== map &&
        importedMaps(library, other).includes(map) &&
        !other.groups.some(({ name }) => name === group.name),
    );
  }
}

const inAll = ({ types, repeats }: NonNullable<Shape>): string =>
  `${types.map(({ name }) => name).join('|')}${repeats ? '*' : ''}`;
