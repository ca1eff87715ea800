/** A primitive in its element: the value, and the `_` twin in which its id and extensions stand. */
import type { JsonObject } from '../../definitions/item.ts';
import type { ElementKey, TypeTable } from '../../definitions/types.ts';
import type { Cell } from './cell.ts';
import { copyOf, type Json } from './json.ts';
import type { Primitive } from './primitive.ts';
import { Target, type Output } from './target.ts';

/** Writes value and `_` twin; returns the position in a list, or -1. */
export function place(
  output: Output,
  into: Target,
  cell: Cell,
  key: ElementKey,
  value: Primitive | Json | undefined,
  extra: JsonObject | undefined,
  mode: 'first' | 'last' | undefined,
): number {
  const { json } = into;
  if (cell.repeats || (cell.def === undefined && Array.isArray(json[key.key]))) {
    const index = output.insert(json, key.key, value ?? null, mode);
    if (extra === undefined) return index;
    output.setExtra(json, key.key, key.extraKey, copyOf(extra) as JsonObject, index);
    return index;
  }
  if (value !== undefined) json[key.key] = value;
  else if (key.key in json) delete json[key.key];
  if (extra !== undefined) {
    const copy = copyOf(extra);
    if (copy !== undefined) output.setExtra(json, key.key, key.extraKey, copy as JsonObject, -1);
  } else if ((into.foreign || output.hasExtras) && key.extraKey in json) delete json[key.extraKey];
  return -1;
}

/** The twin of a primitive as a target, with what it holds. */
export function twinOf(types: TypeTable, target: Target, json: Json): Target {
  const part = new Target(json, types.get('Element'), true);
  part.parent = target.parent;
  part.key = `_${target.key}`;
  return part;
}

/** Puts a twin beside its primitive, where that still stands. */
export function attachTwin(types: TypeTable, output: Output, target: Target, part: Target): void {
  const { parent, key } = target;
  if (parent === undefined) return;
  part.type ??= types.get('Element');
  part.parent = parent;
  part.key = `_${key}`;
  const standing = parent.json[key];
  const index = Array.isArray(standing) ? standing.indexOf(target.json) : -1;
  // Another value has taken its place.
  if (standing !== target.json && index < 0) return;
  output.setExtra(parent.json, key, part.key, part.json, index);
}
