/** `/openapi.json` (OpenAPI 3.1): the route table and the published schemas in one document. Pure. */
import { escalationStates } from '../core/escalation.ts';
import { severities } from '../core/red-flag/rules.ts';
import { actors, causes } from '../core/causes.ts';
import { messageStates } from '../core/model.ts';
import { referralStates } from '../core/story.ts';
import { peopleSchemas } from './people-routes.ts';
import { operations, type Answer, type Operation, type Parameter } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

export type OpenApi = {
  readonly openapi: '3.1.0';
  readonly info: Json;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly Json[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes: Json };
};

const base = 'https://tejido.dev/schemas/';

/** `types/contact.home.schema.json` → `details.contact.home`; `activity.schema.json` → `Activity`. */
function componentName(schemaId: string): string {
  const name = schemaId.slice(schemaId.startsWith(base) ? base.length : 0).replace(/\.schema\.json$/, '');
  if (name.startsWith('types/')) return `details.${name.slice('types/'.length)}`;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Inside the document a schema has no id of its own, and refers to its neighbours by their place. */
function placed(node: unknown, schemaId: string, inMap: boolean): unknown {
  if (Array.isArray(node)) return node.map((one) => placed(one, schemaId, false));
  if (typeof node !== 'object' || node === null) return node;
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(node)) {
    if (!inMap && (name === '$id' || name === '$schema')) continue;
    if (!inMap && name === '$ref' && typeof value === 'string') {
      const target = new URL(value, schemaId);
      entries.push([
        name,
        `#/components/schemas/${componentName(`${target.origin}${target.pathname}`)}${target.hash.slice(1)}`,
      ]);
    } else if (!inMap && (name === 'const' || name === 'enum' || name === 'examples' || name === 'default')) {
      entries.push([name, value]);
    } else {
      entries.push([
        name,
        placed(value, schemaId, !inMap && (name === 'properties' || name === '$defs' || name === 'patternProperties')),
      ]);
    }
  }
  return Object.fromEntries(entries);
}

