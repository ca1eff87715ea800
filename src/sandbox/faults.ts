/** Things that go wrong on the wire and in the machine, by count or by chance; the dice are seeded by the caller. */
export const faultTable = {
  latency: 'Waits `value` milliseconds before the request is looked at.',
  status: 'Answers with the status `value` (500, 502, 503, 429, …) and does nothing.',
  'drop-before-commit': 'Closes the connection before anything is written.',
  'drop-after-commit': 'Does what was asked, then closes the connection without an answer.',
  'half-response': 'Does what was asked, sends half of the answer, then closes the connection.',
  hang: 'Does nothing and never answers.',
  'hang-after-commit': 'Does what was asked, and never answers.',
  'html-200': 'Does nothing and answers 200 with a page of HTML, as a proxy in front of the EHR would.',
} as const;

export type FaultKind = keyof typeof faultTable;

export type Fault = {
  readonly fault: FaultKind;
  readonly value?: number;
  /** How often it strikes before it is gone; forever when absent. */
  readonly times?: number;
  /** The chance of each matching request, 0 to 1; always when absent. */
  readonly p?: number;
  /** Only requests of this method, or only `read`s or `write`s. */
  readonly on?: string;
  /** Only paths that begin so, `Observation` for instance. */
  readonly path?: string;
};

const isKind = (name: unknown): name is FaultKind => typeof name === 'string' && Object.hasOwn(faultTable, name);

/** Checks a fault that came from outside. Throws a RangeError that says what is wrong. */
export function readFault(given: unknown): Fault {
  const { fault, value, times, p, on, path } = (typeof given === 'object' && given !== null ? given : {}) as Record<
    string,
    unknown
  >;
  if (!isKind(fault)) throw new RangeError(`There is no fault ${String(fault)}.`);
  const amount = (name: string, one: unknown) => {
    if (one === undefined) return {};
    const read = Number(one);
    if (!Number.isFinite(read) || read < 0) throw new RangeError(`${name} takes a number.`);
    return { [name]: read };
  };
  return {
    fault,
    ...amount('value', value),
    ...amount('times', times),
    ...amount('p', p),
    ...(typeof on === 'string' ? { on } : {}),
    ...(typeof path === 'string' ? { path } : {}),
  };
}

/** The header `X-Sandbox-Fault: latency=200;p=0.5, drop-after-commit;times=1`, or `fault=…` among the quirks. */
export function parseFaults(header: string | undefined): readonly Fault[] {
  if (!header) return [];
  return header.split(',').map((item) => {
    const [first = '', ...settings] = item
      .trim()
      .replace(/^fault=/, '')
      .split(';');
    const [fault, value] = first.split(/[=:]/, 2);
    const more = Object.fromEntries(settings.map((setting) => setting.trim().split('=', 2)));
    return readFault({ fault, ...(value === undefined ? {} : { value }), ...more });
  });
}

export type Faults = {
  readonly add: (fault: Fault) => void;
  readonly clear: () => void;
  readonly all: () => readonly Fault[];
  /** What strikes this request; counts it. */
  readonly draw: (method: string, path: string, more: readonly Fault[]) => readonly Fault[];
};

export function createFaults(random: () => number): Faults {
  let standing: { readonly fault: Fault; left: number }[] = [];
  const strikes = (fault: Fault, method: string, path: string): boolean => {
    const write = method !== 'GET' && method !== 'HEAD' && !path.endsWith('/_search');
    if (fault.on !== undefined && fault.on !== method && fault.on !== (write ? 'write' : 'read')) return false;
    if (fault.path !== undefined && !path.startsWith(fault.path)) return false;
    return fault.p === undefined || random() < fault.p;
  };
  return {
    add(fault) {
      standing.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
    },
    clear() {
      standing = [];
    },
    all: () => standing.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault)),
    draw(method, path, more) {
      const struck = standing.filter(({ fault }) => strikes(fault, method, path));
      for (const one of struck) one.left--;
      standing = standing.filter(({ left }) => left > 0);
      return [...struck.map(({ fault }) => fault), ...more.filter((fault) => strikes(fault, method, path))];
    },
  };
}
