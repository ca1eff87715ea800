import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { problemLine } from '../../src/config/config.ts';
import type { ConfigProblem } from '../../src/config/config.ts';
import { loadConfig, sandboxPath } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/secrets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let number = 0;
const load = async (yaml: string, env: Environment = {}) => {
  const file = path.join(folder, `${(number += 1)}.yaml`);
  await writeFile(file, yaml);
  return loadConfig({ file, env });
};

const problems = async (yaml: string, env: Environment = {}): Promise<readonly ConfigProblem[]> => {
  const loaded = await load(yaml, env);
  if (loaded.ok) throw new Error('expected problems');
  return loaded.problems;
};

const value = async (yaml: string, env: Environment = {}) => {
  const loaded = await load(yaml, env);
  if (!loaded.ok) throw new Error(loaded.problems.map(problemLine).join('\n'));
  return loaded.value;
};

const ehr = (auth: string) => `destinations:
  - id: ehr
    kind: fhir
    baseUrl: https://ehr.test/fhir/
    mrnSystem: urn:oid:1.2.3
    auth:
${auth}
`;

describe('defaults', () => {
  test('without a file it runs on the embedded Postgres against the sandbox', async () => {
    const loaded = await loadConfig({ env: {} });
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        database: { kind: 'embedded' },
        http: { host: '127.0.0.1', port: 8080, limits: { items: 1_000 } },
        logLevel: 'info',
        destinations: [
          {
            id: 'sandbox',
            kind: 'sandbox',
            baseUrl: sandboxPath,
            auth: { kind: 'none' },
            lanes: { onFailure: 'dependants' },
            retry: { baseMs: 1_000 },
          },
        ],
        programme: { artifactSystem: 'https://tejido.dev/fhir/artifact' },
        retention: { payloadDays: 90, messageDays: 2557 },
        gates: {
          consent: {
            require: 'referenced',
            needed: { 'referral.community': 'community-referral', 'contact.text': 'messaging' },
          },
          review: { activityTypes: [], users: [], percent: 0 },
        },
      },
    });
  });

  test('an empty file, and a file with empty sections, mean the defaults', async () => {
    expect((await value('')).destinations).toHaveLength(1);
    expect((await value('programme:\nhttp:\n# nothing\n')).http.port).toBe(8080);
  });

  test('the example is sound', async () => {
    const loaded = await loadConfig({ file: 'tejido.example.yaml', env: {} });
    expect(loaded.ok).toBe(true);
  });
});