const string = { type: 'string' };
const dateTime = { type: 'string', format: 'date-time' };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const ownSchemas: Readonly<Record<string, Json>> = {
  MessageState: {
    enum: [...messageStates],
    description: 'held: a person or an event must act. failed: gave up; a retry is possible.',
  },
  Cause: { enum: Object.keys(causes), description: 'Why a message is held or failed.' },
  Receipt: {
    type: 'object',
    required: ['id', 'state'],
    properties: {
      id: { ...string, description: 'Id of the message.' },
      state: ref('MessageState'),
      duplicateOf: { ...string, description: 'The message that had this record and content before.' },
      escalations: {
        type: 'array',
        description:
          'Red flags of the record: raised, and how they stand. GET /v1/messages/{id} tells who has seen them.',
        items: ref('ToldEscalation'),
      },
    },
  },
  Receipts: {
    type: 'object',
    required: ['receipts'],
    properties: {
      receipts: {
        type: 'array',
        description: 'One for each item, in the order they were sent.',
        items: {
          anyOf: [ref('Receipt'), { type: 'object', required: ['error'], properties: { error: ref('Problem') } }],
        },
      },
    },
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457. `type` is stable, for programs; `detail` is for people and ends with what to do.',
    required: ['type', 'title', 'status'],
    properties: {
      type: { type: 'string', format: 'uri' },
      title: string,
      status: { type: 'integer' },
      detail: string,
      requestId: string,
      scope: { ...string, description: 'The scope that is needed (403).' },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['pointer', 'detail'],
          properties: {
            pointer: {
              ...string,
              description: 'JSON pointer into the activity (RFC 6901), or the name of a parameter.',
            },
            detail: string,
            code: string,
          },
        },
      },
      receipts: {
        type: 'array',
        description: 'In a batch of which nothing was accepted: the error of each item.',
        items: { type: 'object' },
      },
    },
  },
  Referrals: {
    type: 'object',
    required: ['referrals'],
    properties: {
      referrals: {
        type: 'array',
        items: {
          type: 'object',
          required: ['patientKey', 'referralId', 'state', 'requestedAt', 'changedAt', 'ageDays'],
          properties: {
            patientKey: string,
            referralId: string,
            category: string,
            state: { enum: [...referralStates] },
            outcome: { ...string, description: 'What came of it.' },
            service: { ...string, description: 'Id in the resource directory; absent for legal help.' },
            requestedAt: dateTime,
            changedAt: dateTime,
            ageDays: { type: 'integer' },
          },
        },
      },
    },
  },
  Disclosures: {
    type: 'object',
    required: ['disclosures'],
    properties: {
      disclosures: {
        type: 'array',
        items: {
          type: 'object',
          required: ['messageId', 'kind', 'recipient', 'recipientClass', 'what', 'at'],
          properties: {
            messageId: string,
            kind: { ...string, description: 'Activity type.' },
            recipient: string,
            recipientClass: string,
            what: { type: 'array', items: string, description: 'Types of resources.' },
            consent: string,
            at: dateTime,
          },
        },
      },
    },
  },
  DryRun: {
    type: 'object',
    required: ['dryRun', 'results'],
    properties: {
      dryRun: { const: true },
      results: {
        type: 'array',
        description: 'For each item `bundle` (a FHIR Bundle), `wouldBe` (why it would be held), or `error`.',
        items: { type: 'object' },
      },
    },
  },
  MessageSummary: {
    type: 'object',
    required: ['id', 'state', 'source', 'kind', 'receivedAt'],
    properties: {
      id: string,
      state: ref('MessageState'),
      source: string,
      recordId: string,
      version: { type: 'integer' },
      kind: string,
      cause: ref('Cause'),
      receivedAt: dateTime,
      occurredAt: dateTime,
      patientKey: string,
      duplicateOf: string,
      replacedBy: string,
    },
  },
  MessagePage: {
    type: 'object',
    required: ['messages'],
    properties: { messages: { type: 'array', items: ref('MessageSummary') }, next: string },
  },
  MessageStory: {
    allOf: [
      ref('MessageSummary'),
      {
        type: 'object',
        properties: {
          nextAction: { ...string, description: 'What to do, in words.' },
          whoActs: { enum: [...actors], description: 'Who can do it.' },
          deliveries: { type: 'array', items: { type: 'object' } },
          events: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                at: dateTime,
                state: ref('MessageState'),
                cause: ref('Cause'),
                detail: string,
                actor: string,
              },
            },
          },
          attempts: { type: 'array', items: { type: 'object' } },
          links: {
            type: 'array',
            description: 'What stands in the EHR because of this message.',
            items: { type: 'object' },
          },
          escalations: {
            type: 'array',
            description: 'Red flags of the record, for whoever sent it: never which, and no name.',
            items: {
              allOf: [
                ref('ToldEscalation'),
                {
                  type: 'object',
                  properties: {
                    openedAt: dateTime,
                    acknowledgedAt: dateTime,
                    acknowledgedByRole: { ...string, description: 'The office of whoever took it: "nurse".' },
                    resolvedAt: dateTime,
                    cancelReason: string,
                  },
                },
              ],
            },
          },
          raw: { type: 'object', properties: { text: string, base64: string } },
        },
      },
    ],
  },
  Change: {
    type: 'object',
    required: ['id', 'at', 'kind', 'destination', 'patient'],
    properties: {
      id: string,
      at: { ...dateTime, description: 'When Tejido saw it.' },
      kind: {
        ...string,
        description:
          'appointment.missed, appointment.changed, task.requested, task.changed, lab.result, lab.corrected, lab.withdrawn; ' +
          'others may come: pass over what you do not know.',
      },
      destination: string,
      patient: {
        type: 'object',
        required: ['ids'],
        properties: {
          ids: {
            type: 'array',
            description: "The CHW apps' own ids of the person.",
            items: {
              type: 'object',
              required: ['source', 'sourcePatientId'],
              properties: { source: string, sourcePatientId: string },
            },
          },
        },
      },
      status: { ...string, description: 'Of the Appointment or Task, as FHIR R4 has it: noshow, booked, requested.' },
      appointmentRef: { ...string, description: 'The appointment, or the one that the task is about.' },
      start: dateTime,
      end: dateTime,
      clinic: { ...string, description: 'The place of the appointment.' },
      taskRef: { ...string, description: 'Give it back in the activity that answers the task.' },
      code: {
        type: 'object',
        description: 'What is asked.',
        properties: { system: string, code: string, text: string },
      },
      priority: string,
      due: string,
      resultRef: { ...string, description: 'The Observation that the result is.' },
      analyte: { ...string, description: 'Of a laboratory result: name of the measure, such as a1c.' },
      says: {
        type: 'object',
        description: 'The course in words: A1c 7.9 → 9.4 %.',
        properties: { es: string, en: string },
      },
      values: {
        type: 'array',
        description: 'The last three values as they stand, oldest first.',
        items: {
          type: 'object',
          required: ['value', 'status'],
          properties: {
            value: { ...string, description: 'A number, or a limit such as >14.' },
            unit: { ...string, description: 'UCUM.' },
            date: { ...string, description: 'When the specimen was taken, as precise as it is known.' },
            status: { enum: ['final', 'corrected'] },
            warning: { enum: ['implausible', 'other-unit'], description: 'It is not compared with the others.' },
          },
        },
      },
      goal: {
        type: 'object',
        description: 'What the patient wants to be below.',
        properties: { below: { type: 'number' }, unit: string },
      },
    },
  },
  Changes: {
    type: 'object',
    required: ['changes', 'next', 'more'],
    properties: {
      changes: { type: 'array', items: ref('Change') },
      next: { ...string, description: 'Give it as `after`, also when the page is empty.' },
      more: { type: 'boolean', description: 'There may be more: ask again at once.' },
    },
  },
  ToldEscalation: {
    type: 'object',
    required: ['id', 'severity', 'state'],
    properties: { id: string, severity: { enum: [...severities] }, state: { enum: [...escalationStates] } },
  },
  Escalation: {
    allOf: [
      ref('ToldEscalation'),
      {
        type: 'object',
        required: ['messageId', 'source', 'recordId', 'restricted', 'level', 'pool', 'openedAt', 'inChart'],
        properties: {
          messageId: string,
          source: string,
          recordId: string,
          patientKey: string,
          code: { ...string, description: 'Absent when it is restricted and the key may not see it.' },
          restricted: { type: 'boolean' },
          level: { type: 'integer' },
          pool: string,
          observedAt: dateTime,
          openedAt: dateTime,
          dueAt: { ...dateTime, description: 'When the next pool is told.' },
          acknowledgedAt: dateTime,
          acknowledgedBy: string,
          acknowledgedByRole: string,
          resolvedAt: dateTime,
          cancelReason: string,
          inChart: { type: 'boolean', description: 'The EHR has its Task, or a message to the pool.' },
        },
      },
    ],
  },
  EscalationList: {
    type: 'object',
    required: ['escalations'],
    properties: { escalations: { type: 'array', items: ref('Escalation') } },
  },
  EscalationStory: {
    allOf: [
      ref('Escalation'),
      {
        type: 'object',
        properties: {
          events: { type: 'array', items: { type: 'object' } },
          notices: {
            type: 'array',
            description: 'What the alternate route carried, with every attempt.',
            items: { type: 'object' },
          },
        },
      },
    ],
  },
  EscalationDone: {
    type: 'object',
    required: ['id', 'state'],
    properties: { id: string, state: { enum: [...escalationStates] } },
  },
  WorkList: {
    type: 'object',
    required: ['items'],
    properties: {
      items: {
        type: 'array',
        items: {
          type: 'object',
          required: ['id', 'destination', 'kind', 'state', 'lines', 'messageId', 'createdAt'],
          properties: {
            id: { type: 'string' },
            destination: { type: 'string' },
            kind: { type: 'string', enum: ['enter', 'correct', 'remove'] },
            state: { type: 'string', enum: ['open', 'done', 'withdrawn'] },
            lines: { type: 'array', items: { type: 'string' }, description: 'What to enter, in plain words.' },
            messageId: { type: 'string' },
            patient: { type: 'string', description: '`Patient/…` in the destination.' },
            mrn: { type: 'string' },
            createdAt: { type: 'string', format: 'date-time' },
            endedAt: { type: 'string', format: 'date-time' },
            actor: { type: 'string', description: 'Who did it.' },
            reference: { type: 'string', description: 'Where it stands in the chart now.' },
          },
        },
      },
      next: { type: 'string', description: 'The cursor of the following page.' },
    },
  },
  UnmappedCodes: {
    type: 'object',
    required: ['unmapped'],
    properties: {
      unmapped: {
        type: 'array',
        items: {
          type: 'object',
          required: [
            'id',
            'conceptMap',
            'code',
            'policy',
            'firstSeenAt',
            'lastSeenAt',
            'messages',
            'waiting',
            'messageIds',
          ],
          properties: {
            id: string,
            conceptMap: { ...string, description: 'Canonical of the ConceptMap.' },
            system: string,
            code: { ...string, description: 'As the sender wrote it; at most 500 characters.' },
            display: string,
            policy: {
              enum: ['hold', 'fixed', 'provided', 'other-map', 'text'],
              description: 'hold: its messages wait. The others: the policy of the ConceptMap was followed.',
            },
            firstSeenAt: dateTime,
            lastSeenAt: dateTime,
            messages: { type: 'integer', description: 'How many messages it came in.' },
            waiting: { type: 'integer', description: 'How many of them are held for it.' },
            messageIds: { type: 'array', items: string, description: 'The newest of them, ten at most.' },
          },
        },
      },
    },
  },
  ...peopleSchemas,
  ActionDone: { type: 'object', required: ['id', 'state'], properties: { id: string, state: ref('MessageState') } },
  Status: { type: 'object', required: ['ok'], properties: { ok: { type: 'boolean' } } },
};

