/**
 * What a person on a roster becomes: activities, made of the fields alone, so that the same row makes the same activity.
 * Versions are given later, by what the ledger holds.
 */
import type { Activity } from '../core/activity.ts';
import type { PersonFields } from './person-row.ts';
import type { ProgrammeStatus } from './values.ts';

/** An activity without its version. */
export type Draft = Omit<Activity, 'source'> & {
  readonly source: { readonly systemId: string; readonly recordId: string };
};

export type RosterContext = { readonly source: string; readonly programmeId: string };

/** Who has no promotora yet: the record is made by the import itself. */
const importer = 'roster-import';

/** Noon in UTC is the same day from Hawaii to Europe: a roster knows days, not hours. */
const noon = (day: string): string => `${day}T12:00:00Z`;

/** The parts that are told. */
const told = (part: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));

const orNothing = (part: Record<string, unknown>): Record<string, unknown> | undefined =>
  Object.keys(part).length === 0 ? undefined : part;

export const hasLeft = (status: ProgrammeStatus | undefined): boolean =>
  status !== undefined && status !== 'active' && status !== 'planned' && status !== 'waitlist';

const differ = (a: PersonFields | undefined, b: PersonFields, names: readonly (keyof PersonFields)[]): boolean =>
  names.some((name) => JSON.stringify(a?.[name]) !== JSON.stringify(b[name]));

/** `before`: what stood. Status, tier and consent are events: told when they change, not with every roster. */
export function draftsOf(
  person: { readonly patient: string; readonly sourcePatientId: string | undefined },
  fields: PersonFields,
  before: PersonFields | undefined,
  { source, programmeId }: RosterContext,
): readonly Draft[] {
  const identifiers = told({ sourcePatientId: person.sourcePatientId, mrn: fields.mrn, dob: fields.dob });
  const draft = (
    activityType: string,
    record: string,
    day: string,
    details: Readonly<Record<string, unknown>>,
    subject: Record<string, unknown> = identifiers,
  ): Draft => ({
    schemaVersion: '1.0',
    activityType,
    programmeId,
    status: 'completed',
    source: { systemId: source, recordId: `roster.${record}` },
    occurredAt: noon(day),
    subject,
    performer: { sourceUserId: fields.chw ?? importer },
    ...told({ language: fields.language }),
    details: told(details),
  });
  const { start, noted, status = 'active', statusDate, tierDate, researchDate } = fields;
  if (start === undefined || noted === undefined) return [];
  const drafts = [
    draft(
      'roster.enrol',
      `enrol.${person.patient}`,
      start < noted ? start : noted,
      {
        start,
        // How it went on is told by changes of status: the enrolment itself stays what it was.
        status: status === 'planned' || status === 'waitlist' ? status : 'active',
        referralSource: fields.referralSource,
        site: fields.site,
        tier: fields.tier,
        pcp: fields.pcp === undefined ? undefined : { name: fields.pcp },
        chw: fields.chw === undefined ? undefined : { sourceUserId: fields.chw },
      },
      told({
        ...identifiers,
        name: orNothing(told({ given: fields.given, family: fields.family, secondFamily: fields.secondFamily })),
        sex: fields.sex,
        phones: fields.phones,
        postalCode: fields.postalCode,
      }),
    ),
  ];
  const back = status === 'active' && hasLeft(before?.status);
  if (statusDate !== undefined && (hasLeft(status) || back) && differ(before, fields, ['status', 'statusDate'])) {
    drafts.push(
      draft('roster.status-change', `status.${fields.statusKey ?? statusDate}.${person.patient}`, statusDate, {
        status,
        date: statusDate,
        reason: fields.statusReason,
      }),
    );
  }
  if (
    fields.tier !== undefined &&
    tierDate !== undefined &&
    (fields.tier === 'high-need' || before?.tier === 'high-need') &&
    differ(before, fields, ['tier', 'tierDate', 'tierReason'])
  ) {
    drafts.push(
      draft('stratify.high-need', `tier.${fields.tierKey ?? tierDate}.${person.patient}`, tierDate, {
        tier: fields.tier,
        date: tierDate,
        decidedBy: 'care-team',
        reason: fields.tierReason,
      }),
    );
  }
  if (
    fields.researchStatus !== undefined &&
    researchDate !== undefined &&
    differ(before, fields, ['researchStatus', 'researchDate', 'researchStudy'])
  ) {
    drafts.push(
      draft('research.consent', `research.${fields.researchKey ?? researchDate}.${person.patient}`, researchDate, {
        study: fields.researchStudy ?? programmeId,
        status: fields.researchStatus,
        // A roster has no column for it, and a consent names the form it was given on.
        version: 'as on the roster',
        date: researchDate,
        language: fields.language,
      }),
    );
  }
  return drafts;
}
