/** Parts of a fake Tejido, and what a run of a command printed. */
import { loadConfig } from '../../src/config/load.ts';
import type { CliLedger, Parts } from '../../src/cli/parts.ts';
import { run } from '../../src/cli/program.ts';
import { nobodyWaits } from '../support/matching.ts';

export const now = new Date('2026-03-31T12:00:00Z');

const notAsked = () => Promise.reject(new Error('not asked for'));

export const fakeLedger: CliLedger = {
  people: nobodyWaits,
  list: async () => ({ messages: [] }),
  tally: async () => [],
  story: async () => undefined,
  raw: async () => undefined,
  retry: async () => ({ ok: true, state: 'received' }),
  release: async () => ({ ok: true, state: 'received' }),
  void: async () => ({ ok: false, refused: 'It is voided already.' }),
  unmapped: async () => [],
  disclosures: async () => [],
  referrals: async () => [],
  workList: async () => [],
  finishWork: async () => ({ ok: true }),
  refile: async () => 0,
  keys: { create: notAsked, list: async () => [], revoke: async () => false },
  escalations: { list: async () => [], story: async () => undefined, act: notAsked },
  destinations: { list: async () => [], setPaused: async () => undefined },
  reconcile: notAsked,
  heal: notAsked,
  report: notAsked,
  close: async () => undefined,
};

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

export const tejido = async (argv: readonly string[], parts: Partial<Parts> = {}): Promise<Ran> => {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(argv, {
    version: '1.2.3',
    env: {},
    terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text), interactive: false },
    loadConfig: (file) => loadConfig({ ...(file === undefined ? {} : { file }), env: {} }),
    start: notAsked,
    openLedger: async () => fakeLedger,
    migrate: notAsked,
    diffMaps: notAsked,
    check: notAsked,
    pause: async () => undefined,
    clock: () => now,
    random: () => 0.5,
    ...parts,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
};
