/** A map of one text, run on inputs, with ids and time that do not change. */
import { readR4Types, TypeTable } from '../../../src/definitions/types.ts';
import type { CompileOptions } from '../../../src/fml/run/compile.ts';
import { compileMap, type RunResult } from '../../../src/fml/run/index.ts';
import { MapStopped } from '../../../src/fml/run/fault.ts';
import type { RunOptions } from '../../../src/fml/run/frame.ts';
import type { ConceptMap, MapText } from '../../../src/fml/model.ts';
import { readMap } from '../../../src/fml/text/read.ts';

export const types = new TypeTable(readR4Types());

const structures = ['Patient', 'Observation', 'Bundle', 'QuestionnaireResponse', 'Questionnaire', 'Basic', 'Task']
  .map((name) => `uses "http://hl7.org/fhir/StructureDefinition/${name}" alias ${name} as source`)
  .join('\n');

export const read = (text: string, url = 'http://example.org/m'): MapText => {
  const { map, problems } = readMap(`map "${url}" = "m"\n${structures}\n${text}`, 'm.fml');
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${problem.at.line}: ${problem.what}`);
  return map;
};

export type Setting = {
  readonly imports?: readonly MapText[];
  readonly conceptMaps?: readonly ConceptMap[];
  readonly compile?: CompileOptions;
  readonly run?: Partial<RunOptions>;
  readonly targets?: readonly unknown[];
};

/** The text is groups; without one, the rules of a group from a Patient to a Patient. */
export function run(text: string, sources: unknown, setting: Setting = {}): RunResult {
  const whole = text.includes('group ') ? text : `group main(source src : Patient, target tgt : Patient) {\n${text}\n}`;
  const map = read(whole);
  const { imports = [], conceptMaps = [] } = setting;
  let count = 0;
  return compileMap({ types, maps: [map, ...imports], conceptMaps }, map, setting.compile).run(
    { sources: Array.isArray(sources) ? (sources as unknown[]) : [sources], targets: setting.targets ?? [] },
    { uuid: () => `id-${(count += 1)}`, now: new Date('2026-05-06T10:00:00Z'), ...setting.run },
  );
}

/** The first target. */
export const made = (text: string, sources: unknown, setting?: Setting): unknown =>
  run(text, sources, setting).targets[0];

/** How the map stopped. */
export function stop(text: string, sources: unknown, setting?: Setting): MapStopped {
  try {
    run(text, sources, setting);
  } catch (error) {
    if (error instanceof MapStopped) return error;
    throw error;
  }
  throw new Error('the map did not stop');
}
