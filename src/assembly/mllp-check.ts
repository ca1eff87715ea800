/** What `tejido check` says of the HL7 v2 door: where it listens, how it is protected, whom it knows. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Tried } from '../cli/parts.ts';
import type { MllpConfig } from '../config/config.ts';
import { isLocal } from './cannot-listen.ts';

const name = 'HL7 v2 door';
const next = 'Write PEM into mllp.tls: the private key, its certificate with the chain, and the CA of the clients.';

export function checkMllp(mllp: MllpConfig, now: Date): Tried {
  if (!mllp.enabled) return { name, ok: true, says: 'Switched off (mllp.enabled).' };
  const where = `${mllp.host}:${String(mllp.port)}`;
  const known = mllp.senders.map((sender) => sender.name).join(', ');
  const senders =
    known === ''
      ? `No senders are configured: all are taken as ${mllp.anySender.name}.`
      : `Senders: ${known}; others are taken as ${mllp.anySender.name}.`;
  if (mllp.tls === undefined) {
    const open = isLocal(mllp.host)
      ? ''
      : ' It can be reached from elsewhere: let only the laboratory reach this port.';
    return { name, ok: true, says: `${where}, without TLS.${open} ${senders}` };
  }
  const { key, cert, clientCa } = mllp.tls;
  try {
    createSecureContext({ key, cert, ...(clientCa === undefined ? {} : { ca: clientCa }) });
    const until = new Date(new X509Certificate(cert).validTo);
    if (until <= now) {
      const says = `The certificate was valid until ${until.toISOString().slice(0, 10)}: senders will refuse it.`;
      return { name, ok: false, says, next: 'Renew it, then restart Tejido.' };
    }
    const clients = clientCa === undefined ? 'any client' : 'clients with a certificate of mllp.tls.clientCa only';
    const says = `${where}, TLS, ${clients}; certificate valid until ${until.toISOString().slice(0, 10)}. ${senders}`;
    return { name, ok: true, says };
  } catch (error) {
    // Its text may quote the key.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'not PEM';
    return { name, ok: false, says: `Key and certificate cannot be used (${code}).`, next };
  }
}
