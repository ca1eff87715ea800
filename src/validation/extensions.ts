/** Extensions by their url: what the definition says of their content, and of where they may stand. */
import { isObject, type JsonObject } from '../definitions/item.ts';
import type { ElementDef, TypeDef } from '../definitions/types.ts';
import { coreName, type Definition } from './definition.ts';
import { under } from './element.ts';
import type { Delta, Knowledge } from './knowledge.ts';
import type { Run } from './run.ts';
import type { Node } from './tree.ts';

const isExtension = (name: string | undefined): boolean => name === 'extension' || name === 'modifierExtension';

const hasValue = (extension: JsonObject): boolean => {
  for (const key in extension)
    if ((key.startsWith('value') || key.startsWith('_value')) && extension[key] !== undefined) return true;
  return false;
};

export function extensionCheck(know: Knowledge): Delta {
  return (value, _, run) => {
    const extension = value as JsonObject;
    const { url } = extension;
    const nested = Array.isArray(extension['extension']) && extension['extension'].length > 0;
    if (nested === hasValue(extension))
      run.add('invariant', 'an extension has either a value or extensions', 'error', 'ext-1');
    // Without url it is incomplete, which has been said.
    if (typeof url !== 'string' || url === '') return;
    const { depth } = run;
    if (!url.includes(':')) {
      // Within a complex extension urls are local names, which the definition of the whole knows.
      if (!isExtension(run.keys[depth - 1])) run.add('extension', 'the url of an extension is absolute');
      return;
    }
    const modifier = run.keys[depth] === 'modifierExtension';
    const known = know.extension(url);
    if (known === undefined) {
      if (modifier) run.add('extension', 'a modifier extension that is not known cannot be ignored');
      else run.add('extension', 'the definition of this extension is not loaded; it was not checked', 'warning');
      return;
    }
    if (known.isModifier !== modifier)
      run.add(
        'extension',
        modifier
          ? 'this extension is no modifier: it belongs in extension'
          : 'this extension is a modifier: it belongs in modifierExtension',
      );
    under(url, known.delta, extension, undefined, run);
    if (known.parts !== undefined && Array.isArray(extension['extension']))
      checkParts(extension['extension'], known.parts, run);
    const { context } = known.definition;
    // HL7 has let its own extensions stand in more places since R4 (ordinalValue in answers): of these we cannot be sure.
    if (context !== undefined && context.length > 0 && !mayStand(context, run, know))
      run.add(
        'extension',
        `the extension may not stand here; allowed: ${context.map(({ expression }) => expression).join(', ')}`,
        coreName(url) === undefined ? 'error' : 'warning',
      );
  };
}

/** `Observation.component.value[x]`: the names in a definition of what stands at a step of the place. */
function mayStand(context: NonNullable<Definition['context']>, run: Run, know: Knowledge): boolean {
  if (context.some(({ expression }) => expression === 'Element' || expression === '*')) return true;
  const elements = context.filter(({ type }) => type === 'element').map(({ expression }) => expression);
  // What FHIRPath says of places is not judged.
  if (context.some(({ type }) => type === 'fhirpath')) return true;
  const host = run.depth - 1;
  if (isExtension(run.keys[host])) {
    const outer = valueAt(run, host);
    if (context.some(({ type, expression }) => type === 'extension' && isObject(outer) && outer['url'] === expression))
      return true;
  }
  return elements.length > 0 && placesOf(run, host, know).some((place) => elements.some((each) => same(each, place)));
}

/** The JSON at a step of the place; a primitive by its twin. */
function valueAt(run: Run, depth: number): unknown {
  let json: unknown = run.around.json;
  for (let at = run.around.depth + 1; at <= depth; at += 1) {
    if (!isObject(json)) return undefined;
    const key = run.keys[at] ?? '';
    const index = run.indexes[at] ?? -1;
    const own = index < 0 ? json[key] : (json[key] as readonly unknown[] | undefined)?.[index];
    const twin = json[`_${key}`];
    json = isObject(own) ? own : index < 0 ? twin : (twin as readonly unknown[] | undefined)?.[index];
  }
  return json;
}

/** `Patient#Patient.name` and `Patient.name` are one; a choice is named with or without `[x]`. */
const same = (expression: string, place: string): boolean => {
  const path = expression.slice(expression.indexOf('#') + 1);
  return path.slice(path.lastIndexOf('/') + 1).replaceAll('[x]', '') === place;
};

/** By the resource (`Patient.name`), by each type on the way (`HumanName.family`), and by what the type is (`Element`). */
function placesOf(run: Run, host: number, know: Knowledge): readonly string[] {
  const start = run.around.depth;
  const resourceType = run.around.json['resourceType'];
  let type: TypeDef | undefined = know.types.get(typeof resourceType === 'string' ? resourceType : undefined);
  let places = type === undefined ? [] : [type.name];
  for (let at = start + 1; at <= host; at += 1) {
    const key = run.keys[at] ?? '';
    const found: ReturnType<typeof know.types.element> = type === undefined ? undefined : know.types.element(type, key);
    const def: ElementDef | undefined = found?.def;
    type = found?.key?.type ?? def?.types[0];
    const stepped = places.map((place) => `${place}.${def?.name ?? key}`);
    // What is asked of any place within a type, or of that type as a whole.
    const own = type === undefined || type.kind === 'backbone' ? [] : [type.name];
    places = [...new Set([...stepped, ...own])];
  }
  for (let base = type; base !== undefined; base = base.base) places.push(base.name);
  if (type?.kind === 'resource') places.push('Resource');
  return places;
}

/** The urls of its slices. */
export function partsOf(root: Node): ReadonlySet<string> | undefined {
  const urls = (root.children.get('extension')?.slices ?? []).map(
    ({ node }) => node.children.get('url')?.node.element.fixed,
  );
  const known = urls.filter((url) => typeof url === 'string');
  return known.length === 0 || known.length < urls.length ? undefined : new Set(known);
}

/** A local url means what the definition of the whole says, and nothing else. */
function checkParts(nested: readonly unknown[], parts: ReadonlySet<string>, run: Run): void {
  run.enter('extension');
  for (let index = 0; index < nested.length; index += 1) {
    const part = nested[index];
    const url = isObject(part) ? part['url'] : undefined;
    if (typeof url !== 'string' || url === '' || url.includes(':') || parts.has(url)) continue;
    run.indexes[run.depth] = index;
    run.addAt('url', 'extension', 'the extension defines no part of this url');
  }
  run.depth -= 1;
}

/** Whether an extension must be understood: its root element says so. */
export const isModifierExtension = (definition: Definition): boolean =>
  definition.snapshot?.element[0]?.isModifier === true;

/** A definition that is one of an extension. */
export const isExtensionDefinition = (definition: Definition | undefined): definition is Definition =>
  definition?.type === 'Extension' && isObject(definition.snapshot);
