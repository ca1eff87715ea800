/** One order of a laboratory → its report, results and specimens, by the map of its format. */
import type { LabNames, LabOrder } from '../core/lab/model.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import type { LabContext, Mapped, UnmappedCode } from '../core/ports.ts';
import { assemble } from './assemble.ts';
import { isObject } from '../definitions/item.ts';
import type { TejidoItem } from './item.ts';
import type { Sender } from './lab/concept.ts';
import { withReadings } from './lab/read-order.ts';
import { type Loaded, runOne } from './run-one.ts';

/** Codes of results → LOINC. Whether a code that it does not list is held is said by `labs.unmappedCodes`, not by it. */
export const labCodeMap = 'https://tejido.dev/fhir/ConceptMap/lab-code';

const named = (json: unknown, names: readonly string[]): unknown =>
  Array.isArray(json)
    ? json.map((each: unknown, index) => (isObject(each) ? { ...each, artifact: names[index] } : each))
    : json;

/** Codes of the sender's own have the system `<artifactSystem>/code/<source>`, with the name of their system behind it. */
const senderOf = ({ systems = {}, groupedNumbers = false, programme, source }: LabContext): Sender => ({
  namespaces: systems,
  groupedNumbers,
  localBase: `${programme.artifactSystem}/code/${encodeURIComponent(source)}`,
});

const formatOf = ({ tree }: LabOrder): string => (typeof tree['format'] === 'string' ? tree['format'] : 'hl7v2');

/** What a map reads; of HL7 v2 with what was read of each field beside it. */
export function labItemOf(order: LabOrder, names: LabNames, context: LabContext): TejidoItem {
  const { tree, issued } = order;
  const read = formatOf(order) === 'hl7v2' ? withReadings(tree, issued, senderOf(context)) : tree;
  const { observation, specimen } = read;
  return {
    ...read,
    ...(observation === undefined ? {} : { observation: named(observation, names.results) }),
    ...(specimen === undefined ? {} : { specimen: named(specimen, names.specimens) }),
    artifact: names.report,
    ...(names.parent === undefined ? {} : { parentArtifact: names.parent }),
    issued,
    context: {
      ...context,
      filed: Object.entries(context.filed).map(([artifact, reference]) => ({ artifact, reference })),
    },
  };
}

export function mapLab(
  loaded: Loaded,
  order: LabOrder,
  names: LabNames,
  context: LabContext,
  unmapped: UnmappedCode[],
): Outcome<readonly Mapped[]> {
  const format = formatOf(order);
  const url = loaded.labs.get(format);
  const map = url === undefined ? undefined : loaded.compiled.get(url);
  if (map === undefined)
    return fail('mapping/no-route', `No map is configured for laboratory results of the format ${format}.`, {
      issues: [{ where: 'routes.json', what: `the format ${format} has no route under “labs”` }],
    });
  const found: UnmappedCode[] = [];
  const made = runOne(loaded, map, labItemOf(order, names, context), context, found);
  const held = context.unmappedCodes === 'hold' && found.some(({ conceptMap }) => conceptMap === labCodeMap);
  unmapped.push(
    ...distinct(found).map((each) =>
      held && each.conceptMap === labCodeMap ? ({ ...each, policy: 'hold' } as const) : each,
    ),
  );
  if (!made.ok) return made;
  if (held)
    return fail('mapping/unmapped-code', `The ConceptMap ${labCodeMap} has no entry for the code of a result.`, {
      issues: [{ where: labCodeMap, what: 'a result has no LOINC code, and labs.unmappedCodes is hold' }],
    });
  return assemble(
    made.value,
    { programme: context.programme, filed: withParent(loaded, names, context) },
    loaded.uuidFor,
  );
}

/** The parent's report may be another order of the same message: it has the same fullUrl wherever it is made. */
function withParent(
  { uuidFor }: Loaded,
  { parent }: LabNames,
  { filed }: LabContext,
): Readonly<Record<string, string>> {
  if (parent === undefined || Object.hasOwn(filed, parent)) return filed;
  return { ...filed, [parent]: `urn:uuid:${uuidFor(parent)}` };
}

/** A unit is looked up for the value and for each limit. */
const distinct = (found: readonly UnmappedCode[]): readonly UnmappedCode[] => [
  ...new Map(found.map((each) => [JSON.stringify([each.conceptMap, each.system, each.code]), each])).values(),
];
