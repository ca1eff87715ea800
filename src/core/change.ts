/**
 * What the EHR tells the programme: appointments and tasks of its patients, with what a CHW needs to act and no more.
 * Pure. State, not events: an EHR is polled, and what matters is how a resource stands beside what was told of it.
 */
import type { Judgement } from './gates/consents.ts';
import type { DestinationId } from './model.ts';
import type { Resource } from './ports.ts';

export type ChangeKind = 'appointment.missed' | 'appointment.changed' | 'task.requested' | 'task.changed';

/** What is told of laboratory results: by Tejido itself, and not by a look at the EHR. */
export type LabChangeKind = 'lab.result' | 'lab.corrected' | 'lab.withdrawn';

/** One measure as it stands when it is told: numbers, dates and fixed words; no text of a laboratory. */
export type LabChange = {
  /** Name of the trend in the configuration. */
  readonly analyte: string;
  readonly says: { readonly es: string; readonly en: string };
  /** The last three, oldest first. */
  readonly values: readonly {
    /** `9.4`, `>14`. */
    readonly value: string;
    /** UCUM. */
    readonly unit?: string;
    /** When the specimen was taken, as precise as the laboratory told it. */
    readonly date?: string;
    readonly status: 'final' | 'corrected';
    /** It is not compared with the others. */
    readonly warning?: 'implausible' | 'other-unit';
  }[];
  readonly goal?: { readonly below: number; readonly unit: string };
};

/** Never why the visit is, and no free text of the chart. */
export type ChangeContent = {
  /** As FHIR has it: `noshow`, `booked`, `requested`, `completed`. */
  readonly status: string;
  readonly start?: string;
  readonly end?: string;
  readonly clinic?: string;
  readonly code?: { readonly system?: string; readonly code?: string; readonly text?: string };
  readonly priority?: string;
  readonly due?: string;
  /** The appointment that a task is about. */
  readonly appointmentRef?: string;
};

/** One version of a resource, as a look at the EHR found it. */
export type Observed = {
  /** `Type/id`. */
  readonly reference: string;
  readonly versionId: string;
  readonly lastUpdated: Date;
  /** `Patient/id`. */
  readonly patient: string;
  readonly resource: Resource;
};

/** What is known of a resource before this look. */
export type Before = {
  readonly kind: ChangeKind;
  readonly content: ChangeContent;
};

/**
 * Whose version it is: `echo`, the one that Tejido wrote; `linked`, somebody else's of a resource that Tejido wrote
 * once; `foreign`, of one that it never did.
 */
export type Whose = 'echo' | 'linked' | 'foreign';

/** Which tasks are the programme's. Without both: all of its patients' tasks. */
export type TaskRules = { readonly owners: readonly string[]; readonly codes: readonly string[] };

/** `tell`: it goes into the feed; else it is only remembered. */
export type Change = Before & { readonly tell: boolean };

/** One entry of the feed. */
export type ToldChange = (Before | { readonly kind: LabChangeKind; readonly content: LabChange }) & {
  readonly id: string;
  readonly at: Date;
  readonly destination: DestinationId;
  readonly reference: string;
  /** The person as the CHW apps call them. */
  readonly ids: readonly { readonly source: string; readonly sourcePatientId: string }[];
};

const labKinds: ReadonlySet<string> = new Set<LabChangeKind>(['lab.result', 'lab.corrected', 'lab.withdrawn']);

export const isLabKind = (kind: ToldChange['kind']): kind is LabChangeKind => labKinds.has(kind);

/** Undefined: nothing that the programme did not know. */
export function changeIn(
  resource: Resource,
  before: Before | undefined,
  whose: Whose,
  rules: TaskRules,
): Change | undefined {
  if (isRestricted(resource)) return undefined;
  return resource.resourceType === 'Appointment'
    ? appointment(resource, before, whose)
    : task(resource, before, whose, rules);
}

const toldOfAppointments = new Set(['noshow', 'cancelled', 'booked']);

