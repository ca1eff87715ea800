/** Ten invariants as they stand in R4 and US Core, each on a resource it holds for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evalFhirPathTyped, LRUCache, parseFhirPath, type TypedValue } from '@medplum/core';
import { compile } from 'fhirpath';
import model from 'fhirpath/fhir-context/r4';
import { itemOf } from '../../src/definitions/item.ts';
import { readR4Types, TypeTable } from '../../src/definitions/types.ts';
import { compileExpression } from '../../src/fhirpath/index.ts';
import { cells, cpuOf, time, times, type Effort } from './measure.ts';

const invariants: readonly (readonly [key: string, example: string, expression: string])[] = [
  ['obs-6', 'observation-lab', 'dataAbsentReason.empty() or value.empty()'],
  [
    'obs-7',
    'observation-lab',
    'value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()',
  ],
  ['dom-2', 'observation-lab', 'contained.contained.empty()'],
  ['dom-4', 'observation-lab', 'contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()'],
  [
    'us-core-2',
    'blood-pressure',
    '(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or value.exists())',
  ],
  ['vs-3', 'blood-pressure', 'component.all(value.exists() or dataAbsentReason.exists())'],
  [
    'con-4',
    'condition-problem',
    "abatement.empty() or clinicalStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/condition-clinical' and (code='resolved' or code='remission' or code='inactive')).exists()",
  ],
  ['us-core-7', 'procedure', "(status='completed' or status='in-progress') implies performed.exists()"],
  [
    'us-core-21',
    'medicationrequest',
    "(intent='order' or intent='original-order' or intent='reflex-order'or intent='filler-order' or intent='instance-order') implies requester.exists()",
  ],
  ['prr-1', 'servicerequest', 'orderDetail.empty() or code.exists()'],
];

export function benchFhirPath(root: string, effort: Effort, print: (line: string) => void): void {
  const types = new TypeTable(readR4Types());
  print(
    cells('FHIRPath (CPU an evaluation)', '1 medplum', '2 fhirpath.js', 'Tejido', 'faster than 1', 'faster than 2'),
  );
  const sums = [0, 0, 0];
  for (const [key, example, expression] of invariants) {
    const json = JSON.parse(readFileSync(join(root, `test/validation/examples/${example}.json`), 'utf8')) as {
      resourceType: string;
    };
    const item = itemOf(types, json);
    if (item === undefined) throw new Error(`${example} is no resource`);
    const env = { resource: item, rootResource: item, now: new Date() };
    const { test } = compileExpression(expression, {
      types,
      variable: (name) =>
        name === 'resource' ? ({ resource }) => (resource === undefined ? [] : [resource]) : undefined,
    });
    const typed: TypedValue = { type: json.resourceType, value: json };
    const cache = new LRUCache<ReturnType<typeof parseFhirPath>>(100);
    const variables = { '%resource': typed, resource: typed };
    const medplum = (): unknown => evalFhirPathTyped(expression, [typed], variables, cache)[0]?.value;
    const compiled = compile(expression, model);
    const fhirpath = (): unknown => (compiled(json, { resource: json, rootResource: json }) as unknown[])[0];
    const ours = (): boolean => test(item, env);
    if (!ours() || medplum() !== true || fhirpath() !== true) throw new Error(`${key} should hold for ${example}`);
    const took = [medplum, fhirpath, ours].map((once) => cpuOf(once, effort));
    for (const [index, each] of took.entries()) sums[index] = (sums[index] ?? 0) + each;
    print(row(key, took));
  }
  print(row('all ten', sums));
}

const row = (name: string, [medplum = 0, fhirpath = 0, ours = 0]: readonly number[]): string =>
  cells(name, time(medplum), time(fhirpath), time(ours), times(medplum / ours), times(fhirpath / ours));
