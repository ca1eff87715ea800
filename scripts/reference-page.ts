/** Writes pages that follow from the code, in the form of the repository; with `--check` it only says which are out of date. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Text for a cell of a Markdown table. */
export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** `pages`: path from the root of the repository → Markdown. Sets the exit code when a check fails. */
export async function writePages(pages: Readonly<Record<string, string>>): Promise<void> {
  const options = (await resolveConfig(`${root}README.md`)) ?? {};
  const checking = process.argv.includes('--check');
  const stale: string[] = [];
  for (const [file, text] of Object.entries(pages)) {
    const wanted = await format(text, { ...options, parser: 'markdown' });
    const standing = await readFile(`${root}${file}`, 'utf8').catch(() => '');
    if (wanted === standing) continue;
    stale.push(file);
    if (!checking) await writeFile(`${root}${file}`, wanted);
  }
  if (checking && stale.length > 0) {
    process.stderr.write(`Out of date: ${stale.join(', ')}. Run \`npm run docs\`.\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write(
      stale.length === 0 ? 'The reference pages are up to date.\n' : `Written: ${stale.join(', ')}\n`,
    );
  }
}
