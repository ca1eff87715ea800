/** `/v1/messages…`: the ledger, read and acted on. */
import type { Request, Response } from 'express';
import { isCause } from '../core/causes.ts';
import { messageStates, type MessageId, type MessageState, type PatientKey } from '../core/model.ts';
import type { MessageFilter } from '../core/story.ts';
import { requireScope } from './authenticate.ts';
import { callerOf, type AppDeps, type MessageAction } from './deps.ts';
import { refuse, type Problem } from './problem.ts';
import { wrong } from './query.ts';

const notFound: Problem = {
  code: 'message-unknown',
  status: 404,
  title: 'There is no message with this id',
  detail: 'GET /v1/messages lists them.',
};

const known = new Set([
  'state',
  'cause',
  'source',
  'recordId',
  'kind',
  'patient',
  'conceptMap',
  'receivedFrom',
  'receivedTo',
  'before',
  'limit',
]);

function filterOf(query: Request['query']): MessageFilter {
  for (const [name, value] of Object.entries(query)) {
    if (!known.has(name)) wrong(name, `Not a parameter here. Known: ${[...known].join(', ')}.`);
    if (typeof value !== 'string' || value === '' || value.length > 300) wrong(name, 'Give it once, with a value.');
  }
  const text = (name: string): string | undefined => query[name] as string | undefined;
  const instant = (name: string): Date | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const at = new Date(given);
    return Number.isNaN(at.getTime()) ? wrong(name, 'Must be a date and time: 2026-05-06T00:00:00Z.') : at;
  };
  const state = text('state');
  if (state !== undefined && !(messageStates as readonly string[]).includes(state)) {
    wrong('state', `Must be one of: ${messageStates.join(', ')}.`);
  }
  const cause = text('cause');
  if (cause !== undefined && !isCause(cause)) wrong('cause', 'Not a known cause.');
  const limit = Number(text('limit') ?? '50');
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) wrong('limit', 'Must be a whole number from 1 to 500.');
  const patient = text('patient');
  if (patient !== undefined && !/^[0-9a-f-]{36}$/i.test(patient))
    wrong('patient', "Must be a patientKey: Tejido's own id of a person.");
  const before = text('before');
  if (before !== undefined && !isId(before)) wrong('before', 'Must be `next` of the page before.');
  const [receivedFrom, receivedTo] = [instant('receivedFrom'), instant('receivedTo')];
  const [source, recordId, kind, conceptMap] = [text('source'), text('recordId'), text('kind'), text('conceptMap')];
  return {
    limit,
    ...(state === undefined ? {} : { state: state as MessageState }),
    ...(cause === undefined || !isCause(cause) ? {} : { cause }),
    ...(source === undefined ? {} : { source }),
    ...(recordId === undefined ? {} : { recordId }),
    ...(kind === undefined ? {} : { kind }),
    ...(conceptMap === undefined ? {} : { conceptMap }),
    ...(patient === undefined ? {} : { patientKey: patient as PatientKey }),
    ...(receivedFrom === undefined ? {} : { receivedFrom }),
    ...(receivedTo === undefined ? {} : { receivedTo }),
    ...(before === undefined ? {} : { before: before as MessageId }),
  };
}

const isId = (id: string): boolean => /^[\w-]{1,64}$/.test(id);

function idIn(req: Request): MessageId {
  const id = String(req.params['id']);
  return isId(id) ? (id as MessageId) : refuse(notFound);
}

export function listMessages(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'messages:read');
    res.json(await deps.messages.list(filterOf(req.query)));
  };
}

/** `?raw=true` adds the bytes as they came: `text` when they are UTF-8, else `base64`. */
export function showMessage(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'messages:read');
    const id = idIn(req);
    const story = await deps.messages.story(id);
    if (story === undefined) return refuse(notFound);
    const raw = req.query['raw'] === 'true' ? await deps.messages.raw(id, key.name) : undefined;
    res.json(raw === undefined ? story : { ...story, raw: written(raw.body) });
  };
}

function written(body: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(body) };
  } catch {
    return { base64: Buffer.from(body).toString('base64') };
  }
}

export function actOnMessage(deps: AppDeps, action: MessageAction) {
  return async (req: Request, res: Response): Promise<void> => {
    const key = requireScope(callerOf(res).key, 'messages:act');
    const id = idIn(req);
    if ((await deps.messages.story(id)) === undefined) return refuse(notFound);
    const result = await deps.messages[action](id, key.name);
    if (!result.ok) {
      return refuse({
        code: 'not-allowed',
        status: 409,
        title: `This message cannot be taken by ${action} now`,
        detail: result.refused,
      });
    }
    res.json({ id, state: result.state });
  };
}

/** Codes and displays are of patients: only for those who may read messages. */
export function listUnmapped(deps: AppDeps) {
  return async (_req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'messages:read');
    res.json({ unmapped: await deps.messages.unmapped() });
  };
}
