import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-bin-'));
  await symlink(path.resolve('bin/tejido'), path.join(folder, 'tejido'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (argv: readonly string[], input?: string) =>
  spawnSync(path.join(folder, 'tejido'), argv, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', HOME: folder },
    ...(input === undefined ? {} : { input }),
  });

describe('the program, through a link, from another folder, with no Node on the PATH', () => {
  test('says its version', () => {
    const { status, stdout, stderr } = run(['--version']);
    expect([status, stdout.trim(), stderr]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+$/), '']);
  });

  test('a command line it does not understand ends with 2, and says what would do', () => {
    const { status, stderr, stdout } = run(['mesages']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Did you mean messages?');
  });

  test('a configuration that is wrong ends with 1, with file, line and column', async () => {
    await writeFile(path.join(folder, 'tejido.yaml'), 'retention:\n  payloadDays: 0\n');
    const { status, stderr } = run(['messages', 'list']);
    await rm(path.join(folder, 'tejido.yaml'));
    expect(status).toBe(1);
    expect(stderr).toContain('tejido.yaml:2:16 retention.payloadDays: This must be >= 1.');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('what it is given on standard input is sent; a server that is away ends it with 1', () => {
    const { status, stderr } = run(['send', '-', '--url', 'http://127.0.0.1:1', '--retries', '0'], '{"n":1}');
    expect([status, stderr]).toEqual([1, expect.stringContaining('did not take it')]);
  });
});
