/** The server's log never grows past twice this; the server keeps its file open, so it is copied and then emptied. */
import { copyFile, stat, truncate } from 'node:fs/promises';

export async function rotate(file: string, maxBytes = 8 << 20): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found || found.size <= maxBytes) return;
  // On a full disk the copy fails, and the old lines give way all the same.
  await copyFile(file, `${file}.1`).catch(() => undefined);
  await truncate(file, 0);
}
