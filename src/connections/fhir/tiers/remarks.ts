/** What a reader of a message should know of how it was filed: types and forms, never what they say. Pure. */
import type { Abilities } from './abilities.ts';
import { amendsBy, voidsBy } from './decide.ts';
import type { Lowered } from './lower.ts';

export function remarksOn({ steps, placed, posts }: Lowered, abilities: Abilities): readonly string[] {
  const entered = unique(placed.filter(({ tier }) => tier === 'work-list').map(({ resourceType }) => resourceType));
  const created = unique(
    steps.flatMap((step) => (step.do === 'put' && step.known === undefined ? [step.resource.resourceType] : [])),
  );
  const final = created.filter((as) => {
    const form = { tier: 'native', as, why: '' } as const;
    return amendsBy(form, abilities) === 'by hand' && voidsBy(form, abilities) === 'by hand';
  });
  const posted = unique(posts.map(({ as }) => (as === 'document' ? 'MDM (notes)' : 'ORU (results)')));
  return [
    ...(posted.length === 0 ? [] : [`By HL7 v2: ${posted.join(', ')}.`]),
    ...(entered.length === 0 ? [] : [`For a person to enter in the chart (tejido worklist): ${entered.join(', ')}.`]),
    ...(final.length === 0
      ? []
      : [
          `This EHR takes no changes of ${final.join(', ')}: a correction or void of it becomes an entry of the work list.`,
        ]),
  ];
}

const unique = (all: readonly string[]): readonly string[] => [...new Set(all)];
