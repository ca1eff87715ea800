/** The reference pages say what the code says, the links of the docs lead somewhere, and the tables match the tests. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

const run = promisify(execFile);

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'examples/README.md',
  'mappings/README.md',
  'profiles/README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.join('docs', file)),
];

/** As GitHub makes them. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (file: string): ReadonlySet<string> =>
  new Set([...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? '')));

describe('the documentation', () => {
  test('has reference pages that follow from the schemas and the causes of now', async () => {
    const { stdout } = await run(process.execPath, ['scripts/config-docs.ts', '--check']);
    expect(stdout).toContain('up to date');
  });

  test('has a catalogue of activities that follows from schemas, maps and cases', async () => {
    const { stdout } = await run(process.execPath, ['scripts/activity-docs.ts', '--check']);
    expect(stdout).toContain('up to date');
  });

  test('has a page of EHRs that follows from what vendors publish', async () => {
    const there = existsSync(path.resolve('../shared/data/ehr-capabilities'));
    if (!there && process.env['CI'] !== 'true') {
      process.stderr.write("skipped: vendors' capability statements are not at hand\n");
      return;
    }
    const { stdout } = await run(process.execPath, ['scripts/ehrs-docs.ts', '--check']);
    expect(stdout).toContain('up to date');
  });

  test('names every environment variable that the configuration reads', () => {
    const read = readFileSync('src/config/load.ts', 'utf8');
    const names = [...read.matchAll(/(?:text|url)\('([A-Z_]+)'|env\['([A-Z_]+)'\]/g)].map(
      (match) => match[1] ?? match[2],
    );
    expect(names).toContain('DATABASE_URL');
    const page = readFileSync('docs/configuration.md', 'utf8');
    expect(names.filter((name) => !page.includes(`\`${name ?? ''}\``))).toEqual([]);
  });

  test('has no link that leads nowhere', () => {
    const dead = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? page : path.join(path.dirname(page), file);
        if (!existsSync(target)) return [`${page}: ${link}`];
        return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [`${page}: ${link}`];
      }),
    );
    expect(dead).toEqual([]);
  });

  test('names no file of the repository that is not there', () => {
    const dead = pages.flatMap((page) =>
      [
        ...readFileSync(page, 'utf8').matchAll(
          /`((?:src|test|scripts|schemas|mappings|profiles|examples|docs)\/[\w./-]*[\w-])`/g,
        ),
      ]
        .map(([, file = '']) => file)
        .filter((file) => !existsSync(file))
        .map((file) => `${page}: ${file}`),
    );
    expect(dead).toEqual([]);
  });

  test('draws the folders and imports that the architecture test holds', () => {
    const held = readFileSync('test/architecture.test.ts', 'utf8');
    const table = /const allowed[^{]*\{([\s\S]*?)\n\};/.exec(held)?.[1] ?? '';
    const folders = [...table.matchAll(/^ {2}(\w+): (.*),$/gm)].map(([, folder = '', may = '']) => ({
      folder: folder === 'main' ? 'main.ts' : `${folder}/`,
      imports:
        may === "'everything'"
          ? 'everything'
          : [...may.matchAll(/'(\w+)'/g)].map(([, one]) => one).join(', ') || 'nothing',
    }));
    expect(folders.length).toBeGreaterThan(10);
    const drawn = readFileSync('README.md', 'utf8');
    const rows = new Map(
      [...drawn.matchAll(/^\| (`[^|]+`) +\|[^|]+\| ([^|]+?) +\|$/gm)].flatMap(([, names = '', imports = '']) =>
        [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => [name, imports] as const),
      ),
    );
    expect(folders.filter(({ folder, imports }) => rows.get(folder) !== imports)).toEqual([]);
  });
});
