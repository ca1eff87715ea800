/** A run of a map as an indented story: each rule with what it read and what it wrote. Values are of the input. */
import { isObject } from '../definitions/item.ts';
import type { TraceEvent } from '../fml/index.ts';

const longest = 120;

/** What is long is told by its keys. */
const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  if (text.length <= longest) return text;
  if (Array.isArray(value)) return `[${value.length} items]`;
  return isObject(value) ? `{ ${Object.keys(value).join(', ')} }` : `${text.slice(0, longest)}…`;
};

/** Makes of each event a line, or none. */
export function traceLines(): (event: TraceEvent) => readonly string[] {
  let level = 0;
  /** What the rules around have read: told once. */
  const told: ReadonlySet<string>[] = [];
  const line = (text: string): string => `${'  '.repeat(level)}${text}`;
  return (event) => {
    switch (event.kind) {
      case 'group-entered': {
        const head = line(`group ${event.group} (${event.file})`);
        level += 1;
        return [head];
      }
      case 'rule-entered': {
        const head = line(event.rule.where);
        level += 1;
        const read = event.read.filter(({ path }) => !told.some((paths) => paths.has(path)));
        told.push(new Set(read.map(({ path }) => path)));
        return [
          head,
          ...read.map(({ variable, path, value }) =>
            line(`reads  ${path}${variable === undefined ? '' : ` as ${variable}`} = ${shown(value)}`),
          ),
        ];
      }
      case 'wrote':
        return [line(`writes ${event.path} = ${shown(event.value)}`)];
      case 'rule-left':
        told.pop();
        level -= 1;
        return [];
      case 'group-left':
        level -= 1;
        return [];
      case 'rule-idle':
      default:
        return [line(`${event.rule.where}: nothing to work on`)];
    }
  };
}
