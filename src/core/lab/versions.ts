/**
 * Which version of a report or a result counts. The answer follows from the set of versions, never from the order in
 * which they came: final before preliminary, then the latest told, then the graver correction. Pure.
 */
import type { LabVersion } from './model.ts';

/** A later one overrules an earlier one that was told at the same time. Those of at least 1 are final. */
const ranks: Readonly<Record<string, number>> = {
  unknown: 0,
  registered: 0,
  partial: 0,
  preliminary: 0,
  final: 1,
  appended: 2,
  amended: 3,
  corrected: 4,
  cancelled: 5,
  'entered-in-error': 6,
};

/** A status that is not known is not final: it never overrules one that is. */
export const rankOf = (status: string): number => ranks[status] ?? 0;

/** Once final, a result is never preliminary again. */
export const isFinal = (status: string): boolean => rankOf(status) > 0;

export const isWithdrawn = (status: string): boolean => status === 'entered-in-error';

type Ordered = Pick<LabVersion, 'final' | 'issued' | 'sent' | 'status' | 'hash' | 'summary'>;

/** Only says that what was preliminary is final (OBX-11 `U`), without a value. */
const isBare = ({ summary }: Ordered): boolean => summary.awaited === true;

/** A bare status overrules what is preliminary, and nothing else. */
const weight = (one: Ordered): number => (!one.final ? 0 : isBare(one) ? 1 : 2);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Below 0: `b` counts more. As the view `lab_standing` of the ledger orders them. */
export const compareVersions = (a: Ordered, b: Ordered): number =>
  weight(a) - weight(b) ||
  a.issued.getTime() - b.issued.getTime() ||
  a.sent.getTime() - b.sent.getTime() ||
  rankOf(a.status) - rankOf(b.status) ||
  compareText(a.hash, b.hash);

/**
 * `top` says how it stands, `base` what it holds. They differ where a laboratory only says that a preliminary result is
 * final now.
 */
export type Counts<V extends Ordered> = { readonly top: V; readonly base: V };

export function countingOf<V extends Ordered>(versions: readonly V[]): Counts<V> | undefined {
  const [top, ...earlier] = versions.toSorted((a, b) => compareVersions(b, a));
  if (top === undefined) return undefined;
  const valued = isBare(top) ? earlier.find((one) => one.summary.text !== undefined) : undefined;
  return { top, base: valued ?? top };
}

/** What one version more changes in the chart. */
export type Effect =
  /** Nothing: it is late, or says what stands already. */
  | 'none'
  /** The resource as this version has it. */
  | 'put'
  /** Only status and time of issue: what it holds stands already. */
  | 'status'
  /** The resource as this version has it, with the status and the time of issue of the one that counts. */
  | 'fill';

export function effectOf<V extends Ordered>(next: V, known: readonly V[]): Effect {
  const before = countingOf(known);
  if (before === undefined) return 'put';
  const after = countingOf([...known, next]) ?? before;
  if (after.base === next && after.top === next) return before.base.hash === next.hash ? 'none' : 'put';
  if (after.base === next) return 'fill';
  return after.top === next ? 'status' : 'none';
}

/** Final versions that another one took the place of, or that came too late to count: each keeps its provenance. */
export function overruled<V extends Ordered>(next: V, known: readonly V[]): readonly V[] {
  const all = [...known, next];
  const counts = countingOf(all);
  const before = countingOf(known);
  return all.filter(
    (one) =>
      one.final &&
      one.hash !== counts?.top.hash &&
      // Those that were overruled before have theirs.
      (one === before?.top || (one === next && known.every(({ hash }) => hash !== next.hash))),
  );
}
