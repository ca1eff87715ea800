import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { Writable } from 'node:stream';
import path from 'node:path';
import * as fc from 'fast-check';
import { createLog } from '../../src/observe/log.ts';
import { framesOf, keep, tellError } from '../../src/observe/fields.ts';

const logged = (level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'debug') => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: createLog({ level, stream }) };
};

const canaries = ['Guadalupe Canario-Tórtola', '1961-07-23', '555-0142', 'MRN 889-12-77', 'visited her at home'];

describe('the log', () => {
  test('writes one JSON line for an event with its known fields', () => {
    const { lines, log } = logged();
    log('info', 'message.filed', { id: '0198c9aa-1', kind: 'vital.measure', durationMs: 12.5, status: 201 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event: 'message.filed',
      severity: 'info',
      id: '0198c9aa-1',
      kind: 'vital.measure',
      durationMs: 12.5,
      status: 201,
    });
  });

  test('drops unknown fields and counts them', () => {
    const { lines, log } = logged();
    log('info', 'message.filed', { patientName: 'Lupe', body: { a: 1 }, id: 'm-1' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ id: 'm-1', dropped: 2 });
    expect(lines[0]).not.toContain('Lupe');
  });

  test('a text in place of an event is not logged', () => {
    const { lines, log } = logged();
    log('warn', 'could not file Guadalupe, born 1961');
    expect(lines[0]).toContain('log.unnamed');
    expect(lines[0]).not.toContain('Guadalupe');
  });

  test('of a URL the user, query and fragment are cut', () => {
    expect(keep({ url: 'https://me:pw@ehr.test/fhir/Patient?family=Canario#x' }).fields).toEqual({
      url: 'https://ehr.test/fhir/Patient',
    });
  });

  test('respects its level', () => {
    const { lines, log } = logged('warn');
    log('info', 'a.b');
    log('error', 'a.c');
    expect(lines).toHaveLength(1);
  });

  test('of an error the kind, the code and the places are told, never a message', () => {
    const error = Object.assign(new TypeError('value "Guadalupe" is not a date\n    at Guadalupe (x'), {
      code: 'ECONNREFUSED',
      cause: new RangeError('Canario'),
    });
    const told = tellError(error);
    expect(told).toMatchObject({ name: 'TypeError', code: 'ECONNREFUSED', cause: { name: 'RangeError' } });
    expect(JSON.stringify(told)).not.toMatch(/Guadalupe|Canario/);
    expect(framesOf(error).join('\n')).toContain('test/observe/log.test.ts:');
  });

  test('of a request the route is told', () => {
    const fields = { requestId: '0f0cbe2e-aaaa', method: 'GET', route: '/v1/messages/{id}', status: 200 };
    expect(keep(fields)).toEqual({ fields, dropped: 0 });
  });

  test('of an error that is only a code, the code is told', () => {
    expect(keep({ error: 'storage-unavailable' }).fields).toEqual({
      error: { name: 'code', code: 'storage-unavailable', at: [] },
    });
    expect(keep({ error: 'Guadalupe was here' }).fields).toEqual({ error: { name: 'string', at: [] } });
  });

  test('no canary gets through, whatever field carries it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constantFrom('id', 'reason', 'path', 'url', 'kind', 'error', 'status', 'name', 'code'),
        ),
        fc.constantFrom(...canaries),
        (field, canary) => {
          const { lines, log } = logged();
          log('error', 'a.b', { [field]: canary });
          log('error', 'a.b', { [field]: new Error(canary) });
          log('error', 'a.b', { [field]: { nested: [canary] } });
          log('error', canary, { error: Object.assign(new Error(canary), { name: canary, code: canary }) });
          expect(lines).toHaveLength(4);
          for (const line of lines) expect(line).not.toContain(canary);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a fault nobody caught', () => {
  const crash = (script: string) => {
    const log = path.resolve('src/observe/log.ts');
    const code = `import { exitOnFault } from ${JSON.stringify(log)}; exitOnFault(); ${script}`;
    return spawnSync(process.execPath, ['--input-type=module-typescript', '-e', code], { encoding: 'utf8' });
  };
  test.each([
    ['an exception', `setTimeout(() => { throw new TypeError('Guadalupe 1961-07-23') }, 1)`, 'uncaught-exception'],
    [
      'a rejection',
      `Promise.reject(new RangeError('Guadalupe 1961-07-23')); setInterval(() => {}, 9e6)`,
      'unhandled-rejection',
    ],
    ['something that is no error', `setTimeout(() => { throw 'Guadalupe 1961-07-23' }, 1)`, 'uncaught-exception'],
  ])('%s ends the process with 1 and without its message', (_, script, event) => {
    const { status, stderr, stdout } = crash(script);
    expect(status).toBe(1);
    expect(stderr).toContain(event);
    expect(stderr + stdout).not.toMatch(/Guadalupe|1961/);
  });
});
