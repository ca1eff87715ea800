/** `$sandbox` on the wire: switching quirks and faults from outside the process. */
import type { SandboxAdmin } from './admin.ts';
import type { Asked } from './asked.ts';
import { isRecord } from './elements.ts';
import { faultTable, readFault } from './faults.ts';
import type { Answer } from './http.ts';
import { problem } from './outcome.ts';
import { isQuirk, quirkTable } from './quirks.ts';

/**
 * GET, PUT (an object of names and values; false switches off), DELETE on `quirks`; GET, PUT (replaces), POST (adds),
 * DELETE on `faults`; GET on `counts`; POST on `reset`.
 */
export function administer({ method, segments, body, headers }: Asked, admin: SandboxAdmin): Answer {
  if (headers['sec-fetch-site'] === 'cross-site') throw problem(403, 'forbidden', 'Not from another site.');
  const given: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : undefined;
  switch (`${method} ${segments.slice(1).join('/')}`) {
    case 'PUT quirks':
      setQuirks(given, admin);
      return quirks(admin);
    case 'DELETE quirks':
      admin.quirks.clear();
      return quirks(admin);
    case 'GET quirks':
      return quirks(admin);
    case 'PUT faults':
    case 'POST faults': {
      const read = (Array.isArray(given) ? given : [given]).map(readFault);
      if (method === 'PUT') admin.faults.clear();
      for (const fault of read) admin.faults.add(fault);
      return faults(admin);
    }
    case 'DELETE faults':
      admin.faults.clear();
      return faults(admin);
    case 'GET faults':
      return faults(admin);
    case 'GET counts':
      return json(admin.counts());
    case 'POST reset':
      admin.reset();
      return json({});
    default:
      throw problem(404, 'not-found', 'There is nothing at this address.');
  }
}

function setQuirks(given: unknown, admin: SandboxAdmin): void {
  if (!isRecord(given)) throw new RangeError('Quirks are an object of names and values.');
  const before = admin.quirks.all();
  try {
    for (const [name, value] of Object.entries(given)) {
      if (!isQuirk(name)) throw new RangeError(`There is no quirk ${name}.`);
      if (value === false) admin.quirks.clear(name);
      else admin.quirks.set(name, value);
    }
  } catch (error) {
    admin.quirks.clear();
    for (const [name, value] of Object.entries(before)) if (isQuirk(name)) admin.quirks.set(name, value);
    throw error;
  }
}

const quirks = (admin: SandboxAdmin): Answer => json({ on: admin.quirks.all(), table: quirkTable });
const faults = (admin: SandboxAdmin): Answer => json({ on: admin.faults.all(), table: faultTable });

const json = (value: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
