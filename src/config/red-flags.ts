/** The section `redFlags` of tejido.yaml: what its schema cannot say, and its parts as the rest of Tejido takes them. */
import { severities, type RedFlagRules } from '../core/red-flag/rules.ts';
import type { RedFlagConfig } from './config.ts';
import type { Trouble } from './secrets.ts';

/** As it stands in the file: the rules lie beside the rest. */
export type GivenRedFlags = Omit<RedFlagConfig, 'rules'> & RedFlagRules;

export function redFlagConfig({
  glucose,
  bloodPressure,
  phq9,
  insulinNames,
  severity,
  restricted,
  ...rest
}: GivenRedFlags): RedFlagConfig {
  return { ...rest, rules: { glucose, bloodPressure, phq9, insulinNames, severity, restricted } };
}

/** Loopback by address or name: what is sent there does not leave the machine. */
const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host);

const secretForm = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

export function checkRedFlags({ pools, clock, glucose }: GivenRedFlags): readonly Trouble[] {
  const trouble: Trouble[] = [];
  const at = (path: Trouble['path'], says: string, next: string) =>
    trouble.push({ path: ['redFlags', ...path], says, next });
  const known = pools.map(({ id }) => id);
  for (const [index, { id, webhook }] of pools.entries()) {
    if (known.indexOf(id) !== index) at(['pools', index, 'id'], 'This id is used twice.', 'Give each pool its own.');
    if (webhook === undefined) continue;
    const { protocol, hostname, username } = new URL(webhook.url);
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
      at(['pools', index, 'webhook', 'url'], 'This address has no TLS.', 'Use https; http only on this machine.');
    }
    if (username !== '') at(['pools', index, 'webhook', 'url'], 'This address holds a user name.', 'Take it out.');
    if (!secretForm.test(webhook.secret)) {
      const next = 'Make one: echo "whsec_$(openssl rand -base64 32)".';
      at(['pools', index, 'webhook', 'secret'], 'This is no secret of Standard Webhooks.', next);
    }
  }
  for (const severity of severities) {
    for (const [index, { pool }] of clock[severity].levels.entries()) {
      if (known.includes(pool)) continue;
      at(['clock', severity, 'levels', index, 'pool'], `There is no pool ${pool}.`, `Pools: ${known.join(', ')}.`);
    }
  }
  if (glucose.lowMgDl > glucose.lowWithSymptomsMgDl) {
    const next = 'Raise lowWithSymptomsMgDl or lower lowMgDl.';
    at(['glucose', 'lowMgDl'], 'It lies above the limit with symptoms.', next);
  }
  return trouble;
}
