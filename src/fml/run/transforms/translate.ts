/** `translate`: a code by a ConceptMap. */
import { Item } from '../../../definitions/item.ts';
import type { TypeDef } from '../../../definitions/types.ts';
import { itemOf, required } from '../argument.ts';
import type { Cell } from '../cell.ts';
import { Fault } from '../fault.ts';
import { broken } from '../frame.ts';
import type { Json } from '../json.ts';
import type { Rules } from '../scope.ts';
import { Target } from '../target.ts';
import { sourceOf, translate, type ConceptTable, type Translation } from '../translate.ts';
import { typed, type Made, type Parts, type Produce } from './transform.ts';

/** `translate(value, map, output)`: what the map has for a code, in the form that is asked for. */
export const translateCode = ({ rules, given: [value, map, output], where }: Parts): Produce => {
  const { compiler } = rules;
  const form = output?.constant === undefined ? undefined : String(output.constant);
  const fixed = map?.constant === undefined ? undefined : String(map.constant);
  const missing = (name: string): Fault =>
    new Fault('concept-map', `the ConceptMap ${name} is not known`, { advice: 'Load it, or correct its url' });
  const known = fixed === undefined ? undefined : compiler.conceptTable(rules.map, fixed);
  if (fixed !== undefined && known === undefined) return broken(missing(fixed));
  const shapes = shapesOf(rules);
  return (frame, cell) => {
    let table: ConceptTable | undefined = known;
    if (table === undefined) {
      const name = required(map, frame, 'the ConceptMap of translate');
      table = compiler.conceptTable(rules.map, name);
      if (table === undefined) throw missing(name);
    }
    const item = itemOf(value, frame, 'the value of translate');
    if (item === undefined) return undefined;
    const wanted = form ?? (output === undefined ? formFor(cell) : required(output, frame, 'the output of translate'));
    const shape = Object.hasOwn(shapes, wanted) ? shapes[wanted] : undefined;
    if (shape === undefined) throw new Fault('wrong-parameters', `translate has no output “${wanted}”`);
    const found = translate(item, table);
    if (found === undefined) return undefined;
    if (found.policy !== undefined) frame.run.unmapped.push({ ...sourceOf(item, table), policy: found.policy, where });
    return shape(found);
  };
};

const formFor = (cell: Cell | undefined): string => {
  const name = cell?.expected?.name;
  return name === 'CodeableConcept' || name === 'Coding' ? name : 'code';
};

function shapesOf(rules: Rules): Readonly<Record<string, (found: Translation) => Made>> {
  const [code, uri, string] = ['code', 'uri', 'string'].map((name) => typed(rules, name));
  const coding = typed(rules, 'Coding');
  const concept = typed(rules, 'CodeableConcept');
  const primitive = (type: TypeDef | undefined, value: string | undefined): Made =>
    value === undefined ? undefined : new Item(value, type);
  const bare = ({ system, code: own, display }: Translation): Json => ({
    ...(system === undefined ? {} : { system }),
    ...(own === undefined ? {} : { code: own }),
    ...(display === undefined ? {} : { display }),
  });
  const codingOf = (found: Translation): Made =>
    found.text === undefined ? new Target(bare(found), coding, true) : undefined;
  return {
    code: (found) => primitive(code, found.code),
    system: (found) => primitive(uri, found.system),
    display: (found) => primitive(string, found.text ?? found.display),
    Coding: codingOf,
    coding: codingOf,
    CodeableConcept: (found) =>
      new Target(found.text === undefined ? { coding: [bare(found)] } : { text: found.text }, concept, true),
  };
}
