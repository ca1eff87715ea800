/** The sandbox in the clothes of real EHRs, from their own CapabilityStatements; skipped where the data is absent. */
import { expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { bench } from './support.ts';

const folder = path.resolve('../shared/data/ehr-capabilities');
const present = existsSync(folder);
if (!present && process.env['CI'] === 'true') throw new Error(`${folder} is needed in CI.`);
const files = present ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];

const { server, call } = await bench();

type Row = { readonly ehr: string; readonly type: string; readonly create: string; readonly search: string };

const rows = (): readonly Row[] => {
  const [head = '', ...lines] = readFileSync(path.join(folder, 'writability.csv'), 'utf8').trim().split('\n');
  const names = head.split(',');
  const cell = (line: string, name: string) => line.trim().split(',')[names.indexOf(name)] ?? '';
  return lines.map((line) => ({
    ehr: cell(line, 'ehr'),
    type: cell(line, 'resource'),
    create: cell(line, 'create'),
    search: cell(line, 'search'),
  }));
};

(present ? test.each(files) : test.skip.each(['ehr-capabilities is not here: skipped']))(
  '%s: creates and searches are taken where it says so',
  async (file) => {
    server.sandbox.admin.wear(JSON.parse(readFileSync(path.join(folder, file), 'utf8')));
    const own = rows().filter(({ ehr }) => `${ehr}.json` === file);
    expect(own.length).toBeGreaterThan(5);
    for (const { type, create, search } of own) {
      const made = await call('POST', `/${type}`, { body: { resourceType: type } });
      expect([type, made.status]).toEqual([type, create === 'y' ? 201 : create === 'n' ? 405 : 404]);
      const found = await call('GET', `/${type}`);
      expect([type, found.status]).toEqual([type, search === 'y' ? 200 : search === 'n' ? 405 : 404]);
    }
  },
);
