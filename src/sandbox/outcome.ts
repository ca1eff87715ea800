/**
 * Errors as FHIR wants them: an OperationOutcome with an HTTP status. They are thrown as @medplum's
 * `OperationOutcomeError`, which its FhirRouter passes through; the status travels beside the outcome.
 */
import { getStatus, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';

const statuses = new WeakMap<OperationOutcome, number>();

type IssueCode = OperationOutcomeIssue['code'];

/** An OperationOutcome of one error, bound to an HTTP status. */
export function problem(
  status: number,
  code: IssueCode,
  text: string,
  expression?: string | readonly string[],
): OperationOutcomeError {
  const where = expression === undefined ? [] : typeof expression === 'string' ? [expression] : [...expression];
  return problems(status, [
    { severity: 'error', code, details: { text }, ...(where.length > 0 ? { expression: where } : {}) },
  ]);
}

export function problems(status: number, issue: OperationOutcomeIssue[]): OperationOutcomeError {
  const outcome: OperationOutcome = { resourceType: 'OperationOutcome', issue };
  statuses.set(outcome, status);
  return new OperationOutcomeError(outcome);
}

/** The HTTP status of an outcome: ours, else the one @medplum/core gives to its well-known outcomes. */
export const statusOf = (outcome: OperationOutcome): number => statuses.get(outcome) ?? getStatus(outcome);

/** An outcome as it is sent: without the internal id by which @medplum/core tells its outcomes apart. */
export function published(outcome: OperationOutcome): OperationOutcome {
  const { id: _internal, ...rest } = outcome;
  return rest;
}

export const information = (text: string): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'information', code: 'informational', details: { text } }],
});
