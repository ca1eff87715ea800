/** Building segments: what is empty is left out, and so are empty ends. Pure. */
import type { Field, Segment } from '../../hl7v2/message.ts';

/** A field of one repetition: components, each a text or its subcomponents. */
export type Components = readonly (string | readonly string[] | undefined)[];

/** One text, one repetition of components, or several of those. */
export type Content = string | { readonly of: Components } | { readonly each: readonly Components[] } | undefined;

export const of = (...components: Components): Content => ({ of: components });

const asComponent = (component: Components[number]): readonly string[] =>
  typeof component === 'string' ? [component] : (component ?? ['']);

function asRepetition(components: Components): readonly (readonly string[])[] {
  const all = components.map(asComponent);
  const last = all.findLastIndex((component) => component.some((part) => part !== ''));
  return all.slice(0, last + 1);
}

function asField(content: Content): Field {
  if (content === undefined || content === '') return [];
  if (typeof content === 'string') return [[[content]]];
  const repetitions = 'of' in content ? [content.of] : content.each;
  return repetitions.map(asRepetition).filter((repetition) => repetition.length > 0);
}

/** `fields` by their number, from 1. */
export function segment(name: string, fields: Readonly<Record<number, Content>>): Segment {
  const filled = Object.entries(fields).map(([number, content]) => [Number(number), asField(content)] as const);
  const last = Math.max(0, ...filled.flatMap(([number, field]) => (field.length > 0 ? [number] : [])));
  const byNumber = new Map(filled);
  return { name, fields: Array.from({ length: last }, (_, index) => byNumber.get(index + 1) ?? []) };
}
