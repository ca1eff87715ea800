/** What validation says. */
export type Issue = {
  /** FHIRPath expression of the place: `Observation.component[1].valueQuantity.code`. */
  readonly where: string;
  /** Names, types and rules; never a value of the resource. */
  readonly what: string;
  /** A code of FHIR's IssueType. */
  readonly code: IssueCode;
  readonly severity: Severity;
  /** Of the invariant that is not met. */
  readonly key?: string;
};

/** `information`: what could not be judged with what is at hand. */
export type Severity = 'error' | 'warning' | 'information';

export type IssueCode =
  'structure' | 'required' | 'value' | 'invariant' | 'code-invalid' | 'extension' | 'not-found' | 'not-supported';

/** Issues as FHIR says them; one of severity `information` when there are none. */
export const outcomeOf = (issues: readonly Issue[]): object => ({
  resourceType: 'OperationOutcome',
  issue:
    issues.length === 0
      ? [{ severity: 'information', code: 'informational', details: { text: 'no issues' } }]
      : issues.map(({ where, what, code, severity, key }) => ({
          severity,
          code,
          details: { text: key === undefined ? what : `${key}: ${what}` },
          expression: [where],
        })),
});
