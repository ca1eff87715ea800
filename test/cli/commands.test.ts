import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { MessageId } from '../../src/core/model.ts';
import type { CapabilityReport } from '../../src/core/ports.ts';
import type { MessageFilter, MessageStory, Reconciliation } from '../../src/core/story.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Parts } from '../../src/cli/parts.ts';
import { fakeLedger, now, tejido } from './fake-parts.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'tejido-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const story: MessageStory = {
  id: '1042' as MessageId,
  state: 'held',
  source: 'commcare',
  recordId: 'abc',
  version: 2,
  kind: 'vital.measure',
  cause: 'match/unknown-patient',
  receivedAt: now,
  contentType: 'application/json',
  rawSha256: 'f'.repeat(64),
  rawSize: 1_234,
  actor: 'commcare-key',
  nextAction: 'Enrol the patient.',
  deliveries: [{ destination: 'ehr', state: 'held', attempts: 1, cause: 'match/unknown-patient' }],
  events: [
    { at: now, state: 'received', actor: 'commcare-key' },
    {
      at: now,
      state: 'held',
      cause: 'match/unknown-patient',
      actor: 'system',
      issues: [{ where: '/subject/mrn', what: 'Not known.' }],
    },
  ],
  attempts: [
    {
      destination: 'ehr',
      number: 1,
      startedAt: now,
      durationMs: 1_250,
      mappingVersion: 'abcdef0123456789',
      result: 'match/unknown-patient',
      exchanges: [
        {
          method: 'GET',
          url: 'https://ehr.test/fhir/Patient?identifier=canary-mrn',
          status: 200,
          responseBody: '{"resourceType":"Bundle","canary":1}',
          startedAt: now,
          durationMs: 80,
        },
      ],
    },
  ],
  links: [
    {
      destination: 'ehr',
      artifact: 'abc.bp',
      resourceType: 'Observation',
      reference: 'Observation/9',
      versionId: '3',
      action: 'updated',
      tier: 'native',
      owned: [],
    },
  ],
};

const withStory: Partial<Parts> = {
  openLedger: async () => ({ ...fakeLedger, story: async (id) => (id === story.id ? story : undefined) }),
};

describe('help', () => {
  test('every command has a description and an example', () => {
    const program = createProgram({
      version: '1',
      terminal: { out: () => undefined, err: () => undefined },
    } as unknown as Parts);
    const bare: string[] = [];
    const look = (commands: typeof program.commands, above: string): void => {
      for (const command of commands) {
        const name = `${above} ${command.name()}`;
        let help = '';
        command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
        if (command.description() === '') bare.push(name);
        const isOwn = command.commands.length === 0 && above !== ' map';
        if (isOwn && !help.includes('Example:')) bare.push(`${name} (example)`);
        look(command.commands, name);
      }
    };
    look(program.commands, '');
    expect(bare).toEqual([]);
  });

  test('--help and --version succeed; a misspelt command does not, and the nearest is named', async () => {
    expect(await tejido(['--version'])).toMatchObject({ code: 0, out: '1.2.3' });
    expect(await tejido(['messages', 'show', '--help'])).toMatchObject({ code: 0 });
    const misspelt = await tejido(['mesages']);
    expect(misspelt.code).toBe(2);
    expect(misspelt.err).toContain('messages');
  });
});

