/**
 * A map as StructureMap, R4 or R5. What the resource has no place for goes into extensions (see `fhir-forms.ts`), so
 * that reading it back gives the same map; comments become `documentation`, those of the head and at ends are left out.
 */
import type {
  Comments,
  ConceptMap,
  Expression,
  Group,
  GroupCall,
  Literal,
  MapText,
  Parameter,
  Rule,
  RuleSource,
  RuleTarget,
  TargetListMode,
} from '../model.ts';
import { emptyLine } from './cursor.ts';
import {
  automaticVariable,
  extensions,
  isDateType,
  relationships,
  textKeys,
  valueElements,
  type FhirRelease,
} from './fhir-forms.ts';
import { literalOfText } from './literal.ts';
import { writeMetadata } from './write.ts';

type Json = Readonly<Record<string, unknown>>;

const some = (key: string, value: unknown): Json =>
  value === undefined || (Array.isArray(value) && value.length === 0) ? {} : { [key]: value };

const documentation = (comments: Comments | undefined): Json => {
  const lines = [
    ...(comments?.before ?? []),
    ...[comments?.opening, comments?.after].filter((line) => line !== undefined),
  ].filter((line) => line !== emptyLine);
  return lines.length === 0 ? {} : { documentation: lines.join('\r\n') };
};

/** FHIRPath's form of an expression: the old `"x"` is a string there in single quotes. */
const fhirPath = ({ text }: Expression): string => {
  const constant = text.startsWith('"') ? literalOfText(text) : undefined;
  return constant === undefined
    ? text
    : `'${String(constant.value)
        .replace(/[\\']/gu, String.raw`\$&`)
        .replaceAll('\n', String.raw`\n`)}'`;
};

const expressionMark: Json = { extension: [{ url: extensions.expression, valueBoolean: true }] };

const constant = ({ type, value }: Literal, release: FhirRelease): Json => {
  if (release === 'R4' && isDateType(type))
    return { extension: [{ url: extensions.literal, valueCode: type }], valueString: value };
  return { [valueElements[type]]: value };
};

/** `value[x]` of a parameter. The last one of `evaluate` is FHIRPath by definition; another expression is marked. */
const parameter = (each: Parameter, release: FhirRelease, evaluated: boolean): Json => {
  if (each.kind === 'path') return { valueId: [each.variable, ...each.elements].join('.') };
  if (each.kind === 'literal') return constant(each.literal, release);
  return { ...(evaluated ? {} : expressionMark), valueString: each.expression.text };
};

const element = (elements: readonly string[]): string | undefined =>
  elements.length === 0 ? undefined : elements.join('.');

const defaultOf = (expression: Expression, release: FhirRelease): Json => {
  if (release === 'R5') return { defaultValue: fhirPath(expression) };
  const literal = literalOfText(expression.text);
  if (literal === undefined)
    return { extension: [{ url: extensions.defaultValue, valueString: fhirPath(expression) }] };
  return { [valueElements[literal.type].replace('value', 'defaultValue')]: literal.value };
};

const logOf = (expression: Expression): Json => {
  const literal = literalOfText(expression.text);
  return literal?.type === 'string'
    ? {
        logMessage: literal.value,
        _logMessage: { extension: [{ url: extensions.text, valueBoolean: true }] },
      }
    : { logMessage: expression.text };
};

const source = (each: RuleSource, release: FhirRelease, shorthand: boolean): Json => ({
  context: each.context,
  ...some('min', each.min),
  ...(each.min === undefined ? {} : { max: each.max === undefined ? '*' : String(each.max) }),
  ...some('type', each.type),
  ...(each.default === undefined ? {} : defaultOf(each.default, release)),
  ...some('element', element(each.elements)),
  ...some('listMode', each.listMode),
  ...some('variable', shorthand ? automaticVariable : each.variable),
  ...some('condition', each.where === undefined ? undefined : fhirPath(each.where)),
  ...some('check', each.check === undefined ? undefined : fhirPath(each.check)),
  ...(each.log === undefined ? {} : logOf(each.log)),
});

const listMode = (mode: TargetListMode, release: FhirRelease): TargetListMode => {
  if (mode === 'single' || mode === 'collate') return release === 'R4' ? 'collate' : 'single';
  return mode;
};

const target = (each: RuleTarget, release: FhirRelease, shorthand: boolean): Json => {
  const { transform } = each;
  const parameters = transform?.parameters ?? [];
  return {
    ...(each.context === undefined
      ? {}
      : { context: each.context, ...(release === 'R4' ? { contextType: 'variable' } : {}) }),
    ...some('element', element(each.elements)),
    ...some('variable', shorthand ? automaticVariable : each.variable),
    ...some(
      'listMode',
      each.listModes.map((mode) => listMode(mode, release)),
    ),
    ...some('listRuleId', each.share),
    ...some('transform', shorthand ? 'create' : transform?.name),
    ...some(
      'parameter',
      parameters.map((one, index) =>
        parameter(one, release, transform?.name === 'evaluate' && index === parameters.length - 1),
      ),
    ),
  };
};

