/** Coded fields (CE, CWE, CNE, CF, IS) as CodeableConcept. Pure. */
import { codingSystemOf, type Namespaces, uriOfUniversalId } from '../../core/lab/coding-systems.ts';
import { isObject, type JsonObject } from '../../definitions/item.ts';
import { compact, list, part } from './json.ts';

/** What is known of the sender of a code. */
export type Sender = {
  readonly namespaces: Namespaces;
  /** URI of the sender's own codes: the name of their system is added to it. */
  readonly localBase: string;
  /** `1,024` is a number: its comma separates thousands. */
  readonly groupedNumbers?: boolean;
};

/** Components of the three codings of a CWE: code, text (CF: formatted), name, version and OID of the system. */
const codings = [
  ['identifier', 'text', 'formattedText', 'nameOfCodingSystem', 'codingSystemVersionId', 'codingSystemOid'],
  [
    'alternateIdentifier',
    'alternateText',
    'alternateFormattedText',
    'nameOfAlternateCodingSystem',
    'alternateCodingSystemVersionId',
    'alternateCodingSystemOid',
  ],
  [
    'secondAlternateIdentifier',
    'secondAlternateText',
    'secondAlternateFormattedText',
    'nameOfSecondAlternateCodingSystem',
    'secondAlternateCodingSystemVersionId',
    'secondAlternateCodingSystemOid',
  ],
] as const;

/** A coding system of the sender's own has a URI of its own: `210` of one laboratory is not `210` of another. */
export const localSystem = (name: string | undefined, { localBase }: Sender): string =>
  name === undefined ? localBase : `${localBase}/${encodeURIComponent(name)}`;

const systemOf = (name: string | undefined, oid: string | undefined, sender: Sender): string =>
  (name === undefined ? undefined : codingSystemOf(name, sender.namespaces)) ??
  (oid === undefined ? undefined : uriOfUniversalId(oid)) ??
  localSystem(name, sender);

/** FHIR's code has no blanks at its ends and one at a time within. */
const isCode = (text: string): boolean => /^\S+(?: \S+)*$/.test(text);

/**
 * All codings in their order, those of the sender's own systems too; the text is CWE.9, else the first words there are. What
 * stands as a code without system and without words (`Negative` in a CWE) is the text as well. Undefined: nothing given.
 */
export function conceptOf(json: unknown, sender: Sender): JsonObject | undefined {
  if (json === undefined) return undefined;
  const coding: { readonly system: string; readonly code: string }[] = [];
  let words = part(json, 'originalText');
  let bare: string | undefined;
  for (const [codeKey, textKey, formattedKey, nameKey, versionKey, oidKey] of codings) {
    const code = part(json, codeKey);
    const display = part(json, textKey) ?? part(json, formattedKey);
    const name = part(json, nameKey);
    words ??= display;
    if (code === undefined) continue;
    bare ??= display === undefined && name === undefined ? code : undefined;
    if (!isCode(code)) continue;
    const system = systemOf(name, part(json, oidKey), sender);
    if (coding.some((each) => each.code === code && each.system === system)) continue;
    const version = part(json, versionKey);
    coding.push({
      system,
      ...(version === undefined ? {} : { version }),
      code,
      ...(display === undefined ? {} : { display }),
    });
  }
  const text = words ?? bare ?? part(json, 'identifier');
  if (coding.length === 0 && text === undefined) return undefined;
  return compact({ coding: coding.length === 0 ? undefined : coding, text });
}

const loinc = 'http://loinc.org';

/** The LOINC codes of a CodeableConcept. */
export const loincOf = (concept: JsonObject | undefined): readonly string[] =>
  list(concept?.['coding']).flatMap((each) =>
    isObject(each) && each['system'] === loinc && typeof each['code'] === 'string' ? [each['code']] : [],
  );

export const hasLoinc = (concept: JsonObject | undefined): boolean => loincOf(concept).length > 0;
