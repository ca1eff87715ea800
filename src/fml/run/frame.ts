/** What a running group holds: its variables in numbered slots. Which name has which slot is settled when compiling. */
import { isObject, Item, type JsonObject } from '../../definitions/item.ts';
import type { Env } from '../../fhirpath/index.ts';
import { Fault, type Unmapped } from './fault.ts';
import { Output, type Target } from './target.ts';
import type { TraceEvent } from './trace.ts';

/** Chance and time come from outside, so that the same run gives the same result. */
export type RunOptions = {
  /** A fresh id in lower case, without `urn:uuid:`. */
  readonly uuid: () => string;
  readonly now: Date;
  /** Receives the lines of `log`. They hold data of the input: for map authors only. */
  readonly log?: (line: string) => void;
  /** Receives events of maps that were compiled with `trace`. They hold data. */
  readonly trace?: (event: TraceEvent) => void;
};

/** The state of one run. */
export class Run {
  readonly options: RunOptions;
  readonly output = new Output();
  readonly unmapped: Unmapped[] = [];
  readonly sources: Item[] = [];
  readonly targets: Target[] = [];
  /** Values of `let`, once they were asked for. */
  readonly constants: (readonly Item[] | undefined)[] = [];
  /** Constants that are being worked out: one that meets itself has no value. */
  openConstants: Set<number> | undefined = undefined;
  /** How many times a rule had something to work on; for traces. */
  entered = 0;
  /** How many groups deep it is. */
  depth = 0;
  #resolved: Map<string, Item> | undefined;

  constructor(options: RunOptions) {
    this.options = options;
  }

  /** Whether an object stands in one of the outputs, so that it may be written to. */
  owns(json: JsonObject): boolean {
    return this.output.owns(json, this.targets);
  }

  /** What a reference leads to, within the inputs and the output: contained (`#id`), by fullUrl, or `Type/id`. */
  resolve(reference: string, itemOf: (json: JsonObject) => Item): Item | undefined {
    if (this.#resolved === undefined) {
      const found = (this.#resolved = new Map<string, Item>());
      for (const { json } of this.sources) if (isObject(json)) addResources(json, found, itemOf);
    }
    const local = reference.includes('#') ? reference.slice(reference.indexOf('#')) : withoutHistory(reference);
    const standing = this.#resolved.get(local);
    if (standing !== undefined) return standing;
    const made = new Map<string, Item>();
    for (const target of this.targets) {
      const whole = this.output.itemOf(target)?.json;
      if (isObject(whole)) addResources(whole, made, itemOf);
    }
    return made.get(local);
  }
}

const withoutHistory = (reference: string): string => reference.split('/_history/', 1)[0] ?? reference;

function addResources(json: JsonObject, found: Map<string, Item>, itemOf: (json: JsonObject) => Item): void {
  const { resourceType: type, id, contained, entry } = json;
  if (typeof type === 'string' && typeof id === 'string' && !found.has(`${type}/${id}`))
    found.set(`${type}/${id}`, itemOf(json));
  for (const each of Array.isArray(contained) ? (contained as unknown[]) : [])
    if (isObject(each) && typeof each['id'] === 'string' && !found.has(`#${each['id']}`))
      found.set(`#${each['id']}`, itemOf(each));
  if (type !== 'Bundle' || !Array.isArray(entry)) return;
  for (const each of entry as unknown[]) {
    if (!isObject(each) || !isObject(each['resource'])) continue;
    const { resource, fullUrl } = each;
    if (typeof fullUrl === 'string' && !found.has(fullUrl)) found.set(fullUrl, itemOf(resource));
    addResources(resource, found, itemOf);
  }
}

/** A variable holds an item (source), a target, or nothing; a slot may also hold the position of an item. */
export type Slot = Item | Target | number | undefined;

/** One call of a group. */
export class Frame {
  readonly run: Run;
  readonly slots: Slot[];
  /** Who called, and with what: to tell where a value came from. */
  readonly caller: Frame | undefined;
  readonly parameters: Parameters | undefined;
  #env: Env | undefined;

