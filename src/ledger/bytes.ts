/**
 * Many byte strings as one parameter: an array of bytea would travel as text. In SQL the n-th is
 * `substring($bytes::bytea from start for size)`.
 */
export type Joined = { readonly bytes: Buffer; readonly starts: readonly number[]; readonly sizes: readonly number[] };

export function joined(parts: readonly Uint8Array[]): Joined {
  const sizes = parts.map(({ byteLength }) => byteLength);
  let at = 1;
  const starts = sizes.map((size) => {
    const start = at;
    at += size;
    return start;
  });
  return { bytes: Buffer.concat(parts), starts, sizes };
}
