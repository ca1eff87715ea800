/** The versions that one order of a message tells, read from what was mapped. */
import { hash } from 'node:crypto';
import { orderSystemOf, orderValueOf, placerOf } from '../../core/lab/identity.ts';
import type { LabNames, LabOrder, LabVersion } from '../../core/lab/model.ts';
import { summaryOf } from '../../core/lab/summary.ts';
import { isFinal } from '../../core/lab/versions.ts';
import type { Mapped, Resource } from '../../core/ports.ts';

/** What differs from send to send, or follows from what else stands. */
const passing = new Set(['meta', 'issued', 'result', 'text']);

const hashOf = (resource: Resource): string =>
  hash('sha256', JSON.stringify(Object.entries(resource).filter(([name]) => !passing.has(name))), 'base64url').slice(
    0,
    22,
  );

export function versionOf(
  { artifact, resource }: Mapped,
  report: string,
  order: LabOrder,
  names: LabNames,
  chw: boolean,
): LabVersion {
  const position = names.results.indexOf(artifact);
  const status = typeof resource['status'] === 'string' ? resource['status'] : 'unknown';
  const system = orderSystemOf(order);
  const placer = placerOf(order);
  return {
    artifact,
    report,
    resourceType: position < 0 ? 'DiagnosticReport' : 'Observation',
    orderValue: orderValueOf(order),
    ...(system === undefined ? {} : { orderSystem: system }),
    ...(placer === undefined ? {} : { placer }),
    service: order.service,
    ...(order.collected === undefined ? {} : { collected: order.collected }),
    key: order.results[position]?.key ?? '',
    status,
    final: isFinal(status),
    issued: new Date(order.issued),
    sent: new Date(order.sent),
    hash: hashOf(resource),
    position,
    summary: summaryOf(resource),
    chw,
  };
}
