/** Rules and the blocks they stand in. After a rule that cannot be read, the next one is looked for. */
import type { Comments, GroupCall, Rule, RuleSource, RuleTarget } from '../model.ts';
import { Unreadable, type Cursor } from './cursor.ts';
import { parameters } from './parameters.ts';
import { ruleSlip } from './slips.ts';
import { source } from './source.ts';
import { target } from './target.ts';

/** How a block ends, and how its rules are written: STU3 had `name : for … make …` and no `;`. */
export type BlockForm = 'braces' | 'endgroup';

export type Block = { readonly rules: readonly Rule[]; readonly comments: Comments };

function calls(cursor: Cursor): GroupCall[] {
  const found: GroupCall[] = [];
  for (;;) {
    if (cursor.is('{')) return found;
    const first = cursor.peek();
    const group = cursor.name('the name of a group, or “{”,');
    if (!cursor.is('(')) cursor.fail('“(”', [], `A group is called with its variables: ${group}(src, tgt).`);
    const found1 = parameters(cursor);
    found.push({ at: cursor.since(first), group, parameters: found1 });
    if (!cursor.takeIf(',')) return found;
  }
}

/** HAPI's test of a rule that default groups do: one source and one target, each an element, neither named. */
const isShorthand = (sources: readonly RuleSource[], targets: readonly RuleTarget[], then: boolean): boolean => {
  const [from] = sources;
  const [to] = targets;
  if (then || sources.length !== 1 || targets.length !== 1 || from === undefined || to === undefined) return false;
  return (
    from.elements.length > 0 &&
    from.variable === undefined &&
    to.context !== undefined &&
    to.elements.length > 0 &&
    to.transform === undefined &&
    to.variable === undefined &&
    to.listModes.length === 0
  );
};

/** The elements of `src -> tgt: a, b`, when that is what comes. */
function batch(cursor: Cursor, sources: readonly RuleSource[]): { context: string; names: string[] } | undefined {
  const [only] = sources;
  if (only === undefined || sources.length > 1 || only.elements.length > 0) return undefined;
  if (cursor.peek().kind !== 'name' || !cursor.is(':', 1)) return undefined;
  const context = cursor.take().text;
  cursor.take();
  const names = [cursor.name('an element')];
  while (cursor.takeIf(',')) names.push(cursor.name('an element'));
  return { context, names };
}

/** Targets with the comments between them: long rules have a line for each. */
function allTargets(cursor: Cursor): RuleTarget[] {
  const found: RuleTarget[] = [];
  do {
    const { thing, comments } = cursor.owning(
      found.length === 0,
      () => {
        const each = target(cursor);
        return { each, more: cursor.takeIf(',') };
      },
      ({ more }) => more,
    );
    found.push(comments === undefined ? thing.each : { ...thing.each, comments });
    if (!thing.more) return found;
  } while (cursor.peek().kind !== 'end');
  return found;
}

/**
 * Takes the `;`, or tells that it is missing; if what is missing is the end of the block, that is told there. `from`: where
 * the rule began, `arrow`: it has one.
 */
function expectEnd(cursor: Cursor, form: BlockForm, from: number, arrow: boolean): void {
  if (cursor.takeIf(';') || form === 'endgroup') return;
  const next = cursor.peek();
  if (next.kind === 'end' || cursor.startsGroup()) return;
  if (!cursor.startsLine(cursor.index) && !cursor.is('}'))
    cursor.fail('the end of the rule', [], ruleSlip(cursor, from, arrow));
  cursor.report(cursor.behind(), 'the rule has no end', 'A rule ends with “;”.');
  if (next.kind !== 'name' && !cursor.is('}')) throw new Unreadable('rule');
}

/** STU3's `name : for`, before a rule. */
const isOldName = (cursor: Cursor): boolean => cursor.is(':', 1) && cursor.is('for', 2);