const call = ({ group, parameters }: GroupCall, release: FhirRelease): Json => {
  if (release === 'R5') return { name: group, parameter: parameters.map((each) => parameter(each, release, false)) };
  const variables = parameters.map((each) => {
    if (each.kind === 'path') return [each.variable, ...each.elements].join('.');
    return each.kind === 'literal' ? String(each.literal.value) : each.expression.text;
  });
  if (parameters.every(({ kind }) => kind === 'path')) return { name: group, ...some('variable', variables) };
  const exact = parameters.map((each) => {
    const { extension, ...value } = parameter(each, release, false) as { extension?: readonly unknown[] };
    return {
      url: extensions.callParameter,
      extension: [...(extension ?? []), { url: 'value', ...value }],
    };
  });
  return { extension: exact, name: group, variable: variables };
};

/** R4 wants a name: a rule without one gets HAPI's, the first element or else the variable it reads. */
export const nameFor = (sources: Rule['sources']): string => sources[0]?.elements[0] ?? sources[0]?.context ?? 'rule';

const rule = (each: Rule, release: FhirRelease): Json => ({
  ...some('name', each.name ?? (release === 'R4' ? nameFor(each.sources) : undefined)),
  source: each.sources.map((one) => source(one, release, each.shorthand)),
  ...some(
    'target',
    each.targets.map((one) => target(one, release, each.shorthand)),
  ),
  ...some(
    'rule',
    each.rules.map((one) => rule(one, release)),
  ),
  ...some(
    'dependent',
    each.calls.map((one) => call(one, release)),
  ),
  ...documentation(each.comments),
});

const group = (each: Group, release: FhirRelease): Json => ({
  name: each.name,
  ...some('extends', each.extends),
  ...(release === 'R5' && each.typeMode === 'none' ? {} : { typeMode: each.typeMode }),
  ...documentation(each.comments),
  input: each.inputs.map(({ name, type, mode }) => ({ name, ...some('type', type), mode })),
  rule: each.rules.map((one) => rule(one, release)),
});

const conceptMap = (map: ConceptMap, release: FhirRelease): Json => ({
  resourceType: 'ConceptMap',
  ...some('id', map.id),
  ...(map.url === undefined || map.url.startsWith('#') ? {} : { url: map.url }),
  status: 'draft',
  ...some('group', release === 'R4' ? map.group : map.group?.map(r5Group)),
});

/** R5 has relationships, `noMap`, and `use-source-code`. */
const r5Group = ({ element: elements = [], unmapped, ...rest }: NonNullable<ConceptMap['group']>[number]): Json => ({
  ...rest,
  element: elements.map(({ target: targets = [], ...from }) => {
    const mapped = targets.filter(({ equivalence }) => equivalence !== 'unmatched');
    return {
      ...from,
      ...(targets.length > 0 && mapped.length === 0 ? { noMap: true } : {}),
      ...some(
        'target',
        mapped.map(({ equivalence, relationship, ...to }) => ({
          ...to,
          relationship: relationship ?? relationships[equivalence ?? ''] ?? 'related-to',
        })),
      ),
    };
  }),
  ...(unmapped === undefined
    ? {}
    : { unmapped: { ...unmapped, mode: unmapped.mode === 'provided' ? 'use-source-code' : unmapped.mode } }),
});

/** The map as StructureMap JSON of a release. */
export function toStructureMap(map: MapText, release: FhirRelease): Record<string, unknown> {
  const isElement = (key: string): boolean => key === 'experimental' || (textKeys as readonly string[]).includes(key);
  const metadata = new Map(map.metadata.map(({ key, value }) => [key, value]));
  const extension: Json[] = [
    ...map.metadata.flatMap((each) =>
      isElement(each.key) && each.value !== undefined
        ? []
        : [{ url: extensions.metadata, valueString: writeMetadata(each) }],
    ),
    ...(release === 'R5'
      ? []
      : map.constants.map(({ name, value }) => ({
          url: extensions.constant,
          extension: [
            { url: 'name', valueId: name },
            { url: 'value', valueString: value.text },
          ],
        }))),
  ];
  const said = Object.fromEntries(
    textKeys.flatMap((key) => {
      const value = metadata.get(key);
      return value === undefined ? [] : [[key, String(value)]];
    }),
  );
  const experimental = metadata.get('experimental');
  const { id, url: _url, name: _name, version, title, status, ...about } = said;
  return {
    resourceType: 'StructureMap',
    ...some('id', id),
    ...some(
      'contained',
      map.conceptMaps.map((each) => conceptMap(each, release)),
    ),
    ...some('extension', extension),
    url: map.url,
    ...some('version', version),
    name: map.name,
    ...some('title', title),
    status: status ?? 'draft',
    ...(experimental === undefined ? {} : { experimental: String(experimental) === 'true' }),
    ...about,
    ...some(
      'structure',
      map.structures.map((each) => ({
        url: each.url,
        mode: each.mode,
        ...some('alias', each.alias),
        ...documentation(each.comments),
      })),
    ),
    ...some(
      'import',
      map.imports.map(({ canonical }) => canonical),
    ),
    ...(release === 'R4'
      ? {}
      : some(
          'const',
          map.constants.map(({ name, value }) => ({ name, value: value.text })),
        )),
    group: map.groups.map((each) => group(each, release)),
  };
}