describe('tejido messages', () => {
  test('show tells the whole story, without bodies and search values', async () => {
    const { code, out } = await tejido(['messages', 'show', '1042'], withStory);
    expect(code).toBe(0);
    for (const part of [
      'Message 1042: held',
      'vital.measure from commcare, record abc version 2',
      'match/unknown-patient',
      'Next: Enrol the patient.',
      'error at /subject/mrn: Not known.',
      '#1 to ehr',
      '1.3 s',
      'GET https://ehr.test/fhir/Patient -> 200 in 80 ms',
      'Observation/9 version 3 in ehr: updated (abc.bp)',
    ])
      expect(out).toContain(part);
    expect(out).not.toContain('canary');
  });

  test('show --bodies and --json show all', async () => {
    expect((await tejido(['messages', 'show', '1042', '--bodies'], withStory)).out).toContain('canary-mrn');
    const { out } = await tejido(['messages', 'show', '1042', '--json'], withStory);
    expect(JSON.parse(out)).toMatchObject({ id: '1042', attempts: [{ number: 1 }] });
  });

  test('show of an unknown message fails and says where to look', async () => {
    const { code, err } = await tejido(['messages', 'show', '7'], withStory);
    expect([code, err]).toEqual([1, expect.stringContaining('tejido messages list')]);
  });

  test('list passes its filters on and tells how to see more', async () => {
    const asked: MessageFilter[] = [];
    const list = async (filter: MessageFilter) => {
      asked.push(filter);
      return { messages: [story], next: '1041' as MessageId };
    };
    const { code, out, err } = await tejido(
      [
        'messages',
        'list',
        '--state',
        'held',
        '--cause',
        'match/unknown-patient',
        '--from',
        '2026-03-01',
        '--limit',
        '5',
      ],
      { openLedger: async () => ({ ...fakeLedger, list }) },
    );
    expect(code).toBe(0);
    expect(asked).toEqual([
      { state: 'held', cause: 'match/unknown-patient', receivedFrom: new Date('2026-03-01T00:00:00Z'), limit: 5 },
    ]);
    expect(out).toMatch(/^ID +STATE +CAUSE/);
    expect(out).toContain('1042');
    expect(err).toContain('--before 1041');
  });

  test.each([
    [['messages', 'list', '--state', 'lost'], 'received'],
    [['messages', 'list', '--cause', 'bad/luck'], 'send/timeout'],
    [['messages', 'list', '--from', 'soon'], '2026-03-31'],
    [['messages', 'list', '--limit', '0'], '1 to 500'],
    [['messages', 'show', '../x'], 'messages list'],
  ])('%j is refused with what would do', async (argv, says) => {
    const { code, err } = await tejido(argv);
    expect(code).toBe(2);
    expect(err).toContain(says);
  });

  test('retry acts on each, and one refusal makes the exit code 1', async () => {
    expect(await tejido(['messages', 'retry', '1', '2'])).toMatchObject({
      code: 0,
      out: '1: received\n2: received\n2 messages, 0 refused.',
    });
    expect(await tejido(['messages', 'void', '1'])).toMatchObject({
      code: 1,
      out: '1: refused. It is voided already.',
    });
  });

  test('retry --all takes every page, and wants a state', async () => {
    const pages: Record<string, { messages: MessageStory[]; next?: MessageId }> = {
      first: { messages: [story], next: '9' as MessageId },
      '9': { messages: [{ ...story, id: '8' as MessageId }] },
    };
    const retried: string[] = [];
    const ledger = {
      ...fakeLedger,
      list: async ({ before }: MessageFilter) => pages[before ?? 'first'] ?? { messages: [] },
      retry: async (id: MessageId) => {
        retried.push(id);
        return { ok: true, state: 'received' } as const;
      },
    };
    const openLedger = async () => ledger;
    expect((await tejido(['messages', 'retry', '--all', '--state', 'failed'], { openLedger })).code).toBe(0);
    expect(retried).toEqual(['1042', '8']);
    expect(await tejido(['messages', 'retry', '--all'], { openLedger })).toMatchObject({ code: 1 });
    expect(await tejido(['messages', 'retry'], { openLedger })).toMatchObject({ code: 1 });
    expect(await tejido(['messages', 'retry', '1', '--state', 'failed'], { openLedger })).toMatchObject({ code: 1 });
    expect(retried).toHaveLength(2);
  });
});

