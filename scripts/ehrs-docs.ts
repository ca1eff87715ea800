/**
 * Writes docs/ehrs.md from vendors' CapabilityStatements; `--check` writes nothing and fails when it is out of date. The
 * statements are facts gathered from public places and no part of this repository: without them the page stays as it is.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ehrsPage } from './ehrs-page.ts';
import type { Statement } from './ehrs-page.ts';
import { root, writePages } from './reference-page.ts';

const folder = path.join(root, '../shared/data/ehr-capabilities');
if (existsSync(folder)) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const statements = names.map((name): Statement => ({
    name: name.replace(/\.json$/, ''),
    body: JSON.parse(readFileSync(path.join(folder, name), 'utf8')),
  }));
  await writePages({ 'docs/ehrs.md': ehrsPage(statements) });
} else {
  process.stderr.write(`No CapabilityStatements at ${folder}: docs/ehrs.md stays as it is.\n`);
}
