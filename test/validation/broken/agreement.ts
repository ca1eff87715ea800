/** Whether the place an issue names is the place that was broken, or lies above or below it. */

type Step = { readonly name: string; readonly index: string | undefined };

const steps = (path: string): readonly Step[] =>
  path
    .replaceAll(/\[x\]|:[\w-]+|\.ofType\([^)]*\)|\.as\([^)]*\)/gu, '')
    .replaceAll(/\.extension\([^)]*\)/gu, '.extension')
    .split('.')
    .map((step) => {
      const [, name = '', index] = /^_?([^[]*)(?:\[(\d+)\])?/u.exec(step) ?? [];
      return { name, index };
    });

/** `value` and `valueQuantity` are the same, and so is what stands beside it as `_value`. */
const sameName = (a: string, b: string): boolean =>
  a === b ||
  (a.startsWith(b) && /^[A-Z]/u.test(a.slice(b.length))) ||
  (b.startsWith(a) && /^[A-Z]/u.test(b.slice(a.length)));

const sameStep = (a: Step, b: Step): boolean =>
  sameName(a.name, b.name) && (a.index === undefined || b.index === undefined || a.index === b.index);

/** How many steps an issue stands above the broken place (0: there, or below it); undefined when it is elsewhere. */
export function stepsAbove(where: string, path: string): number | undefined {
  const broken = steps(path);
  const issue = where === 'resourceType' && broken.length === 2 ? broken : steps(where);
  const common = Math.min(issue.length, broken.length);
  for (let index = 0; index < common; index += 1) {
    const [a, b] = [issue[index], broken[index]];
    if (a === undefined || b === undefined || !sameStep(a, b)) return undefined;
  }
  return Math.max(0, broken.length - issue.length);
}