describe('tejido check', () => {
  test('prints every problem of the configuration with its line', async () => {
    const file = path.join(folder, 'bad.yaml');
    await writeFile(file, 'http:\n  prot: 1\n  port: x\n');
    const { code, out } = await tejido(['--config', file, 'check']);
    expect(code).toBe(1);
    expect(out).toContain(`${file}:2:3 http.prot: There is no setting prot. Did you mean port?`);
    expect(out).toContain(`${file}:3:9 http.port`);
  });

  const report: CapabilityReport = {
    destination: 'ehr',
    reachable: true,
    software: 'Sandbox 1',
    fhirVersion: '4.0.1',
    transaction: true,
    batch: true,
    auth: 'none',
    resources: [
      {
        type: 'CarePlan',
        level: 'degraded',
        create: false,
        update: true,
        conditionalCreate: false,
        tier: 'elsewhere',
        amend: 'changed',
        void: 'changed',
        says: 'Filed as a note.',
      },
    ],
    problems: [],
  };

  test('prints the connections and what the EHR takes', async () => {
    const check = async (_: unknown, onStep: (what: string) => void) => {
      onStep('the ledger');
      return { connections: [{ name: 'ledger', ok: true, says: 'Postgres 18' }], destinations: [report] };
    };
    const { code, out, err } = await tejido(['check'], { check });
    expect(code).toBe(0);
    expect(err).toContain('trying the ledger');
    expect(out).toContain('ok    ledger: Postgres 18');
    expect(out).toMatch(/CarePlan +degraded +elsewhere +changed +changed +Filed as a note\./);
  });

  test('a connection that fails, or an EHR with a problem, makes the exit code 1', async () => {
    const failing = [{ name: 'redis', ok: false, says: 'refused', next: 'Start it.' }];
    const first = await tejido(['check'], { check: async () => ({ connections: failing, destinations: [] }) });
    expect(first).toMatchObject({ code: 1, out: expect.stringContaining('Start it.') });
    const bad = { ...report, problems: [{ cause: 'send/auth' as const, detail: 'HTTP 401.' }] };
    const second = await tejido(['check', '--json'], { check: async () => ({ connections: [], destinations: [bad] }) });
    expect(second.code).toBe(1);
    expect(JSON.parse(second.out)).toMatchObject({ ok: false });
  });
});

describe('tejido keys', () => {
  test('create prints the secret alone on stdout', async () => {
    const asked: unknown[] = [];
    const create = async (key: unknown) => {
      asked.push(key);
      return { key: { id: 'k1', name: 'app', scopes: ['activities:write'], createdAt: now }, secret: 'tjd_k1_x' };
    };
    const openLedger = async () => ({ ...fakeLedger, keys: { ...fakeLedger.keys, create } });
    const { code, out, err } = await tejido(['keys', 'create', 'app', '--days', '1'], { openLedger });
    expect([code, out]).toEqual([0, 'tjd_k1_x']);
    expect(err).toContain('cannot be shown again');
    expect(asked).toEqual([{ name: 'app', scopes: ['activities:write'], expiresAt: new Date('2026-04-01T12:00:00Z') }]);
  });
  test('revoking what is not there fails; so does an unknown scope', async () => {
    expect((await tejido(['keys', 'revoke', 'k1'])).code).toBe(1);
    expect((await tejido(['keys', 'create', 'app', '--scope', 'all'])).code).toBe(2);
  });
});

describe('tejido destinations', () => {
  test('pause and resume reach the ledger; a name that is not configured is refused with those that are', async () => {
    const asked: unknown[] = [];
    const setPaused = async (...given: readonly unknown[]) => {
      asked.push(given.slice(0, 2));
    };
    const openLedger = async () => ({ ...fakeLedger, destinations: { ...fakeLedger.destinations, setPaused } });
    expect((await tejido(['destinations', 'pause', 'sandbox', '--reason', 'upgrade'], { openLedger })).code).toBe(0);
    expect((await tejido(['destinations', 'resume', 'sandbox'], { openLedger })).code).toBe(0);
    expect(asked).toEqual([
      ['sandbox', true],
      ['sandbox', false],
    ]);
    const wrong = await tejido(['destinations', 'pause', 'elsewhere'], { openLedger });
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('sandbox');
  });
});

