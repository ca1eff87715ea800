/** What is known of a person beside identifiers. Only for matching: never filed, never logged. */

export type Demographics = {
  readonly given?: string | undefined;
  /** First surname, the only one, or both in one field. */
  readonly family?: string | undefined;
  readonly secondFamily?: string | undefined;
  /** YYYY-MM-DD; an EHR may know less: YYYY or YYYY-MM. */
  readonly dob?: string | undefined;
  readonly sex?: string | undefined;
  readonly phones?: readonly string[] | undefined;
  readonly postalCode?: string | undefined;
};

const fields = ['given', 'family', 'secondFamily', 'dob', 'sex', 'phones', 'postalCode'] as const;

const said = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== undefined);

/** Nobody is found by sex, postal code or date of birth alone. */
export const canMatch = (known: Demographics): boolean =>
  said(known.given) || said(known.family) || said(known.secondFamily) || said(known.phones);

/** What is said now counts; what is not said now stays. */
export function updated(before: Demographics | undefined, now: Demographics): Demographics {
  // A name is told as a whole: the second surname of yesterday may not belong to the first of today.
  const named: Demographics = said(now.family) ? { ...before, secondFamily: undefined } : { ...before };
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = said(now[field]) ? now[field] : named[field];
      return said(value) ? [[field, value] as const] : [];
    }),
  );
}
