/**
 * The quirks of real EHRs as switches: one table, from which the parser, the admin route and the documentation read.
 * `row` is the row of the measurements they come from; `takes` is the value a switch may be given, `usual` the one it
 * has without.
 */
type Definition = { readonly name: string; readonly row: number | 'habit'; readonly says: string } & (
  | { readonly takes: 'nothing' }
  | { readonly takes: 'number'; readonly usual: number }
  | { readonly takes: 'text'; readonly usual: string }
);

const on = { takes: 'nothing' } as const;
const number = (usual: number) => ({ takes: 'number', usual }) as const;
const text = (usual: string) => ({ takes: 'text', usual }) as const;

export const quirkTable = [
  { name: 'conditional-race', row: 1, ...number(0.5), says: 'Of bundles with conditions that overlap in time, this share fails: 400 "Assigned ID is already in use" or 409 "could not serialize"; nothing is written.' },
  { name: 'transaction-entry-limit', row: 2, ...number(8), says: 'A transaction with any condition and more entries than this: 400.' },
  { name: 'put-limit', row: 2, ...number(50), says: 'A transaction with more PUTs than this: 400.' },
  { name: 'transaction-as-batch', row: 3, ...on, says: 'A transaction runs as a batch: HTTP 200, transaction-response, entries of 201 and 400 mixed.' },
  { name: 'no-failing-entry', row: 4, ...on, says: 'A failed transaction does not say which entry failed.' },
  { name: 'no-entry-etag', row: 5, ...on, says: 'Entries of a response carry no etag and no lastModified.' },
  { name: 'minimal-empty-body', row: 5, ...on, says: 'A bundle with Prefer: return=minimal is answered without a body.' },
  { name: 'ifnoneexist-ignored', row: 6, ...on, says: 'Conditional creates are run as plain creates: a replay makes duplicates.' },
  { name: 'conditional-create-duplicates-race', row: 7, ...number(30), says: 'Conditions are looked up on arrival and acted on this many milliseconds later: overlapping conditional creates both answer 201.' },
  { name: 'if-match-ignored', row: 8, ...on, says: 'If-Match has no effect on PATCH and DELETE, nor on PUT when it is not quoted.' },
  { name: 'noop-put-keeps-version', row: 9, ...on, says: 'A PUT that changes nothing keeps the version.' },
  { name: 'noop-put-bumps-version', row: 9, ...on, says: 'A PUT that changes nothing makes a new version (the default; stronger than the other).' },
  { name: 'client-ids-refused', row: 10, ...number(404), says: 'A PUT to an id that does not exist is refused with this status (404 or 400; 404 is the default).' },
  { name: 'client-ids-accepted', row: 10, ...on, says: 'A PUT to an id that does not exist creates the resource.' },
  { name: 'bindings-unchecked', row: 11, ...on, says: 'Codes outside a required binding are accepted.' },
  { name: 'dangling-refs-accepted', row: 11, ...on, says: 'References that lead nowhere, unresolved urn:uuid included, are accepted.' },
  { name: 'conditional-refs-as-text', row: 12, ...on, says: 'Conditional references (Patient?identifier=…) are stored as they are.' },
  { name: 'deleted-404', row: 13, ...on, says: 'Reading a deleted resource answers 404.' },
  { name: 'deleted-410', row: 13, ...on, says: 'Reading a deleted resource answers 410 (the default; stronger than the other).' },
  { name: 'quota', row: 14, ...number(50_000), says: 'Points a minute (a write costs 100, a read 1); beyond it 429 with a RateLimit header and no Retry-After.' },
  { name: 'retry-after', row: 14, ...number(1), says: 'A 429 of ours carries Retry-After with this many seconds.' },
  { name: 'bad-secret-400', row: 15, ...on, says: 'Client authentication that fails answers 400 invalid_request instead of 401 invalid_client.' },
  { name: 'tracing-extension', row: 16, ...on, says: 'Every OperationOutcome carries a tracing extension with request and trace ids.' },
  { name: 'token-seconds', row: 17, ...number(3600), says: 'Access tokens live this long (300 s otherwise).' },
  { name: 'assertion-replay-accepted', row: 17, ...on, says: 'The same client assertion is accepted again.' },
  { name: 'unknown-param-ignored', row: 18, ...on, says: 'Unknown search parameters are ignored, and left out of the self link; alone they match everything.' },
  { name: 'unknown-param-refused', row: 18, ...on, says: 'Unknown search parameters answer 400 (the default; stronger than the other).' },
  { name: 'last-updated-before-commit', row: 19, ...number(300), says: 'A write takes its lastUpdated on arrival and is committed this many milliseconds later.' },
  { name: 'hook-delay', row: 20, ...number(300), says: 'Subscriptions fire this many milliseconds after the commit.' },
  { name: 'hooks-lost', row: 20, ...on, says: 'Subscriptions do not fire for this write.' },
  { name: 'hook-deletes-silent', row: 21, ...on, says: 'A deletion fires no subscription.' },
  { name: 'no-history', row: 22, ...on, says: 'There is no instance history either, and no version read.' },
  { name: 'no-total', row: 22, ...on, says: 'A search set has a total only when _total=accurate asks for it.' },
  { name: 'page-size', row: 22, ...number(20), says: 'Search pages hold at most this many matches, whatever _count says.' },
  { name: 'history-order-flip', row: 23, ...on, says: 'Instance history comes oldest first at every second read.' },
  { name: 'drops-identifier', row: 'habit', ...on, says: 'Identifiers are dropped on write.' },
  { name: 'drops-tags', row: 'habit', ...on, says: 'meta.tag is dropped on write.' },
  { name: 'search-lags', row: 'habit', ...number(1000), says: 'The search index is this many milliseconds behind the writes.' },
  { name: 'conditional-lags', row: 'habit', ...number(1000), says: 'So is the index that conditional operations look into.' },
  { name: 'no-conditional-create', row: 'habit', ...on, says: 'Conditional create is declared false, and If-None-Exist is not honoured.' },
  { name: 'no-transaction', row: 'habit', ...on, says: 'Transactions are neither declared nor accepted: 400.' },
  { name: 'no-batch', row: 'habit', ...on, says: 'Batches are neither declared nor accepted: 400.' },
  { name: 'read-only', row: 'habit', ...text('*'), says: 'These types (separated by +; * is all) cannot be written: 405.' },
  { name: 'pages-overlap', row: 'habit', ...on, says: 'Every page after the first repeats the last match of the one before.' },
  { name: 'not-acceptable-empty', row: 'habit', ...on, says: 'A 406 has no body.' },
] as const satisfies readonly Definition[]; // prettier-ignore

