/** What an arriving version of a record means beside the one that stands. Pure; the order of versions is never a device's clock. */
import type { MessageId, PatientKey } from './model.ts';

export type StandingRecord = {
  readonly latestMessage: MessageId;
  readonly latestVersion?: number;
  readonly latestHash: string;
  readonly patientKey?: PatientKey;
  readonly generation: number;
};

export type ArrivingVersion = { readonly version?: number; readonly contentHash: string };

export type Arrival = 'first' | 'duplicate' | 'newer' | 'older' | 'conflict';

/**
 * duplicate: the content that stands, again.  older: a version below the one that stands; kept, never applied.
 * conflict: the same version number with other content; a person decides.  newer: replaces what stands; without
 * version numbers the order of arrival decides.
 */
export function classify(arriving: ArrivingVersion, standing: StandingRecord | undefined): Arrival {
  if (standing === undefined) return 'first';
  if (arriving.contentHash === standing.latestHash) return 'duplicate';
  if (arriving.version === undefined || standing.latestVersion === undefined) return 'newer';
  if (arriving.version > standing.latestVersion) return 'newer';
  return arriving.version < standing.latestVersion ? 'older' : 'conflict';
}
