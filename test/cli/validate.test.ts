/** `tejido validate` as a process, on files as people have them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { lineStarts, placeAt } from '../../src/cli/json-places.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-validate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const validate = (...args: readonly string[]) =>
  spawnSync(process.execPath, [path.resolve('src/cli/main.ts'), 'validate', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
const file = async (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);

describe('tejido validate', () => {
  test('names file, line and column, the place in the resource, and what is wrong', async () => {
    await file(
      'bad.json',
      `{
  "resourceType": "Observation",
  "status": "nope",
  "code": { "text": "x" },
  "valueQuantity": {
    "value": "12"
  },
  "component": [
    { "code": { "coding": [{ "systm": "urn:a" }] } }
  ]
}`,
    );
    const { status, stdout, stderr } = validate('bad.json');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^bad\.json:3:13: error Observation\.status: /mu);
    expect(stdout).toMatch(/^bad\.json:6:14: error Observation\.valueQuantity\.value: /mu);
    expect(stdout).toMatch(/^bad\.json:9:\d+: error Observation\.component\[0\]\.code\.coding\[0\]/mu);
    expect(stdout).not.toContain('nope');
    expect(stderr).toContain('1 file, 1 resource: 3 errors, 0 warnings');
  });

  test('takes lines of NDJSON and Bundles; --json gives one OperationOutcome over all', async () => {
    await file(
      'p.ndjson',
      '{"resourceType":"Patient","gender":"male"}\n\n{"resourceType":"Patient","gender":"x"}\n{"a\n',
    );
    await file(
      'b.json',
      '{"resourceType":"Bundle","type":"collection",\n"entry":[{"fullUrl":"urn:uuid:6f0d4f46-6d0b-4b32-9c63-0d6f0e9c8a11",\n"resource":{"resourceType":"Patient","gender":"x"}}]}',
    );
    const { status, stdout } = validate('p.ndjson', 'b.json', '--json');
    expect(status).toBe(1);
    const outcome = JSON.parse(stdout) as { resourceType: string; issue: { diagnostics: string; severity: string }[] };
    expect(outcome.resourceType).toBe('OperationOutcome');
    expect(outcome.issue.filter(({ severity }) => severity === 'error').map(({ diagnostics }) => diagnostics)).toEqual([
      'p.ndjson:3:36',
      'p.ndjson:4:1',
      'b.json:3:47',
    ]);
  });

  test('a resource without fault ends with 0, and with 1 when --profile asks for more', async () => {
    await file(
      'ok.json',
      '{"resourceType":"Observation","status":"final","code":{"text":"x"},"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">x</div>"},"subject":{"reference":"Patient/1"},"performer":[{"reference":"Practitioner/1"}],"effectiveDateTime":"2026-05-06"}',
    );
    expect(validate('ok.json').status).toBe(0);
    const url = 'https://tejido.dev/fhir/StructureDefinition/tejido-measurement';
    expect(validate('ok.json', '--profile', url)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('ok.json:1:1: error Observation'),
    });
    expect(validate('ok.json', '--profile', 'urn:nobody')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('The profile urn:nobody is not loaded.'),
    });
  });

  test('a profile for another type, a missing file and a missing guide end with a reason', async () => {
    await file('p.json', '{"resourceType":"Patient"}');
    const url = 'https://tejido.dev/fhir/StructureDefinition/tejido-measurement';
    expect(validate('p.json', '--profile', url).stderr).toContain('is for Observation');
    expect(validate('none.json').stderr).toContain('none.json cannot be read (ENOENT)');
    expect(validate('p.json', '--ig', 'none.tgz').stderr).toContain('The profiles cannot be loaded');
    await file('list.json', '[1]');
    expect(validate('list.json').stdout).toContain('list.json:1:1: error: a resource is expected');
  });
});

test('an offset is found in its line', () => {
  const text = 'a\nbc\n\nd';
  expect(Array.from({ length: text.length }, (_, offset) => placeAt(lineStarts(text), offset))).toEqual([
    { line: 1, column: 1 },
    { line: 1, column: 2 },
    { line: 2, column: 1 },
    { line: 2, column: 2 },
    { line: 2, column: 3 },
    { line: 3, column: 1 },
    { line: 4, column: 1 },
  ]);
});