export type QuirkName = (typeof quirkTable)[number]['name'];
export type QuirkValue = number | string | true;

const byName = new Map<string, Definition>(quirkTable.map((definition) => [definition.name, definition]));

export const isQuirk = (name: string): name is QuirkName => byName.has(name);

/** The value a switch takes: what was given, checked, else its usual one. Throws a RangeError that says what is wrong. */
function quirkValue(name: QuirkName, given: unknown): QuirkValue {
  const definition = byName.get(name);
  if (!definition) throw new RangeError(`There is no quirk ${name}.`);
  if (definition.takes === 'nothing') return true;
  if (given === undefined || given === true || given === '') return definition.usual;
  if (definition.takes === 'text') {
    if (typeof given !== 'string') throw new RangeError(`${name} takes a text.`);
    return given;
  }
  const value = Number(given);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} takes a number.`);
  return value;
}

/** The quirks in force: those switched on for all requests, and what one request adds or takes away (`-name`). */
export class Quirks {
  readonly #values: Map<QuirkName, QuirkValue>;

  constructor(values: Iterable<readonly [QuirkName, QuirkValue]> = []) {
    this.#values = new Map(values);
  }

  has(name: QuirkName): boolean {
    return this.#values.has(name);
  }
  number(name: QuirkName): number | undefined {
    const value = this.#values.get(name);
    return typeof value === 'number' ? value : undefined;
  }
  text(name: QuirkName): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }
  set(name: QuirkName, value?: unknown): void {
    this.#values.set(name, quirkValue(name, value));
  }
  clear(name?: QuirkName): void {
    if (name === undefined) this.#values.clear();
    else this.#values.delete(name);
  }
  all(): Readonly<Record<string, QuirkValue>> {
    return Object.fromEntries(this.#values);
  }

  /** With the header `X-Sandbox-Quirk: name, name=value, -name`. Throws a RangeError for a name that is not in the table. */
  with(header: string | undefined): Quirks {
    if (!header) return this;
    const merged = new Quirks(this.#values);
    for (const item of header.split(',')) {
      const [name = '', value] = item.trim().split('=', 2);
      if (name === '' || name === 'fault') continue;
      const bare = name.replace(/^-/, '');
      if (!isQuirk(bare)) throw new RangeError(`There is no quirk ${bare}.`);
      if (name.startsWith('-')) merged.clear(bare);
      else merged.set(bare, value);
    }
    return merged;
  }
}
