/** The note that holds what an EHR does not take as data: the contact's own with lines added, or one made for them. Pure. */
import type { Resource } from '../../../core/ports.ts';
import { isObject, objects, text } from '../json.ts';
import type { Json } from '../json.ts';
import { subjectOf } from '../reference.ts';

export const heading = 'Not recorded as data here:';

const plainText = (attachment: Json): boolean => text(attachment['contentType'])?.startsWith('text/plain') === true;

/** The first attachment's text; undefined when the document is no plain text, so that no line can be added. */
export function textOf(note: Resource): string | undefined {
  const attachment = objects(note['content'])[0]?.['attachment'];
  if (!isObject(attachment) || !plainText(attachment)) return undefined;
  const data = text(attachment['data']);
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

/** The note saying this instead. A stated size or hash would be that of the old text. */
export function saying(note: Resource, said: string): Resource {
  const [first, ...others] = objects(note['content']);
  const { size: _size, hash: _hash, ...attachment } = isObject(first?.['attachment']) ? first['attachment'] : {};
  const contentType = plainText(attachment) ? attachment['contentType'] : 'text/plain; charset=utf-8';
  const data = Buffer.from(said).toString('base64');
  const content = { ...first, attachment: { ...attachment, contentType, data } };
  return { ...note, content: [content, ...others] };
}

/** The note with the lines below what its author wrote. */
export function withLines(note: Resource, lines: readonly string[]): Resource {
  const said = textOf(note);
  if (lines.length === 0 || said === undefined) return note;
  return saying(note, `${said.trimEnd()}\n\n${listed(lines)}`);
}

const listed = (lines: readonly string[]): string => [heading, ...lines.map((line) => `- ${line}`)].join('\n');

/** LOINC document types of standards §2: of a contact, of a plan, of a referral. */
function typeOf(among: readonly Resource[]): { readonly code: string; readonly display: string } {
  const types = new Set(among.map(({ resourceType }) => resourceType));
  if (!types.has('Encounter')) {
    if (types.has('CarePlan') || types.has('Goal')) return { code: '18776-5', display: 'Plan of care note' };
    if (types.has('ServiceRequest')) return { code: '57133-1', display: 'Referral note' };
  }
  return { code: '11506-3', display: 'Progress note' };
}

const authorNames = ['author', 'requester', 'sender', 'performer', 'expressedBy', 'informationSource'] as const;

/** Who says so: whom the resources name as their author, of those types that a document may have as one. */
function authorsOf(among: readonly Resource[]): readonly Json[] {
  const candidates = among.flatMap((each) => [
    ...objects(each['participant']).flatMap(({ individual }) => (isObject(individual) ? [individual] : [])),
    ...objects(each['agent']).flatMap(({ who }) => (isObject(who) ? [who] : [])),
    ...authorNames.flatMap((name) => {
      const value = each[name];
      return isObject(value) ? [value] : objects(value);
    }),
  ]);
  const found = candidates.find(({ reference: to }) =>
    /^(Practitioner|PractitionerRole|Organization)\//.test(text(to) ?? ''),
  );
  const author = found ?? candidates.find(({ reference: to, display }) => to === undefined && display !== undefined);
  return author === undefined ? [] : [author];
}

const instants = ['recorded', 'sent', 'authoredOn', 'authored', 'effectiveDateTime', 'created'] as const;

/** When: the first instant among the resources, so that every attempt makes the same note. */
function dateOf(among: readonly Resource[]): string | undefined {
  const starts = among.flatMap((each) => [
    isObject(each['period']) ? text(each['period']['start']) : undefined,
    ...instants.map((name) => text(each[name])),
  ]);
  return starts.find((value) => value !== undefined && /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value));
}

/** A note of its own for what has none to go into. `among`: all of the message, for author and time. */
export function noteFor(
  lowered: readonly Resource[],
  among: readonly Resource[],
  lines: readonly string[],
  labels: readonly unknown[],
): Resource {
  const subject = [...lowered, ...among].map(subjectIn).find((each) => each !== undefined);
  const author = authorsOf(among);
  const date = dateOf(among);
  return {
    resourceType: 'DocumentReference',
    ...(labels.length === 0 ? {} : { meta: { security: labels } }),
    status: 'current',
    docStatus: 'final',
    type: { coding: [{ system: 'http://loinc.org', ...typeOf(lowered) }] },
    category: [
      {
        coding: [
          {
            system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
            code: 'clinical-note',
            display: 'Clinical Note',
          },
        ],
      },
    ],
    ...(subject === undefined ? {} : { subject }),
    ...(date === undefined ? {} : { date }),
    ...(author.length === 0 ? {} : { author }),
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          data: Buffer.from(listed(lines)).toString('base64'),
        },
      },
    ],
  };
}

const subjectIn = (resource: Resource): unknown =>
  subjectOf(resource) === undefined ? undefined : (resource['subject'] ?? resource['patient'] ?? resource['for']);

/** A later document that takes the place of one which the EHR does not let us change (R4 DocumentReference.relatesTo). */
export const replacing = (note: Resource, reference: string): Resource => ({
  ...note,
  relatesTo: [{ code: 'replaces', target: { reference } }],
});

/** What says that a note no longer counts, where the EHR does not let us mark it. */
export const withdrawal = (note: Resource): Resource =>
  saying(
    { ...note, description: 'Withdrawn' },
    'Withdrawn: the note that this one replaces was entered in error. It is not to be used.',
  );