function appointment(resource: Resource, before: Before | undefined, whose: Whose): Change | undefined {
  const status = text(resource['status']);
  if (status === undefined) return undefined;
  const clinic = clinicOf(resource);
  const [start, end] = [text(resource['start']), text(resource['end'])];
  const content: ChangeContent = {
    status,
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(clinic === undefined ? {} : { clinic }),
  };
  if (same(content, before?.content)) return undefined;
  // Who arrived is no news; that a visit counted as missed was not, is.
  if (!toldOfAppointments.has(status) && before?.kind !== 'appointment.missed') return undefined;
  return { kind: status === 'noshow' ? 'appointment.missed' : 'appointment.changed', content, tell: whose !== 'echo' };
}

const openTask = new Set(['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold']);

function task(resource: Resource, before: Before | undefined, whose: Whose, rules: TaskRules): Change | undefined {
  const status = text(resource['status']);
  if (status === undefined) return undefined;
  const code = codeOf(resource['code']);
  const priority = text(resource['priority']);
  const due = text(record(record(resource['restriction'])['period'])['end']);
  const appointmentRef = appointmentOf(resource);
  const content: ChangeContent = {
    status,
    ...(code === undefined ? {} : { code }),
    ...(priority === undefined ? {} : { priority }),
    ...(due === undefined ? {} : { due }),
    ...(appointmentRef === undefined ? {} : { appointmentRef }),
  };
  if (same(content, before?.content)) return undefined;
  if (before !== undefined || whose !== 'foreign') return { kind: 'task.changed', content, tell: whose !== 'echo' };
  if (!openTask.has(status) || !isOurs(resource, rules)) return undefined;
  return { kind: 'task.requested', content, tell: true };
}

function isOurs(resource: Resource, { owners, codes }: TaskRules): boolean {
  if (owners.length === 0 && codes.length === 0) return true;
  const owner = text(record(resource['owner'])['reference']);
  if (owner !== undefined && owners.some((one) => owner === one || owner.endsWith(`/${one}`))) return true;
  return list(record(resource['code'])['coding']).some((coding) => {
    const [system, code] = [text(coding['system']), text(coding['code'])];
    return code !== undefined && codes.some((one) => one === code || one === `${system ?? ''}|${code}`);
  });
}

const unrestricted = new Set(['N', 'L', 'M', 'U']);

/** What carries a label above normal (HL7 Confidentiality R and V, or a sensitivity) does not leave the chart. */
export const isRestricted = ({ meta }: Resource): boolean =>
  list(record(meta)['security']).some(({ code }) => !unrestricted.has(String(code)));

/** The place, else the service, never the speciality or the reason. */
function clinicOf(resource: Resource): string | undefined {
  const actors = list(resource['participant']).map(({ actor }) => record(actor));
  const place = actors.find(({ reference }) => /(^|\/)Location\//.test(String(reference)));
  return text(place?.['display']);
}

function codeOf(value: unknown): ChangeContent['code'] {
  const concept = record(value);
  const [coding] = list(concept['coding']);
  const [system, code] = [text(coding?.['system']), text(coding?.['code'])];
  const said = text(coding?.['display']) ?? (code === undefined ? text(concept['text']) : undefined);
  if (code === undefined && said === undefined) return undefined;
  return {
    ...(system === undefined ? {} : { system }),
    ...(code === undefined ? {} : { code }),
    ...(said === undefined ? {} : { text: said }),
  };
}

function appointmentOf(resource: Resource): string | undefined {
  const references = [resource['focus'], resource['reasonReference'], ...list(resource['basedOn'])];
  const found = references.flatMap((one) => text(record(one)['reference']) ?? []);
  return found.flatMap((one) => /(?:^|\/)(Appointment\/[A-Za-z0-9.-]{1,64})$/.exec(one)?.[1] ?? [])[0];
}

/** The fields are always set in the same order; what the ledger gives back may be in another. */
const same = (one: ChangeContent, other: ChangeContent | undefined): boolean =>
  other !== undefined && sorted(one) === sorted(other);

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Whether the programme may still hear of the person: a no to the programme ends the feed. */
export const mayBeTold = ({ is }: Judgement): boolean => is !== 'withdrawn' && is !== 'declined';

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const record = (value: unknown): Json => (isRecord(value) ? value : {});
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
