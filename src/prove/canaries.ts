/** Looks for patients' data where none may be: in logs, metrics, queues. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Resource } from '../core/ports.ts';
import type { Finding } from './invariants.ts';
import { canary } from './work.ts';

/** Words that only a patient's data could have brought: names, numbers, dates of birth, the authors' words. */
export function canariesOf(people: readonly Resource[]): readonly string[] {
  const of = people.flatMap((person) => {
    const name = (person['name'] as readonly { readonly text?: string; readonly family?: string }[])[0];
    const identifier = (person['identifier'] as readonly { readonly value?: string }[])[0];
    return [name?.text, name?.family, identifier?.value, person['birthDate']];
  });
  return [...new Set([canary, 'seguimiento', 'Caminar', ...of.filter((word) => typeof word === 'string')])];
}

export type Sink = { readonly name: string } & ({ readonly text: string } | { readonly file: string });

/** Nobody but the proof ends a process: no fault of its own in any log. */
export async function searchFaults(files: readonly string[]): Promise<Finding> {
  const broken: string[] = [];
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (/"event":"process\.(uncaught-exception|unhandled-rejection)"/.test(line)) broken.push(line.slice(0, 300));
    }
  }
  return { promise: 'no process ended by a fault of its own', checked: files.length, broken };
}

/** Each sink with the canaries found in it. The finding names the place, never the line. */
export async function searchSinks(sinks: readonly Sink[], canaries: readonly string[]): Promise<Finding> {
  const broken: string[] = [];
  const look = (name: string, line: string): void => {
    const found = canaries.find((word) => line.includes(word));
    if (found !== undefined) broken.push(`${name} holds ${found === canary ? 'a narrative' : `«${found}»`}`);
  };
  for (const sink of sinks) {
    if ('text' in sink) {
      for (const line of sink.text.split('\n')) look(sink.name, line);
      continue;
    }
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(sink.file), crlfDelay: Infinity }))
      look(`${sink.name}:${String(++number)}`, line);
  }
  return { promise: 'no patient’s data in logs, metrics and queues', checked: sinks.length, broken };
}
