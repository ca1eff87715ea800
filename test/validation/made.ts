/** Validators over small definitions written in a test. */
import { withBase } from '../../src/validation/base.ts';
import { compileValidator } from '../../src/validation/compile.ts';
import type { Definition, Element } from '../../src/validation/definition.ts';
import type { Issue } from '../../src/validation/issue.ts';
import { compileTerminology, terminologyOf } from '../../src/validation/terminology.ts';
import { readBaseTerminology } from '../../src/validation/base.ts';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';

const types = new TypeTable(readR4Types());
const terminology = readBaseTerminology();

export const place = 'https://example.org/StructureDefinition/';

/** A definition by the few elements that say something; the root is added. */
export const definition = (
  name: string,
  type: string,
  elements: readonly Element[],
  more: Partial<Definition> = {},
): Definition => ({
  url: `${place}${name}`,
  type,
  kind: 'resource',
  snapshot: { element: elements[0]?.path === type ? elements : [{ path: type }, ...elements] },
  ...more,
});

export const extension = (name: string, elements: readonly Element[], more: Partial<Definition> = {}): Definition =>
  definition(
    name,
    'Extension',
    [{ path: 'Extension' }, { path: 'Extension.url', min: 1, max: '1', fixed: `${place}${name}` }, ...elements],
    { kind: 'complex-type', ...more },
  );

export type Judge = {
  readonly issues: (resource: unknown, ...profiles: readonly string[]) => readonly Issue[];
  /** Places of the errors, in order. */
  readonly errors: (resource: unknown, ...profiles: readonly string[]) => readonly string[];
};

export function judge(definitions: readonly Definition[] = [], conformance: readonly unknown[] = []): Judge {
  const { validate } = compileValidator({
    definitions: withBase(new Map(definitions.map((each) => [each.url, each]))),
    types,
    codeSets: compileTerminology([terminology, terminologyOf(conformance)]),
    clock: () => new Date('2026-01-01T00:00:00Z'),
  });
  const issues = (resource: unknown, ...profiles: readonly string[]): readonly Issue[] =>
    validate(
      resource,
      profiles.map((name) => `${place}${name}`),
    );
  return {
    issues,
    errors: (resource, ...profiles) =>
      issues(resource, ...profiles)
        .filter(({ severity }) => severity === 'error')
        .map(({ where }) => where),
  };
}
