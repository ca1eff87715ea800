/** What the pipeline is given for laboratory results. */
import type { KeptLabVersion, LabMessage, LabNames, LabOrder } from '../../core/lab/model.ts';
import type { JudgeResult } from '../../core/lab/sensitive.ts';
import type { EmittedLink, PatientKey } from '../../core/model.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { FoundPatient, LabContext, Mapped, Mapper, UnmappedCode } from '../../core/ports.ts';
import type { Payload } from '../deps.ts';

export type LabDeps = {
  /** What maps must know of a sender. */
  readonly about: (source: string) => Pick<LabContext, 'systems' | 'groupedNumbers' | 'unmappedCodes'>;
  readonly read: (payload: Payload & { readonly receivedAt: Date }) => Outcome<LabMessage>;
  readonly map: (
    order: LabOrder,
    names: LabNames,
    context: LabContext,
    mapper: Mapper,
    unmapped: UnmappedCode[],
  ) => Outcome<readonly Mapped[]>;
  readonly judge: JudgeResult;
};

/** What the ledger knows of the orders of a message. */
export type LabKnown = {
  /** The Patient in the destination, once matched. */
  readonly patient: FoundPatient | undefined;
  /** Versions of reports and results under these numbers, whoever they are of, without those withdrawn; of others, the reports. */
  readonly versions: readonly KeptLabVersion[];
  /** The latest link of everything filed for those reports, also what was voided. */
  readonly links: readonly EmittedLink[];
};

/** Which orders are asked for. */
export type AskedLabs = {
  /** Numbers (`valuesOf`) of the orders of a message and of their parents. */
  readonly values: readonly string[];
  /** What was ordered: of other people, only the same. */
  readonly services: readonly string[];
  /** Prefixes that the orders have where they are new: something may stand of them all the same. */
  readonly reports: readonly string[];
};

export type LabLedger = {
  readonly labKnown: (patient: PatientKey, asked: AskedLabs) => Promise<LabKnown>;
};
