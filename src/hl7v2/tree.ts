/**
 * Parsed segments as objects by the names of HL7 v2.8.2, for the maps. Fields that repeat are arrays; what is absent or
 * empty is absent; times are ISO 8601. A time that cannot be read is absent, and stands as it was under its name with
 * `AsSent` behind it. `""` stays the text of two quotes. A social security number never gets here.
 *
 * A value where a type with components is expected goes into its first component. Components that have no name in the
 * standard are left out (they stay in the raw message).
 */
import type { Delimiters, Field, Repetition, Segment } from './message.ts';
import { componentsOf, fieldsOf, type Part, type Parts } from './names.ts';
import { isSocialSecurity } from './social-security.ts';
import { readTime, readTimeOfDay } from './times.ts';
import { textOf, textOfComponent, valueOf } from './values.ts';

export type Tree = { readonly [name: string]: unknown };

export type TreeContext = {
  readonly delimiters: Delimiters;
  /** Of the sender (IANA). */
  readonly zone: string;
};

type Building = Record<string, unknown>;

/** Undefined of a segment that has no names here. */
export function treeOf(segment: Segment, context: TreeContext): Tree | undefined {
  const names = fieldsOf(segment.name);
  if (names === undefined) return undefined;
  const valueType = segment.name === 'OBX' ? valueOf(segment, 2).trim() : '';
  const tree: Building = {};
  for (const [index, field] of segment.fields.entries()) {
    const part = names[index];
    if (part === undefined || part === null || field.length === 0) continue;
    if (part.type === 'varies') setAll(tree, part, field, (one) => readVaries(one, valueType, context));
    else setField(tree, part, field, context);
  }
  return tree;
}

function setField(tree: Building, part: Part, field: Field, context: TreeContext): void {
  const components = componentsOf(part.type);
  if (components !== undefined) {
    setAll(tree, part, field, (one) => readComplex(one, components, part.type, context));
  } else if (isTime(part.type) && part.repeats !== true) {
    setTime(tree, part, textOfFirst(field[0]), context);
  } else {
    setAll(tree, part, field, (one) => readPrimitive(part.type, textOf(one, context.delimiters), context));
  }
}

const textOfFirst = (repetition: Repetition | undefined): string => repetition?.[0]?.[0] ?? '';

function setAll(tree: Building, part: Part, field: Field, read: (repetition: Repetition) => unknown): void {
  if (part.repeats === true) {
    const values = field.map(read).filter((value) => value !== undefined);
    if (values.length > 0) tree[part.name] = values;
    return;
  }
  const value = field[0] === undefined ? undefined : read(field[0]);
  if (value !== undefined) tree[part.name] = value;
}

const isTime = (type: string): boolean => type === 'DTM' || type === 'DT' || type === 'TM' || type === 'TS';

const timeOf = (type: string, text: string, { zone }: TreeContext): string | undefined =>
  type === 'TM' ? readTimeOfDay(text) : readTime(text, zone);

function setTime(tree: Building, { name, type }: Part, text: string, context: TreeContext): void {
  if (text === '') return;
  const time = timeOf(type, text, context);
  tree[time === undefined ? `${name}AsSent` : name] = time ?? text;
}

function readPrimitive(type: string, text: string, context: TreeContext): string | undefined {
  if (isTime(type)) return timeOf(type, text, context);
  return text === '' ? undefined : text;
}

function readComplex(repetition: Repetition, names: Parts, type: string, context: TreeContext): Tree | undefined {
  if (repetition.length === 0 || isSocialSecurity(repetition, type)) return undefined;
  const tree: Building = {};
  for (const [index, component] of repetition.entries()) {
    const part = names[index];
    if (part === undefined || part === null || component.length === 0) continue;
    if (part.repeats === true) {
      tree[part.name] = repetition.slice(index).map((one) => textOfComponent(one, context.delimiters));
      break;
    }
    setPart(tree, part, component, context);
  }
  return Object.keys(tree).length === 0 ? undefined : tree;
}

/** A component; its subcomponents are the components of its type. */
function setPart(tree: Building, part: Part, subcomponents: readonly string[], context: TreeContext): void {
  const names = componentsOf(part.type);
  if (names === undefined) {
    const text = textOfComponent(subcomponents, context.delimiters);
    if (isTime(part.type)) setTime(tree, part, text, context);
    else if (text !== '') tree[part.name] = text;
    return;
  }
  const inner: Building = {};
  for (const [index, text] of subcomponents.entries()) {
    const innerPart = names[index];
    if (innerPart !== undefined && innerPart !== null && text !== '') setPart(inner, innerPart, [text], context);
  }
  if (Object.keys(inner).length > 0) tree[part.name] = inner;
}

/**
 * OBX-5 by OBX-2. Types with components are objects of them; all others, and unknown types, are `{ text }`, all
 * components joined as they were. Of DT, TM, DTM and TS `text` is ISO 8601 and so is `time`; without `time` it could
 * not be read and `text` is as it was sent.
 */
function readVaries(repetition: Repetition, valueType: string, context: TreeContext): Tree | undefined {
  const names = componentsOf(valueType);
  if (names !== undefined) return readComplex(repetition, names, valueType, context);
  if (repetition.length === 0) return undefined;
  const text = textOf(repetition, context.delimiters);
  if (!isTime(valueType)) return { text };
  const time = timeOf(valueType, textOfFirst(repetition), context);
  return time === undefined ? { text } : { text: time, time };
}
