/** Sets of maps as they were in use: what an old message was made with can be looked up, and run again. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { MapFile } from '../core/ports.ts';
import { type Queryable, statement } from './statement.ts';

const remember = statement<{ hash: string }>(
  'mapping-version-remember',
  `insert into mapping_version (hash, files) values ($1, $2)
    on conflict (hash) do update set last_loaded_at = clock_timestamp()`,
);

/** To be called before the first message is prepared with it. */
export async function rememberMaps(
  on: Queryable,
  maps: { readonly version: string; readonly files: readonly MapFile[] },
): Promise<void> {
  await remember.run(on, [maps.version, gzipSync(JSON.stringify(maps.files))]);
}

/** The files of a version; undefined when no process ever loaded it here. */
export async function mapsOf(on: Queryable, version: string): Promise<readonly MapFile[] | undefined> {
  const { rows } = await on.query<{ files: Buffer }>('select files from mapping_version where hash = $1', [version]);
  const [row] = rows;
  return row === undefined ? undefined : (JSON.parse(gunzipSync(row.files).toString()) as readonly MapFile[]);
}

/** The version that a process loaded last; undefined before the first start. */
export async function deployedVersion(on: Queryable): Promise<string | undefined> {
  const { rows } = await on.query<{ hash: string }>(
    'select hash from mapping_version order by last_loaded_at desc limit 1',
  );
  return rows[0]?.hash;
}