describe('tejido reconcile', () => {
  const row = {
    source: 'commcare',
    day: '2026-03-30',
    accepted: 10,
    received: 0,
    filed: 8,
    held: 1,
    failed: 0,
    superseded: 1,
    voided: 0,
    expected: 12,
    standing: 12,
    missing: 0,
    duplicated: 0,
  };
  test.each([
    [true, 0, 'Clean'],
    [false, 1, 'NOT clean'],
  ])('clean: %s', async (clean, code, says) => {
    const reconcile = async (): Promise<Reconciliation> => ({
      clean,
      rows: [row],
      missing: [],
      duplicated: [],
      revived: [],
    });
    const ran = await tejido(['reconcile'], { openLedger: async () => ({ ...fakeLedger, reconcile }) });
    expect(ran.code).toBe(code);
    expect(ran.out).toMatch(/commcare +2026-03-30 +10 +8 +1/);
    expect(ran.out).toContain(says);
  });
});

describe('a fault', () => {
  test('of Tejido is told by kind and code, without stack and without its text', async () => {
    const openLedger = () => Promise.reject(Object.assign(new TypeError('Guadalupe 1961'), { code: 'EPIPE' }));
    const { code, err } = await tejido(['messages', 'list'], { openLedger });
    expect(code).toBe(1);
    expect(err).toContain('TypeError (EPIPE)');
    expect(err).not.toMatch(/Guadalupe|\bat /);
  });
  test('that is written for the operator is told in full', async () => {
    const openLedger = () =>
      Promise.reject(Object.assign(new Error('The disk is full.'), { name: 'LedgerUnavailable' }));
    expect((await tejido(['messages', 'list'], { openLedger })).err).toBe('tejido: The disk is full.');
  });
  test('closes the ledger', async () => {
    let closed = false;
    const ledger = {
      ...fakeLedger,
      list: () => Promise.reject(new Error('x')),
      close: async () => void (closed = true),
    };
    await tejido(['messages', 'list'], { openLedger: async () => ledger });
    expect(closed).toBe(true);
  });
});

describe('tejido start', () => {
  test('prints what to try and ends with the process it started', async () => {
    const roles: string[] = [];
    const start: Parts['start'] = async (_, role) => {
      roles.push(role);
      return {
        notices: ['Listening on http://127.0.0.1:8080'],
        reload: async () => undefined,
        stop: async () => undefined,
        ended: Promise.resolve(),
      };
    };
    expect(await tejido(['start'], { start })).toMatchObject({ code: 0, err: expect.stringContaining('8080') });
    await tejido(['worker'], { start });
    expect(roles).toEqual(['all', 'worker']);
  });
  test('a signal stops it in good order', async () => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const start: Parts['start'] = async () => {
      setImmediate(() => process.emit('SIGTERM'));
      return { notices: [], reload: async () => undefined, stop: async () => end(), ended };
    };
    const { code, err } = await tejido(['start'], { start });
    expect([code, err]).toEqual([0, expect.stringContaining('Stopping')]);
    expect(process.listenerCount('SIGTERM')).toBe(0);
  });
  test('SIGHUP loads the maps anew, unless a terminal that goes away sent it', async () => {
    const reloads: boolean[] = [];
    for (const interactive of [false, true]) {
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const start: Parts['start'] = async () => {
        setImmediate(() => {
          if (process.listenerCount('SIGHUP') > 0) process.emit('SIGHUP');
          end();
        });
        return { notices: [], reload: async () => void reloads.push(interactive), stop: async () => undefined, ended };
      };
      const terminal = { out: () => undefined, err: () => undefined, interactive };
      await tejido(['start'], { start, terminal });
    }
    expect(reloads).toEqual([false]);
    expect(process.listenerCount('SIGHUP')).toBe(0);
  });
  test('--watch-maps watches the maps, whatever the configuration says', async () => {
    const watched: boolean[] = [];
    const start: Parts['start'] = async (config) => {
      watched.push(config.mappings.watch);
      return { notices: [], reload: async () => undefined, stop: async () => undefined, ended: Promise.resolve() };
    };
    await tejido(['start'], { start });
    await tejido(['start', '--watch-maps'], { start });
    expect(watched).toEqual([false, true]);
  });
});
