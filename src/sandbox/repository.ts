/**
 * The repository behind @medplum/fhir-router: our indexed store, its write rules, and transactions that roll back.
 * One instance serves one request, because quirks are switched per request.
 */
import { isDeepStrictEqual } from 'node:util';
import { applyPatch, generateId, gone, notFound, OperationOutcomeError } from '@medplum/core';
import type { Operation, SearchRequest, WithId } from '@medplum/core';
import { FhirRepository } from '@medplum/fhir-router';
import type { CreateResourceOptions, UpdateResourceOptions } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, Parameters, Reference, Resource as FhirResource } from '@medplum/fhirtypes';
import type { Issue } from '../core/outcome.ts';
import type { Resource } from '../core/ports.ts';
import { visitReferences } from './elements.ts';
import { problem, problems } from './outcome.ts';
import { find, sort } from './search.ts';
import type { View } from './search.ts';
import type { Change, Store, Stored, Version } from './store.ts';

/** How this request is to be served; the quirks decide. */
export type Behaviour = {
  /** What lastUpdated says. */
  readonly now: () => Date;
  /** When the write can be seen, in milliseconds: later than `now` for a slow transaction. */
  readonly visibleAt: () => number;
  readonly view: View;
  readonly conditionalView: View;
  readonly deletedIs: 404 | 410;
  readonly history: boolean;
  readonly ids: { readonly clientAssigned: boolean; readonly refusal: 400 | 404 };
  readonly noopKeepsVersion: boolean;
  readonly ifMatch: { readonly put: boolean; readonly patch: boolean; readonly delete: boolean };
  readonly danglingAccepted: boolean;
  readonly drops: readonly ('identifier' | 'tag')[];
  readonly validate: (resource: Resource) => readonly Issue[];
  /** What is stored for what was sent; throws when it is not taken. */
  readonly accept: (resource: Resource) => Resource;
  /** Shuffles an instance history, or leaves it newest first. */
  readonly order: <T>(newestFirst: readonly T[]) => readonly T[];
};

type Body = Record<string, unknown>;

const asMedplum = <T extends FhirResource>(resource: Stored): WithId<T> => resource as unknown as WithId<T>;
const asOurs = (resource: FhirResource): Resource => resource as unknown as Resource;

const localReference = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

export class SandboxRepository extends FhirRepository {
  readonly #store: Store;
  readonly #behaviour: Behaviour;
  readonly #commit: (changes: readonly Change[]) => void;
  #pending: Change[] | undefined;
  readonly #made = new Set<string>();

  constructor(store: Store, behaviour: Behaviour, commit: (changes: readonly Change[]) => void) {
    super();
    this.#store = store;
    this.#behaviour = behaviour;
    this.#commit = commit;
  }

  setMode(): void {
    // One copy of the data: readers and writers are the same.
  }

  generateId(): string {
    return generateId();
  }

  /** Whether this request brought the resource into being: 201, not 200. */
  made(type: string, id: string): boolean {
    return this.#made.has(`${type}/${id}`);
  }

  current(type: string, id: string): Stored | undefined {
    return this.#store.current(type, id);
  }

