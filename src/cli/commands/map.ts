/** `tejido map …`: the tools of the people who write maps. */
import type { Command } from 'commander';
import type { Parts } from '../parts.ts';
import { registerCheck } from './map-check.ts';
import { registerDiff } from './map-diff.ts';
import { registerFormat } from './map-fmt.ts';
import { registerRun } from './map-run.ts';
import { registerTest } from './map-test.ts';
import { registerUnmapped } from './map-unmapped.ts';

export function register(program: Command, parts: Parts): void {
  const map = program.command('map').description('write, test and watch maps');
  registerRun(map, parts);
  registerTest(map, parts);
  registerCheck(map, parts);
  registerFormat(map, parts);
  registerDiff(map, parts);
  registerUnmapped(map, parts);
}
