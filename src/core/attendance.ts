/** An attendance sheet of group education: what its door is told. No values of a patient stand in problems. */
import type { Receipt } from './model.ts';
import type { RowProblem, SheetNotice, SheetRefusal, DateOrder } from './roster.ts';

export type AttendanceAsk = {
  readonly source: string;
  readonly dryRun: boolean;
  readonly actor: string;
  readonly dateOrder?: DateOrder;
};

export type AttendanceReport = {
  readonly series: string;
  readonly session: number;
  readonly counts: {
    readonly rows: number;
    readonly attended: number;
    readonly absent: number;
    /** Sent on for the first time, or with what changed. */
    readonly sent: number;
    readonly unchanged: number;
    /** On an earlier sheet of this session, and no longer on this one: taken back. */
    readonly voided: number;
  };
  readonly notices: readonly SheetNotice[];
  readonly warnings: readonly RowProblem[];
};

export type AttendanceAnswer =
  | { readonly kind: 'refused'; readonly refusal: SheetRefusal }
  | { readonly kind: 'dry-run'; readonly report: AttendanceReport }
  | { readonly kind: 'taken'; readonly report: AttendanceReport; readonly receipts: readonly Receipt[] };
