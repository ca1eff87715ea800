import { describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { freshDatabase } from '../support/postgres.ts';

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

describe('the shared test server', () => {
  test('each call gives a database of its own, and drop removes it while somebody is connected', async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    await ask(one.url, 'create table t (n int)');
    await expect(ask(other.url, 'select * from t')).rejects.toMatchObject({ code: '42P01' });
    const stillThere = new Client({ connectionString: one.url });
    stillThere.on('error', () => undefined);
    await stillThere.connect();
    await one.drop();
    await expect(ask(one.url, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    await stillThere.end().catch(() => undefined);
    await other.drop();
  });

  test('a template is built once and copied for every call', async () => {
    let built = 0;
    const template = {
      name: 'counted',
      build: async (url: string) => {
        built += 1;
        await ask(url, 'create table t as select 7 as n');
      },
    };
    const [one, other] = await Promise.all([freshDatabase({ template }), freshDatabase({ template })]);
    expect(await ask(one.url, 'select n from t')).toEqual([{ n: 7 }]);
    expect(await ask(other.url, 'select n from t')).toEqual([{ n: 7 }]);
    expect(built).toBe(1);
    await Promise.all([one.drop(), other.drop()]);
  });
});
