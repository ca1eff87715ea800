/** The whole story of a message, for a terminal. Bodies are shown only when asked for: they hold patients' data. */
import { type Actor, causeOf } from '../core/causes.ts';
import type { Exchange, MessageEvent, TierName } from '../core/model.ts';
import type { Attempt, MessageStory, MessageSummary } from '../core/story.ts';
import { duration, plural, size, table, when } from './format.ts';

export const messageTable = (messages: readonly MessageSummary[]): string =>
  table(
    ['ID', 'STATE', 'CAUSE', 'SOURCE', 'KIND', 'RECEIVED'],
    messages.map(({ id, state, cause, source, kind, receivedAt }) => [
      id,
      state,
      cause ?? '',
      source,
      kind,
      when(receivedAt),
    ]),
  );

/** Who can act, in words. */
const whoSays: Readonly<Record<Actor, string>> = {
  author: 'the author (CHW)',
  sender: 'who looks after the sending system',
  supervisor: 'a supervisor',
  'front-desk': 'the front desk',
  engineer: 'the integration engineer',
  'privacy-officer': 'the privacy officer',
  nobody: 'nobody, it goes on by itself',
};

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

const head = (story: MessageStory): readonly string[] => {
  const record = story.recordId === undefined ? 'no record id' : `record ${story.recordId}`;
  const version = story.version === undefined ? '' : ` version ${story.version}`;
  const occurred = story.occurredAt === undefined ? '' : `, occurred ${when(story.occurredAt)}`;
  return [
    `Message ${story.id}: ${story.state}`,
    `  ${story.kind} from ${story.source}, ${record}${version}`,
    `  received ${when(story.receivedAt)} from ${story.actor}${occurred}`,
    `  ${story.contentType}, ${size(story.rawSize)}, sha256 ${story.rawSha256.slice(0, 16)}`,
    ...(story.sealed === true ? ['  the copy of what came is sealed'] : []),
    ...(story.duplicateOf === undefined ? [] : [`  the same as message ${story.duplicateOf}`]),
    ...(story.replacedBy === undefined ? [] : [`  replaced by message ${story.replacedBy}`]),
    ...(story.escalations ?? []).map(
      ({ severity, state, acknowledgedByRole: role }) =>
        `  red flag (${severity}): ${state}${role === undefined ? '' : `, taken by: ${role}`}`,
    ),
    ...(story.cause === undefined ? [] : ['', `Why:  ${causeOf(story.cause).says} [${story.cause}]`]),
    ...(story.nextAction === undefined ? [] : [`Next: ${story.nextAction}`]),
    ...(story.whoActs === undefined ? [] : [`Who:  ${whoSays[story.whoActs]}`]),
  ];
};

const eventLines = ({ at, state, cause, actor, detail, issues }: MessageEvent): readonly string[] => [
  `${when(at)}  ${state}${cause === undefined ? '' : ` [${cause}]`} by ${actor}${detail === undefined ? '' : `: ${detail}`}`,
  ...(issues ?? []).map(
    ({ where, what, severity }) =>
      `    ${severity ?? 'error'}${where === '' ? '' : ` at ${where}`}${what === detail ? '' : `: ${what}`}`,
  ),
];

const address = (url: string): string =>
  URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : '(url)';

const bytes = (body: string | undefined): string => size(Buffer.byteLength(body ?? ''));

const exchangeLines = (exchange: Exchange, bodies: boolean): readonly string[] => {
  const { method, url, status, error, durationMs, requestBody, responseBody } = exchange;
  const answer = status === undefined ? (error ?? 'no answer') : `${status}${error === undefined ? '' : ` ${error}`}`;
  const line = `${method} ${bodies ? url : address(url)} -> ${answer} in ${duration(durationMs)}, ${bytes(requestBody)} sent, ${bytes(responseBody)} received`;
  if (!bodies) return [`  ${line}`];
  const shown = (mark: string, body: string | undefined) =>
    body === undefined ? [] : body.split('\n').map((text) => `    ${mark} ${text}`);
  return [`  ${line}`, ...shown('>', requestBody), ...shown('<', responseBody)];
};

const attemptLines = (attempt: Attempt, bodies: boolean): readonly string[] => [
  `#${attempt.number} to ${attempt.destination} at ${when(attempt.startedAt)}, ${duration(attempt.durationMs)}: ${attempt.result}` +
    (attempt.mappingVersion === undefined ? '' : ` (maps ${attempt.mappingVersion.slice(0, 12)})`) +
    (attempt.detail === undefined ? '' : `\n    ${attempt.detail}`),
  ...attempt.exchanges.flatMap((exchange) => exchangeLines(exchange, bodies)),
];

const tierSays: Readonly<Record<Exclude<TierName, 'native'>, string>> = {
  elsewhere: 'filed as this other type',
  note: 'as a line of this note',
  v2: 'sent by HL7 v2',
  'work-list': 'for a person to enter (tejido worklist)',
  kept: 'kept in Tejido only',
};

/** `bodies`: with requests, answers and query strings as they were. */
export const storyText = (story: MessageStory, bodies: boolean): string =>
  [
    ...head(story),
    ...section('Timeline', story.events.flatMap(eventLines)),
    ...section(
      'Deliveries',
      story.deliveries.map(
        ({ destination, state, attempts, cause, dueAt }) =>
          `${destination}: ${state}${cause === undefined ? '' : ` [${cause}]`}, ${plural(attempts, 'attempt')}` +
          (dueAt === undefined ? '' : `, due ${when(dueAt)}`),
      ),
    ),
    ...section(
      'Attempts',
      story.attempts.flatMap((attempt) => attemptLines(attempt, bodies)),
    ),
    ...section(
      'In the chart',
      story.links.map(
        ({ destination, resourceType, reference, versionId, action, tier, artifact }) =>
          `${reference}${versionId === undefined ? '' : ` version ${versionId}`} in ${destination}: ${action}` +
          `${tier === 'native' ? '' : `; a ${resourceType}, ${tierSays[tier]}`} (${artifact})`,
      ),
    ),
  ].join('\n');