const rowProblems = (description: string) => ({
  type: 'array',
  description,
  items: {
    type: 'object',
    required: ['row', 'what', 'code'],
    properties: {
      row: { type: 'integer', description: 'As a spreadsheet counts, from 1.' },
      column: string,
      what: string,
      code: string,
    },
  },
});

const rosterSummary = {
  id: string,
  source: string,
  mode: { enum: ['snapshot', 'delta'] },
  state: { enum: ['committing', 'committed'], description: 'Absent in a dry run.' },
  actor: string,
  receivedAt: dateTime,
  committedAt: dateTime,
  counts: {
    type: 'object',
    description: 'Rows, add, change, remove, unchanged, conflict, error, duplicate, warning; activities sent on.',
    additionalProperties: { type: 'integer' },
  },
} as const;

const rosterSchemas: Readonly<Record<string, Json>> = {
  AttendanceSheet: {
    type: 'object',
    required: ['series', 'session', 'date', 'attendees'],
    properties: {
      series: { ...string, description: 'Id of the series.' },
      session: { type: 'integer', minimum: 1, maximum: 4 },
      date: { type: 'string', format: 'date' },
      start: { ...string, description: 'Time on the clock of the programme: 18:00.' },
      minutes: { type: 'integer' },
      site: string,
      facilitator: { ...string, description: 'User id of who led it.' },
      topics: { type: 'array', items: string },
      attendees: {
        type: 'array',
        items: {
          type: 'object',
          required: ['attended'],
          properties: {
            sourcePatientId: { ...string, description: 'Or mrn and dob.' },
            mrn: string,
            dob: { type: 'string', format: 'date' },
            attended: { enum: ['y', 'n', 'partial'] },
            minutesAttended: { type: 'integer', description: 'Needed with partial.' },
            makeupFor: { type: 'integer', description: 'The session that this one makes up for.' },
            companionCount: { type: 'integer', description: 'Not filed.' },
            topics: { type: 'array', items: string },
            language: string,
          },
        },
      },
    },
  },
  AttendanceTaken: {
    type: 'object',
    required: ['series', 'session', 'counts'],
    properties: {
      series: string,
      session: { type: 'integer' },
      counts: {
        type: 'object',
        description: 'Rows, attended, absent, sent, unchanged, voided.',
        additionalProperties: { type: 'integer' },
      },
      notices: { type: 'array', items: { type: 'object' } },
      warnings: rowProblems('Cells that were removed.'),
      receipts: { type: 'array', items: ref('Receipt') },
    },
  },
  Rosters: {
    type: 'object',
    required: ['rosters'],
    properties: { rosters: { type: 'array', items: { type: 'object', properties: rosterSummary } }, next: string },
  },
  Roster: {
    type: 'object',
    required: ['counts', 'errors', 'conflicts', 'entries'],
    properties: {
      ...rosterSummary,
      dryRun: { type: 'boolean' },
      columns: { type: 'array', items: { type: 'object', properties: { column: string, field: string } } },
      notices: {
        type: 'array',
        description: 'About the file as a whole: columns that were removed, sheets that were not read.',
        items: {
          type: 'object',
          properties: { code: string, what: string, columns: { type: 'array', items: string } },
        },
      },
      errors: rowProblems('Rows set aside because of an error.'),
      conflicts: rowProblems('Rows set aside because they contradict what is known, or each other.'),
      warnings: rowProblems('Rows that were taken, without a cell or with a doubt.'),
      entries: {
        type: 'array',
        items: {
          type: 'object',
          required: ['patient', 'action'],
          properties: {
            row: { type: 'integer' },
            patient: { ...string, description: 'Id at the source, or mrn:….' },
            action: { enum: ['add', 'change', 'remove'] },
            fields: { type: 'array', items: string },
            values: { type: 'object' },
          },
        },
      },
    },
  },
};

