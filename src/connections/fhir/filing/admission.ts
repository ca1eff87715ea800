/** What this EHR does not take, known before anything is sent. Pure. */
import { fail } from '../../../core/outcome.ts';
import type { Failure } from '../../../core/outcome.ts';
import { takes } from '../capability.ts';
import type { Progress } from './progress.ts';
import { nameOf } from './work.ts';
import type { Work } from './work.ts';

/** `send/unsupported` with an issue for each work that is not declared or not in our scopes; undefined when all may go. */
export function notTaken({ env, works, capabilities }: Progress): Failure | undefined {
  // An artifact without a known link may stand already; a type that cannot be created is refused all the same.
  const interaction = (work: Work): string => (work.reference === undefined ? 'create' : 'update');
  const undeclared = works.filter((work) => !takes(capabilities, work.desired.resourceType, interaction(work)));
  if (undeclared.length > 0) {
    return fail('send/unsupported', `by its CapabilityStatement this EHR does not take ${typesOf(undeclared)}`, {
      issues: undeclared.map((work) => ({ where: nameOf(work), what: `${interaction(work)} is not declared` })),
    }).failure;
  }
  // Asking all the same would be answered 403, and look as if all our credentials were bad.
  const forbidden = works.filter((work) => !env.mayWrite(work.desired.resourceType));
  if (forbidden.length === 0) return undefined;
  return fail('send/unsupported', `the granted scopes do not let us write ${typesOf(forbidden)}`, {
    issues: forbidden.map((work) => ({ where: nameOf(work), what: 'no scope' })),
  }).failure;
}

const typesOf = (works: readonly Work[]): string =>
  [...new Set(works.map((work) => work.desired.resourceType))].join(', ');
