/** ORU^R01 (and R30 to R32, which read the same) to what the pipeline takes: one LabMessage for each patient in it. */
import type { LabMessage, LabOrder } from '../core/lab/model.ts';
import { analyteOf, type NamedResult, resultKeys } from '../core/lab/result-key.ts';
import type { Hl7Sender } from '../core/lab/sender.ts';
import { fail, ok, type Failure, type Outcome } from '../core/outcome.ts';
import { groupOru, type OrderGroup, type PatientGroup, type ResultGroup } from './oru-groups.ts';
import type { Hl7Message, Segment } from './message.ts';
import { tooManyResults } from './limits.ts';
import { orderTree } from './order-tree.ts';
import { readPatient } from './patient.ts';
import { withoutSocialSecurity } from './social-security.ts';
import { codeSystemOf, numberOf } from './systems.ts';
import { readInstant, readTime } from './times.ts';
import type { TreeContext } from './tree.ts';
import { isNull, segmentNamed, textOf, valueOf } from './values.ts';

export type OruGroup = {
  /** What of it can be told also when it cannot go on as it is. */
  readonly message: LabMessage;
  /** Why it cannot. */
  readonly failure?: Failure;
};

/** When the message was made; undefined when MSH-7 cannot be read. */
export const sentAt = (message: Hl7Message, sender: Hl7Sender): string | undefined =>
  readInstant(valueOf(segmentNamed(message, 'MSH'), 7), sender.timeZone);

/**
 * One for each PATIENT_RESULT group, in the order of the message; at least one. `receivedAt` (ISO 8601) orders versions
 * where the message has no time of its own.
 */
export function readOruGroups(
  message: Hl7Message,
  sender: Hl7Sender,
  receivedAt?: string,
): readonly [OruGroup, ...OruGroup[]] {
  const read = (group: PatientGroup): OruGroup => readSafe(group, message, sender, receivedAt);
  const [first, ...more] = groupOru(message);
  return [read(first), ...more.map(read)];
}

/** One of them, by its number from 1; the others are not taken apart. */
export function readOruGroup(
  message: Hl7Message,
  number: number,
  sender: Hl7Sender,
  receivedAt?: string,
): OruGroup | undefined {
  const group = groupOru(message)[number - 1];
  return group === undefined ? undefined : readSafe(group, message, sender, receivedAt);
}

/** Without social security numbers. */
function readSafe(group: PatientGroup, message: Hl7Message, sender: Hl7Sender, receivedAt?: string): OruGroup {
  const safe = group.pid === undefined ? group : { ...group, pid: withoutSocialSecurity(group.pid) };
  return readGroup(safe, message, sender, receivedAt);
}

/** All groups of a message; the first that is wrong is why it cannot be read. */
export function readOru(message: Hl7Message, sender: Hl7Sender, receivedAt?: string): Outcome<readonly LabMessage[]> {
  const groups = readOruGroups(message, sender, receivedAt);
  const failure = groups.find((group) => group.failure !== undefined)?.failure;
  return failure === undefined ? ok(groups.map((group) => group.message)) : { ok: false, failure };
}

function readGroup(
  group: PatientGroup,
  message: Hl7Message,
  sender: Hl7Sender,
  receivedAt: string | undefined,
): OruGroup {
  const msh = segmentNamed(message, 'MSH');
  const sent = credible(sentAt(message, sender), receivedAt) ?? receivedAt;
  const patient = readPatient(group.pid, sender, sent?.slice(0, 10));
  const context: TreeContext = { delimiters: message.delimiters, zone: sender.timeZone };
  const about = {
    ...(patient.ok && patient.value !== undefined ? { patient: patient.value } : {}),
    test: !sender.processing.includes(processingOf(msh)),
    part2: sender.part2,
  };
  const large = tooManyResults(resultsIn(group));
  // An ORC alone reports nothing; what is too large is not taken apart.
  const orders = (large === undefined ? reporting(group) : []).map((order) =>
    readOrder(order, { group, msh, sender, sent, context }),
  );
  const readable = orders.flatMap((order) => (order.ok ? [order.value] : []));
  const unread = orders.find((order) => !order.ok);
  const failure = !patient.ok
    ? patient.failure
    : (large ??
      patientFailure(group, patient.value !== undefined) ??
      looseFailure(group, msh) ??
      (unread?.ok === false ? unread.failure : undefined));
  return { message: { ...about, orders: readable }, ...(failure === undefined ? {} : { failure }) };
}