describe('the environment', () => {
  test('selects database, Redis, data folder, host and port', async () => {
    const config = await value('http: { port: 9000 }', {
      DATABASE_URL: 'postgres://u:p@db/t',
      REDIS_URL: 'redis://r:6379',
      PORT: '0',
      HOST: '0.0.0.0',
      LOG_LEVEL: 'DEBUG',
      TEJIDO_DATA: '/srv/tejido',
      TEJIDO_API_KEY: 'x'.repeat(32),
    });
    expect(config).toMatchObject({
      database: { kind: 'url', url: 'postgres://u:p@db/t' },
      redisUrl: 'redis://r:6379',
      http: { host: '0.0.0.0', port: 0 },
      logLevel: 'debug',
      dataDir: '/srv/tejido',
    });
  });

  test('secrets of the HL7 v2 door are references, and come in place', async () => {
    await writeFile(path.join(folder, 'cert.pem'), 'a certificate');
    const yaml = (key: string) => `mllp: { tls: { key: ${key}, cert: { file: cert.pem } } }`;
    expect(await value(yaml('"${KEY}"'), { KEY: 'a key', MLLP_PORT: '2576' })).toMatchObject({
      mllp: { port: 2576, tls: { key: 'a key', cert: 'a certificate' } },
    });
    expect(await problems(yaml('plain'))).toMatchObject([{ path: 'mllp.tls.key' }]);
  });

  test('each wrong variable is named, and no value is repeated', async () => {
    const found = await problems('', {
      DATABASE_URL: 'mysql://root:hunter2@db',
      REDIS_URL: 'not a url hunter2',
      PORT: '99999',
      LOG_LEVEL: 'loud',
      TEJIDO_API_KEY: 'hunter2',
    });
    expect(found.map(({ where }) => where).toSorted()).toEqual([
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
      'REDIS_URL',
      'TEJIDO_API_KEY',
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  test('a file that was named must exist', async () => {
    const loaded = await loadConfig({ env: { TEJIDO_CONFIG: path.join(folder, 'absent.yaml') } });
    expect(loaded).toMatchObject({ ok: false, problems: [{ says: expect.stringContaining('ENOENT') }] });
  });
});

describe('problems', () => {
  test.each<[string, string, { line: number; column: number; path: string; text: RegExp }]>([
    [
      'a misspelt setting',
      'programme:\n  name: A\n  timezone: Europe/Paris\n',
      { line: 3, column: 3, path: 'programme.timezone', text: /Did you mean timeZone\?/ },
    ],
    ['a misspelt section', 'programe:\n  name: A\n', { line: 1, column: 1, path: 'programe', text: /programme\?/ }],
    ['a wrong type', 'http:\n  port: many\n', { line: 2, column: 9, path: 'http.port', text: /an integer/ }],
    ['a number out of range', 'http: { port: 70000 }', { line: 1, column: 15, path: 'http.port', text: /<= 65535/ }],
    [
      'a value that is not known',
      'destinations:\n  - { id: a, kind: fihr }\n',
      { line: 2, column: 20, path: 'destinations[0].kind', text: /Did you mean fhir\?/ },
    ],
    [
      'a kind of credentials that is not known',
      ehr('      kind: baerer'),
      { line: 7, column: 13, path: 'destinations[0].auth.kind', text: /Did you mean bearer\?/ },
    ],
    [
      'what an EHR must have',
      'destinations:\n  - id: a\n    kind: fhir\n    mrnSystem: urn:x:y\n',
      { line: 2, column: 5, path: 'destinations[0]', text: /baseUrl is missing/ },
    ],
    [
      'a time zone that does not exist',
      'programme: { timeZone: Europe/Atlantis }',
      { line: 1, column: 24, path: 'programme.timeZone', text: /not known/ },
    ],
    [
      'a folder that does not exist',
      'mappings:\n  folders:\n    - absent\n',
      { line: 3, column: 7, path: 'mappings.folders[0]', text: /does not exist/ },
    ],
    ['a key given twice', 'http:\n  port: 1\n  port: 2\n', { line: 3, column: 3, path: '', text: /unique/ }],
    ['YAML that cannot be read', 'http:\n  - [\n', { line: 3, column: 1, path: '', text: /YAML/ }],
    ['a list in place of settings', '- a\n', { line: 1, column: 1, path: '', text: /settings/ }],
  ])('%s is told with its line, its path and what to do', async (_, yaml, { line, column, path: at, text }) => {
    const [first] = await problems(yaml);
    expect(first).toMatchObject({ line, column, path: at });
    expect(`${first?.says} ${first?.next}`).toMatch(text);
  });

  test('all are told at once, in the order of the file', async () => {
    const found = await problems('http:\n  port: x\nretention:\n  payloadDays: 0\nnonsense: 1\n', {
      LOG_LEVEL: 'loud',
    });
    expect(found.map(({ line }) => line)).toEqual([undefined, 2, 4, 5]);
  });

  test('an HL7 v2 interface beside FHIR needs a way that nobody listens on, and says what it takes', async () => {
    const at = (hl7v2: string): string => `${ehr('      kind: none').trimEnd()}\n    hl7v2: ${hl7v2}\n`;
    const own = 'host: 10.1.2.3, port: 6661, receiving: { application: EHR }';
    const [open] = await problems(at(`{ ${own}, results: { take: ORU^R01 } }`));
    expect(open).toMatchObject({ path: 'destinations[0].hl7v2.host', says: expect.stringContaining('no TLS') });
    expect(await problems(at(`{ ${own}, private: true }`))).not.toEqual([]);
    const secret = await problems(at(`{ ${own}, results: { take: ORU^R01 }, tls: { ca: '-----BEGIN' } }`));
    expect(secret.map(({ path: where }) => where)).toContain('destinations[0].hl7v2.tls.ca');
    const { destinations } = await value(at(`{ ${own}, tls: { ca: '\${CA}' }, documents: { take: MDM^T02 } }`), {
      CA: 'pem',
    });
    expect(destinations[0]?.hl7v2).toMatchObject({
      tls: { ca: 'pem' },
      sending: { application: 'TEJIDO' },
      documents: { amended: 'T10', voided: 'T11', text: 'TX', types: {} },
      answerMs: 30_000,
    });
    expect(destinations[0]?.hl7v2?.results).toBeUndefined();
  });

  test('two destinations of one id are told', async () => {
    const found = await problems('destinations: [{ id: a, kind: sandbox }, { id: a, kind: sandbox }]');
    expect(found[0]).toMatchObject({ path: 'destinations[1].id' });
  });

  test('credentials over plain http to another machine are refused', async () => {
    const yaml = ehr("      kind: bearer\n      token: '${T}'").replace('https://ehr.test', 'http://ehr.test');
    expect((await problems(yaml, { T: 'secret' }))[0]).toMatchObject({ path: 'destinations[0].baseUrl' });
  });

  test('prototype keys are unknown settings, and change nothing', async () => {
    const found = await problems('__proto__: { polluted: true }\nconstructor: 1\n');
    expect(found.length).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('aliases that expand without end are refused', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [name, from] of ['b a', 'c b', 'd c', 'e d', 'f e'].map((pair) => pair.split(' '))) {
      bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${from}`).join(', ')}]`);
    }
    expect((await problems(bomb.join('\n')))[0]?.says).toMatch(/expand/);
  });
});

describe('secrets', () => {
  test('a literal secret is an error that does not repeat it', async () => {
    const found = await problems(ehr('      kind: bearer\n      token: hunter2-very-secret'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ line: 8, column: 14, path: 'destinations[0].auth.token' });
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  test('a YAML error does not show the line it stands in', async () => {
    const found = await problems('a: 1\n  token: "hunter2\n');
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  test('one from the environment is put in its place', async () => {
    const config = await value(ehr('      kind: bearer\n      token: ${EHR_TOKEN}'), { EHR_TOKEN: 's3cret' });
    expect(config.destinations[0]).toMatchObject({
      baseUrl: 'https://ehr.test/fhir',
      auth: { kind: 'bearer', token: 's3cret' },
    });
  });

  test('a missing variable is named', async () => {
    const found = await problems(ehr('      kind: bearer\n      token: ${EHR_TOKEN}'));
    expect(found[0]).toMatchObject({ line: 8, path: 'destinations[0].auth.token' });
    expect(found[0]?.says).toContain('EHR_TOKEN');
  });

  test('files are read relative to tejido.yaml; a JWK is read as one', async () => {
    await mkdir(path.join(folder, 'keys'), { recursive: true });
    await writeFile(path.join(folder, 'keys/a.pem'), '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n');
    await writeFile(path.join(folder, 'keys/b.json'), '{"kty":"EC","d":"x"}');
    const config = await value(
      ehr(`      kind: smart
      clientId: tejido
      privateKeys:
        - { kid: a, alg: ES384, pem: { file: keys/a.pem } }
        - { kid: b, alg: ES384, jwk: { file: keys/b.json } }`),
    );
    expect(config.destinations[0]?.auth).toMatchObject({
      kind: 'smart',
      privateKeys: [{ pem: expect.stringMatching(/^-----BEGIN[^]*KEY-----$/) }, { jwk: { kty: 'EC' } }],
    });
  });

  test('a file that is absent, empty or no JWK is told by its name', async () => {
    await writeFile(path.join(folder, 'empty'), '\n');
    await writeFile(path.join(folder, 'nojwk'), 'hunter2');
    const found = await problems(
      ehr(`      kind: smart
      clientId: tejido
      privateKeys:
        - { kid: a, alg: ES384, pem: { file: absent } }
        - { kid: b, alg: ES384, pem: { file: empty } }
        - { kid: c, alg: ES384, jwk: { file: nojwk } }`),
    );
    expect(found.map(({ path: at }) => at)).toEqual(
      [0, 1, 2].map((n) => `destinations[0].auth.privateKeys[${n}].${n === 2 ? 'jwk' : 'pem'}`),
    );
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  test('other settings may come from the environment too', async () => {
    const yaml = ehr('      kind: none').replace('https://ehr.test/fhir/', '${EHR_URL}');
    expect((await value(yaml, { EHR_URL: 'https://other.test/fhir' })).destinations[0]?.baseUrl).toBe(
      'https://other.test/fhir',
    );
    expect((await problems(yaml))[0]?.says).toContain('EHR_URL');
  });
});

test('reviewers: activity types and users come together', async () => {
  const config = await value('review: { activityTypes: [dsme.individual], users: [new.hire] }');
  expect(config.gates.review).toEqual({ activityTypes: ['dsme.individual'], users: ['new.hire'], percent: 0 });
});

describe('FHIR servers of laboratories', () => {
  const lab = (more = '') => `labSources:
  - name: quest
    kind: fhir
    baseUrl: https://lab.test/fhir/
    mrnSystems: [urn:oid:1.2.3]
${more}`;

  test('have defaults, and their secrets come from the environment', async () => {
    const [source] = (await value(lab('    auth: { kind: bearer, token: "${LAB}" }\n'), { LAB: 'hidden' })).labSources;
    expect(source).toMatchObject({
      name: 'quest',
      baseUrl: 'https://lab.test/fhir',
      auth: { kind: 'bearer', token: 'hidden' },
      categories: ['LAB'],
      observations: true,
      part2: false,
      everyMs: 60_000,
      overlapMs: 900_000,
    });
  });

  test('are told apart by their names, and do not send credentials in the clear', async () => {
    const both = `${lab('    auth: { kind: bearer, token: "${LAB}" }\n').replace('https:', 'http:')}mllp: { senders: [{ name: quest }] }\n`;
    expect((await problems(both, { LAB: 'hidden' })).map(({ path: at }) => at)).toEqual([
      'labSources[0].name',
      'labSources[0].baseUrl',
    ]);
  });
});

test('every setting of the schema has a description', async () => {
  const { default: schema } = await import('../../src/config/config.schema.json', { with: { type: 'json' } });
  const bare: string[] = [];
  const walk = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      if (name === 'properties' && !at.endsWith('/if')) {
        for (const [setting, described] of Object.entries(child as Record<string, Record<string, unknown>>)) {
          if (!('description' in described) && !('$ref' in described)) bare.push(`${at}/${setting}`);
        }
      }
      walk(child, `${at}/${name}`);
    }
  };
  walk(schema, '');
  expect(bare).toEqual([]);
});
