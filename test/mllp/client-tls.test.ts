/** The MLLP client over TLS: it trusts only whom it was told to, and shows its own certificate where that is asked for. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type MllpClient, mllpClient, type MllpTarget } from '../../src/mllp/client.ts';
import { acknowledge, scripted, type Scripted } from './scripted-server.ts';

const openssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    process.stderr.write('notice: there is no openssl; the MLLP client over TLS is not tested\n');
    return false;
  }
})();

(openssl ? describe : describe.skip)('over TLS', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tejido-tls-'));
  const pem = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
  /** Certificates that vouch for themselves: each is its own authority. */
  const certify = (name: string, commonName: string): void => {
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${commonName}`];
    const to = ['-addext', `subjectAltName=DNS:${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.pem`];
    execFileSync('openssl', [...args, ...to], { cwd: folder, stdio: 'ignore' });
  };
  let server: Scripted;
  let client: MllpClient;
  beforeAll(() => {
    certify('server', 'ehr.example');
    certify('client', 'tejido.example');
    certify('stranger', 'ehr.example');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await client.close();
    await server.close();
  });

  const begin = async (tls: MllpTarget['tls'], mutual = false) => {
    server = await scripted(acknowledge(), {
      key: pem('server.key'),
      cert: pem('server.pem'),
      ...(mutual ? { ca: pem('client.pem'), requestCert: true, rejectUnauthorized: true } : {}),
    });
    const target = { host: '127.0.0.1', port: server.port, ...(tls === undefined ? {} : { tls }) };
    client = mllpClient({ ...target, connectMs: 3_000, answerMs: 3_000 });
    const message = Buffer.from('MSH|^~\\&|A|B|C|D|20260520||ORU^R01|m1|P|2.5.1\r');
    return client.send(message, 'm1');
  };
  const trusted = (): NonNullable<MllpTarget['tls']> => ({ ca: pem('server.pem'), serverName: 'ehr.example' });

  test('with a receiver that proves itself', async () => {
    expect((await begin(trusted())).kind).toBe('accepted');
  });

  test.each([
    ['of another name', () => ({ ...trusted(), serverName: 'other.example' }), /ALTNAME/],
    [
      'that somebody else vouches for',
      () => ({ ...trusted(), ca: pem('stranger.pem') }),
      /SELF_SIGNED|SIGNATURE|ISSUER/,
    ],
    ['that nobody vouches for', () => ({ serverName: 'ehr.example' }), /SELF_SIGNED/],
  ])('not with one %s: nothing is written', async (_whose, tls, why) => {
    const outcome = await begin(tls());
    expect(outcome).toEqual({ kind: 'unreachable', why: expect.stringMatching(why) });
    expect(server.got).toEqual([]);
  });

  test('with a certificate of our own, where the receiver asks for one', async () => {
    const ours = { cert: pem('client.pem'), key: pem('client.key') };
    expect((await begin({ ...trusted(), ...ours }, true)).kind).toBe('accepted');
  });

  test('without it the receiver reads nothing: no doubt', async () => {
    const outcome = await begin(trusted(), true);
    expect(outcome).toEqual({ kind: 'unreachable', why: expect.stringMatching(/CERTIFICATE/) });
    expect(server.got).toEqual([]);
  });
});
