/** Why the embedded Postgres cannot run. Programs read `code`; the message says what, where, and what to do next. */
export type EmbeddedPostgresCode =
  /** No server binaries for this machine, or they do not run here. */
  | 'binaries'
  /** Root, and no unprivileged account to run the server under. */
  | 'account'
  /** A folder or file that Tejido or the server's account may not use. */
  | 'not-permitted'
  /** The folder holds something that is not a finished Postgres cluster. */
  | 'not-a-cluster'
  /** The data folder remembers a cluster that is not there. */
  | 'cluster-missing'
  /** The cluster belongs to another major version of Postgres. */
  | 'version-mismatch'
  | 'disk-full'
  | 'port-busy'
  /** Another server, or what is left of one, still holds the cluster. */
  | 'in-use'
  /** The server runs, and does not take our password. */
  | 'password'
  /** initdb failed. */
  | 'init-failed'
  /** The server's process was ended by somebody: a signal, or a clean shutdown that was not ours. */
  | 'ended'
  /** The server ended, and its log does not say why in words we know. */
  | 'start-failed'
  /** The server did not get ready, or did not stop, in time. */
  | 'timeout';

export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: EmbeddedPostgresCode;

  constructor(code: EmbeddedPostgresCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** `ENOENT` and its like, of anything that was thrown (also by another realm, where `instanceof Error` does not hold). */
export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
