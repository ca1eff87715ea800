/**
 * Rest-hook subscriptions that fire after a commit: the plain ones of R4, and the R5 backport with empty, id-only or
 * full-resource payload. A hook that answers badly is tried again after about 1.2 and 3.4 seconds, then given up.
 */
import { Agent, fetch } from 'undici';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Log } from '../core/ports.ts';
import { isRecord, listOf, textOf } from './elements.ts';
import { matches } from './match.ts';
import { problem } from './outcome.ts';
import { parametersOf, toRequest, understand } from './search.ts';
import type { Change, Store, Stored } from './store.ts';

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const delays = [0, 1200, 2200] as const;

type Payload = 'resource' | 'nothing' | 'backport-empty' | 'backport-id-only' | 'backport-full';

type Hook = {
  readonly id: string;
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly type: string;
  readonly query: string;
  readonly payload: Payload;
  readonly topic: string;
};

export type Subscriptions = {
  /** Throws a 422 for a subscription that could not work here. */
  readonly check: (resource: { readonly [element: string]: unknown }) => void;
  /** After a commit. */
  readonly notify: (changes: readonly Change[], how: { readonly delayMs: number; readonly deletes: boolean }) => void;
  /** `$status`: active, and how many events since it began. */
  readonly status: (subscription: Stored) => Record<string, unknown>;
  readonly close: () => Promise<void>;
};

const extension = (element: unknown, name: string): Record<string, unknown>[] =>
  isRecord(element)
    ? listOf(element['extension']).filter(
        (one): one is Record<string, unknown> => isRecord(one) && one['url'] === `${backport}/${name}`,
      )
    : [];

const isLoopback = (endpoint: string): boolean => {
  try {
    const { hostname, protocol } = new URL(endpoint);
    return (
      /^https?:$/.test(protocol) &&
      (hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname))
    );
  } catch {
    return false;
  }
};

function hookOf(subscription: { readonly [element: string]: unknown }): Hook | string {
  const channel = subscription['channel'];
  if (!isRecord(channel) || channel['type'] !== 'rest-hook') return 'Only rest-hook channels are supported.';
  const endpoint = textOf(channel['endpoint']) ?? '';
  if (!isLoopback(endpoint)) return 'The sandbox notifies loopback addresses only.';
  const content = extension(channel['_payload'], 'backport-payload-content')[0]?.['valueCode'];
  const filter = extension(subscription['_criteria'], 'backport-filter-criteria')[0]?.['valueString'];
  const criteria = textOf(subscription['criteria']) ?? '';
  const asked = content === undefined ? criteria : (textOf(filter) ?? '');
  const [, type, , query = ''] = /^([A-Z]\w+)(\?(.*))?$/.exec(asked) ?? [];
  if (type === undefined) return 'The criteria must be Type?parameter=value.';
  if (understand(type, parametersOf(query)).unknown.length > 0)
    return 'The criteria use a parameter that is not known.';
  return {
    id: textOf(subscription['id']) ?? '',
    endpoint,
    headers: Object.fromEntries(
      listOf(channel['header']).flatMap((line) => {
        const [name, ...rest] = (textOf(line) ?? '').split(':');
        return name && rest.length > 0 ? [[name.trim(), rest.join(':').trim()]] : [];
      }),
    ),
    type,
    query,
    payload:
      content === undefined
        ? channel['payload'] === undefined
          ? 'nothing'
          : 'resource'
        : content === 'full-resource'
          ? 'backport-full'
          : content === 'id-only'
            ? 'backport-id-only'
            : 'backport-empty',
    topic: criteria,
  };
}