const yearMs = 365 * 86_400_000;

/** Undefined: a year or more after it was told is a slip (2062), and would overrule every correction to come. */
const credible = (time: string | undefined, told: string | undefined): string | undefined =>
  time !== undefined && told !== undefined && Date.parse(time) - Date.parse(told) > yearMs ? undefined : time;

const resultsIn = ({ orders }: PatientGroup): number =>
  orders.reduce(
    (count, { results, specimens }) =>
      count + Math.max(1, results.length) + specimens.reduce((more, { results: own }) => more + 1 + own.length, 0),
    0,
  );

const reporting = ({ orders }: PatientGroup): readonly OrderGroup[] =>
  orders.filter(({ obr, results }) => obr !== undefined || results.length > 0);

/** MSH-11.1; a sender that leaves it out means production. */
const processingOf = (msh: Segment | undefined): string => {
  const told = valueOf(msh, 11).trim();
  return told === '' || isNull(told) ? 'P' : told;
};

function patientFailure({ pid }: PatientGroup, named: boolean): Failure | undefined {
  if (named) return undefined;
  const what =
    pid === undefined
      ? 'There is no PID: have the laboratory send it with one.'
      : 'PID names nobody: no number that is read, no name, no telephone. See mrnAuthorities and bareMrn of the sender.';
  return fail('match/unknown-patient', what, { issues: [{ where: 'PID', what }] }).failure;
}

/** Results that no OBR stands above must be seen; from v2.7 on they are observations about the patient (§7.3.1). */
function looseFailure(group: PatientGroup, msh: Segment | undefined): Failure | undefined {
  const { observations } = group;
  const orders = reporting(group);
  const named = Number.parseFloat(valueOf(msh, 12)) >= 2.7 && orders.length > 0;
  if (orders.length > 0 && (observations.length === 0 || named)) return undefined;
  const what = observations.length === 0 ? 'There is no OBR.' : 'OBX without an OBR above it.';
  return fail('lab/no-order', what, { issues: [{ where: 'OBR', what }] }).failure;
}

type Around = {
  readonly group: PatientGroup;
  readonly msh: Segment | undefined;
  readonly sender: Hl7Sender;
  readonly sent: string | undefined;
  readonly context: TreeContext;
};

function readOrder(order: OrderGroup, { group, msh, sender, sent, context }: Around): Outcome<LabOrder> {
  const { orc, obr, results } = order;
  if (obr === undefined) return noOrder('ORC', 'ORC without an OBR behind it.');
  const placer = numberAt(orc, 2, sender) ?? numberAt(obr, 2, sender);
  const filler = numberAt(orc, 3, sender) ?? numberAt(obr, 3, sender);
  const collected = readTime(valueOf(obr, 7), sender.timeZone);
  if (placer === undefined && filler === undefined && collected === undefined) {
    return noOrder(
      `OBR[${/^\d{1,4}$/.exec(valueOf(obr, 1))?.[0] ?? '?'}]`,
      'Neither an order number (OBR-2, OBR-3) nor a time of collection (OBR-7).',
    );
  }
  const issued =
    credible(readInstant(valueOf(obr, 22), sender.timeZone), sent) ??
    sent ??
    readInstant(valueOf(obr, 7), sender.timeZone);
  if (issued === undefined) return noOrder('MSH-7', 'No time says when it was reported (OBR-22, MSH-7, OBR-7).');
  const parent = parentOf(orc, obr, sender, { placer, filler });
  const keys = resultKeys(results.map((result) => namedResult(result, context)));
  return ok({
    ...(placer === undefined ? {} : { placer }),
    ...(filler === undefined ? {} : { filler }),
    service: serviceOf(obr),
    ...(collected === undefined ? {} : { collected }),
    issued,
    sent: sent ?? issued,
    ...(parent === undefined ? {} : { parent }),
    results: results.map(({ segments }, index) => {
      const at = readTime(valueOf(segments[0], 19), sender.timeZone);
      return { key: keys[index] ?? '', ...(at === undefined ? {} : { at }) };
    }),
    specimens: specimenKeys(order, sender),
    tree: orderTree(order, { msh, pid: group.pid, pv1: group.pv1 }, context),
  });
}

