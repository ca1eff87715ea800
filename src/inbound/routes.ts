/** Every operation of the API, as data: what serves it binds to `id`, and `/openapi.json` and `/docs` are made from it. */
import { peopleOperations } from './people-routes.ts';

export type Parameter = {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: string;
};

export type Answer = {
  readonly description: string;
  readonly contentType?: string;
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly example?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Operation = {
  readonly id: string;
  readonly method: 'get' | 'post' | 'put';
  /** OpenAPI form: `/v1/messages/{id}`. */
  readonly path: string;
  readonly tag: 'Activities' | 'Sheets' | 'Sources' | 'Messages' | 'Changes' | 'Escalations' | 'Matches' | 'Operations';
  readonly summary: string;
  readonly description: string;
  /** Absent: open. */
  readonly scope?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Readonly<Record<string, { readonly schema: Readonly<Record<string, unknown>> }>>;
  readonly answers: Readonly<Record<string, Answer>>;
  /** Arguments of curl after the URL, for the docs. */
  readonly curl?: string;
};

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const problem = (description: string, headers?: Readonly<Record<string, string>>): Answer => ({
  description,
  contentType: 'application/problem+json',
  schema: ref('Problem'),
  ...(headers === undefined ? {} : { headers }),
});

const retryAfter = { 'Retry-After': 'Seconds to wait.' };

const refusals = {
  '401': problem('No key, or one that is unknown, revoked or expired.', { 'WWW-Authenticate': 'How to authenticate.' }),
  '403': problem('The key lacks the scope named in `scope`.'),
  '429': problem('Too many requests for this key. RateLimit headers (draft 8) tell the limit.', retryAfter),
  '503': problem('The ledger cannot commit now. Nothing was accepted; send it again.', retryAfter),
};

const id: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Id of the message, as a receipt gives it.',
  schema: { type: 'string' },
  example: '1042',
};

const query = (
  name: string,
  description: string,
  schema: Readonly<Record<string, unknown>> = { type: 'string' },
): Parameter => ({
  name,
  in: 'query',
  description,
  schema,
});

const receiptsExample = { receipts: [{ id: '1042', state: 'received' }] };

const act = (action: 'retry' | 'release' | 'void', summary: string, description: string): Operation => ({
  id: `${action}Message`,
  method: 'post',
  path: `/v1/messages/{id}/${action}`,
  tag: 'Messages',
  summary,
  description,
  scope: 'messages:act',
  parameters: [id],
  answers: {
    '200': {
      description: 'Done.',
      contentType: 'application/json',
      schema: ref('ActionDone'),
      example: { id: '1042', state: 'received' },
    },
    '404': problem('There is no such message.'),
    '409': problem('Its state does not allow that; `detail` says why.'),
    ...refusals,
  },
  curl: '-X POST -H "Authorization: Bearer $TEJIDO_KEY"',
});

const escalationId: Parameter = {
  ...id,
  description: 'Id of the escalation, as a receipt, the list, or a message of the alternate route gives it.',
  example: '7f4c2f4e-1f0e-4a7e-9a53-0c2b8b9f6a11',
};

const escalate = (action: 'ack' | 'resolve' | 'reassign', summary: string, description: string): Operation => ({
  id: `${action}Escalation`,
  method: 'post',
  path: `/v1/escalations/{id}/${action}`,
  tag: 'Escalations',
  summary,
  description,
  scope: 'escalations:act',
  parameters: [escalationId],
  body: {
    'application/json': {
      schema: {
        type: 'object',
        ...(action === 'reassign' ? { required: ['pool'] } : {}),
        properties: {
          ...(action === 'reassign'
            ? { pool: { type: 'string', description: 'Id of a pool of the configuration.' } }
            : { role: { type: 'string', maxLength: 60, description: 'Your office ("nurse"), as the CHW is told.' } }),
          note: { type: 'string', maxLength: 500, description: 'For those who read the escalation.' },
        },
      },
    },
  },
  answers: {
    '200': {
      description: 'Done.',
      contentType: 'application/json',
      schema: ref('EscalationDone'),
      example: { id: '7f4c2f4e-1f0e-4a7e-9a53-0c2b8b9f6a11', state: action === 'ack' ? 'acknowledged' : 'resolved' },
    },
    '404': problem('There is no such escalation.'),
    '409': problem('It has ended, or there is no such pool; `detail` says why.'),
    '422': problem('The body cannot be read.'),
    ...refusals,
  },
  curl: `-X POST -H "Authorization: Bearer $TEJIDO_KEY" -H "Content-Type: application/json" --data '${
    action === 'reassign' ? '{"pool":"lead"}' : '{"role":"nurse"}'
  }'`,
});

