/**
 * What a roster (a spreadsheet of patients) comes to: the words that doors, ledger and commands share. No values of a
 * patient stand in problems and notices, only rows and columns.
 */

/** `snapshot`: everybody of this source; who is missing has left. `delta`: only what is new or changed. */
export const rosterModes = ['snapshot', 'delta'] as const;
export type RosterMode = (typeof rosterModes)[number];

/** Order of day and month in dates such as 03/04/1961. */
export type DateOrder = 'dmy' | 'mdy';

/** What a roster becomes for those who are no longer on it; absent: they are listed and marked absent, nothing more. */
export const removedStatuses = ['paused', 'lost'] as const;
export type RemovedStatus = (typeof removedStatuses)[number];

export type RosterAsk = {
  readonly source: string;
  readonly mode: RosterMode;
  readonly dryRun: boolean;
  /** The key that sent it. */
  readonly actor: string;
  readonly dateOrder?: DateOrder;
  readonly removedStatus?: RemovedStatus;
  /** How many removals the sender expects; asked for when a snapshot would remove more than a fifth. */
  readonly confirmRemovals?: number;
  /** Show what changes from what to what. */
  readonly values?: boolean;
};

/** `row` counts from 1, the lines of the sheet as a spreadsheet shows them. */
export type RowProblem = {
  readonly row: number;
  readonly column?: string;
  readonly what: string;
  readonly code: string;
};

/** About the file as a whole. */
export type SheetNotice = { readonly code: string; readonly what: string; readonly columns?: readonly string[] };

export type RosterEntry = {
  /** Absent: the person is not in this file. */
  readonly row?: number;
  /** Id at the source, or `mrn:…`. */
  readonly patient: string;
  readonly action: 'add' | 'change' | 'remove';
  /** Names of the fields that change. */
  readonly fields?: readonly string[];
  /** Only on request, to a key that may read rosters; never stored. */
  readonly values?: Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>;
};

export type RosterCounts = {
  readonly rows: number;
  readonly add: number;
  readonly change: number;
  readonly remove: number;
  readonly unchanged: number;
  readonly conflict: number;
  readonly error: number;
  readonly duplicate: number;
  readonly warning: number;
  /** What is sent on through the ledger. */
  readonly activities: number;
};

export type RosterReport = {
  readonly counts: RosterCounts;
  /** Header in the file → field of the roster. */
  readonly columns: readonly { readonly column: string; readonly field: string }[];
  readonly notices: readonly SheetNotice[];
  readonly errors: readonly RowProblem[];
  readonly conflicts: readonly RowProblem[];
  readonly warnings: readonly RowProblem[];
  readonly entries: readonly RosterEntry[];
};

export type RosterState = 'committing' | 'committed';

export type RosterSummary = {
  readonly id: string;
  readonly source: string;
  readonly mode: RosterMode;
  readonly state: RosterState;
  readonly actor: string;
  readonly receivedAt: Date;
  readonly committedAt?: Date;
  readonly counts: RosterCounts;
};

export type RosterImport = RosterSummary & { readonly report: RosterReport };

/** Why a file is not taken at all. `code` is stable; nothing of the file was stored. */
export type SheetRefusal = {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly problems?: readonly RowProblem[];
  readonly notices?: readonly SheetNotice[];
};

export type RosterAnswer =
  | { readonly kind: 'refused'; readonly refusal: SheetRefusal }
  | { readonly kind: 'dry-run'; readonly report: RosterReport }
  /** `known`: the same file was the latest of this source, and nothing is to be done. */
  | {
      readonly kind: 'taken' | 'known';
      readonly id: string;
      readonly state: RosterState;
      readonly report: RosterReport;
    };
