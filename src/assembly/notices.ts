/** What a person reads who has just started Tejido. Pure. */
import { isLocal } from './cannot-listen.ts';
import type { Config } from '../config/config.ts';
import type { Tejido } from '../main.ts';
import type { MllpServer } from '../mllp/server.ts';

export function startNotices(started: {
  readonly config: Config;
  readonly tejido: Pick<Tejido, 'server' | 'mllp' | 'newAdminKey' | 'store'>;
  readonly role: 'all' | 'worker';
  readonly keyFromEnv: boolean;
}): readonly string[] {
  const { config, tejido, role } = started;
  const where = tejido.store.embedded ? `embedded Postgres in ${config.dataDir}` : 'the Postgres of DATABASE_URL';
  if (role === 'worker' || tejido.server === undefined)
    return [`Tejido worker: lanes of ${where}.`, ...tejido.store.notices];
  const { url } = tejido.server;
  const sandbox = tejido.server.sandbox !== undefined;
  const key = tejido.newAdminKey;
  const hl7 = tejido.mllp;
  return [
    `Tejido listens on ${url} · ledger: ${where}`,
    ...(hl7 === undefined ? [] : hl7Notices(hl7)),
    ...(config.file === undefined
      ? ['No tejido.yaml: everything has its default.']
      : [`Configuration: ${config.file}`]),
    ...(sandbox ? [`Destination: the built-in sandbox EHR (synthetic patients only): ${url}/sandbox/fhir`] : []),
    ...tejido.store.notices,
    '',
    ...(key === undefined
      ? [
          started.keyFromEnv
            ? 'Administrator key: the one in TEJIDO_API_KEY.'
            : 'Administrator key: as printed at the first start (`tejido keys create` makes another).',
        ]
      : [`Administrator key, shown only this once:`, `  ${key.secret}`]),
    '',
    'Try next, in another terminal:',
    `  export TEJIDO_KEY=${key?.secret ?? '<the key>'}`,
    `  curl -s ${url}/v1/activities -H "Authorization: Bearer $TEJIDO_KEY" -H 'Content-Type: application/json' \\`,
    '    --data @schemas/examples/contact.phone.json',
    '  npm run tejido -- messages list',
    ...(sandbox ? [`  open ${url}/sandbox/fhir   (the charts)   ·   ${url}/docs   (the API)`] : [`  open ${url}/docs`]),
  ];
}

function hl7Notices({ host, port, secure }: MllpServer): readonly string[] {
  const where = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  return [
    `HL7 v2 (MLLP${secure ? ' over TLS' : ''}): ${where}`,
    ...(secure || isLocal(host)
      ? []
      : [
          '  It has no TLS and can be reached from elsewhere: set mllp.tls, or let only the laboratory reach this port.',
        ]),
  ];
}
