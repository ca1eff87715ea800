/** How FHIRPath fails: in the text (a place can be shown), or on the data (whose values are never quoted). */

/** The text is no FHIRPath, or names what does not exist. `offset` and `length` count UTF-16 units of the expression. */
export class FhirPathSyntaxError extends Error {
  readonly code: 'syntax' | 'unknown-variable' | 'unknown-function' | 'wrong-parameters' | 'unknown-type';
  readonly offset: number;
  readonly length: number;

  constructor(message: string, offset: number, length: number, code: FhirPathSyntaxError['code'] = 'syntax') {
    super(message);
    this.name = 'FhirPathSyntaxError';
    this.code = code;
    this.offset = offset;
    this.length = length;
  }
}

/** The data does not fit the expression. The message names functions, paths and types, never a value of the data. */
export class FhirPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FhirPathError';
  }
}
