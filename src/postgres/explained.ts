/** What a failed file operation means to an operator. */
import { diskFull } from './cluster.ts';
import { EmbeddedPostgresError, errnoOf } from './errors.ts';

export function explained(error: unknown, where: string): unknown {
  if (error instanceof EmbeddedPostgresError) return error;
  const errno = errnoOf(error) ?? '';
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return diskFull(where, error);
  if (['EACCES', 'EPERM', 'EROFS'].includes(errno)) {
    const said = error instanceof Error ? error.message : errno;
    return new EmbeddedPostgresError(
      'not-permitted',
      `Tejido may not use its data folder ${where} (${said}). Correct its owner or mode, or choose another with TEJIDO_DATA.`,
      error,
    );
  }
  return error;
}
