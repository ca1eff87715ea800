/** What a site says of a system that sends it HL7 v2 (`mllp.senders`). Data only. */

/** How a sender is recognised: all that is given must agree. */
export type SenderMatch = {
  /** MSH-3.1 and MSH-4.1, as they are sent. */
  readonly application?: string;
  readonly facility?: string;
  /** Common name of the client certificate (mutual TLS). */
  readonly certificate?: string;
  /** Address it connects from. */
  readonly address?: string;
};

export type Hl7Sender = {
  /** Name of the source in the ledger. */
  readonly name: string;
  readonly match: SenderMatch;
  /** For bytes that are not valid in what MSH-18 declares, or where it declares nothing: an encoding label (WHATWG). */
  readonly charset?: string;
  /** IANA zone of its times without offset. */
  readonly timeZone: string;
  /** CX.4 (namespace, else universal id) of numbers that are the clinic's own MRN. */
  readonly mrnAuthorities: readonly string[];
  /** Numbers in PID-3 without an assigning authority are the clinic's own MRN. */
  readonly bareMrn: boolean;
  /** Namespaces (EI.2, HD.1, CE.3 …) → URI, beside the standard ones. */
  readonly systems: Readonly<Record<string, string>>;
  /** MSH-11 values that are filed. */
  readonly processing: readonly string[];
  /** `1,024` in a number: a thousands separator here. */
  readonly groupedNumbers: boolean;
  /** Its results fall under 42 CFR Part 2. */
  readonly part2: boolean;
  /** Messages that are not read: kept and held, or rejected (AR). */
  readonly unknownTypes: 'hold' | 'reject';
};
