/** What became of the week, counted from the ledger and held against what was meant to be. Pure. */
import type { CauseCode } from '../core/causes.ts';
import type { MessageState } from '../core/model.ts';
import type { MessageSummary } from '../core/story.ts';
import type { Delivery } from './week.ts';

export type Tally = Readonly<Record<MessageState | 'accepted', number>>;

export type Summary = {
  readonly kinds: readonly { readonly kind: string; readonly tally: Tally }[];
  readonly total: Tally;
  readonly held: readonly { readonly cause: CauseCode; readonly count: number }[];
  /** What should have been held and is not, or the other way round; what is not at rest. */
  readonly surprises: readonly string[];
};

const none: Tally = { accepted: 0, received: 0, filing: 0, filed: 0, held: 0, failed: 0, superseded: 0, voided: 0 };
const counted = (tally: Tally, state: MessageState): Tally => ({
  ...tally,
  accepted: tally.accepted + 1,
  [state]: tally[state] + 1,
});

const countBy = <K extends string>(keys: readonly K[]): ReadonlyMap<K, number> => {
  const counts = new Map<K, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

export function summarise(messages: readonly MessageSummary[], week: readonly Delivery[]): Summary {
  const kinds = new Map<string, Tally>();
  let total = none;
  for (const { kind, state } of messages) {
    kinds.set(kind, counted(kinds.get(kind) ?? none, state));
    total = counted(total, state);
  }
  const held = countBy(
    messages.flatMap(({ state, cause }) => (state === 'held' && cause !== undefined ? [cause] : [])),
  );
  const meant = countBy(week.flatMap((delivery) => delivery.held ?? []));
  const surprises = [...new Set([...held.keys(), ...meant.keys()])]
    .filter((cause) => held.get(cause) !== meant.get(cause))
    .map((cause) => `held for ${cause}: ${String(held.get(cause) ?? 0)}, meant: ${String(meant.get(cause) ?? 0)}`);
  const unsettled = total.received + total.filing;
  if (unsettled > 0) surprises.push(`still on their way: ${String(unsettled)}`);
  if (total.failed > 0) surprises.push(`failed: ${String(total.failed)}`);
  if (total.accepted !== week.length)
    surprises.push(`accepted: ${String(total.accepted)}, sent: ${String(week.length)}`);
  return {
    kinds: [...kinds].map(([kind, tally]) => ({ kind, tally })).sort((a, b) => (a.kind < b.kind ? -1 : 1)),
    total,
    held: [...held].map(([cause, count]) => ({ cause, count })),
    surprises,
  };
}

export const atRest = (messages: readonly MessageSummary[]): number =>
  messages.filter(({ state }) => state !== 'received' && state !== 'filing').length;