export function createSubscriptions(options: {
  readonly store: Store;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly log?: Log;
}): Subscriptions {
  const { store, baseUrl, clock, log } = options;
  const ended = new AbortController();
  const agent = new Agent({ keepAliveTimeout: 1000, headersTimeout: 5000, bodyTimeout: 5000 });
  const events = new Map<string, number>();
  const running = new Set<Promise<void>>();

  const active = (): Hook[] =>
    [...store.since('Subscription')].flatMap((entry) => {
      const subscription = entry.versions.at(-1)?.resource;
      const status = subscription?.['status'];
      if (!subscription || (status !== 'active' && status !== 'requested')) return [];
      const hook = hookOf(subscription);
      return typeof hook === 'string' ? [] : [hook];
    });

  const meets = (hook: Hook, resource: Stored | undefined): boolean =>
    resource !== undefined &&
    resource.resourceType === hook.type &&
    (toRequest(hook.type, parametersOf(hook.query)).filters ?? []).every((filter) =>
      matches(resource, filter, store.current),
    );

  const notification = (
    hook: Hook,
    kind: string,
    change: Change | undefined,
    number: number,
  ): Record<string, unknown> => ({
    resourceType: 'Bundle',
    type: 'history',
    timestamp: clock().toISOString(),
    entry: [
      {
        fullUrl: `urn:uuid:${crypto.randomUUID()}`,
        resource: statusParameters(hook, kind, number, kind === 'event-notification' ? change : undefined),
        request: { method: 'GET', url: `${baseUrl}/Subscription/${hook.id}/$status` },
        response: { status: '200' },
      },
      ...(change && hook.payload !== 'backport-empty'
        ? [
            {
              fullUrl: `${baseUrl}/${change.type}/${change.id}`,
              ...(hook.payload === 'backport-full' && change.version.resource
                ? { resource: change.version.resource }
                : {}),
              request: {
                method: change.version.method,
                url: change.version.method === 'POST' ? change.type : `${change.type}/${change.id}`,
              },
              response: {
                status: change.version.method === 'POST' ? '201' : change.version.method === 'DELETE' ? '204' : '200',
              },
            },
          ]
        : []),
    ],
  });

  const statusParameters = (hook: Hook, kind: string, number: number, change?: Change) => ({
    resourceType: 'Parameters',
    meta: { profile: [`${backport}/backport-subscription-status-r4`] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${baseUrl}/Subscription/${hook.id}` } },
      { name: 'topic', valueCanonical: hook.topic },
      { name: 'status', valueCode: 'active' },
      { name: 'type', valueCode: kind },
      { name: 'events-since-subscription-start', valueString: String(number) },
      ...(change
        ? [
            {
              name: 'notification-event',
              part: [
                { name: 'event-number', valueString: String(number) },
                { name: 'timestamp', valueInstant: change.version.lastUpdated },
                ...(hook.payload === 'backport-empty'
                  ? []
                  : [{ name: 'focus', valueReference: { reference: `${baseUrl}/${change.type}/${change.id}` } }]),
              ],
            },
          ]
        : []),
    ],
  });

  const messageOf = (
    hook: Hook,
    change: Change,
    number: number,
  ): { readonly headers: Record<string, string>; readonly body: string } => {
    if (hook.payload.startsWith('backport'))
      return { headers: {}, body: JSON.stringify(notification(hook, 'event-notification', change, number)) };
    if (!change.version.resource)
      return { headers: { 'x-medplum-deleted-resource': `${change.type}/${change.id}` }, body: '{}' };
    return { headers: {}, body: hook.payload === 'nothing' ? '' : JSON.stringify(change.version.resource) };
  };

  const deliver = async (
    hook: Hook,
    message: { readonly headers: Record<string, string>; readonly body: string },
    delayMs: number,
  ): Promise<void> => {
    for (const [attempt, delay] of delays.entries()) {
      try {
        await wait(delay + (attempt === 0 ? delayMs : 0), undefined, { signal: ended.signal });
        const answer = await fetch(hook.endpoint, {
          method: 'POST',
          dispatcher: agent,
          signal: ended.signal,
          redirect: 'error',
          headers: { 'content-type': 'application/fhir+json', ...hook.headers, ...message.headers },
          body: message.body,
        });
        await answer.body?.cancel();
        if (answer.ok) return;
      } catch {
        if (ended.signal.aborted) return;
      }
    }
    log?.('warn', 'sandbox.hook-given-up', { subscription: hook.id });
  };

  const start = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };

  return {
    check(resource) {
      const hook = hookOf(resource);
      if (typeof hook === 'string') throw problem(422, 'not-supported', hook, 'Subscription');
    },
    notify(changes, { delayMs, deletes }) {
      const begun = changes.filter(
        ({ type, version, before }) => type === 'Subscription' && version.resource && !before,
      );
      for (const { version } of begun) {
        const hook = version.resource ? hookOf(version.resource) : '';
        if (typeof hook === 'string' || !hook.payload.startsWith('backport')) continue;
        start(
          deliver(hook, { headers: {}, body: JSON.stringify(notification(hook, 'handshake', undefined, 0)) }, delayMs),
        );
      }
      if (store.count('Subscription') === 0) return;
      const hooks = active();
      for (const change of changes) {
        if (change.type === 'Subscription' || (!change.version.resource && !deletes)) continue;
        for (const hook of hooks) {
          if (!meets(hook, change.version.resource ?? change.before)) continue;
          const number = (events.get(hook.id) ?? 0) + 1;
          events.set(hook.id, number);
          start(deliver(hook, messageOf(hook, change, number), delayMs));
        }
      }
    },
    status(subscription) {
      const hook = hookOf(subscription);
      if (typeof hook === 'string') throw problem(422, 'not-supported', hook);
      return {
        resourceType: 'Bundle',
        type: 'searchset',
        total: 1,
        entry: [
          { resource: statusParameters(hook, 'query-status', events.get(hook.id) ?? 0), search: { mode: 'match' } },
        ],
      };
    },
    async close() {
      ended.abort();
      await Promise.allSettled(running);
      await agent.destroy();
    },
  };
}