  constructor(run: Run, empty: readonly undefined[], caller: Frame | undefined, parameters: Parameters | undefined) {
    this.run = run;
    // A copy of a packed array is the fastest way to one.
    this.slots = (empty as readonly Slot[]).slice();
    this.caller = caller;
    this.parameters = parameters;
  }

  env(itemOf: (json: JsonObject) => Item): Env {
    if (this.#env === undefined) {
      const { run } = this;
      const [resource] = run.sources;
      this.#env = {
        now: run.options.now,
        host: this,
        resolve: (reference) => run.resolve(reference, itemOf),
        ...(resource?.type?.kind === 'resource' ? { resource, rootResource: resource } : {}),
      };
    }
    return this.#env;
  }
}

/** The item in a slot, a target as it may be read. */
export function itemIn(frame: Frame, slot: number): Item | undefined {
  const held = frame.slots[slot];
  if (held instanceof Item) return held;
  return held === undefined || typeof held === 'number' ? undefined : frame.run.output.itemOf(held);
}

/** What an expression sees in a slot: an object that is still empty is not there. */
export function seenIn(frame: Frame, slot: number): Item | undefined {
  const held = frame.slots[slot];
  if (held instanceof Item) return held;
  if (held === undefined || typeof held === 'number') return undefined;
  const item = frame.run.output.itemOf(held);
  return item === undefined || (isObject(item.json) && isBare(item.json)) ? undefined : item;
}

const isBare = (json: JsonObject): boolean => {
  for (const _ in json) return false;
  return true;
};

/** Where the content of a variable comes from, as far as the text says. */
export type Origin =
  /** An input of the group; undefined slots are asked of the caller. */
  | { readonly kind: 'input'; readonly name: string; readonly index: number }
  /** An element of another variable; `position` is the slot of the item's place among its siblings. */
  | { readonly kind: 'child'; readonly of: number; readonly elements: readonly string[]; readonly position: number }
  | { readonly kind: 'same'; readonly as: number }
  | { readonly kind: 'made' };

/** The slots of the caller that a group was given, by the position of its input. */
export type Parameters = { readonly slots: readonly (number | undefined)[]; readonly origins: readonly Origin[] };

/** The names that a rule may use, and their slots. */
export type Names = {
  readonly sources: ReadonlyMap<string, number>;
  readonly targets: ReadonlyMap<string, number>;
};

export const noNames: Names = { sources: new Map(), targets: new Map() };

export const withSource = (names: Names, name: string | undefined, slot: number): Names =>
  name === undefined ? names : { sources: new Map(names.sources).set(name, slot), targets: names.targets };

export const withTarget = (names: Names, name: string | undefined, slot: number): Names =>
  name === undefined ? names : { sources: names.sources, targets: new Map(names.targets).set(name, slot) };

/** The slots of one group, given out while it is compiled. */
export class Slots {
  readonly origins: Origin[] = [];

  add(origin: Origin): number {
    this.origins.push(origin);
    return this.origins.length - 1;
  }

  #empty: readonly undefined[] | undefined;

  /** What a frame begins with. Asked for when all slots are given out. */
  get empty(): readonly undefined[] {
    this.#empty ??= this.origins.map(() => undefined);
    return this.#empty;
  }
}

/** A step of a compiled map. */
export type Code = (frame: Frame) => void;

/** Code for what the text alone shows to be wrong: it stops the map only if it is reached. */
export const broken =
  (fault: Fault): ((frame: Frame) => never) =>
  () => {
    throw new Fault(fault.code, fault.message, { ...(fault.advice === undefined ? {} : { advice: fault.advice }) });
  };

/** One after the other; short lists without a loop. */
export function sequence(codes: readonly Code[]): Code {
  const [first, second, third] = codes;
  if (first === undefined) return () => undefined;
  if (second === undefined) return first;
  if (third === undefined)
    return (frame) => {
      first(frame);
      second(frame);
    };
  return (frame) => {
    for (let index = 0; index < codes.length; index += 1) (codes[index] as Code)(frame);
  };
}
