/** Lexical rules of R4 where @medplum/core is lax: empty strings, times without minutes or zone, UCUM without a code. */
import type { Issue } from '../core/outcome.ts';
import { walk } from './walk.ts';

const year = String.raw`(?:[1-9]\d{3}|0\d{2}[1-9]|0\d[1-9]0|0[1-9]00)`;
const date = String.raw`${year}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?`;
const day = String.raw`${year}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const time = String.raw`(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?`;
const zone = String.raw`(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))`;

const forms: Readonly<Record<string, RegExp>> = {
  date: new RegExp(`^${date}$`, 'u'),
  dateTime: new RegExp(`^(?:${date}|${day}T${time}${zone})$`, 'u'),
  instant: new RegExp(`^${day}T${time}${zone}$`, 'u'),
};

const quantities = new Set(['Quantity', 'SimpleQuantity', 'Age', 'Count', 'Distance', 'Duration']);

export function formatIssues(resource: { readonly resourceType: string }): readonly Issue[] {
  const issues: Issue[] = [];
  walk(resource, resource.resourceType, resource.resourceType, ({ path, type, json }) => {
    if (typeof json === 'string' && json.trim() === '')
      issues.push({
        where: path,
        what: 'an empty value is not allowed; leave the element out',
        code: 'value',
        severity: 'error',
      });
    const form = forms[type];
    if (form !== undefined && typeof json === 'string' && json !== '' && !form.test(json))
      issues.push({ where: path, what: `this is no ${type}`, code: 'value', severity: 'error' });
    if (!quantities.has(type) || typeof json !== 'object' || json === null) return;
    const { system, code } = json as { system?: unknown; code?: unknown };
    if (system === 'http://unitsofmeasure.org' && code === undefined)
      issues.push({ where: path, what: 'a quantity in UCUM has no code', code: 'required', severity: 'error' });
  });
  return issues;
}
