/** Where results belong that changed by themselves. */
import type { LabReads } from '../connections/fhir/labs.ts';
import { ok, type Outcome } from '../core/outcome.ts';
import type { Resource } from '../core/ports.ts';
import { nameOf, refersTo } from './lab-resources.ts';

export type Parents = {
  readonly reports: readonly Resource[];
  /** Observations with one of these as a member. */
  readonly panels: readonly Resource[];
  /** `Observation/…` that a report, or a panel, refers to. */
  readonly inReport: ReadonlySet<string>;
  readonly inPanel: ReadonlySet<string>;
};

/** The reports that these results (`Observation/…`), or the panels that they are of, belong to. */
export async function parentsOf(reads: LabReads, base: string, names: readonly string[]): Promise<Outcome<Parents>> {
  const direct = await reads.referring('DiagnosticReport', 'result', names);
  if (!direct.ok) return direct;
  const inReport = new Set(direct.value.flatMap((one) => refersTo(one, 'result', base)));
  const asked = names.filter((name) => !inReport.has(name));
  const found = await reads.referring('Observation', 'hasMember', asked);
  // A server that is not searched by it is taken to have its panels in reports.
  if (!found.ok && found.failure.cause !== 'send/unsupported' && found.failure.cause !== 'send/refused') return found;
  const panels = found.ok ? found.value : [];
  const above = await reads.referring('DiagnosticReport', 'result', panels.map(nameOf));
  if (!above.ok) return above;
  for (const one of above.value) for (const name of refersTo(one, 'result', base)) inReport.add(name);
  const reports = new Map([...direct.value, ...above.value].map((one) => [nameOf(one), one]));
  const inPanel = new Set(panels.flatMap((one) => refersTo(one, 'hasMember', base)));
  return ok({ reports: [...reports.values()], panels, inReport, inPanel });
}
