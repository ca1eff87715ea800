/** Who is asking, and may they: bearer keys; for sources also Basic (the key as password) and `X-API-Key`. */
import type { Request, RequestHandler } from 'express';
import type { ApiKey, AppDeps } from './deps.ts';
import { Refusal, refuse } from './problem.ts';

type Ways = 'bearer' | 'any';

const realm = 'Bearer realm="tejido"';

function credentials(req: Request, ways: Ways): string | undefined {
  const header = req.headers.authorization;
  const bearer = header === undefined ? null : /^Bearer +(\S+)$/i.exec(header);
  if (bearer !== null) return bearer[1];
  if (ways === 'bearer') return undefined;
  const basic = header === undefined ? null : /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header);
  if (basic?.[1] !== undefined) {
    const pair = Buffer.from(basic[1], 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    return colon === -1 ? undefined : pair.slice(colon + 1);
  }
  const named = req.headers['x-api-key'];
  return typeof named === 'string' ? named.trim() : undefined;
}

/** Verifies the key before any of the body is read. 401 without a valid one. */
export function authenticate(deps: Pick<AppDeps, 'keys'>, ways: Ways, onRefusal: RequestHandler): RequestHandler {
  return async (req, res, next) => {
    const given = credentials(req, ways);
    const key = given === undefined || given === '' || given.length > 1_000 ? undefined : await deps.keys.verify(given);
    if (key !== undefined) {
      res.locals['key'] = key;
      next();
      return;
    }
    const challenge = given === undefined ? realm : `${realm}, error="invalid_token"`;
    const challenges = ways === 'any' ? `${challenge}, Basic realm="tejido", charset="UTF-8"` : challenge;
    const refusal = new Refusal({
      code: 'unauthorized',
      status: 401,
      title: given === undefined ? 'A key is needed' : 'This key is not valid',
      detail:
        given === undefined
          ? 'Send `Authorization: Bearer <key>`. `tejido keys create` makes one.'
          : 'It is unknown, revoked or expired. `tejido keys list` shows which are valid.',
      headers: { 'www-authenticate': challenges },
    });
    // Counts refusals by address; past the limit it answers 429 itself.
    await onRefusal(req, res, (error?: unknown) => {
      next(error ?? refusal);
    });
  };
}

/** `admin` may everything; `sources:write` and `sources:write:*` any source. */
export function mayUse(key: ApiKey, scope: string): boolean {
  if (key.scopes.includes('admin') || key.scopes.includes(scope)) return true;
  return (
    scope.startsWith('sources:write:') &&
    (key.scopes.includes('sources:write') || key.scopes.includes('sources:write:*'))
  );
}

export function requireScope(key: ApiKey | undefined, scope: string): ApiKey {
  if (key !== undefined && mayUse(key, scope)) return key;
  return refuse({
    code: 'forbidden',
    status: 403,
    title: 'This key may not do that',
    detail: `The scope ${scope} is needed.`,
    headers: { 'www-authenticate': `${realm}, error="insufficient_scope", scope="${scope}"` },
    more: { scope },
  });
}
