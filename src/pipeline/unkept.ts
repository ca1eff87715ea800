/** What the ledger cannot write down as it is must end as a failure that a person sees, not be tried for ever. Pure. */
import type { Completed } from '../core/lane.ts';

/** Somebody else may have written the same in that moment: once is no proof. */
export const mostBlamed = 3;

/** SQLSTATE classes 22, 23 and 54: the data is to blame, not the storage. */
export const blamesData = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(22|23|54)[0-9A-Z]{3}$/.test(String(error.code));

/** Without what was read of the content. What stands in the EHR stays known: it is not filed a second time. */
export const unkept = ({
  facts: _facts,
  lab: _lab,
  look: _look,
  rewords: _rewords,
  disclosures: _disclosures,
  workList: _workList,
  ...completed
}: Completed): Completed => ({
  ...completed,
  unmapped: [],
  exchanges: [],
  progress: {
    state: 'failed',
    failure: { cause: 'internal/unexpected', detail: 'The ledger does not take what was made of it.' },
  },
});
