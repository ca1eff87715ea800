/** What became of it all, counted from the ledger and held against what was meant to be. Pure. */
import type { CauseCode } from '../core/causes.ts';
import type { MessageState } from '../core/model.ts';
import type { MessageTally } from '../core/story.ts';

export type Tally = Readonly<Record<MessageState | 'accepted', number>>;

export type Summary = {
  readonly kinds: readonly { readonly kind: string; readonly tally: Tally }[];
  readonly total: Tally;
  readonly held: readonly { readonly cause: CauseCode; readonly count: number }[];
  /** What should have been held and is not, or the other way round; what is not at rest. */
  readonly surprises: readonly string[];
};

/** `sent`: messages that the doors took; `held`: the cause of each that must be held. */
export type Meant = { readonly sent: number; readonly held: readonly CauseCode[] };

const none: Tally = { accepted: 0, received: 0, filing: 0, filed: 0, held: 0, failed: 0, superseded: 0, voided: 0 };
const counted = (tally: Tally, { state, count }: MessageTally): Tally => ({
  ...tally,
  accepted: tally.accepted + count,
  [state]: tally[state] + count,
});

export function summarise(counts: readonly MessageTally[], meant: Meant): Summary {
  const kinds = new Map<string, Tally>();
  const held = new Map<CauseCode, number>();
  let total = none;
  for (const one of counts) {
    kinds.set(one.kind, counted(kinds.get(one.kind) ?? none, one));
    total = counted(total, one);
    if (one.state === 'held' && one.cause !== undefined) held.set(one.cause, (held.get(one.cause) ?? 0) + one.count);
  }
  const wanted = Map.groupBy(meant.held, (cause) => cause);
  const surprises = [...new Set([...held.keys(), ...wanted.keys()])]
    .map((cause) => ({ cause, is: held.get(cause) ?? 0, was: wanted.get(cause)?.length ?? 0 }))
    .filter(({ is, was }) => is !== was)
    .map(({ cause, is, was }) => `held for ${cause}: ${String(is)}, meant: ${String(was)}`);
  const unsettled = total.received + total.filing;
  if (unsettled > 0) surprises.push(`still on their way: ${String(unsettled)}`);
  if (total.failed > 0) surprises.push(`failed: ${String(total.failed)}`);
  if (total.accepted !== meant.sent) surprises.push(`accepted: ${String(total.accepted)}, sent: ${String(meant.sent)}`);
  return {
    kinds: [...kinds].map(([kind, tally]) => ({ kind, tally })).sort((a, b) => (a.kind < b.kind ? -1 : 1)),
    total,
    held: [...held].map(([cause, count]) => ({ cause, count })),
    surprises,
  };
}

export const atRest = (counts: readonly MessageTally[]): number =>
  counts.reduce((sum, { state, count }) => sum + (state === 'received' || state === 'filing' ? 0 : count), 0);
