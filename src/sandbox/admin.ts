/** What a test or the demo may do to the sandbox from inside its process. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import type { Resource } from '../core/ports.ts';
import type { Faults } from './faults.ts';
import type { Client } from './oauth.ts';
import type { Quirks } from './quirks.ts';
import type { Stored, Version } from './store.ts';

export type SeenRequest = {
  readonly method: string;
  /** Type or operation only: no ids, no query. */
  readonly path: string;
  readonly status: number | 'dropped';
  readonly at: Date;
};

export type SandboxAdmin = {
  readonly quirks: Quirks;
  readonly faults: Faults;
  /** Forgets resources, history, quirks, faults, tokens, and the journal's content; the capability stays. */
  readonly reset: () => void;
  /** Every live resource, or those of one type, oldest change first. */
  readonly all: (type?: string) => readonly Stored[];
  readonly counts: () => Readonly<Record<string, number>>;
  /** Oldest first; a version without `resource` is a deletion. */
  readonly history: (type: string, id: string) => readonly Version[];
  /** Writes resources under the ids they have (or new ones), without validation, as one transaction. */
  readonly seed: (resources: readonly Resource[]) => readonly Stored[];
  /** Wears another EHR's statement from now on; without one, answers for itself again. */
  readonly wear: (statement: CapabilityStatement | undefined) => void;
  readonly register: (client: Client) => void;
  /** The last thousand requests. */
  readonly requests: () => readonly SeenRequest[];
};
