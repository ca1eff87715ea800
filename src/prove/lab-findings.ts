/** Held against each other: which laboratory messages were acknowledged, what the ledger says, what the chart shows. Pure. */
import type { Finding, LedgerMessage } from './invariants.ts';
import type { LabChart } from './lab-chart.ts';
import type { LabOrderPlan } from './lab-work.ts';

export type LabEvidence = {
  readonly acknowledged: readonly string[];
  readonly messages: readonly LedgerMessage[];
  readonly orders: readonly LabOrderPlan[];
  readonly chart: LabChart;
};

export const labFindings = (evidence: LabEvidence): readonly Finding[] => [
  kept(evidence),
  settled(evidence),
  once(evidence),
  latest(evidence),
  inOrder(evidence),
];

/** A record's id begins with MSH-10. */
function kept({ acknowledged, messages }: LabEvidence): Finding {
  const counts = new Map<string, number>();
  for (const { recordId = '' } of messages) {
    const [controlId = ''] = recordId.split('|');
    counts.set(controlId, (counts.get(controlId) ?? 0) + 1);
  }
  const broken = acknowledged.flatMap((id) => {
    const count = counts.get(id) ?? 0;
    return count === 1 ? [] : [`message ${id} is in the ledger ${String(count)} times`];
  });
  return { promise: 'every acknowledged message is in the ledger, once', checked: acknowledged.length, broken };
}

function settled({ messages }: LabEvidence): Finding {
  const broken = messages.flatMap(({ id, state, cause, recordId = '' }) =>
    state === 'filed' || state === 'superseded' ? [] : [`message ${id} (${recordId}) is ${state}: ${cause ?? ''}`],
  );
  return { promise: 'every message is filed: none waits, none failed', checked: messages.length, broken };
}

function once({ orders, chart }: LabEvidence): Finding {
  const broken = [
    ...chart.doubled.map((artifact) => `${artifact} stands more than once`),
    ...chart.strangers.map((reference) => `${reference} carries no identifier of Tejido`),
    ...orders.flatMap(({ filler }) => {
      const found = chart.reports.get(filler) ?? [];
      const results = new Set(found.flatMap((report) => report.results));
      return found.length === 1 && results.size === 1
        ? []
        : [`${filler} has ${String(found.length)} reports with ${String(results.size)} results`];
    }),
  ];
  for (const [name, standing] of [
    ['reports', chart.reports.size],
    ['results', chart.results.size],
  ] as const)
    if (standing !== orders.length) broken.push(`${String(standing)} ${name} for ${String(orders.length)} orders`);
  return { promise: 'every order stands in the chart exactly once, and nothing else', checked: orders.length, broken };
}

const resultOf = ({ reports, results }: LabChart, { filler }: LabOrderPlan) =>
  results.get(reports.get(filler)?.[0]?.results[0] ?? '');

function latest({ orders, chart }: LabEvidence): Finding {
  const broken = orders.flatMap((order) => {
    const result = resultOf(chart, order);
    if (result === undefined) return [];
    const says = `${String(result.values.at(-1))} ${result.status} of ${result.subject}`;
    const wanted = `${String(order.value)} ${order.status} of ${order.patient}`;
    return says === wanted ? [] : [`${order.filler} says ${says}; the last message said ${wanted}`];
  });
  return { promise: 'what stands is the last version, in the right chart', checked: orders.length, broken };
}

function inOrder({ orders, chart }: LabEvidence): Finding {
  const broken = orders.flatMap((order) => {
    const values = resultOf(chart, order)?.values ?? [];
    return values.some((value, n) => n > 0 && value < (values[n - 1] ?? 0))
      ? [`${order.filler} was written in the order ${values.join(', ')}`]
      : [];
  });
  return { promise: 'the chart was written in the order of the messages', checked: orders.length, broken };
}
