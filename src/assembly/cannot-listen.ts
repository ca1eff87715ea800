/** The address cannot be had. The message says what to do. */
class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/** An error of a listening socket, said in words. `setting`: what names the port, and the address. */
export function cannotListen(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
  setting: { readonly port: string; readonly host: string },
): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where = `${host}:${String(port)}`;
  const other = `set ${setting.port} to another one`;
  if (code === 'EADDRINUSE')
    return new CannotListen(`${where} is in use by another program. Stop that one, or ${other}.`, { cause: error });
  if (code === 'EACCES')
    return new CannotListen(`This user may not listen on ${where}. Ports below 1024 are kept for root: ${other}.`, { cause: error }); // prettier-ignore
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new CannotListen(`This machine has no address ${host}. Correct ${setting.host}.`, { cause: error });
  return error;
}
