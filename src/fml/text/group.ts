/** `group Name(source a : T, target b : U) extends Other <<types>> { … }`, and STU3's `group for types Name … endgroup`. */
import type { Group, GroupInput, TypeMode } from '../model.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import { Unreadable, type Cursor } from './cursor.ts';
import { rules, type Block } from './rule.ts';
import { typeName } from './source.ts';

const modes = ['source', 'target'] as const;

function mode(cursor: Cursor): GroupInput['mode'] {
  const found = modes.find((each) => cursor.is(each));
  if (found === undefined) {
    const { text } = cursor.peek();
    const isNear = didYouMean(text, modes) !== undefined || cursor.peek().kind !== 'name';
    cursor.fail('“source” or “target”', modes, isNear ? undefined : `Write “source ${text}” or “target ${text}”.`);
  }
  cursor.take();
  return found;
}

/** `source a : T` */
function input(cursor: Cursor): GroupInput {
  const first = cursor.peek();
  const found = mode(cursor);
  const name = cursor.name('the name of a parameter');
  const type = cursor.takeIf(':') ? typeName(cursor) : undefined;
  return { at: cursor.since(first), mode: found, name, ...(type === undefined ? {} : { type }) };
}

/** STU3: `input a : T as source` */
function oldInput(cursor: Cursor): GroupInput {
  const first = cursor.take();
  const name = cursor.name('the name of a parameter');
  const type = cursor.takeIf(':') ? typeName(cursor) : undefined;
  cursor.expect('as');
  const found = mode(cursor);
  cursor.takeIf(';');
  return { at: cursor.since(first), mode: found, name, ...(type === undefined ? {} : { type }) };
}

function inputs(cursor: Cursor): GroupInput[] {
  cursor.expect('(');
  const found: GroupInput[] = [];
  if (cursor.takeIf(')')) return found;
  do found.push(input(cursor));
  while (cursor.takeIf(','));
  if (modes.some((each) => cursor.is(each))) cursor.fail('“,”', [], 'Parameters stand with commas between them.');
  if (cursor.peek().kind === 'name')
    cursor.fail('“,” or “)”', [], `If ${cursor.peek().text} is a type: write “ : ” before it.`);
  cursor.expect(')');
  return found;
}

/** `types`, `type+`, and as STU3 had it, `type+types`. */
function typeMode(cursor: Cursor): TypeMode {
  if (cursor.takeIf('types')) return 'types';
  if (!cursor.takeIf('type')) cursor.fail('“types” or “type+”', ['types', 'type']);
  cursor.expect('+');
  cursor.takeIf('types');
  return 'type-and-types';
}

export function group(cursor: Cursor, isFirst: boolean): Group {
  const first = cursor.peek();
  let block: Block | undefined;
  const { thing, comments } = cursor.owning(isFirst, () => {
    cursor.take();
    let declared: TypeMode =
      cursor.is('for') && cursor.peek(1).kind === 'name' && cursor.takeIf('for') ? typeMode(cursor) : 'none';
    const name = cursor.name('the name of a group');
    cursor.group = name;
    cursor.crooked = undefined;
    let parameters: GroupInput[] = [];
    let base: string | undefined;
    let old = false;
    try {
      old = !cursor.is('(');
      if (!old) parameters = inputs(cursor);
      if (cursor.takeIf('extends')) base = cursor.name('the name of a group');
      if (cursor.takeIf('<<')) {
        declared = typeMode(cursor);
        cursor.expect('>>');
      }
      if (old) while (cursor.is('input')) parameters.push(oldInput(cursor));
      if (old && parameters.length === 0)
        cursor.fail('“(”', [], `A group names its parameters: group ${name}(source src, target tgt) { … }`);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      toBlock(cursor);
      old = false;
    }
    block = rules(cursor, old && !cursor.is('{') ? 'endgroup' : 'braces', false);
    return {
      at: cursor.since(first),
      name,
      ...(base === undefined ? {} : { extends: base }),
      typeMode: declared,
      inputs: parameters,
      rules: block.rules,
    };
  });
  cursor.group = undefined;
  const all = { ...block?.comments, ...comments };
  return Object.keys(all).length === 0 ? thing : { ...thing, comments: all };
}

/** After a broken head: before the `{`, if the next group does not come first. */
function toBlock(cursor: Cursor): void {
  while (!cursor.is('{')) {
    if (cursor.peek().kind === 'end' || cursor.startsGroup()) throw new Unreadable('group');
    cursor.skipTo(cursor.index + 1);
  }
}
