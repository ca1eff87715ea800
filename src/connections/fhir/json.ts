/** Reading JSON of which nothing is known yet. */
import type { Resource } from '../../core/ports.ts';

export type Json = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const isResource = (value: unknown): value is Resource =>
  isObject(value) && text(value['resourceType']) !== undefined;

/** The JSON of a body, or undefined when there is none or it cannot be read. */
export function parse(body: string | undefined): unknown {
  if (body === undefined || body.trim() === '') return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
