/**
 * Hot statements are prepared by name, so that Postgres plans them once for each connection; Kysely has no names for
 * its statements. Everything else goes through Kysely.
 */
import type pg from 'pg';

/** A pool, or a connection inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export type Statement<R extends pg.QueryResultRow> = {
  readonly run: (on: Queryable, values: readonly unknown[]) => Promise<readonly R[]>;
};

/** `text` takes $1, $2, …; `name` is unique in the ledger. */
export function statement<R extends pg.QueryResultRow>(name: string, text: string): Statement<R> {
  return {
    run: async (on, values) => {
      const result = await on.query<R>({ name, text, values: [...values] });
      return result.rows;
    },
  };
}
