/** What `tejido check` says of the FHIR servers of laboratories: the search of the next look, with the credentials of it. */
import type { Tried } from '../cli/parts.ts';
import type { LabReads } from '../connections/fhir/labs.ts';
import { causeOf } from '../core/causes.ts';

/** `now`: a server that heeds `_lastUpdated` has nothing to show since then. */
export async function checkLabReads(
  name: string,
  reads: Pick<LabReads, 'changed'>,
  categories: readonly string[],
  now: Date,
): Promise<Tried> {
  const asked = await reads.changed('DiagnosticReport', { since: now, categories }, () => Promise.resolve());
  if (asked.ok)
    return { name, ok: true, says: 'It answers, and can be asked for reports by the time of their change.' };
  const { cause, detail } = asked.failure;
  return {
    name,
    ok: false,
    says: `A search for reports does not work: ${detail} [${cause}].`,
    next:
      causeOf(cause).class === 'auth'
        ? 'Check auth and the scopes.'
        : 'Check baseUrl and auth, and that it can be reached from here.',
  };
}
