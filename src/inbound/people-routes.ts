/** Operations of the front desk, for the route table. */
import type { Answer, Operation, Parameter } from './routes.ts';

type Refusals = Readonly<Record<string, Answer>>;
type Problem = (description: string) => Answer;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const curl = '-H "Authorization: Bearer $TEJIDO_KEY"';
const posting = (body: string): string => `${curl} -H "Content-Type: application/json" --data '${body}'`;

const matchId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Id of the match, as the list gives it.',
  schema: { type: 'string' },
  example: '7',
};
const personKey: Parameter = {
  name: 'key',
  in: 'path',
  required: true,
  description: "Tejido's own id of a person (patientKey); never an MRN.",
  schema: { type: 'string', format: 'uuid' },
  example: '9b2f6c1e-6a53-4a5e-8a0e-0d6f7a1f3c11',
};
const yes = { type: 'boolean', default: false, description: '`true`: do it. Else only what it would touch.' };
const json = (schema: Readonly<Record<string, unknown>>) => ({ 'application/json': { schema } });
const answer = (description: string, name: string): Answer => ({
  description,
  contentType: 'application/json',
  schema: ref(name),
});

export const peopleOperations = (problem: Problem, refusals: Refusals): readonly Operation[] => [
  {
    id: 'listMatches',
    method: 'get',
    path: '/v1/matches',
    tag: 'Matches',
    summary: 'Patients who wait to be matched',
    description:
      'Everybody for whom messages wait because no chart is known (`match/unknown-patient`) or certain (`match/review`). Those ' +
      'who have waited longest first. Holds no patient data. `next` of a page is `after` of the following one.',
    scope: 'matches:read',
    parameters: [
      {
        name: 'state',
        in: 'query',
        description: 'open, not-sure or new.',
        schema: { enum: ['open', 'not-sure', 'new'] },
      },
      { name: 'after', in: 'query', description: '`next` of the page before.', schema: { type: 'string' } },
      {
        name: 'limit',
        in: 'query',
        description: '1 to 500.',
        schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
      },
    ],
    answers: { '200': answer('A page.', 'MatchPage'), '400': problem('A parameter cannot be read.'), ...refusals },
    curl,
  },
  {
    id: 'showMatch',
    method: 'get',
    path: '/v1/matches/{id}',
    tag: 'Matches',
    summary: 'One match, both sides and the reasons',
    description:
      "What the source says of the patient beside each candidate, with points and a sentence for every feature. Patients' data: the look is recorded.",
    scope: 'matches:read',
    parameters: [matchId],
    answers: { '200': answer('The match.', 'Match'), '404': problem('There is no such match.'), ...refusals },
    curl,
  },
  {
    id: 'decideMatch',
    method: 'post',
    path: '/v1/matches/{id}/decision',
    tag: 'Matches',
    summary: 'Say who it is',
    description:
      'The number of a candidate; or the MRN of the chart, as it stands in the EHR; or `new`: none of the candidates; or ' +
      '`not-sure`: it stays in the queue. What waits goes on by itself, in order. Recorded with the name of the key.',
    scope: 'matches:act',
    parameters: [matchId],
    body: json({
      type: 'object',
      required: ['link'],
      additionalProperties: false,
      properties: {
        link: {
          oneOf: [
            { type: 'integer', description: 'Number of a candidate.' },
            { type: 'object', required: ['mrn'], properties: { mrn: { type: 'string' } } },
            { enum: ['new', 'not-sure'] },
          ],
        },
      },
    }),
    answers: {
      '200': answer('Done.', 'MatchDecided'),
      '400': problem('The body cannot be read.'),
      '404': problem('There is no such match.'),
      '409': problem('It cannot be decided so; `detail` says why and what to do.'),
      ...refusals,
    },
    curl: posting('{"link": 1}'),
  },
  {
    id: 'findPerson',
    method: 'post',
    path: '/v1/people/find',
    tag: 'Matches',
    summary: 'A person by an identifier',
    description: 'The identifier goes in the body, so that no URL holds it.',
    scope: 'matches:read',
    body: json({
      type: 'object',
      additionalProperties: false,
      properties: { mrn: { type: 'string' }, source: { type: 'string' }, sourcePatientId: { type: 'string' } },
    }),
    answers: {
      '200': {
        description: 'The key.',
        contentType: 'application/json',
        schema: { type: 'object', required: ['patientKey'], properties: { patientKey: { type: 'string' } } },
      },
      '400': problem('The body cannot be read.'),
      '404': problem('Nobody is known by that.'),
      ...refusals,
    },
    curl: posting('{"source": "app", "sourcePatientId": "p-1"}'),
  },
  {
    id: 'showPerson',
    method: 'get',
    path: '/v1/people/{key}',
    tag: 'Matches',
    summary: 'A person: identifiers, charts, work',
    description:
      "By what senders and EHRs know this person, and what stands for them. Patients' data: the look is recorded.",
    scope: 'matches:read',
    parameters: [personKey],
    answers: { '200': answer('The person.', 'Person'), '404': problem('There is no such person.'), ...refusals },
    curl,
  },
  {
    id: 'mergePerson',
    method: 'post',
    path: '/v1/people/{key}/merge',
    tag: 'Matches',
    summary: 'Make two people one',
    description:
      'Two ids of one human: their lanes become one, in the order of acceptance, and what was filed stays and is still found. ' +
      'Refused when both have charts of their own. Without `yes` it only tells what it would touch.',
    scope: 'matches:act',
    parameters: [personKey],
    body: json({
      type: 'object',
      required: ['into'],
      additionalProperties: false,
      properties: { into: { type: 'string', format: 'uuid', description: 'The key that remains.' }, yes },
    }),
    answers: {
      '200': answer('Done, or what it would touch.', 'PeopleChange'),
      '400': problem('The body cannot be read.'),
      '404': problem('There is no such person.'),
      '409': problem('They cannot be one; `detail` says why and what to do.'),
      ...refusals,
    },
    curl: posting('{"into": "…", "yes": true}'),
  },
  {
    id: 'unlinkPerson',
    method: 'post',
    path: '/v1/people/{key}/unlink',
    tag: 'Matches',
    summary: 'Take an identifier away from a person',
    description:
      'What came by it is marked entered-in-error in the chart of this person, and waits as `match/review` until it is linked to ' +
      'the right one; then it is filed there. Without `yes` it only tells what it would touch.',
    scope: 'matches:act',
    parameters: [personKey],
    body: json({
      type: 'object',
      required: ['source', 'sourcePatientId'],
      additionalProperties: false,
      properties: { source: { type: 'string' }, sourcePatientId: { type: 'string' }, yes },
    }),
    answers: {
      '200': answer('Done, or what it would touch.', 'PeopleChange'),
      '400': problem('The body cannot be read.'),
      '404': problem('There is no such person.'),
      '409': problem('It cannot be done now; `detail` says why and what to do.'),
      ...refusals,
    },
    curl: posting('{"source": "app", "sourcePatientId": "p-1", "yes": true}'),
  },
];

