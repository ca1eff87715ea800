/**
 * From a message with laboratory results to the steps that make them stand: read, recognise the orders, match, map, judge
 * each result, keep what counts. Every way out that is not a plan names its cause.
 */
import { boundedOrder, isInstant } from '../../core/lab/bounded.ts';
import {
  isIdentified,
  type KnownOrder,
  namesOf,
  newReport,
  orderValueOf,
  parentValues,
  valuesOf,
} from '../../core/lab/identity.ts';
import { placeOrders } from '../../core/lab/placing.ts';
import type { KeptLabVersion, LabMessage, LabOrder, LabVersion } from '../../core/lab/model.ts';
import { isWithdrawn } from '../../core/lab/versions.ts';
import type { PersonContext, Work } from '../../core/lane.ts';
import type { EmittedLink, PatientKey } from '../../core/model.ts';
import type { Issue } from '../../core/outcome.ts';
import { fail, ok, type Outcome } from '../../core/outcome.ts';
import { voidSteps } from '../../core/plan.ts';
import type { FilingStep, FoundPatient } from '../../core/ports.ts';
import { checked } from '../map-and-validate.ts';
import type { PrepareDeps } from '../deps.ts';
import { match } from '../match.ts';
import { type AlongTheWay, type Prepared, stop } from '../prepared.ts';
import { isVoidedSince } from '../take-back.ts';
import type { LabKnown } from './deps.ts';
import { type Away, leavesAnything, takeAway } from './away.ts';
import { planChart } from './chart.ts';
import { planOrder } from './order.ts';

/** An order of the message and the report that it is. */
type Placed = { readonly order: LabOrder; readonly report: string; readonly leaves: readonly KnownOrder[] };

/** `person` is read only where the patient is not matched yet. */
export async function prepareLab(
  work: Work,
  patientKey: PatientKey,
  person: () => Promise<PersonContext>,
  deps: PrepareDeps,
  way: AlongTheWay,
  signal?: AbortSignal,
): Promise<Prepared> {
  const newest = work.record?.latestMessage;
  if (newest !== undefined && newest !== work.messageId && !work.doubt) return { do: 'settle', state: 'superseded' };
  if (!work.doubt && isVoidedSince(work)) return { do: 'settle', state: 'voided' };
  if (work.body === undefined) {
    return stop({ cause: 'source/unreadable', detail: 'The payload has aged out under the retention in force.' });
  }
  const read = deps.labs.read({ ...work, body: work.body });
  if (!read.ok) return stop(read.failure);
  const message: LabMessage = { ...read.value, orders: read.value.orders.map(boundedOrder) };
  if (message.test && !work.released.includes('lab/test-message')) {
    return stop({ cause: 'lab/test-message', detail: 'MSH-11 is not among those that are filed.' });
  }
  if (message.orders.length === 0 || !message.orders.every(isIdentified)) {
    return stop({ cause: 'lab/no-order', detail: 'An order has neither number nor time.' });
  }
  if (!message.orders.every(({ issued, sent }) => isInstant(issued) && isInstant(sent))) {
    return stop({ cause: 'lab/no-order', detail: 'The time that says when it was reported is no time.' });
  }

  const known = await deps.ledger.labKnown(patientKey, {
    values: [...new Set(message.orders.flatMap(valuesOf))],
    services: [...new Set(message.orders.map(({ service }) => service))],
    reports: [...new Set(message.orders.map((order) => newReport(order, patientKey)))],
  });
  const places = placesOf(message, work, patientKey, known);
  if (!places.ok) return stop(places.failure);
  const { placed, away } = places.value;
  const standsElsewhere = placed.length === 0 && !leavesAnything(away, work, known);
  if (standsElsewhere)
    return { do: 'settle', state: 'superseded', why: 'The laboratory has moved it to another patient since.' };

  const patient = await patientOf(known, work, patientKey, person, deps, way, signal);
  if (!patient.ok) return stop(patient.failure);
  const planned = plan(message, placed, known, patient.value, work, patientKey, deps, way);
  return takeAway(planned, away, known, patient.value, work, deps);
}

/** Which report each order is, and which of them have gone to somebody else. */
function placesOf(
  { orders }: LabMessage,
  { source, released }: Work,
  patientKey: PatientKey,
  { versions }: LabKnown,
): Outcome<{ readonly placed: readonly Placed[]; readonly away: readonly Away[] }> {
  const whose = { patientKey, source, apart: released.includes('lab/order-conflict') };
  const found = placeOrders(orders, whose, ordersIn(versions));
  if (found.some(({ which }) => which.is === 'unclear'))
    return fail('lab/order-conflict', 'An order of the same number stands for another patient.');
  return ok({
    placed: found.flatMap(({ order, which }) =>
      which.is === 'this' ? [{ order, report: which.report, leaves: which.leaves }] : [],
    ),
    away: found.flatMap(({ order, which }) => (which.is === 'moved-away' ? [{ order, report: which.report }] : [])),
  });
}

/** Of each report that stands, how its order was last told. */
function ordersIn(versions: readonly KeptLabVersion[]): readonly KnownOrder[] {
  const reports = Map.groupBy(versions, ({ report }) => report);
  return [...reports.values()].flatMap((of) => {
    const [last] = of.toSorted(
      (a, b) => b.issued.getTime() - a.issued.getTime() || b.sent.getTime() - a.sent.getTime(),
    );
    return last === undefined ? [] : [{ ...last, keys: new Set(of.map(({ key }) => key).filter((key) => key !== '')) }];
  });
}

