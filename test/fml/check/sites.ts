/** Every name in a map that could be misspelt, with its place in the text. */
import { parseExpression, type Ast } from '../../../src/fhirpath/index.ts';
import type { Expression, MapText, Parameter, Place, Rule } from '../../../src/fml/model.ts';

export type Site = { readonly kind: string; readonly offset: number; readonly name: string };

/** The data of a fact are open: any name may stand there, so that no slip can be told. */
const isOpen = (ast: Ast): boolean =>
  ((ast.kind === 'member' || ast.kind === 'variable') && ast.name === 'data') ||
  (ast.kind === 'call' && ast.of !== undefined && isOpen(ast.of));

export function sitesOf(text: string, map: MapText): readonly Site[] {
  const sites: Site[] = [];
  /** The first place of a name from an offset on. */
  const add = (kind: string, name: string, from: number, to = text.length): void => {
    const offset = text.indexOf(name, from);
    if (offset >= 0 && offset < to) sites.push({ kind, offset, name });
  };
  const path = (kind: string, { offset }: Place, context: string, elements: readonly string[]): void => {
    add(`${kind} variable`, context, offset);
    let from = offset + context.length;
    let open = context === 'data';
    for (const element of elements) {
      if (element !== '*' && !open) add(`${kind} element`, element, from);
      open ||= element === 'data';
      from += element.length + 1;
    }
  };
  const expression = (written: Expression | undefined, inOpen = false): void => {
    if (written !== undefined) walk(parseExpression(written.text), written.at.offset, inOpen);
  };
  const walk = (ast: Ast, base: number, inOpen = false): void => {
    switch (ast.kind) {
      case 'variable':
        add('expression variable', ast.name, base + ast.offset);
        break;
      case 'member':
        if (ast.of === undefined ? !inOpen : !isOpen(ast.of))
          add('expression element', ast.name, base + ast.nameOffset);
        if (ast.of !== undefined) walk(ast.of, base, inOpen);
        break;
      case 'call':
        add('expression function', ast.name, base + ast.nameOffset);
        if (ast.of !== undefined) walk(ast.of, base, inOpen);
        for (const argument of ast.arguments) walk(argument, base, inOpen || (ast.of !== undefined && isOpen(ast.of)));
        break;
      case 'binary':
        walk(ast.left, base, inOpen);
        walk(ast.right, base, inOpen);
        break;
      case 'item':
        walk(ast.of, base);
        walk(ast.at, base);
        break;
      case 'sign':
      case 'type':
        walk(ast.of, base);
        break;
      case 'literal':
      case 'empty':
      case 'this':
      case 'index':
      case 'total':
        break;
    }
  };
  const parameter = (given: Parameter): void => {
    if (given.kind === 'path') path('parameter', given.at, given.variable, given.elements);
    if (given.kind === 'expression') expression(given.expression);
  };
  const rule = ({ sources, targets, calls, rules }: Rule): void => {
    for (const source of sources) {
      path('source', source.at, source.context, source.elements);
      const inOpen = source.context === 'data' || source.elements.includes('data');
      for (const each of [source.where, source.check, source.log, source.default]) expression(each, inOpen);
    }
    for (const target of targets) {
      if (target.context !== undefined) path('target', target.at, target.context, target.elements);
      const { transform } = target;
      if (transform === undefined) continue;
      const { name, parameters, at } = transform;
      if (text.startsWith(name, at.offset)) {
        add('transform', name, at.offset);
        const [first, second, third] = parameters;
        if (name === 'create' && first?.kind === 'literal')
          add('created type', String(first.literal.value), first.at.offset);
        if (name === 'translate' && second?.kind === 'literal')
          add('ConceptMap', String(second.literal.value), second.at.offset);
        if (name === 'translate' && third?.kind === 'literal')
          add('output', String(third.literal.value), third.at.offset);
      }
      for (const each of parameters) parameter(each);
    }
    for (const call of calls) {
      add('group', call.group, call.at.offset);
      for (const each of call.parameters) parameter(each);
    }
    for (const each of rules) rule(each);
  };
  for (const { inputs, rules } of map.groups) {
    for (const { at, type } of inputs)
      if (type !== undefined) add('declared type', type, text.indexOf(':', at.offset), at.offset + at.length);
    for (const each of rules) rule(each);
  }
  for (const { canonical, at } of map.imports) add('import', canonical, at.offset);
  for (const { url, at } of map.structures) add('structure', url, at.offset);
  return sites;
}

/** A slip of the kind people make: a letter doubled, dropped, swapped with the next, or another one. */
export function misspelt(name: string, at: number, slip: number): string {
  const index = Math.min(at % name.length, name.length - 1);
  const letter = name[index] ?? '';
  const before = name.slice(0, index);
  const after = name.slice(index + 1);
  // Types are found whatever the case of their letters.
  const other = letter.toLowerCase() === 'q' ? 'w' : 'q';
  const next = name[index + 1];
  if (slip === 0 && name.length > 1) return before + after;
  if (slip === 1 && next !== undefined && next !== letter) return before + next + letter + name.slice(index + 2);
  return slip === 2 ? `${before}${letter}${letter}${after}` : before + other + after;
}
