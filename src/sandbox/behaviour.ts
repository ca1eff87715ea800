/** From the quirks in force to the rules that one request is served by. */
import type { Issue } from '../core/outcome.ts';
import type { Clock, Resource } from '../core/ports.ts';
import type { Quirks } from './quirks.ts';
import type { Behaviour } from './repository.ts';

export type Rules = {
  readonly clock: Clock;
  /** When the request arrived; a slow transaction stamps with it. */
  readonly arrived: Date;
  readonly unquotedIfMatch: boolean;
  readonly validate: ((resource: Resource) => readonly Issue[]) | undefined;
  /** Throws for a subscription that could not work. */
  readonly checkSubscription: (subscription: Resource) => void;
  /** Counts reads of history, so that its order can flip. */
  readonly historyReads: () => number;
};

export function behaviourOf(quirks: Quirks, rules: Rules): Behaviour {
  const { clock, arrived, validate } = rules;
  const behind = (ms: number | undefined) => (ms === undefined ? {} : { until: clock().getTime() - ms });
  const ignored = quirks.has('if-match-ignored');
  return {
    now: quirks.has('last-updated-before-commit') ? () => arrived : clock,
    visibleAt: () => clock().getTime(),
    view: behind(quirks.number('search-lags')),
    conditionalView: behind(quirks.number('conditional-lags')),
    deletedIs: quirks.has('deleted-404') && !quirks.has('deleted-410') ? 404 : 410,
    history: !quirks.has('no-history'),
    ids: {
      clientAssigned: quirks.has('client-ids-accepted'),
      refusal: quirks.number('client-ids-refused') === 400 ? 400 : 404,
    },
    noopKeepsVersion: quirks.has('noop-put-keeps-version') && !quirks.has('noop-put-bumps-version'),
    ifMatch: { put: !(ignored && rules.unquotedIfMatch), patch: !ignored, delete: !ignored },
    danglingAccepted: quirks.has('dangling-refs-accepted'),
    drops: [
      ...(quirks.has('drops-identifier') ? (['identifier'] as const) : []),
      ...(quirks.has('drops-tags') ? (['tag'] as const) : []),
    ],
    validate: (resource) => {
      const issues = validate?.(resource) ?? [];
      return quirks.has('bindings-unchecked') ? issues.filter(({ code }) => code !== 'code-invalid') : issues;
    },
    accept: (resource) => {
      if (resource.resourceType !== 'Subscription') return resource;
      if (resource['status'] !== 'off') rules.checkSubscription(resource);
      return resource['status'] === 'requested' ? { ...resource, status: 'active' } : resource;
    },
    order: (newestFirst) =>
      quirks.has('history-order-flip') && rules.historyReads() % 2 === 1 ? newestFirst.toReversed() : newestFirst,
  };
}
