/** What a reader must know of the FHIR server that laboratory results come from. Data only. */
import type { DestinationId } from '../model.ts';

export type FhirLabSource = {
  /** Name of the source in the ledger. */
  readonly name: string;
  /** `identifier.system` of numbers that are the clinic's own MRN. */
  readonly mrnSystems: readonly string[];
  /** Systems as this server names them → URI, beside the standard ones. */
  readonly systems: Readonly<Record<string, string>>;
  /** Its results fall under 42 CFR Part 2. */
  readonly part2: boolean;
  /** It is the EHR of this destination: what it shows stands in the chart already. */
  readonly chartOf?: DestinationId;
};

/** Name in the ledger of an EHR as a source: no name of the configuration has a dot. */
export const chartSource = (destination: DestinationId): string => `ehr.${destination}`;
