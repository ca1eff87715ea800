/** People and open matches as the doors and the commands serve them. */
import type { People } from '../inbound/deps.ts';
import { decideMatch } from '../ledger/match-decisions.ts';
import { listMatches, showMatch } from '../ledger/matches.ts';
import { mergePeople } from '../ledger/merge.ts';
import { findPerson, showPerson } from '../ledger/people.ts';
import { unlinkIdentity } from '../ledger/unlink.ts';
import type { Store } from './store.ts';

/** `acted`: something may be due now. */
export function doorPeople({ pool }: Pick<Store, 'pool'>, acted: () => void): People {
  const told = async <T extends { readonly ok: boolean }>(run: Promise<T>): Promise<T> => {
    const result = await run;
    if (result.ok) acted();
    return result;
  };
  return {
    matches: (filter) => listMatches(pool, filter),
    match: (id, actor) => showMatch(pool, id, actor),
    decide: (id, decision, actor) => told(decideMatch(pool, id, decision, actor)),
    find: (by) => findPerson(pool, by),
    show: (key, actor) => showPerson(pool, key, actor),
    merge: (given, actor) => told(mergePeople(pool, given, actor)),
    unlink: (given, actor) => told(unlinkIdentity(pool, given, actor)),
  };
}
