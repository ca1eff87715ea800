/** Why a map stopped, and where. Messages name rules, paths, types and ConceptMaps; a value of the data never. */

/** The closed list of what can go wrong while a map runs. */
export const faultCodes = [
  'check-failed',
  'not-only-one',
  'cardinality',
  'no-value',
  'several-values',
  'wrong-type',
  'cast-failed',
  'unknown-element',
  'unknown-type',
  'unknown-variable',
  'wrong-parameters',
  'unknown-transform',
  'list-mode',
  'unmapped-code',
  'concept-map',
  'expression',
  'recursion',
  'group',
  'input',
] as const;
export type FaultCode = (typeof faultCodes)[number];

/** A code that a ConceptMap does not lead anywhere. It may be the patient's: for the record, never for a log. */
export type UnmappedCode = {
  /** Canonical, or `#id`, as the map names it. */
  readonly conceptMap: string;
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
};

/** What was done by policy of the ConceptMap with a code that it does not list. */
export type Unmapped = UnmappedCode & {
  readonly policy: 'provided' | 'fixed' | 'other-map' | 'text';
  /** `mappings/contact.fml:41:7 rule "note"` */
  readonly where: string;
};

/**
 * Thrown within a rule, which adds its place. Data is kept out of its own properties, so that a logger that writes all of
 * them does not write it.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  /** What the author or the sender can do about it. */
  readonly advice: string | undefined;
  readonly #value: unknown;
  readonly #unmapped: UnmappedCode | undefined;

  constructor(
    code: FaultCode,
    what: string,
    more: {
      readonly advice?: string;
      readonly value?: unknown;
      readonly unmapped?: UnmappedCode;
      readonly cause?: unknown;
    } = {},
  ) {
    super(what, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.advice = more.advice;
    this.#value = more.value;
    this.#unmapped = more.unmapped;
  }

  /** The value that was in the way. Only for those who may see data. */
  get value(): unknown {
    return this.#value;
  }

  get unmapped(): UnmappedCode | undefined {
    return this.#unmapped;
  }
}

/** A map ended without result. `message` says what was expected and what to do; it holds no value of the data. */
export class MapStopped extends Error {
  readonly code: FaultCode;
  /** `mappings/contact.fml:41:7 rule "note"`; the file alone where no rule had begun. */
  readonly where: string;
  /** What the rule was reading: `QuestionnaireResponse.item[2].answer[0]`. */
  readonly path: string | undefined;
  readonly #fault: Fault;

  constructor(fault: Fault, where: string, path?: string) {
    super(fault.advice === undefined ? fault.message : `${fault.message}. ${fault.advice}`, { cause: fault });
    this.name = 'MapStopped';
    this.code = fault.code;
    this.where = where;
    this.path = path;
    this.#fault = fault;
  }

  /** The value that was in the way. Only for those who may see data. */
  get value(): unknown {
    return this.#fault.value;
  }

  /** With the code `unmapped-code`: what was looked up. Data: for the record, never for a log. */
  get unmapped(): UnmappedCode | undefined {
    return this.#fault.unmapped;
  }
}
