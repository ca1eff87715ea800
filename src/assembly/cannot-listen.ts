/** The address cannot be had. The message says what to do. */
class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/** Whether only this machine reaches it. */
export const isLocal = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

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
  if (typeof code === 'string' && code.startsWith('ERR_OSSL'))
    return new CannotListen(`The key and certificate for ${where} cannot be used (${code}). They must be PEM and belong together.`, { cause: error }); // prettier-ignore
  return error;
}
