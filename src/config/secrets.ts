/**
 * References in tejido.yaml: `${NAME}` for the environment, `{ file: path }` for a file (a mounted secret). A secret
 * stands in the file only as such a reference, so that tejido.yaml can be kept in git and shown to anybody.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Path } from './positions.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Trouble = { readonly path: Path; readonly says: string; readonly next: string };

const secretFields: ReadonlySet<string> = new Set(['token', 'pem', 'jwk', 'secret', 'password']);
const whole = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const within = /\$\{([^}]*)\}/g;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const withSecrets: ReadonlySet<unknown> = new Set(['destinations', 'labSources', 'redFlags']);

/** Keys and certificates of a TLS section: by reference, so that a renewed one needs no change here. */
const tlsFields: ReadonlySet<string> = new Set(['key', 'cert', 'ca', 'clientCa']);
const withTls: ReadonlySet<unknown> = new Set(['destinations', 'mllp']);

const isSecretAt = (at: Path): boolean =>
  (withSecrets.has(at[0]) && secretFields.has(String(at.at(-1)))) ||
  (withTls.has(at[0]) && at.at(-2) === 'tls' && tlsFields.has(String(at.at(-1))));

export const isSecretReference = (value: unknown): boolean =>
  typeof value === 'string'
    ? whole.test(value)
    : isRecord(value) && Object.keys(value).length === 1 && typeof value['file'] === 'string' && value['file'] !== '';

const map = (value: unknown, at: Path, change: (text: unknown, at: Path) => unknown): unknown => {
  const changed = change(value, at);
  if (changed !== value) return changed;
  if (Array.isArray(value)) return value.map((item, index) => map(item, [...at, index], change));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, map(item, [...at, name], change)]));
};

const missing = (name: string, at: Path): Trouble => ({
  path: at,
  says: `The environment variable ${name} is not set.`,
  next: `Set ${name}, or take the reference out.`,
});

/** Replaces `${NAME}` in every value that is no secret. Secrets stay references, for the schema to check. */
export const fillIn = (data: unknown, env: Environment, trouble: Trouble[]): unknown =>
  map(data, [], (value, at) => {
    if (isSecretAt(at) || typeof value !== 'string') return value;
    return value.replaceAll(within, (reference, name: string) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        trouble.push({ path: at, says: 'This is no reference to the environment.', next: 'Write ${NAME}.' });
        return reference;
      }
      const given = env[name];
      if (given === undefined || given === '') trouble.push(missing(name, at));
      return given ?? reference;
    });
  });

const readSecretFile = async (file: string, folder: string, at: Path, trouble: Trouble[]): Promise<string> => {
  try {
    const text = (await readFile(path.resolve(folder, file), 'utf8')).trimEnd();
    if (text !== '') return text;
    trouble.push({ path: at, says: `The file ${file} is empty.`, next: 'Put the secret in it.' });
  } catch (error) {
    const code = isRecord(error) ? String(error['code']) : 'unreadable';
    trouble.push({
      path: at,
      says: `The file ${file} cannot be read (${code}).`,
      next: 'Correct the path (it is relative to tejido.yaml), or let this account read the file.',
    });
  }
  return '';
};

/** Puts the secrets in the place of their references. To be called on data that the schema has accepted. */
export const resolveSecrets = async (
  data: unknown,
  env: Environment,
  folder: string,
  trouble: Trouble[],
): Promise<unknown> => {
  const found: { readonly at: Path; readonly value: unknown }[] = [];
  map(data, [], (value, at) => {
    if (isSecretAt(at) && isSecretReference(value)) found.push({ at, value });
    return value;
  });
  const resolved = new Map<string, unknown>();
  for (const { at, value } of found) {
    const name = typeof value === 'string' ? whole.exec(value)?.[1] : undefined;
    let text = '';
    if (name !== undefined) {
      text = env[name] ?? '';
      if (text === '') trouble.push(missing(name, at));
    } else if (isRecord(value)) {
      text = await readSecretFile(String(value['file']), folder, at, trouble);
    }
    resolved.set(JSON.stringify(at), at.at(-1) === 'jwk' && text !== '' ? jwkOf(text, at, trouble) : text);
  }
  return map(data, [], (value, at) => resolved.get(JSON.stringify(at)) ?? value);
};

const jwkOf = (text: string, at: Path, trouble: Trouble[]): unknown => {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed) && typeof parsed['kty'] === 'string') return parsed;
  } catch {
    // Told below, without what JSON.parse quotes of the key.
  }
  trouble.push({ path: at, says: 'The key is not a JWK.', next: 'Give one private key as a JSON Web Key (RFC 7517).' });
  return {};
};
