/** Checks the lines before the groups, and what is named twice, never found or never used. */
import { findGroup, importedMaps, mapsImportedBy, typeNamed } from '../link.ts';
import type { Group, MapText, Rule } from '../model.ts';
import { didYouMean } from '../../definitions/nearest.ts';
import type { ExpressionContext } from './expressions.ts';
import { isDefinitionOf } from './foreign.ts';
import { headOf } from './report.ts';
import type { Uses } from './uses.ts';

export function checkNames(context: ExpressionContext, uses: Uses): void {
  checkStructures(context);
  checkImports(context, uses);
  checkConceptMaps(context);
  checkGroups(context, uses);
}

const allRules = (rules: readonly Rule[]): readonly Rule[] => rules.flatMap((rule) => [rule, ...allRules(rule.rules)]);
const rulesOf = (map: MapText): readonly Rule[] => map.groups.flatMap((group) => allRules(group.rules));

/** Every name of a type that the map mentions; expressions as a whole. */
function mentionedTypes(map: MapText): { readonly names: ReadonlySet<string>; readonly texts: readonly string[] } {
  const names = new Set<string>();
  const texts: string[] = [];
  for (const { type } of map.groups.flatMap(({ inputs }) => inputs)) if (type !== undefined) names.add(type);
  for (const { sources, targets } of rulesOf(map)) {
    for (const { type, where, check, log, default: otherwise } of sources) {
      if (type !== undefined) names.add(type);
      for (const expression of [where, check, log, otherwise])
        if (expression !== undefined) texts.push(expression.text);
    }
    for (const parameter of targets.flatMap(({ transform }) => transform?.parameters ?? []))
      if (parameter.kind === 'literal') names.add(String(parameter.literal.value));
      else if (parameter.kind === 'expression') texts.push(parameter.expression.text);
  }
  return { names, texts };
}

function checkStructures({ library, map, report }: ExpressionContext): void {
  const { types } = library;
  const seen = new Set<string>();
  const mentioned = mentionedTypes(map);
  for (const { url, alias, at } of map.structures) {
    if (alias !== undefined && seen.has(alias))
      report.warn('duplicate-name', at, `the alias ${alias} is given twice: the first counts`);
    if (alias !== undefined) {
      seen.add(alias);
      if (!mentioned.names.has(alias) && !mentioned.texts.some((text) => text.includes(alias)))
        report.warn('unused', at, `the alias ${alias} is never used`);
    }
    const known = types.resolve(url);
    if (types.all().length === 0 || (known !== undefined && isDefinitionOf(known, url))) continue;
    const meant = known ?? (alias === undefined ? undefined : typeNamed(library, map, alias));
    report.warn(
      'unknown-type',
      at,
      meant === undefined
        ? `there is no definition of ${url}: what has this type is not checked`
        : `there is no definition of ${url}: it is taken to be ${meant.name}`,
      known !== undefined
        ? `Known is ${known.url ?? known.name}.`
        : meant?.url === undefined
          ? didYouMean(
              url,
              types.all().flatMap((type) => type.url ?? []),
            )
          : `Did you mean “${meant.url}”?`,
    );
  }
}

function checkImports({ library, map, report }: ExpressionContext, uses: Uses): void {
  const homes = new Set(library.maps.filter(({ groups }) => groups.some((group) => uses.used.has(group))));
  const tables = literalsOf(map);
  const seen = new Set<string>();
  for (const { canonical, at } of map.imports) {
    if (seen.has(canonical)) report.warn('duplicate-name', at, `${canonical} is imported twice`);
    seen.add(canonical);
    const imported = mapsImportedBy(library, map, canonical);
    if (imported.length === 0) {
      if (uses.lost || !canonical.includes('*'))
        report[uses.lost ? 'error' : 'warn'](
          'unknown-import',
          at,
          `there is no map ${canonical}`,
          didYouMean(
            canonical,
            library.maps.flatMap(({ url }) => (url === map.url ? [] : [url])),
          ),
        );
      continue;
    }
    const isUsed = imported.some(
      (other) => homes.has(other) || tables.some((table) => table.startsWith(`${other.url}#`)),
    );
    if (!isUsed && !uses.mayUseDefaults && !canonical.includes('*'))
      report.warn('unused', at, `nothing of ${canonical} is used`, 'Remove the import.');
  }
}

/** Every constant that a rule of a map gives to a transform. */
const literalsOf = (map: MapText): readonly string[] =>
  rulesOf(map)
    .flatMap(({ targets }) => targets)
    .flatMap(({ transform }) => transform?.parameters ?? [])
    .flatMap((parameter) => (parameter.kind === 'literal' ? [String(parameter.literal.value)] : []));

function checkConceptMaps({ library, map, report }: ExpressionContext): void {
  if (map.conceptMapTexts === undefined) return;
  const seen = new Set<string>();
  const named = new Set([
    ...literalsOf(map),
    ...library.maps
      .filter((other) => other !== map)
      .flatMap((other) => literalsOf(other).filter((text) => !text.startsWith('#'))),
  ]);
  for (const { id, at } of map.conceptMapTexts) {
    if (seen.has(id))
      report.warn('duplicate-name', at, `two conceptmaps are named ${id}: the first counts`, 'Rename one of them.');
    else if (!named.has(`#${id}`) && !named.has(`${map.url}#${id}`) && !named.has(id))
      report.warn('unused', at, `the conceptmap ${id} is never used`);
    seen.add(id);
  }
}

function checkGroups(context: ExpressionContext, uses: Uses): void {
  const { map, report } = context;
  const seen = new Set<string>();
  for (const group of map.groups) {
    report.group = group.name;
    if (seen.has(group.name))
      report.warn(
        'duplicate-name',
        headOf(group),
        `there are two groups ${group.name}: neither can be called`,
        'Rename one of them.',
      );
    seen.add(group.name);
    const inputs = new Set<string>();
    for (const { name, mode, at } of group.inputs) {
      if (inputs.has(`${mode} ${name}`)) report.error('duplicate-name', at, `two parameters are named ${mode} ${name}`);
      inputs.add(`${mode} ${name}`);
    }
  }
  report.group = undefined;
  const [entry, ...others] = map.groups;
  const idle = others.filter(
    (group) => group.typeMode === 'none' && !uses.used.has(group) && !isUsedElsewhere(context, group),
  );
  // A map of which nothing is called here is a library: others call it.
  if (entry === undefined || idle.length === others.length) return;
  for (const group of idle) {
    report.group = group.name;
    report.warn('unused', headOf(group), `the group ${group.name} is never called`);
  }
  report.group = undefined;
}

/** Whether another map at hand calls or extends the group. */
function isUsedElsewhere({ library, map }: ExpressionContext, group: Group): boolean {
  return library.maps.some((other) => {
    if (other === map || !importedMaps(library, other).includes(map)) return false;
    const names = [
      ...other.groups.flatMap((each) => each.extends ?? []),
      ...rulesOf(other).flatMap(({ calls }) => calls.map((call) => call.group)),
    ];
    if (!names.includes(group.name)) return false;
    const lookup = findGroup(library, other, group.name);
    return lookup.kind === 'found' && lookup.found.group === group;
  });
}
