/** What the ledger knows of an order that is being planned. Pure. */
import type { KeptLabVersion } from '../../core/lab/model.ts';
import type { EmittedLink } from '../../core/model.ts';

export type Known = {
  readonly versions: readonly KeptLabVersion[];
  readonly links: ReadonlyMap<string, EmittedLink>;
  readonly artifactSystem: string;
  readonly source: string;
};

export const versionsOf = ({ versions }: Known, artifact: string): readonly KeptLabVersion[] =>
  versions.filter((one) => one.artifact === artifact);

/** Beside the artifact's own links, which are of what Tejido wrote. */
export const chartArtifact = (artifact: string): string => `${artifact}.chart`;

/** Where the artifact stands by another hand; undefined: it does not. */
export const inChartAs = (artifact: string, links: ReadonlyMap<string, EmittedLink>): EmittedLink | undefined =>
  links.get(chartArtifact(artifact));