const sourceOperation = (method: 'post' | 'put', operationId: string): Operation => ({
  id: operationId,
  method,
  path: '/v1/sources/{name}',
  tag: 'Sources',
  summary: 'Deliver a native webhook',
  description:
    'For the forwarding of CommCare and others, as they send it: JSON or XML, one record or a page of them. Authenticate by ' +
    '`Authorization: Bearer <key>`, by Basic with the key as password, or by `X-API-Key`. Once the sender is known the answer is ' +
    'always 202 with receipts: what cannot be read or has no mapping is held, never refused and never lost.',
  scope: 'sources:write:{name}',
  parameters: [
    {
      name: 'name',
      in: 'path',
      required: true,
      description: 'Name of the source in tejido.yaml.',
      schema: { type: 'string' },
      example: 'commcare-alivio',
    },
  ],
  body: {
    'application/json': { schema: {} },
    'text/xml': { schema: { type: 'string' } },
  },
  answers: {
    '202': {
      description: 'Committed to the ledger. `state` is `held` for what a person must look at first.',
      contentType: 'application/json',
      schema: ref('Receipts'),
      example: receiptsExample,
    },
    '404': problem('No source of this name is configured.'),
    '413': problem('The body is larger than the configured limit.'),
    ...refusals,
  },
  curl: '-H "X-API-Key: $TEJIDO_KEY" -H "Content-Type: application/json" --data-binary @form.json',
});

const hintLabs: Operation = {
  id: 'hintLabs',
  method: 'post',
  path: '/v1/lab-sources/{name}/notify',
  tag: 'Sources',
  summary: 'Hint that a laboratory has something new',
  description:
    'For a FHIR Subscription (rest-hook) of a laboratory or of the EHR, heartbeats and handshakes included: whatever comes, Tejido looks ' +
    'at that server at once, and what it finds there counts. The body is not read. What a notification misses, the next look by the ' +
    'clock finds.',
  scope: 'sources:write:{name}',
  parameters: [
    {
      name: 'name',
      in: 'path',
      required: true,
      description: 'Name of the source under `labSources`; of an EHR with `sync.labs`, `ehr.` and its id.',
      schema: { type: 'string' },
      example: 'county-lab',
    },
  ],
  answers: {
    '202': {
      description: 'A look begins, or follows the one that is on.',
      contentType: 'application/json',
      schema: { type: 'object', properties: { looking: { type: 'boolean' } } },
      example: { looking: true },
    },
    '404': problem('No source of this name is configured.'),
    ...refusals,
  },
  curl: '-X POST -H "X-API-Key: $TEJIDO_KEY"',
};

const sheet = {
  'text/csv': { schema: { type: 'string' } },
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': { schema: { type: 'string', format: 'binary' } },
} as const;

const sheetSource = query('source', 'Whose patient ids these are: `source.systemId` of the activities that are made.', {
  type: 'string',
  default: 'roster',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
});

const sheetDryRun = query('dryRun', '`true`: answers what would be done. Nothing is stored.', {
  type: 'boolean',
  default: false,
});

