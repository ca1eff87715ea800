/** Where a value stands, worked out only when somebody asks: after an error, or in a trace. */
import { isObject, Item } from '../../definitions/item.ts';
import type { Frame, Origin } from './frame.ts';
import { Target } from './target.ts';

/** `QuestionnaireResponse.item[2].answer[0]`; undefined when it was worked out by an expression. */
export function sourcePath(frame: Frame, slot: number, origins: readonly Origin[]): string | undefined {
  const held = frame.slots[slot];
  if (held instanceof Target) return targetPath(held);
  const origin = origins[slot];
  switch (origin?.kind) {
    case 'same':
      return sourcePath(frame, origin.as, origins);
    case 'input':
      return inputPath(frame, origin, held);
    case 'child': {
      const parent = sourcePath(frame, origin.of, origins);
      return parent === undefined ? undefined : childPath(parent, frame, origin, held);
    }
    case 'made':
    case undefined:
    default:
      return undefined;
  }
}

function inputPath(
  frame: Frame,
  { name, index }: Extract<Origin, { kind: 'input' }>,
  held: unknown,
): string | undefined {
  if (frame.caller === undefined) return (held instanceof Item ? held.type?.name : undefined) ?? name;
  const { caller, parameters } = frame;
  const slot = parameters?.slots[index];
  return slot === undefined || parameters === undefined ? undefined : sourcePath(caller, slot, parameters.origins);
}

function childPath(
  parent: string,
  frame: Frame,
  { of, elements, position }: Extract<Origin, { kind: 'child' }>,
  held: unknown,
): string {
  const path = [parent, ...elements].join('.');
  const place = frame.slots[position];
  const holder = frame.slots[of];
  const json = holder instanceof Item ? holder.json : undefined;
  const [element] = elements;
  if (elements.length !== 1 || element === undefined || typeof place !== 'number' || !isObject(json)) return path;
  if (element === '*') {
    const value = held instanceof Item ? held.json : undefined;
    for (const [key, own] of Object.entries(json)) {
      if (own === value) return `${parent}.${key}`;
      if (Array.isArray(own) && own.includes(value)) return `${parent}.${key}[${own.indexOf(value)}]`;
    }
    return path;
  }
  return Array.isArray(json[element]) ? `${path}[${place}]` : path;
}

/** `Bundle.entry[0].resource.status`; of what stands nowhere yet, its type. */
export function targetPath(target: Target): string {
  const { parent, key } = target;
  if (parent === undefined) return target.type?.name ?? 'target';
  const standing = parent.json[key];
  const index = Array.isArray(standing) ? standing.lastIndexOf(target.json) : -1;
  return `${targetPath(parent)}.${key}${index < 0 ? '' : `[${index}]`}`;
}