const string = { type: 'string' };
const dateTime = { type: 'string', format: 'date-time' };
const list = (items: Readonly<Record<string, unknown>>) => ({ type: 'array', items });
const counts = { type: 'object', additionalProperties: { type: 'integer' } };
const identities = list({
  type: 'object',
  required: ['system', 'value'],
  properties: { system: string, value: string },
});
const aMatch = {
  id: string,
  destination: string,
  patientKey: string,
  state: { enum: ['open', 'not-sure', 'new', 'linked'] },
  openedAt: dateTime,
  changedAt: dateTime,
  sources: list(string),
  waiting: { type: 'integer', description: 'Messages that wait.' },
};

export const peopleSchemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  MatchPage: {
    type: 'object',
    required: ['matches'],
    properties: {
      matches: list({
        type: 'object',
        properties: {
          ...aMatch,
          candidates: { type: 'integer' },
          best: { type: 'number', description: 'Points of the best.' },
        },
      }),
      next: string,
    },
  },
  Demographics: {
    type: 'object',
    properties: {
      given: string,
      family: string,
      secondFamily: string,
      dob: string,
      sex: string,
      phones: list(string),
      postalCode: string,
    },
  },
  Match: {
    type: 'object',
    properties: {
      ...aMatch,
      identities,
      demographics: ref('Demographics'),
      messageIds: list(string),
      decidedBy: string,
      decidedAt: dateTime,
      candidates: list({
        type: 'object',
        required: ['number', 'demographics', 'class', 'score', 'features', 'doubts'],
        properties: {
          number: { type: 'integer', description: 'What a decision names it by.' },
          patientKey: string,
          reference: { ...string, description: 'Patient in the EHR.' },
          mrn: string,
          demographics: ref('Demographics'),
          class: { enum: ['certain', 'unsure'] },
          score: { type: 'number' },
          features: list({
            type: 'object',
            properties: { finding: string, points: { type: 'number' }, says: string },
          }),
          doubts: list(string),
          rejectedBy: string,
        },
      }),
    },
  },
  MatchDecided: {
    type: 'object',
    properties: { id: string, state: aMatch.state, released: { type: 'integer', description: 'Messages that go on.' } },
  },
  Person: {
    type: 'object',
    properties: {
      patientKey: string,
      identities,
      dob: string,
      charts: list({ type: 'object', properties: { destination: string, reference: string, display: string } }),
      merged: list(string),
      messages: counts,
      resources: counts,
    },
  },
  PeopleChange: {
    type: 'object',
    required: ['done', 'preview'],
    properties: {
      done: { type: 'boolean' },
      patientKey: { ...string, description: 'The person who remains, or the new one.' },
      preview: {
        type: 'object',
        properties: {
          messages: counts,
          resources: counts,
          openWork: { type: 'integer' },
          changedElsewhere: list(string),
          twice: list(string),
        },
      },
    },
  },
};
