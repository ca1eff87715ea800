/** What may become of each result of an order, and of its report. Pure. */
import type { LabNames } from '../../core/lab/model.ts';
import type { JudgeResult, LabJudgement } from '../../core/lab/sensitive.ts';
import type { Mapped } from '../../core/ports.ts';

type Judged = { readonly one: Mapped; readonly says: LabJudgement };

/** A result with its report in view, and the report by what its results are. */
export function judgeAll(
  mapped: readonly Mapped[],
  names: LabNames,
  judge: JudgeResult,
  part2: boolean,
): readonly Judged[] {
  const report = mapped.find(({ artifact }) => artifact === names.report);
  const results = mapped
    .filter((one) => one !== report)
    .map((one): Judged => ({
      one,
      says: judge(one.resource, { part2, ...(report === undefined ? {} : { report: report.resource }) }),
    }));
  if (report === undefined) return results;
  const about = { part2, results: results.map(({ says }) => says) };
  return [...results, { one: report, says: judge(report.resource, about) }];
}