const noOrder = (where: string, what: string): Outcome<never> =>
  fail('lab/no-order', what, { issues: [{ where, what }] });

function numberAt(segment: Segment | undefined, field: number, sender: Hl7Sender): LabOrder['placer'] {
  const repetition = segment?.fields[field - 1]?.[0] ?? [];
  // Before v2.3 the number and its application are subcomponents where somebody nested them.
  const parts = repetition.length === 1 ? (repetition[0] ?? []) : repetition.map(([first]) => first ?? '');
  return numberOf(parts, sender);
}

/** OBR-29, else OBR-54 and ORC-8: EIP, placer's and filler's number. An order is not its own parent. */
function parentOf(
  orc: Segment | undefined,
  obr: Segment,
  sender: Hl7Sender,
  self: { readonly placer: LabOrder['placer']; readonly filler: LabOrder['filler'] },
): LabOrder['parent'] {
  for (const field of [obr.fields[28], obr.fields[53], orc?.fields[7]]) {
    const [first, second] = field?.[0] ?? [];
    const placer = numberOf(first ?? [], sender);
    const filler = numberOf(second ?? [], sender);
    if (placer === undefined && filler === undefined) continue;
    const itself = filler === undefined ? same(placer, self.placer) : same(filler, self.filler);
    if (!itself) return { ...(placer === undefined ? {} : { placer }), ...(filler === undefined ? {} : { filler }) };
  }
  return undefined;
}

const same = (a: LabOrder['placer'], b: LabOrder['placer']): boolean =>
  a?.value === b?.value && a?.system === b?.system;

/** `system|code` of OBR-4, LOINC first, else its text. */
const serviceOf = (obr: Segment): string => analyteOf(codedAt(obr, 4));

/** Codings and text of a CE or CWE. */
function codedAt(segment: Segment | undefined, field: number): Pick<NamedResult, 'codings' | 'text'> {
  const codings = [1, 4, 10].flatMap((at) => {
    const code = valueOf(segment, field, at).trim();
    if (code === '' || isNull(code)) return [];
    const system = codeSystemOf(valueOf(segment, field, at + 2));
    return [{ code, ...(system === undefined ? {} : { system }) }];
  });
  const text = [2, 5, 9].map((at) => valueOf(segment, field, at).trim()).find((one) => one !== '');
  return { codings, ...(text === undefined ? {} : { text }) };
}

function namedResult({ segments: [obx] }: ResultGroup, { delimiters }: TreeContext): NamedResult {
  const instance = [1, 2, 3].map((at) => valueOf(obx, 21, at).trim()).filter((part) => part !== '');
  return {
    ...codedAt(obx, 3),
    subId: textOf(obx.fields[3]?.[0] ?? [], delimiters),
    ...(valueOf(obx, 21) === '' ? {} : { observationInstance: instance.join('^') }),
  };
}

/** The laboratory's number of the specimen, else the clinic's, else its kind; all different. */
function specimenKeys({ specimens }: OrderGroup, sender: Hl7Sender): readonly string[] {
  const seen = new Map<string, number>();
  return specimens.map(({ segment }) => {
    const [placer, filler] = segment.fields[1]?.[0] ?? [];
    const number = numberOf(filler ?? [], sender) ?? numberOf(placer ?? [], sender);
    const kind = [1, 2].map((at) => valueOf(segment, 4, at).trim()).find((text) => text !== '');
    const key = number === undefined ? `|${kind ?? ''}` : `${number.system ?? ''}|${number.value}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}#${String(count)}`;
  });
}
