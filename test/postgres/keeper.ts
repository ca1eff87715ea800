/**
 * A Tejido process reduced to its embedded Postgres: `keeper.ts <dataDir> [<native folder>]`. Prints one JSON line per
 * thing that happens; reads `stop` on stdin; a status line whenever the state, the reason or the pid changes.
 */
import { createInterface } from 'node:readline';
import { EmbeddedPostgresError, startEmbedded } from '../../src/postgres/embedded.ts';

const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);
const [dataDir = '', native] = process.argv.slice(2);
process.umask(0o077);

try {
  const postgres = await startEmbedded({
    dataDir,
    log: (level, event, fields) => say({ log: event, level, ...fields }),
    ...(native === undefined ? {} : { binaries: { native, version: '18.4.0-test' } }),
  });
  const { url, adopted, notices } = postgres;
  say({ ready: true, url, pid: postgres.pid, adopted, dataDir: postgres.dataDir, notices });
  let before = '';
  const tell = setInterval(() => {
    const { state, reason, pid } = postgres;
    const now = JSON.stringify({ state, reason, pid });
    if (now !== before) say({ state, reason, pid });
    before = now;
  }, 20);
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line !== 'stop') return;
    void postgres.stop().then(() => {
      clearInterval(tell);
      say({ stopped: true });
      process.exit(0);
    });
  });
} catch (error) {
  say({ failed: error instanceof EmbeddedPostgresError ? error.code : 'unexpected', message: String(error) });
  process.exit(1);
}
