/** `npm run build`: what is published. Node strips no types under node_modules, so `dist/` holds JavaScript and its types. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

rmSync(path('../dist'), { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', path('../tsconfig.build.json')], { stdio: 'inherit' });
// Definitions and other data lie beside the code that reads them.
if (status === 0)
  cpSync(path('../src'), path('../dist'), { recursive: true, filter: (file) => extname(file) !== '.ts' });
process.exitCode = status ?? 1;
