/** Units: what the sender wrote, the word it is looked up by, and a UCUM code only where the sender says that it is one. */
import { part } from './json.ts';
import { isUcum } from './ucum.ts';

export type UnitAsSent = {
  readonly unit: string;
  /** For the ConceptMap lab-unit: lower case, without blanks at the ends or doubled. */
  readonly key: string;
  /** Said to be UCUM by the sender, and valid. */
  readonly ucum?: string;
};

const keyOf = (unit: string): string =>
  unit
    .trim()
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?\/ ?/g, '/');

const parts = [
  ['identifier', 'text', 'nameOfCodingSystem'],
  ['alternateIdentifier', 'alternateText', 'nameOfAlternateCodingSystem'],
  ['secondAlternateIdentifier', 'secondAlternateText', 'nameOfSecondAlternateCodingSystem'],
] as const;

/** OBX-6. */
export function unitOf(json: unknown): UnitAsSent | undefined {
  const written = part(json, 'identifier') ?? part(json, 'originalText');
  const unit = written ?? part(json, 'text') ?? part(json, 'alternateIdentifier') ?? part(json, 'alternateText');
  if (unit === undefined) return undefined;
  const ucum = parts
    .filter(([, , name]) => part(json, name)?.toUpperCase() === 'UCUM')
    .map(([code]) => part(json, code))
    .find((code) => code !== undefined && isUcum(code));
  return { unit, key: keyOf(unit), ...(ucum === undefined ? {} : { ucum }) };
}
