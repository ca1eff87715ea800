/** Valid instances of our own making, as varied as the examples that US Core publishes. */
import type { Resource } from '../../../src/core/ports.ts';
import { conformance } from './conformance.ts';
import { narrated } from './narrative.ts';
import { observations } from './observations.ts';
import { people } from './people.ts';
import { records } from './records.ts';

/** As they come over the wire: what is undefined is not there. */
export const published: readonly (readonly [name: string, resource: Resource])[] = [
  observations,
  people,
  records,
  conformance,
].flatMap((each) =>
  Object.entries(each).map(
    ([name, resource]) => [name, JSON.parse(JSON.stringify(narrated(resource))) as Resource] as const,
  ),
);
