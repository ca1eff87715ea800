/** Resources within the one that is validated, each of which is %resource to what is asked of it. */
import { isObject, type JsonObject } from '../definitions/item.ts';
import type { Knowledge } from './knowledge.ts';
import type { Run } from './run.ts';

/** A contained resource, or one of a Bundle: a run of its own within the run. */
export function inside(object: JsonObject, run: Run, contained: boolean, check: () => void): void {
  const { around } = run;
  run.around = {
    json: object,
    root: contained ? around.root : object,
    bundle: around.json['resourceType'] === 'Bundle' ? around.json : around.bundle,
    depth: run.depth,
    env: undefined,
  };
  check();
  run.around = around;
}

/** Whether a value meets a profile; undefined when that is not at hand. What is found on the way is not kept. */
export function meets(value: unknown, extra: unknown, profile: string, run: Run, know: Knowledge): boolean | undefined {
  const delta = know.delta(profile);
  if (delta === undefined) return undefined;
  const check = (): void => delta(value, extra, run);
  return run.holds(value, profile, () => {
    if (!isObject(value) || typeof value['resourceType'] !== 'string' || value === run.around.json) check();
    else {
      const { contained } = run.around.root;
      inside(value, run, Array.isArray(contained) && contained.includes(value), check);
    }
  });
}
