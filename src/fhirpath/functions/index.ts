/** Every function there is, by name. */
import { clock } from './clock.ts';
import { conversion } from './conversion.ts';
import type { BuiltIn } from './define.ts';
import { existence } from './existence.ts';
import { fhir } from './fhir.ts';
import { filtering } from './filtering.ts';
import { math } from './math.ts';
import { strings } from './strings.ts';

export const builtIns: ReadonlyMap<string, BuiltIn> = new Map(
  [existence, filtering, strings, math, conversion, clock, fhir].flatMap((part) => Object.entries(part)),
);