  /** Matches of a conditional operation, at most two: more tell nothing more. */
  matches(request: SearchRequest): readonly Stored[] {
    return find(this.#store, request, this.#behaviour.conditionalView, 2);
  }

  async withTransaction<T>(callback: (repo: this) => Promise<T>, _options?: unknown): Promise<T> {
    if (this.#pending) return callback(this);
    const pending: Change[] = (this.#pending = []);
    try {
      const result = await callback(this);
      this.#checkReferences(pending);
      this.#commit(pending);
      return result;
    } catch (error) {
      this.#store.undo(pending);
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }

  async createResource<T extends FhirResource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    const body = asOurs(resource);
    const id = options?.assignedId && body.id ? body.id : this.generateId();
    return asMedplum<T>(await this.#write(body, id, 'POST'));
  }

  async updateResource<T extends FhirResource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    return this.#update<T>(asOurs(resource), this.#behaviour.ifMatch.put ? options?.ifMatch : undefined);
  }

  async #update<T extends FhirResource>(body: Resource, ifMatch: string | undefined): Promise<WithId<T>> {
    const { resourceType: type, id } = body;
    if (!id) throw problem(400, 'required', 'The resource has no id.', `${type}.id`);
    const entry = this.#store.entry(type, id);
    const before = entry?.versions.at(-1);
    if (!entry && !this.#behaviour.ids.clientAssigned)
      throw problem(
        this.#behaviour.ids.refusal,
        this.#behaviour.ids.refusal === 404 ? 'not-found' : 'not-supported',
        'Ids are assigned by this server: a resource cannot be created by PUT to an id of the client.',
      );
    if (ifMatch !== undefined && before?.versionId !== ifMatch) throw versionConflict(before?.versionId);
    if (
      before?.resource &&
      this.#behaviour.noopKeepsVersion &&
      isDeepStrictEqual(content(before.resource), content(body))
    )
      return asMedplum<T>(before.resource);
    return asMedplum<T>(await this.#write(body, id, 'PUT'));
  }

  async patchResource<T extends FhirResource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    const before = this.#read(type, id);
    const ifMatch = this.#behaviour.ifMatch.patch ? options?.ifMatch : undefined;
    if (ifMatch !== undefined && before.meta.versionId !== ifMatch) throw versionConflict(before.meta.versionId);
    if (!Array.isArray(patch)) throw problem(415, 'not-supported', 'Only JSON Patch (RFC 6902) is supported.');
    const after = structuredClone(before);
    let errors: readonly (Error | null)[];
    try {
      errors = applyPatch(after, patch);
    } catch (error) {
      throw problem(400, 'invalid', error instanceof Error ? error.message : 'The patch cannot be applied.');
    }
    const failed = errors.findIndex((error) => error !== null);
    if (failed >= 0)
      throw problem(
        422,
        'processing',
        `Patch operation ${failed} (${patch[failed]?.op} ${patch[failed]?.path}) failed.`,
      );
    if (after.resourceType !== type || after.id !== id)
      throw problem(422, 'invariant', 'A patch cannot change resourceType or id.');
    return this.#update<T>(after, undefined);
  }

  async deleteResource(type: string, id: string, options?: UpdateResourceOptions): Promise<void> {
    const entry = this.#store.entry(type, id);
    const before = entry?.versions.at(-1);
    const ifMatch = this.#behaviour.ifMatch.delete ? options?.ifMatch : undefined;
    if (ifMatch !== undefined && before?.versionId !== ifMatch) throw versionConflict(before?.versionId);
    if (!before) throw new OperationOutcomeError(notFound);
    if (!before.resource) return;
    await this.withTransaction(async () => {
      this.#apply(type, id, this.#version(before, 'DELETE'));
    });
  }

  async readResource<T extends FhirResource>(type: string, id: string): Promise<WithId<T>> {
    return asMedplum<T>(this.#read(type, id));
  }

  async readReference<T extends FhirResource>(reference: Reference<T>): Promise<WithId<T>> {
    const found = localReference.exec(reference.reference ?? '');
    if (!found) throw problem(400, 'invalid', 'Not a reference to a resource of this server.');
    return this.readResource(found[1] ?? '', found[2] ?? '');
  }

  async readReferences<T extends FhirResource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(
      references.map(async (reference) => {
        try {
          return await this.readReference<T>(reference);
        } catch (error) {
          return error instanceof Error ? error : new Error('unreadable reference');
        }
      }),
    );
  }

  async readHistory<T extends FhirResource>(type: string, id: string): Promise<Bundle<WithId<T>>> {
    if (!this.#behaviour.history) throw problem(404, 'not-supported', 'History is not supported.');
    const entry = this.#store.entry(type, id);
    if (!entry) throw new OperationOutcomeError(notFound);
    const versions = this.#behaviour.order(entry.versions.toReversed());
    return {
      resourceType: 'Bundle',
      type: 'history',
      total: versions.length,
      entry: versions.map((version): BundleEntry<WithId<T>> => ({
        ...(version.resource ? { resource: asMedplum<T>(version.resource) } : {}),
        request: { method: version.method, url: version.method === 'POST' ? type : `${type}/${id}` },
        response: {
          status: version.method === 'POST' ? '201' : version.method === 'DELETE' ? '204' : '200',
          etag: `W/"${version.versionId}"`,
          lastModified: version.lastUpdated,
        },
      })),
    };
  }

  async readVersion<T extends FhirResource>(type: string, id: string, versionId: string): Promise<WithId<T>> {
    if (!this.#behaviour.history) throw problem(404, 'not-supported', 'History is not supported.');
    const version = this.#store.entry(type, id)?.versions.find((candidate) => candidate.versionId === versionId);
    if (!version) throw new OperationOutcomeError(notFound);
    if (!version.resource) throw new OperationOutcomeError(gone);
    return asMedplum<T>(version.resource);
  }

  async search<T extends FhirResource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    const found = find(this.#store, request, this.#behaviour.view);
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      total: found.length,
      entry: sort(found, request as SearchRequest).map((resource) => ({ resource: asMedplum<T>(resource) })),
    };
  }

  override async searchResources<T extends FhirResource>(request: SearchRequest<T>): Promise<WithId<T>[]> {
    return this.matches(request as SearchRequest).map((resource) => asMedplum<T>(resource));
  }

  async searchByReference<T extends FhirResource>(
    request: SearchRequest<T>,
    code: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {};
    for (const reference of references) {
      const filters = [...(request.filters ?? []), { code, operator: 'eq' as const, value: reference }];
      const { entry } = await this.search<T>({ ...request, filters });
      found[reference] = (entry ?? []).flatMap(({ resource }) => resource ?? []);
    }
    return found;
  }

  #read(type: string, id: string): Stored {
    const entry = this.#store.entry(type, id);
    if (!entry) throw new OperationOutcomeError(notFound);
    const resource = entry.versions.at(-1)?.resource;
    if (!resource) throw new OperationOutcomeError(this.#behaviour.deletedIs === 410 ? gone : notFound);
    return resource;
  }

  #version(before: Version | undefined, method: Version['method'], body?: Resource, id?: string): Version {
    const now = this.#behaviour.now();
    const versionId = String(Number(before?.versionId ?? 0) + 1);
    const lastUpdated = now.toISOString();
    const stamp = { versionId, lastUpdated, method, committedAt: this.#behaviour.visibleAt() };
    if (!body || id === undefined) return stamp;
    const { meta, id: _given, resourceType, ...elements } = body;
    const kept: Body = { ...(meta as Body | undefined) };
    if (this.#behaviour.drops.includes('tag')) delete kept['tag'];
    const rest: Body = elements;
    if (this.#behaviour.drops.includes('identifier')) delete rest['identifier'];
    return { ...stamp, resource: { resourceType, id, meta: { ...kept, versionId, lastUpdated }, ...rest } };
  }

  async #write(sent: Resource, id: string, method: 'POST' | 'PUT'): Promise<Stored> {
    const body = this.#behaviour.accept(sent);
    const errors = this.#behaviour.validate(body).filter((issue) => issue.severity !== 'warning');
    if (errors.length > 0)
      throw problems(
        422,
        errors.map(({ where, what, code }) => ({
          severity: 'error',
          code: code === 'code-invalid' ? 'code-invalid' : 'invalid',
          details: { text: what },
          expression: [where],
        })),
      );
    return this.withTransaction(async () => {
      const before = this.#store.entry(body.resourceType, id)?.versions.at(-1);
      const version = this.#version(before, method, body, id);
      this.#apply(body.resourceType, id, version);
      if (!version.resource) throw new Error('a write without a resource');
      return version.resource;
    });
  }

  #apply(type: string, id: string, version: Version): void {
    if (!this.#store.entry(type, id)) this.#made.add(`${type}/${id}`);
    this.#pending?.push(this.#store.apply(type, id, version));
  }

  /** Literal references must lead to something that stands once the transaction is done. */
  #checkReferences(changes: readonly Change[]): void {
    if (this.#behaviour.danglingAccepted) return;
    const dangling: string[] = [];
    for (const { type, version } of changes) {
      if (!version.resource) continue;
      visitReferences(version.resource, (reference, path) => {
        const local = localReference.exec(reference);
        const stands = local
          ? this.#store.current(local[1] ?? '', local[2] ?? '') !== undefined
          : !/^urn:/.test(reference);
        if (!stands) dangling.push(`${type}.${path}`);
      });
    }
    if (dangling.length > 0)
      throw problem(400, 'not-found', 'A reference leads to no resource of this server.', dangling);
  }
}

const versionConflict = (current: string | undefined): OperationOutcomeError =>
  problem(412, 'conflict', `The version given in If-Match is not the current one (${current ?? 'none'}).`);

/** A resource without what the server itself writes. */
function content(resource: Resource): Body {
  const { meta, ...rest } = resource;
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...kept } = (meta ?? {}) as Body;
  return Object.keys(kept).length > 0 ? { ...rest, meta: kept } : rest;
}