const sheetOperations: readonly Operation[] = [
  {
    id: 'postRoster',
    method: 'post',
    path: '/v1/rosters',
    tag: 'Sheets',
    summary: 'Upload a roster',
    description:
      'A spreadsheet of patients: CSV (UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab) or .xlsx. Columns that must not be kept ' +
      '(Social Security, passport, birthplace, nationality, immigration) are removed before anything is stored. The answer tells who is ' +
      'added, changed and removed, and which rows were set aside, with row and column. Unless `dryRun`, the upload is stored and carried ' +
      'out from then on as one import, also after a crash. The same file again changes nothing. See docs/rosters.md for the columns.',
    scope: 'rosters:write',
    parameters: [
      {
        name: 'mode',
        in: 'query',
        required: true,
        description: '`snapshot`: this is everybody; who is missing is marked absent. `delta`: only these.',
        schema: { enum: ['snapshot', 'delta'] },
        example: 'delta',
      },
      sheetSource,
      sheetDryRun,
      query('dateOrder', 'Order of day and month in dates such as 03/04/1961; else the column as a whole must tell.', {
        enum: ['dmy', 'mdy'],
      }),
      query('removedStatus', 'Who is missing from a snapshot also gets this status in the programme.', {
        enum: ['paused', 'lost'],
      }),
      query(
        'confirmRemovals',
        'How many removals are expected; needed when they are more than a fifth of the roster.',
        {
          type: 'integer',
          minimum: 1,
        },
      ),
      query('values', '`true`: also from what to what a field changes. Needs `rosters:read` too.', {
        type: 'boolean',
        default: false,
      }),
    ],
    body: sheet,
    answers: {
      '200': {
        description: 'Dry run; or the same file was the latest of this source, and nothing is to be done.',
        contentType: 'application/json',
        schema: ref('Roster'),
      },
      '202': {
        description: 'Stored; it is carried out from now on.',
        contentType: 'application/json',
        schema: ref('Roster'),
        headers: { Location: '/v1/rosters/{id}' },
      },
      '400': problem('A parameter is missing or cannot be read.'),
      '409': problem(
        'Too many would be removed (confirm the number), or another roster of this source is being committed.',
      ),
      '413': problem('The body is larger than the configured limit.'),
      '422': problem('The file is no roster; `detail` says why and what to do. Nothing of it was stored.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY" -H "Content-Type: text/csv" --data-binary @roster.csv',
  },
  {
    id: 'postAttendance',
    method: 'post',
    path: '/v1/attendance',
    tag: 'Sheets',
    summary: 'Send an attendance sheet',
    description:
      'One session of group education, as JSON, CSV or .xlsx. Each attendee becomes an activity of their own (`dsme.group-session`), in ' +
      'which nobody else is named or counted. A corrected sheet changes only what is different, and takes back who is no longer on it. ' +
      'The whole sheet is accepted, or refused with every row that is wrong (`rows`).',
    scope: 'activities:write',
    parameters: [
      sheetSource,
      sheetDryRun,
      query('dateOrder', 'Order of day and month in dates such as 03/04/2026.', { enum: ['dmy', 'mdy'] }),
    ],
    body: { 'application/json': { schema: ref('AttendanceSheet') }, ...sheet },
    answers: {
      '200': { description: 'Dry run.', contentType: 'application/json', schema: ref('AttendanceTaken') },
      '202': {
        description: 'Committed, all of it; a receipt for each activity that was sent.',
        contentType: 'application/json',
        schema: ref('AttendanceTaken'),
      },
      '400': problem('A parameter cannot be read.'),
      '413': problem('The body is larger than the configured limit.'),
      '422': problem(
        'Rows are not right (`rows` tells row and column), or it is no attendance sheet. Nothing was accepted.',
      ),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY" -H "Content-Type: text/csv" --data-binary @attendance.csv',
  },
  {
    id: 'listRosters',
    method: 'get',
    path: '/v1/rosters',
    tag: 'Sheets',
    summary: 'List rosters',
    description: 'Newest first, with their counts.',
    scope: 'rosters:read',
    parameters: [
      query('before', 'Id: older ones only.'),
      query('limit', '1 to 500.', { type: 'integer', minimum: 1, maximum: 500, default: 50 }),
    ],
    answers: {
      '200': { description: 'A page.', contentType: 'application/json', schema: ref('Rosters') },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'showRoster',
    method: 'get',
    path: '/v1/rosters/{id}',
    tag: 'Sheets',
    summary: 'What a roster was, and what became of it',
    description:
      'Counts, errors of rows, conflicts, and who was added, changed or removed: ids and names of fields, no values.',
    scope: 'rosters:read',
    parameters: [{ ...id, description: 'Id of the roster.', example: '7' }],
    answers: {
      '200': { description: 'The roster.', contentType: 'application/json', schema: ref('Roster') },
      '404': problem('There is no such roster.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
];

export const operations: readonly Operation[] = [
  {
    id: 'postActivities',
    method: 'post',
    path: '/v1/activities',
    tag: 'Activities',
    summary: 'Send activities',
    description:
      'One activity, an array of them, or NDJSON (one a line). 202 leaves only after the raw bytes are committed to disk. In a ' +
      'batch every item has its own result, aligned by index: a receipt, or `{"error": problem}`; the answer is 202 when at least ' +
      'one item was accepted and 422 when none was. A body that is not JSON is refused whole. Sending the same record and version ' +
      'again (source.systemId, source.recordId, source.recordVersion or contentHash) changes nothing: the receipt says `duplicateOf`. ' +
      'Refused besides what the schema says: duplicate JSON keys, U+0000, lone surrogates, invalid UTF-8, deep nesting, times ' +
      'before 2000 or more than 24 hours ahead. Values that were sent are never repeated in an error.',
    scope: 'activities:write',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'The first answer is kept 24 hours and given again for the same key and body (`Idempotency-Replayed: true`).',
        schema: { type: 'string', minLength: 1, maxLength: 255 },
      },
      query('dryRun', '`true`: answers 200 with the FHIR that would be filed. Nothing is stored.', {
        type: 'boolean',
        default: false,
      }),
    ],
    body: {
      'application/json': {
        schema: { oneOf: [ref('Activity'), { type: 'array', minItems: 1, items: ref('Activity') }] },
      },
      'application/x-ndjson': { schema: { type: 'string', description: 'One activity a line.' } },
    },
    answers: {
      '200': {
        description: 'Dry run: what would be filed.',
        contentType: 'application/json',
        schema: ref('DryRun'),
      },
      '202': {
        description: 'Committed. For one activity, `Location` names its message.',
        contentType: 'application/json',
        schema: ref('Receipts'),
        example: receiptsExample,
        headers: {
          Location: '/v1/messages/{id}, for one activity.',
          'Idempotency-Replayed': '`true` when this answer was given before.',
        },
      },
      '400': problem('The Idempotency-Key or the query cannot be used.'),
      '409': problem('The first request with this Idempotency-Key has not ended.', retryAfter),
      '413': problem('The body, or one item, is too large, or there are too many items.'),
      '415': problem('The Content-Type or Content-Encoding is not read here.'),
      '422': {
        ...problem(
          'Not valid; `errors` lists everything that is wrong, each with its JSON pointer. Or the Idempotency-Key was used with another body.',
        ),
        example: {
          type: 'https://tejido.dev/problems/activity-invalid',
          title: 'This is not a valid activity',
          status: 422,
          detail: 'Correct what `errors` names and send it again. The schema is in /openapi.json.',
          errors: [
            {
              pointer: '/occurredAt',
              detail: 'Must be date and time with zone offset (RFC 3339): 2026-05-06T18:05:00-05:00.',
              code: 'schema/format',
            },
            { pointer: '/subject/dob', detail: 'Required, and missing.', code: 'schema/required' },
          ],
        },
      },
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY" -H "Content-Type: application/json" --data-binary @activity.json',
  },
  ...sheetOperations,
  sourceOperation('post', 'postSource'),
  sourceOperation('put', 'putSource'),
  hintLabs,
  {
    id: 'listMessages',
    method: 'get',
    path: '/v1/messages',
    tag: 'Messages',
    summary: 'List messages',
    description: 'Newest first. `next` of a page is `before` of the following one.',
    scope: 'messages:read',
    parameters: [
      query('state', 'received, filing, filed, held, failed, superseded or voided.', ref('MessageState')),
      query('cause', 'A cause code: match/unknown-patient.'),
      query('source', 'Name of the source.'),
      query('recordId', 'Id of the record at its source.'),
      query('kind', 'Activity type.'),
      query('conceptMap', 'Canonical of a ConceptMap: messages with a code that it does not list.'),
      query('patient', "Tejido's own id of the person (patientKey); never an MRN."),
      query('receivedFrom', 'Received at or after.', { type: 'string', format: 'date-time' }),
      query('receivedTo', 'Received before.', { type: 'string', format: 'date-time' }),
      query('before', '`next` of the page before.'),
      query('limit', '1 to 500.', { type: 'integer', minimum: 1, maximum: 500, default: 50 }),
    ],
    answers: {
      '200': { description: 'A page.', contentType: 'application/json', schema: ref('MessagePage') },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'showMessage',
    method: 'get',
    path: '/v1/messages/{id}',
    tag: 'Messages',
    summary: 'The whole story of a message',
    description:
      'State, cause, next action, events, attempts with requests and answers, and what stands in the EHR because of it.',
    scope: 'messages:read',
    parameters: [
      id,
      query('raw', '`true`: with the bytes as they came. That is recorded.', { type: 'boolean', default: false }),
    ],
    answers: {
      '200': { description: 'The message.', contentType: 'application/json', schema: ref('MessageStory') },
      '404': problem('There is no such message.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'listUnmapped',
    method: 'get',
    path: '/v1/unmapped',
    tag: 'Messages',
    summary: 'List codes without an entry',
    description:
      'Codes of senders that their ConceptMap does not list, each with how many messages it came in and how many wait for it, ' +
      'by ConceptMap. Add the code to the ConceptMap and have Tejido load the maps anew (restart, SIGHUP, or `mappings.watch`): ' +
      'what waits goes on by itself, and the entry leaves this list.',
    scope: 'messages:read',
    answers: {
      '200': {
        description: 'The open ones.',
        contentType: 'application/json',
        schema: ref('UnmappedCodes'),
        example: {
          unmapped: [
            {
              id: '7',
              conceptMap: 'https://tejido.dev/fhir/ConceptMap/unit',
              code: 'stones',
              policy: 'hold',
              firstSeenAt: '2026-05-06T18:05:00.000Z',
              lastSeenAt: '2026-05-07T09:12:00.000Z',
              messages: 12,
              waiting: 12,
              messageIds: ['1042', '1040'],
            },
          ],
        },
      },
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'listReferrals',
    method: 'get',
    path: '/v1/referrals',
    tag: 'Messages',
    summary: 'The board of community referrals',
    description:
      'Each as it stands, oldest first: category, state, outcome, and how many days ago it was requested. A referral is on the board ' +
      'once it is filed, when it has a `referralId`; a `referral.outcome` with the same id moves it.',
    scope: 'messages:read',
    parameters: [
      query('state', 'requested, accepted, in-progress, on-hold, completed, rejected, cancelled or failed.'),
      query('category', 'food, legal, housing, …'),
      query('patient', "Tejido's own id of the person (patientKey)."),
      query('limit', '1 to 500.', { type: 'integer', minimum: 1, maximum: 500, default: 200 }),
    ],
    answers: {
      '200': {
        description: 'The referrals.',
        contentType: 'application/json',
        schema: ref('Referrals'),
        example: {
          referrals: [
            {
              patientKey: '5f0c6c0e-8a37-4a8e-9c43-5e9e1c0a8f11',
              referralId: 'r-5',
              category: 'food',
              state: 'rejected',
              outcome: 'no-capacity',
              service: 'hsds:svc-9',
              requestedAt: '2026-05-06T23:05:00.000Z',
              changedAt: '2026-05-12T15:00:00.000Z',
              ageDays: 9,
            },
          ],
        },
      },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'listDisclosures',
    method: 'get',
    path: '/v1/people/{key}/disclosures',
    tag: 'Messages',
    summary: 'What left the clinic about a person',
    description:
      'The accounting of disclosures (42 CFR 2.24, 45 CFR 164.528), newest first: when, to whom, which types of resources, under which ' +
      'consent. Never the content.',
    scope: 'messages:read',
    parameters: [
      {
        name: 'key',
        in: 'path',
        required: true,
        description: "Tejido's own id of the person (patientKey); never an MRN.",
        schema: { type: 'string', format: 'uuid' },
        example: '5f0c6c0e-8a37-4a8e-9c43-5e9e1c0a8f11',
      },
      query('from', 'At or after.', { type: 'string', format: 'date-time' }),
      query('to', 'Before.', { type: 'string', format: 'date-time' }),
    ],
    answers: {
      '200': {
        description: 'The disclosures.',
        contentType: 'application/json',
        schema: ref('Disclosures'),
        example: {
          disclosures: [
            {
              messageId: '1042',
              kind: 'referral.community',
              recipient: 'hsds:svc-9',
              recipientClass: 'community organisation',
              what: ['ServiceRequest', 'Task'],
              consent: 'c-3',
              at: '2026-05-06T23:06:10.000Z',
            },
          ],
        },
      },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'listWorkList',
    method: 'get',
    path: '/v1/worklist',
    tag: 'Messages',
    summary: 'List what a person enters in the chart',
    description:
      'What the EHR does not take from Tejido, in plain words, oldest first. `next` of a page is `after` of the following one.',
    scope: 'messages:read',
    parameters: [
      query('state', 'open, done or withdrawn.', {
        type: 'string',
        enum: ['open', 'done', 'withdrawn'],
        default: 'open',
      }),
      query('after', '`next` of the page before.'),
      query('limit', '1 to 500.', { type: 'integer', minimum: 1, maximum: 500, default: 50 }),
    ],
    answers: {
      '200': {
        description: 'A page.',
        contentType: 'application/json',
        schema: ref('WorkList'),
        example: {
          items: [
            {
              id: '12',
              destination: 'ehr',
              kind: 'enter',
              state: 'open',
              lines: ['Goal: walk 20 minutes, target 4 days a week by 2026-06-30, active'],
              messageId: '1042',
              patient: 'Patient/7',
              mrn: '00482913',
              createdAt: '2026-05-06T18:05:00.000Z',
            },
          ],
        },
      },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'finishWork',
    method: 'post',
    path: '/v1/worklist/{id}/done',
    tag: 'Messages',
    summary: 'Say that an entry was done in the chart',
    description: 'Recorded with the name of the key. Tejido leaves what was entered by hand to people from then on.',
    scope: 'messages:act',
    parameters: [
      { ...id, description: 'Id of the entry.', example: '12' },
      query('reference', '`Type/id` of what stands in the chart now.'),
    ],
    answers: {
      '200': {
        description: 'Done.',
        contentType: 'application/json',
        schema: {
          type: 'object',
          required: ['id', 'state'],
          properties: { id: { type: 'string' }, state: { type: 'string' } },
        },
        example: { id: '12', state: 'done' },
      },
      '400': problem('A parameter cannot be read.'),
      '404': problem('There is no such entry.'),
      '409': problem('It is done, or another entry took its place; `detail` says which.'),
      ...refusals,
    },
    curl: '-X POST -H "Authorization: Bearer $TEJIDO_KEY"',
  },
  act('retry', 'Try a held or failed message again', 'With the mapping, configuration and identifiers of now.'),
  act('release', 'Release a held message', 'A person takes the decision that the message waited for.'),
  act('void', 'Take a message back', 'Only while nothing of it stands in the chart; else send a `void` activity.'),
  ...peopleOperations(problem, refusals),
  {
    id: 'listChanges',
    method: 'get',
    path: '/v1/changes',
    tag: 'Changes',
    summary: 'What the EHR has for CHWs',
    description:
      'Missed and changed appointments, tasks for the programme, and laboratory results, in order, each once. Keep `next` and give it as ' +
      '`after`. The patient is named by the ids that the CHW apps use; why a visit is, is never told. Answer with an ' +
      'activity (`outreach.missed-visit`) that names `taskRef` and `appointmentRef`.',
    scope: 'changes:read',
    parameters: [
      query('after', '`next` of the page before; without it, from the beginning.'),
      query('source', 'Only patients of this source, by its ids.'),
      query('limit', '1 to 500: so many are looked at.', { type: 'integer', minimum: 1, maximum: 500, default: 100 }),
    ],
    answers: {
      '200': { description: 'A page; it may be empty.', contentType: 'application/json', schema: ref('Changes') },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'listEscalations',
    method: 'get',
    path: '/v1/escalations',
    tag: 'Escalations',
    summary: 'List red flags',
    description:
      'Those that nobody has acknowledged first. `code` is absent where it is restricted and the key has not the scope ' +
      'escalations:restricted. Tejido is not an emergency service.',
    scope: 'escalations:read',
    parameters: [
      query('state', 'running (nobody has acknowledged it), open, notified, acknowledged, resolved or cancelled.'),
      query('severity', 'stat, urgent or routine.'),
      query('pool', 'Id of a pool.'),
      query('limit', '1 to 500.', { type: 'integer', minimum: 1, maximum: 500, default: 100 }),
    ],
    answers: {
      '200': { description: 'The list.', contentType: 'application/json', schema: ref('EscalationList') },
      '400': problem('A parameter cannot be read.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  {
    id: 'showEscalation',
    method: 'get',
    path: '/v1/escalations/{id}',
    tag: 'Escalations',
    summary: 'The whole story of a red flag',
    description: 'Whom it was given to and when, by which route, what became of each attempt, and who took it.',
    scope: 'escalations:read',
    parameters: [escalationId],
    answers: {
      '200': { description: 'The escalation.', contentType: 'application/json', schema: ref('EscalationStory') },
      '404': problem('There is no such escalation.'),
      ...refusals,
    },
    curl: '-H "Authorization: Bearer $TEJIDO_KEY"',
  },
  escalate(
    'ack',
    'Acknowledge a red flag',
    'The clock stops. Whoever sent the record is told that somebody has seen it.',
  ),
  escalate('resolve', 'Resolve a red flag', 'It is done; that also acknowledges it.'),
  escalate('reassign', 'Give a red flag to another pool', 'That pool is told now, and its time begins.'),
  {
    id: 'health',
    method: 'get',
    path: '/healthz',
    tag: 'Operations',
    summary: 'Is the process alive',
    description: 'For the supervisor that restarts it.',
    answers: {
      '200': { description: 'Alive.', contentType: 'application/json', schema: ref('Status') },
      '503': { description: 'Not alive.', contentType: 'application/json', schema: ref('Status') },
    },
  },
  {
    id: 'ready',
    method: 'get',
    path: '/readyz',
    tag: 'Operations',
    summary: 'Does work go on',
    description: 'Measures progress: 503 when the ledger cannot commit or due work ages.',
    answers: {
      '200': { description: 'Ready.', contentType: 'application/json', schema: ref('Status') },
      '503': { description: 'Not ready; the checks say why.', contentType: 'application/json', schema: ref('Status') },
    },
  },
  {
    id: 'metrics',
    method: 'get',
    path: '/metrics',
    tag: 'Operations',
    summary: 'Metrics for Prometheus',
    description: 'Open to a direct connection from this machine; else a key with the scope admin. No patient data.',
    answers: {
      '200': { description: 'Metrics.', contentType: 'text/plain', schema: { type: 'string' } },
      '401': refusals['401'],
      '403': refusals['403'],
    },
  },
  {
    id: 'jwks',
    method: 'get',
    path: '/.well-known/jwks.json',
    tag: 'Operations',
    summary: 'Public keys',
    description: 'JSON Web Key Set by which EHRs check our client assertions (SMART Backend Services).',
    answers: {
      '200': {
        description: 'The keys.',
        contentType: 'application/json',
        schema: {
          type: 'object',
          required: ['keys'],
          properties: { keys: { type: 'array', items: { type: 'object' } } },
        },
      },
    },
  },
];
