/** What is read of an order (MSH, ORC, OBR) and of its specimens (SPM) for the maps. Pure. */
import { type JsonObject } from '../../definitions/item.ts';
import { conceptOf, hasLoinc, type Sender } from './concept.ts';
import { compact, given, list, object, part } from './json.ts';
import { distinct, identifierOf, organizationOf, personOf } from './party.ts';
import { commentsOf, momentOf, readResult, statusIn, timeIn, wordsOfConcept } from './read-result.ts';
import { instantOf } from './time.ts';
import { valuesOf, wordsOf } from './value.ts';

const entity = (json: unknown): boolean => part(json, 'entityIdentifier') !== undefined;

/** The first that has a number: ORC speaks before OBR. */
const numberOf = (namespaces: Sender['namespaces'], ...eis: readonly unknown[]): JsonObject | undefined =>
  identifierOf(eis.find(entity), namespaces);

/** OBR-7 to OBR-8, else SPM-17. Never the time of receipt. */
function collectedOf(obr: unknown, specimens: readonly unknown[]): JsonObject | undefined {
  const start = timeIn(obr, 'observationDateTime');
  if (start !== undefined) return momentOf(start, timeIn(obr, 'observationEndDateTime'));
  return specimens
    .map((each) => object(object(object(each)['SPM'])['specimenCollectionDateTime']))
    .map((range) => momentOf(timeIn(range, 'rangeStartDateTime'), timeIn(range, 'rangeEndDateTime')))
    .find((moment) => moment !== undefined);
}

/** The laboratories that the results name, else the facility that sent them. */
function laboratoriesOf(
  tree: JsonObject,
  results: readonly JsonObject[],
  { namespaces }: Sender,
): readonly JsonObject[] {
  const named = results
    .flatMap(({ performer }) => list(performer).map(object))
    .filter(({ type }) => type === 'Organization');
  if (named.length > 0) return distinct(named);
  return distinct([organizationOf(object(tree['MSH'])['sendingFacility'], undefined, namespaces)]);
}

/** The attachments of all results, with what each is about. */
function attachmentsOf(tree: JsonObject, sender: Sender): readonly JsonObject[] {
  return list(tree['observation']).flatMap((each) => {
    const obx = object(object(each)['OBX']);
    if (part(obx, 'valueType') !== 'ED' && part(obx, 'valueType') !== 'RP') return [];
    const title = wordsOfConcept(conceptOf(obx['observationIdentifier'], sender));
    return valuesOf(obx, sender).flatMap((value) =>
      'attached' in value && 'attachment' in value.attached ? [compact({ title, ...value.attached.attachment })] : [],
    );
  });
}

/** OBR-25 when it says something of the results: Y and Z are for queries. */
const reportStatus = (obr: unknown): string | undefined => {
  const status = statusIn(obr, 'resultStatus');
  return status === 'Y' || status === 'Z' ? undefined : status;
};

export function readOrder(
  tree: JsonObject,
  results: readonly JsonObject[],
  issued: string,
  sender: Sender,
): JsonObject {
  const [orc, obr] = [object(tree['ORC']), object(tree['OBR'])];
  const { namespaces } = sender;
  const parent = [obr['parentResultsObservationIdentifier'], obr['parentOrder'], orc['parentOrder']].map(object);
  const orderer = [...list(obr['orderingProvider']), ...list(orc['orderingProvider'])]
    .map((each) => personOf(each, namespaces)?.['display'])
    .find((each) => each !== undefined);
  const service = conceptOf(obr['universalServiceIdentifier'], sender);
  return compact({
    status: reportStatus(obr),
    service,
    withoutLoinc: service?.['coding'] !== undefined && !hasLoinc(service) ? true : undefined,
    placer: numberOf(namespaces, orc['placerOrderNumber'], obr['placerOrderNumber']),
    filler: numberOf(namespaces, orc['fillerOrderNumber'], obr['fillerOrderNumber']),
    parentFiller: numberOf(namespaces, ...parent.map((each) => each['fillerAssignedIdentifier'])),
    orderer,
    section: statusIn(obr, 'diagnosticServSectId'),
    collected: collectedOf(obr, list(tree['specimen'])),
    issued: instantOf(issued),
    laboratory: laboratoriesOf(tree, results, sender),
    interpreter: personOf(obr['principalResultInterpreter'], namespaces),
    source: wordsOfConcept(conceptOf(object(obr['specimenSource'])['specimenSourceNameOrCode'], sender)),
    conclusion: commentsOf(tree['NTE']),
    attachments: attachmentsOf(tree, sender),
  });
}

const availability: Readonly<Record<string, string>> = { Y: 'available', N: 'unavailable' };

/** What was observed of the specimen itself (OBX after SPM), in words. */
const remarksOf = (specimen: unknown, sender: Sender): readonly string[] =>
  list(object(specimen)['observation']).flatMap((each) => {
    const obx = object(object(each)['OBX']);
    const values = list(obx['observationValue']).flatMap((value) => wordsOf(value) ?? []);
    const about = wordsOfConcept(conceptOf(obx['observationIdentifier'], sender));
    return values.length === 0 ? [] : [[about, values.join(', ')].filter((text) => text !== undefined).join(': ')];
  });

export function readSpecimen(specimen: unknown, sender: Sender): JsonObject {
  const spm = object(object(specimen)['SPM']);
  const collected = object(spm['specimenCollectionDateTime']);
  const id = object(spm['specimenId']);
  const rejected = list(spm['specimenRejectReason']).flatMap((each) => wordsOfConcept(conceptOf(each, sender)) ?? []);
  const available = Object.hasOwn(availability, part(spm, 'specimenAvailability') ?? '')
    ? availability[part(spm, 'specimenAvailability') ?? '']
    : undefined;
  return compact({
    status: rejected.length > 0 ? 'unsatisfactory' : available,
    type: conceptOf(spm['specimenType'], sender),
    placer: identifierOf(id['placerAssignedIdentifier'], sender.namespaces),
    accession: identifierOf(id['fillerAssignedIdentifier'], sender.namespaces),
    received: timeIn(spm, 'specimenReceivedDateTime'),
    collected: momentOf(timeIn(collected, 'rangeStartDateTime'), timeIn(collected, 'rangeEndDateTime')),
    method: conceptOf(spm['specimenCollectionMethod'], sender),
    site: conceptOf(spm['specimenSourceSite'], sender),
    condition: list(spm['specimenCondition']).flatMap((each) => conceptOf(each, sender) ?? []),
    notes: [
      ...list(spm['specimenDescription']).flatMap((each) => given(each) ?? []),
      ...remarksOf(specimen, sender),
      ...rejected.map((reason) => `Rejected: ${reason}`),
    ],
  });
}

/** The tree with what was read of it beside each part, under `read`. */
export function withReadings(tree: JsonObject, issued: string, sender: Sender): JsonObject {
  const results = list(tree['observation']).map((each) => readResult(each, sender));
  return {
    ...tree,
    read: readOrder(tree, results, issued, sender),
    observation: list(tree['observation']).map((each, index) => ({ ...object(each), read: results[index] })),
    specimen: list(tree['specimen']).map((each) => ({ ...object(each), read: readSpecimen(each, sender) })),
  };
}
