/** `reference`, `pointer`, `uuid` and `id`: what names a resource. */
import { isObject, Item } from '../../../definitions/item.ts';
import { heldBy, textOf, type Argument } from '../argument.ts';
import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';
import { Box } from '../json.ts';
import { isPrimitive } from '../primitive.ts';
import { Target } from '../target.ts';
import { objectOf, textMade, typed, type Parts, type Produce } from './transform.ts';

/** Type and id of the resource that a variable names; one that is being built gets an id when it has none. */
function resourceIn(
  argument: Argument | undefined,
  frame: Frame,
  what: string,
): { readonly type: string; readonly id: string } {
  const held = argument === undefined ? undefined : heldBy(argument, frame);
  if (held instanceof Target) {
    const name = held.json['resourceType'];
    if (typeof name !== 'string')
      throw new Fault('wrong-type', `${what} needs a resource, not ${held.type?.name ?? 'an object'}`);
    const standing = held.json['id'];
    const id: unknown = standing instanceof Box ? standing.value : standing;
    if (isPrimitive(id)) return { type: name, id: String(id) };
    const made = frame.run.options.uuid();
    held.json['id'] = made;
    return { type: name, id: made };
  }
  const item = held instanceof Item ? held : held?.[0];
  if (item === undefined) throw new Fault('no-value', `${what} is given nothing`);
  const { json } = item;
  const name = isObject(json) ? json['resourceType'] : undefined;
  if (!isObject(json) || typeof name !== 'string')
    throw new Fault('wrong-type', `${what} needs a resource, not ${item.type?.name ?? 'this'}`);
  if (typeof json['id'] === 'string') return { type: name, id: json['id'] };
  const original = frame.run.output.originalOf(json);
  if (frame.run.owns(original)) {
    const id = frame.run.options.uuid();
    original['id'] = id;
    return { type: name, id };
  }
  throw new Fault('no-value', `${what}: the resource has no id`, {
    advice: 'What is read is not changed: the sender must give it one',
  });
}

/** `reference(resource)`: a Reference to it, `Type/id`. */
export const reference = ({ rules, given: [resource] }: Parts): Produce => {
  const type = typed(rules, 'Reference');
  return (frame) => {
    const { type: name, id } = resourceIn(resource, frame, 'reference');
    return new Target({ reference: `${name}/${id}` }, type, true);
  };
};

/** `pointer(resource)`: its id as `urn:uuid:…`. */
export const pointer = ({ rules, given: [resource] }: Parts): Produce =>
  textMade(typed(rules, 'uri'), (frame) => `urn:uuid:${resourceIn(resource, frame, 'pointer').id}`);

/** `uuid()`: a new one. */
export const uuid = ({ rules }: Parts): Produce => textMade(typed(rules, 'uuid'), (frame) => frame.run.options.uuid());

/** `id(system, value, type)`: an Identifier. */
export const id = ({ rules, given: [system, value, type] }: Parts): Produce => {
  const identifier = typed(rules, 'Identifier');
  return (frame) => {
    const written = textOf(value, frame, 'the value of id');
    if (written === undefined) return undefined;
    const code = textOf(type, frame, 'the type of id');
    return objectOf(identifier, {
      type:
        code === undefined
          ? undefined
          : { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }] },
      system: textOf(system, frame, 'the system of id'),
      value: written,
    });
  };
};