const tags = [
  { name: 'Activities', description: 'For the developer of a CHW app.' },
  { name: 'Sheets', description: 'For the programme: rosters and attendance, as spreadsheets.' },
  { name: 'Sources', description: 'For apps that send in their own format.' },
  { name: 'Messages', description: 'What became of everything that was sent.' },
  { name: 'Changes', description: 'The way back: what the EHR has for CHWs.' },
  { name: 'Escalations', description: 'Red flags, and who has taken them. Tejido is not an emergency service.' },
  { name: 'Matches', description: 'Whose chart it is: for the front desk.' },
  { name: 'Operations', description: 'For those who run Tejido.' },
];

export function openApi(schemas: readonly Json[], version: string): OpenApi {
  const published = schemas.flatMap((schema): [string, Json][] =>
    typeof schema['$id'] === 'string'
      ? [[componentName(schema['$id']), placed(schema, schema['$id'], false) as Json]]
      : [],
  );
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tejido',
      version,
      summary: "Weaves community health work into the clinic's record.",
      description:
        'Send what a community health worker did; Tejido files it in the EHR once, in order, and tells what became of it. ' +
        'An answer 2xx means: committed to disk.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags,
    security: [{ key: [] }],
    paths,
    components: {
      schemas: { ...Object.fromEntries(published), ...ownSchemas, ...rosterSchemas },
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: '`tejido keys create` makes a key.' },
        keyAsPassword: {
          type: 'http',
          scheme: 'basic',
          description: 'For /v1/sources: the key as password, any user name.',
        },
        keyHeader: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'For /v1/sources.' },
      },
    },
  };
}

function describe(operation: Operation): Json {
  const ways = operation.tag === 'Sources' ? ['key', 'keyAsPassword', 'keyHeader'] : ['key'];
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    description:
      operation.scope === undefined
        ? operation.description
        : `${operation.description}\n\nScope: \`${operation.scope}\`.`,
    security: operation.scope === undefined ? [] : ways.map((way) => ({ [way]: [] })),
    ...(operation.parameters === undefined ? {} : { parameters: operation.parameters.map(parameter) }),
    ...(operation.body === undefined ? {} : { requestBody: { required: true, content: operation.body } }),
    responses: Object.fromEntries(
      Object.entries(operation.answers).map(([status, answer]) => [status, response(answer)]),
    ),
  };
}

const parameter = (given: Parameter): Json => ({ ...given });

function response(answer: Answer): Json {
  return {
    description: answer.description,
    ...(answer.headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(answer.headers).map(([name, description]) => [name, { description, schema: string }]),
          ),
        }),
    ...(answer.contentType === undefined
      ? {}
      : {
          content: {
            [answer.contentType]: {
              ...(answer.schema === undefined ? {} : { schema: answer.schema }),
              ...(answer.example === undefined ? {} : { example: answer.example }),
            },
          },
        }),
  };
}
