/** How a FHIR R4 destination is described. `src/config` reads it from tejido.yaml, with secrets already resolved. */
import type { SiteTier } from './tiers/abilities.ts';

export type SmartKey = {
  readonly kid: string;
  readonly alg: 'RS384' | 'ES384';
  /** The private key: PKCS#8 in PEM, or a JWK. */
  readonly pem?: string;
  readonly jwk?: Readonly<Record<string, unknown>>;
};

export type FhirAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'smart';
      readonly clientId: string;
      /** Discovered from `.well-known/smart-configuration` when absent. */
      readonly tokenUrl?: string;
      /** The first signs; all are published, so that a retired key stays valid until it is taken out of the list. */
      readonly privateKeys: readonly SmartKey[];
      readonly scope?: string;
    };

/** Limits of one EHR. What is absent is learned from its refusals and remembered while the process lives. */
type FhirLimits = {
  /** Entries in a transaction that holds a conditional create. */
  readonly conditionalEntries?: number;
  /** PUT entries in a transaction. */
  readonly updateEntries?: number;
  /** Entries in any Bundle. */
  readonly entries?: number;
  /** Identifiers in one search. Default 20. */
  readonly identifiersPerSearch?: number;
  /** Bytes of an answer. Default 32 MiB. */
  readonly answerBytes?: number;
  /** A wait longer than this is handed back to the caller instead of being sat out. Default 5 000 ms. */
  readonly paceMs?: number;
};

/** What is known about an EHR against, or beyond, its own CapabilityStatement. */
export type FhirQuirks = {
  readonly transaction?: boolean;
  readonly batch?: boolean;
  readonly conditionalCreate?: boolean;
  /** `Prefer: return=…` on writes. */
  readonly prefer?: 'minimal' | 'representation';
  /** Waits before searching again for what may have been written, when the index lags. Default 150, 450 ms. */
  readonly lookAgainMs?: readonly number[];
};

export type FhirDestinationConfig = {
  readonly id: string;
  readonly baseUrl: string;
  readonly auth: FhirAuth;
  /** `identifier.system` of the chart's own medical record number. */
  readonly mrnSystem: string;
  /** Per source: `identifier.system` under which the EHR knows that source's patient ids. */
  readonly patientIdentifierSystems?: Readonly<Record<string, string>>;
  /** `identifier.system` of everything Tejido writes. */
  readonly artifactSystem: string;
  /** Until the first byte of an answer, and between its bytes. */
  readonly timeoutMs: number;
  /** Connections kept to the EHR. */
  readonly connections: number;
  readonly limits?: FhirLimits;
  readonly quirks?: FhirQuirks;
  /** Types that the site wants in another form than the CapabilityStatement would have it. */
  readonly tiers?: Readonly<Record<string, SiteTier>>;
  /** How long a CapabilityStatement is believed. Default one hour. */
  readonly capabilityMaxAgeMs?: number;
};
