/**
 * What names a result within its order, the same in each message about it and by whichever door it comes: its analyte
 * and, where an analyte comes more than once, which of them it is. Never its place in the message (OBX-1). Pure.
 */

export type Coded = { readonly system?: string; readonly code?: string };

export type NamedResult = {
  /** As they came, with systems as URIs where known. */
  readonly codings: readonly Coded[];
  /** For what has no code. */
  readonly text?: string;
  /** OBX-4. FHIR has none. */
  readonly subId?: string;
  /** OBX-21; an Observation's identifier is the server's own, and is not one. */
  readonly observationInstance?: string;
};

const loinc = 'http://loinc.org';

/** LOINC first, whatever the order of the codings: it is what two ways of one result have in common. */
export function analyteOf({ codings, text }: Pick<NamedResult, 'codings' | 'text'>): string {
  const coded = codings.filter(({ code }) => code !== undefined && code !== '');
  const best = coded.find(({ system }) => system === loinc) ?? coded[0];
  if (best !== undefined) return `${best.system ?? ''}|${best.code ?? ''}`;
  return `|${(text ?? '').trim().replaceAll(/\s+/g, ' ').toLowerCase()}`;
}

/** `1` and `0001` are one; what is no number stays as it is. */
const plain = (subId: string | undefined): string => {
  const text = (subId ?? '').trim();
  return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, '') : text;
};

/**
 * One key for each, in their order, all different: `http://loinc.org|4548-4`, and of further results of one analyte
 * `…#2`, `…#3`. The sub-id 1 says no more than none does. A repeated analyte without sub-ids is told apart by its
 * instance where there is one, else by its place among those of its analyte.
 */
export function resultKeys(results: readonly NamedResult[]): readonly string[] {
  const analytes = results.map(analyteOf);
  // Counted, never searched: a message may hold thousands of one analyte.
  const often = new Map<string, number>();
  for (const analyte of analytes) often.set(analyte, (often.get(analyte) ?? 0) + 1);
  const claim = claims();
  const seen = new Map<string, number>();
  const keys: (string | undefined)[] = results.map((result, index) => {
    const sub = plain(result.subId);
    // Given sub-ids have the first choice: they mean the same in every message.
    return sub === '' ? undefined : claim(keyOf(analytes[index] ?? '', sub));
  });
  return keys.map((known, index) => {
    const analyte = analytes[index] ?? '';
    const occurrence = (seen.get(analyte) ?? 0) + 1;
    seen.set(analyte, occurrence);
    if (known !== undefined) return known;
    const instance = results[index]?.observationInstance;
    const repeated = (often.get(analyte) ?? 0) > 1;
    if (repeated && instance !== undefined && instance !== '') return claim(`${analyte}@${instance}`);
    return claim(keyOf(analyte, String(occurrence)));
  });
}

const keyOf = (analyte: string, sub: string): string => (sub === '1' ? analyte : `${analyte}#${sub}`);

/** A key that nobody has yet: as wanted, else `…~2`, `…~3`. */
function claims(): (wanted: string) => string {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return (wanted) => {
    let key = wanted;
    let more = next.get(wanted) ?? 2;
    for (; taken.has(key); more += 1) key = `${wanted}~${String(more)}`;
    next.set(wanted, more);
    taken.add(key);
    return key;
  };
}