async function patientOf(
  { patient }: LabKnown,
  work: Work,
  patientKey: PatientKey,
  person: () => Promise<PersonContext>,
  deps: PrepareDeps,
  way: AlongTheWay,
  signal: AbortSignal | undefined,
): Promise<Outcome<FoundPatient>> {
  return patient === undefined ? match(work, patientKey, await person(), deps, way, signal) : ok(patient);
}

function plan(
  message: LabMessage,
  placed: readonly Placed[],
  known: LabKnown,
  patient: FoundPatient,
  work: Work,
  patientKey: PatientKey,
  deps: PrepareDeps,
  way: AlongTheWay,
): Prepared {
  const links = new Map(known.links.map((link) => [link.artifact, link]));
  const { artifactSystem } = deps.programme;
  const filed = Object.fromEntries(
    known.links
      .filter(({ action, tier }) => action !== 'voided' && tier === 'native')
      .map((l) => [l.artifact, l.reference]),
  );
  const steps: FilingStep[] = [];
  const versions: LabVersion[] = [];
  const chart: EmittedLink[] = [];
  let [withheld, late, otherwise] = [0, 0, 0];
  for (const { order, report } of placed) {
    const names = namesOf(report, order, parentOf(order, placed, known.versions, patientKey));
    const context = {
      patient,
      programme: deps.programme,
      source: work.source,
      receivedAt: work.receivedAt.toISOString(),
      filed,
      ...deps.labs.about(work.source),
    };
    const there = order.standsAs?.destination === deps.destination.id ? order.standsAs : undefined;
    const made = deps.labs.map(order, names, context, deps.mapper, way.unmapped);
    // What the chart has is as it is.
    const mapped = there === undefined ? checked(made, deps) : made;
    if (!mapped.ok) return stop(mapped.failure);
    // Filed anew, a message is judged as if it had never been.
    const own = known.versions.filter((one) => one.report === report && one.messageId !== work.messageId);
    const around = { versions: own, links, artifactSystem, source: work.source };
    if (there !== undefined) {
      const read = planChart(order, there, report, names, mapped.value, deps.labs.judge, message.part2, around);
      steps.push(...read.steps);
      versions.push(...read.versions);
      chart.push(...read.links);
      continue;
    }
    const planned = planOrder(order, report, names, mapped.value, deps.labs.judge, message.part2, around);
    steps.push(...planned.steps);
    versions.push(...planned.versions);
    withheld += planned.withheld;
    late += planned.late;
    otherwise += planned.otherwise;
    // A reflex test refers to the report that it grew out of, also when both come in one message.
    for (const step of planned.steps) if (step.do === 'put') filed[step.artifact] ??= step.fullUrl;
  }
  const moved = placed.flatMap(({ leaves }) => leaves.map((one) => one.report));
  const voided = known.links.filter(({ artifact }) => moved.some((report) => artifact.startsWith(`${report}.`)));
  const issues = [
    ...told(late, 'result(s) came late: a later version stands.', 'lab/late'),
    ...told(
      otherwise,
      'result(s) or report(s) differ from what the EHR has by itself, which is not written to: its own interface must bring them.',
      'lab/chart-differs',
    ),
    ...told(withheld, 'result(s) not sent to this destination: sensitive, as configured.', 'gate/minimum'),
    ...told(moved.length, 'report(s) taken from another patient, as the laboratory says.', 'lab/moved'),
  ];
  return {
    do: 'file',
    record: { source: work.source, recordId: work.recordId ?? `message ${work.messageId}` },
    steps: [...voidSteps(voided), ...steps],
    facts: [],
    ...(placed[0] === undefined ? {} : { recordKey: placed[0].report }),
    patient,
    issues,
    lab: { versions, voided: moved, ...(chart.length === 0 ? {} : { chart }) },
    ...(chart.length > 0
      ? { as: 'superseded', left: standsThere }
      : steps.length === 0 && voided.length === 0
        ? { as: 'superseded', left: otherwise > 0 ? standsOtherwise : nothingNew }
        : {}),
  };
}

const standsThere = 'Read from the chart, where it stands.';
const standsOtherwise = 'Not filed: the EHR has this order by itself, and otherwise.';
const nothingNew = 'Nothing in it that the chart does not hold.';

const told = (count: number, what: string, code: string): readonly Issue[] =>
  count === 0 ? [] : [{ where: '', what: `${String(count)} ${what}`, code, severity: 'information' }];

/** The report that an order grew out of: in the same message, else what stands for the same patient. */
function parentOf(
  order: LabOrder,
  placed: readonly Placed[],
  versions: readonly KeptLabVersion[],
  patientKey: PatientKey,
): string | undefined {
  const values = parentValues(order);
  if (values.length === 0) return undefined;
  const near = placed.find((one) => one.order !== order && values.includes(orderValueOf(one.order)));
  const stands = versions.find((one) => values.includes(one.orderValue) && one.patientKey === patientKey);
  return near?.report ?? stands?.report;
}

/** What was withdrawn by its laboratory stands as entered in error: whoever counts what stands must know. */
export const asWithdrawn = (links: readonly EmittedLink[], versions: readonly LabVersion[]): readonly EmittedLink[] => {
  const gone = new Set(versions.filter(({ status }) => isWithdrawn(status)).map(({ artifact }) => artifact));
  return links.map((link) => (gone.has(link.artifact) ? { ...link, action: 'voided' } : link));
};
