import path from 'node:path';
import type { Command } from 'commander';
import { type Node, parseTree } from 'jsonc-parser';
import { packageRoot } from '../../assembly/knowledge.ts';
import { isObject } from '../../definitions/item.ts';
import { type Issue, outcomeOf } from '../../validation/issue.ts';
import { loadValidator, type Validator } from '../../validation/load.ts';
import { plural } from '../format.ts';
import { lineStarts, nodeAt, placeAt, type TextPlace } from '../json-places.ts';
import { readTextFile } from '../map-input.ts';
import type { Parts } from '../parts.ts';
import { CommandError, configOf, json, Unsuccessful } from '../run.ts';

/** One resource of a file, and where its text begins. */
type Document = { readonly text: string; readonly offset: number };
type Found = Issue & { readonly file: string; readonly at: TextPlace };
type Judged = { readonly types: readonly string[]; readonly found: readonly Found[] };

const strictly = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** A JSON document, or one on each line. */
function documentsOf(text: string): readonly Document[] {
  if (strictly(text) !== undefined) return [{ text, offset: 0 }];
  const lines = lineStarts(text).map((offset, index, starts) => ({
    text: text.slice(offset, starts[index + 1] ?? text.length),
    offset,
  }));
  return lines.filter((line) => line.text.trim() !== '');
}

const unreadable = (what: string): Issue => ({ where: '', what, code: 'structure', severity: 'error' });

type Verdict = { readonly type: string; readonly issues: readonly Issue[] };

/** What is asked of one resource: what it claims, and the profiles given that are for its type. */
function judge(validator: Validator, profiles: readonly string[], { text }: Document): Verdict {
  const resource = strictly(text);
  if (resource === undefined) return { type: '', issues: [unreadable('this is not JSON')] };
  const type = isObject(resource) ? resource['resourceType'] : undefined;
  if (typeof type !== 'string')
    return { type: '', issues: [unreadable('a resource is expected: an object with a resourceType')] };
  const ofType = profiles.filter((profile) => validator.typeOf(profile) === type);
  return { type, issues: validator.issues(resource, ofType) };
}

async function judgeFile(validator: Validator, profiles: readonly string[], file: string): Promise<Judged> {
  const text = await readTextFile(file);
  const bare = text.replace(/^\uFEFF/u, ' ');
  const starts = lineStarts(bare);
  const types: string[] = [];
  const found = documentsOf(bare).flatMap((document) => {
    let root: Node | undefined;
    const { type, issues } = judge(validator, profiles, document);
    types.push(type);
    return issues.map((issue): Found => {
      root ??= parseTree(document.text);
      const offset = root === undefined ? 0 : nodeAt(root, issue.where).offset;
      return { ...issue, file, at: placeAt(starts, document.offset + offset) };
    });
  });
  return { types, found };
}

const counted = (found: readonly Found[]): string => {
  const of = (severity: Issue['severity']): number => found.filter((issue) => issue.severity === severity).length;
  return `${plural(of('error'), 'error')}, ${plural(of('warning'), 'warning')}`;
};

const lineOf = ({ file, at, severity, where, what, key }: Found): string =>
  `${file}:${at.line}:${at.column}: ${severity}${where === '' ? '' : ` ${where}`}: ${key === undefined ? what : `${key}: ${what}`}`;

type Options = {
  profile: readonly string[];
  ig: readonly string[];
  all?: true;
  json?: true;
};

const profileList = (given: string, before: readonly string[] = []): readonly string[] => [...before, given];

export function register(program: Command, parts: Parts): void {
  program
    .command('validate')
    .description('check FHIR resources (JSON, Bundles, NDJSON) against R4 and profiles, as Tejido does before it files')
    .argument('<file...>', 'files with resources')
    .option(
      '--profile <url>',
      'a profile that resources of its type must meet, claimed or not; may be repeated',
      profileList,
      [],
    )
    .option('--ig <path>', 'an implementation guide: folder, or npm-format .tgz; may be repeated', profileList, [])
    .option('--all', 'with what could not be judged')
    .option('--json', 'print one OperationOutcome; `diagnostics` is file:line:column')
    .addHelpText(
      'after',
      "\nKnown besides: base R4, Tejido's own profiles, and the guides of the configuration. Ends with 1 on errors." +
        '\n\nExample:\n  $ tejido validate bundle.json patients.ndjson\n' +
        '  $ tejido validate lab.json --ig us-core.tgz --profile http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab',
    )
    .action(async (files: readonly string[], options: Options, command: Command) => {
      const config = await configOf(parts, command);
      const validator = await loadValidator({
        profileFolders: [path.join(packageRoot, 'profiles')],
        igPackages: [...config.validation.igPackages, ...options.ig.map((one) => path.resolve(one))],
      }).catch((error: unknown) => {
        throw new CommandError(
          `The profiles cannot be loaded: ${error instanceof Error ? error.message : 'unreadable'}`,
          'Correct what --ig or validation.igPackages names.',
        );
      });
      for (const profile of options.profile)
        if (validator.typeOf(profile) === undefined)
          throw new CommandError(`The profile ${profile} is not loaded.`, 'Name the guide that has it with --ig.');
      const judged: Judged[] = [];
      for (const file of files) judged.push(await judgeFile(validator, options.profile, file));
      const all = judged.flatMap(({ found }) => found);
      const shown = all.filter(({ severity }) => severity !== 'information' || options.all);
      const types = judged.flatMap((one) => one.types);
      for (const profile of options.profile) {
        const type = validator.typeOf(profile) ?? '';
        if (!types.includes(type))
          throw new CommandError(`The profile ${profile} is for ${type}, and no file has a resource of this type.`);
      }
      if (options.json) parts.terminal.out(json(outcomeWithPlaces(all)));
      else {
        if (shown.length > 0) parts.terminal.out(shown.map(lineOf).join('\n'));
        const untold = all.length - shown.length;
        const more = untold === 0 ? '' : `; ${plural(untold, 'thing')} could not be judged, see --all`;
        parts.terminal.err(
          `${plural(files.length, 'file')}, ${plural(types.length, 'resource')}: ${counted(all)}${more}.`,
        );
      }
      if (all.some(({ severity }) => severity === 'error')) throw new Unsuccessful();
    });
}

function outcomeWithPlaces(found: readonly Found[]): object {
  const outcome = outcomeOf(found) as { readonly resourceType: string; readonly issue: readonly object[] };
  return {
    ...outcome,
    issue: outcome.issue.map((issue, index) => {
      const one = found[index];
      return one === undefined ? issue : { ...issue, diagnostics: `${one.file}:${one.at.line}:${one.at.column}` };
    }),
  };
}
