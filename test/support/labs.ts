/** The defaults of the configuration for laboratory results, as values. */
import { readFileSync } from 'node:fs';
import type { LabRules } from '../../src/core/lab/rules.ts';

const folder = new URL('../../src/config/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

type Classes = Readonly<Record<string, { codes: string[]; names: string[]; harmless: string[] }>>;
type Section = Readonly<Record<string, { readonly default: never }>>;

const { classes } = read('screens/sensitive-labs.json') as { classes: Classes };
const { properties } = (read('config.schema.json') as { properties: { labs: { properties: Section } } }).properties
  .labs;

const given = (name: string): never => properties[name]?.default as never;

export const labRules: LabRules = {
  unmappedCodes: given('unmappedCodes'),
  release: { delayMs: 0, everyMs: 30_000, newsWithinMs: 365 * 86_400_000 },
  trends: given('trends'),
  critical: given('critical'),
  criticalWithinMs: given('criticalWithinMs'),
  criticalFlags: given('criticalFlags'),
  criticalFlagSeverity: given('criticalFlagSeverity'),
  sensitive: Object.entries(classes).map(([about, { codes, names: phrases, harmless }]) => ({
    about,
    codes,
    phrases,
    harmless,
  })),
  sensitiveCodes: {},
  withholdFromEhr: [],
};