function rule(cursor: Cursor, form: BlockForm, isFirst: boolean): Rule[] {
  const first = cursor.peek();
  const from = cursor.index;
  let block: Block | undefined;
  const { thing, comments } = cursor.owning(isFirst, () => {
    let name: string | undefined;
    if (isOldName(cursor)) {
      name = cursor.take().text;
      cursor.take();
    }
    if (cursor.is('for') && cursor.peek(1).kind === 'name') cursor.take();
    const sources = [source(cursor)];
    while (cursor.takeIf(',')) sources.push(source(cursor));
    const targets: RuleTarget[] = [];
    let each: ReturnType<typeof batch>;
    const arrow = cursor.takeIf('->') || cursor.takeIf('make');
    if (arrow) {
      each = batch(cursor, sources);
      if (each === undefined) {
        targets.push(...allTargets(cursor));
      }
    }
    const then = cursor.takeIf('then');
    const called = then ? calls(cursor) : [];
    if (cursor.is('{')) {
      if (!then) cursor.report(cursor.peek().at, '“{” stands without “then”', 'Write “then {”.');
      block = rules(cursor, form === 'endgroup' ? 'endgroup' : 'braces', true);
    }
    if (cursor.peek().kind === 'string' && !isOldName(cursor)) name = cursor.take().text;
    expectEnd(cursor, form, from, arrow);
    const at = cursor.since(first);
    const named = name === undefined ? {} : { name };
    if (each === undefined)
      return [
        {
          at,
          ...named,
          shorthand: isShorthand(sources, targets, then),
          sources,
          targets,
          calls: called,
          rules: block?.rules ?? [],
        },
      ];
    const { context, names } = each;
    return names.map((element) => ({
      at,
      ...named,
      shorthand: true,
      sources: sources.map((from) => ({ ...from, elements: [element] })),
      targets: [{ at, context, elements: [element], listModes: [] }],
      calls: [],
      rules: [],
    }));
  });
  const all: Comments = { ...block?.comments, ...comments };
  if (Object.keys(all).length === 0) return thing;
  return thing.map((each, index) => (index === 0 ? { ...each, comments: all } : each));
}

/** Goes on behind the `;` of the broken rule, before the `}` of its block, or before the next group. */
function recover(cursor: Cursor, form: BlockForm, begin: number): void {
  if (cursor.index === begin && !cursor.is('}')) cursor.skipTo(cursor.index + 1);
  for (;;) {
    if (cursor.peek().kind === 'end' || cursor.is('}') || cursor.startsGroup()) return;
    if (cursor.is('endgroup') && form === 'endgroup') return;
    if (cursor.is('{')) {
      // A block of rules has errors of its own.
      if (cursor.last()?.text === 'then') rules(cursor, form, true);
      else cursor.skipTo(cursor.index + 1);
    } else if (cursor.is(';')) {
      cursor.skipTo(cursor.index + 1);
      return;
    } else if (
      cursor.index > begin &&
      cursor.startsLine(cursor.index) &&
      cursor.peek().kind === 'name' &&
      (cursor.is('->', 1) || (cursor.is('.', 1) && cursor.peek(2).kind === 'name' && cursor.is('->', 3)))
    ) {
      return;
    } else cursor.skipTo(cursor.index + 1);
  }
}

/** The “}” that is missing need not be the last. */
const unclosed = ({ crooked }: Cursor): string =>
  crooked === undefined
    ? 'Write “}” after its last rule.'
    : `Write “}” after its last rule; as the lines are indented, it is the block of line ${crooked} that lacks it.`;

/** Nobody nests so deep; what does is no map. */
const deepest = 200;

/** `{ rules }`, or up to `endgroup`. `nested`: a `group` in it means that a `}` is missing. */
export function rules(cursor: Cursor, form: BlockForm, nested: boolean): Block {
  const opening = cursor.peek();
  if (cursor.depth >= deepest) {
    cursor.report(opening.at, `blocks are nested more than ${deepest} deep`, 'Make groups of the inner ones.');
    cursor.skipTo(cursor.lexemes.length);
    return { rules: [], comments: {} };
  }
  const braces = form === 'braces' || nested;
  if (braces) cursor.expect('{');
  const remark = cursor.after();
  const found: Rule[] = [];
  let first = true;
  for (;;) {
    const next = cursor.peek();
    const ends = braces ? cursor.is('}') : cursor.is('endgroup');
    if (ends || next.kind === 'end' || cursor.startsGroup()) break;
    const begin = cursor.index;
    if (cursor.takeIf(';')) continue;
    cursor.depth += 1;
    try {
      found.push(...rule(cursor, form, first));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      recover(cursor, form, begin);
      if (cursor.is('}') && !braces) cursor.skipTo(cursor.index + 1);
    } finally {
      cursor.depth -= 1;
    }
    first = false;
  }
  const closing = cursor.before(!first);
  while (closing.at(-1) === '\n') (closing as string[]).pop();
  const end = cursor.peek();
  if (cursor.takeIf(braces ? '}' : 'endgroup')) {
    const isCrooked = cursor.indentOf(end.at) < cursor.indentOf(opening.at) && end.at.line > opening.at.line;
    if (isCrooked) cursor.crooked ??= opening.at.line;
  } else
    cursor.report(
      opening.at,
      braces ? 'the “{” that opens here is not closed' : 'the group has no end',
      braces ? unclosed(cursor) : 'Write “endgroup” after its last rule.',
    );
  return {
    rules: found,
    comments: {
      ...(remark === undefined ? {} : { opening: remark }),
      ...(closing.length === 0 ? {} : { closing }),
    },
  };
}
