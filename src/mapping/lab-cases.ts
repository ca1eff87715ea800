/** Golden cases of laboratory results: `input.json` holds `{tree, issued, parent?, context?}`, the tree of one order. */
import type { LabNames, LabOrder } from '../core/lab/model.ts';
import type { LabContext } from '../core/ports.ts';
import { isObject } from '../definitions/item.ts';

/** The context of a case that gives none; what it gives replaces the parts of this. */
export const labCaseContext: LabContext = {
  patient: { reference: 'Patient/p1', display: 'Rosa Mendoza' },
  programme: { artifactSystem: 'https://tejido.dev/artifact', timeZone: 'America/Chicago' },
  source: 'riverlab',
  receivedAt: '2026-05-06T23:30:00Z',
  filed: {},
};

export type LabInput = { readonly order: LabOrder; readonly names: LabNames; readonly context: LabContext };

const count = (json: unknown): number => (Array.isArray(json) ? json.length : 0);

const numbered = (prefix: string, many: number): readonly string[] =>
  Array.from({ length: many }, (_, index) => `${prefix}${String(index + 1)}`);

/** Undefined when it is no case of laboratory results. The artifacts are `lab1`, `lab1.r1`, `lab1.s1`, `lab0` (parent). */
export function readLabInput(json: unknown): LabInput | undefined {
  if (!isObject(json) || !isObject(json['tree'])) return undefined;
  const { tree, issued, parent, context } = json;
  const results = numbered('lab1.r', count(tree['observation']));
  const specimens = numbered('lab1.s', count(tree['specimen']));
  const time = typeof issued === 'string' ? issued : '';
  return {
    order: { service: '', issued: time, sent: time, results: results.map((key) => ({ key })), specimens, tree },
    names: { report: 'lab1', results, specimens, ...(parent === true ? { parent: 'lab0' } : {}) },
    context: { ...labCaseContext, ...(isObject(context) ? context : {}) },
  };
}
