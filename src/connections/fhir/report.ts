/** What `tejido check` says of an EHR: what it states, what we are granted, and what it was seen to do otherwise. */
import type { CauseCode } from '../../core/causes.ts';
import type { Exchange } from '../../core/model.ts';
import type { CapabilityReport } from '../../core/ports.ts';
import { problemsOf } from './capability.ts';
import type { Problem } from './capability.ts';
import type { Call } from './client.ts';
import type { Environment } from './environment.ts';
import type { Authorizer } from './smart.ts';
import { levelsOf } from './tiers/levels.ts';

/** Asks for a token and the CapabilityStatement anew; what fails of that is among the problems. */
export async function capabilityReport(env: Environment, authorizer: Authorizer): Promise<CapabilityReport> {
  const { config, learned } = env;
  const exchanges: Exchange[] = [];
  const call: Call = { record: (exchange) => exchanges.push(exchange) };
  const problems: Problem[] = [];
  const token = await authorizer.header(call.record);
  if (!token.ok) problems.push({ cause: token.failure.cause, detail: token.failure.detail });
  env.capabilities.distrust();
  const stated = await env.capabilities.get(call);
  const reachable = stated.ok || exchanges.some((exchange) => exchange.status !== undefined);
  if (!stated.ok) {
    if (token.ok) problems.push({ cause: stated.failure.cause, detail: stated.failure.detail });
    return {
      destination: config.id,
      reachable,
      transaction: false,
      batch: false,
      auth: authorizer.says,
      resources: [],
      problems,
    };
  }
  const capabilities = stated.value;
  const scopes = authorizer.granted();
  const unreached = await env.hl7v2?.probe();
  if (unreached !== undefined)
    problems.push({ cause: 'send/connection-refused', detail: `its HL7 v2 interface: ${unreached}` });
  problems.push(...problemsOf(capabilities, scopes), ...seenOtherwise(env));
  return {
    destination: config.id,
    reachable,
    ...(capabilities.software === undefined ? {} : { software: capabilities.software }),
    ...(capabilities.fhirVersion === undefined ? {} : { fhirVersion: capabilities.fhirVersion }),
    transaction: capabilities.transaction && !learned.noTransaction,
    batch: capabilities.batch && !learned.noBatch,
    auth:
      scopes === undefined || scopes.length === 0
        ? authorizer.says
        : `${authorizer.says}, granted: ${scopes.join(' ')}`,
    resources: levelsOf(capabilities, env.abilities()),
    ...(env.hl7v2 === undefined
      ? {}
      : { hl7v2: { where: env.hl7v2.where, reachable: unreached === undefined, ...env.hl7v2.takes } }),
    problems,
  };
}

/** Where it was seen to do otherwise than it states, and what Tejido does about that. */
function seenOtherwise({ learned, lookup }: Environment): readonly Problem[] {
  const when = (seen: boolean, cause: CauseCode, detail: string): readonly Problem[] =>
    seen ? [{ cause, detail }] : [];
  const unconditional = [...learned.conditionIgnored];
  const refused = [...learned.refused.keys()];
  const unsearched = [...lookup.knowledge.ignored];
  const dropped = [...learned.identity].flatMap(([type, identity]) => (identity === 'dropped' ? [type] : []));
  return [
    ...when(
      learned.noTransaction,
      'send/unsupported',
      'it declares transactions and refused one; entries are filed in smaller steps',
    ),
    ...when(
      refused.length > 0,
      'send/unsupported',
      `it states and refuses ${refused.join(', ')}; these go in a lesser form until it is asked again`,
    ),
    ...when(
      learned.transactionsAreBatches,
      'send/partial',
      'it runs transactions as batches: a part may be written without the rest',
    ),
    ...when(
      learned.placeholders === 'left',
      'send/partial',
      'it leaves placeholder references in place; Tejido resolves them itself',
    ),
    ...when(
      unconditional.length > 0,
      'send/duplicates-found',
      `it ignores the condition of a create of ${unconditional.join(', ')}; Tejido searches first`,
    ),
    ...when(
      unsearched.length > 0,
      'send/unsupported',
      `it does not search ${unsearched.join(', ')} by our identifier; Tejido reads through the patient’s`,
    ),
    ...when(
      dropped.length > 0,
      'send/duplicates-found',
      `it drops our identifier from ${dropped.join(', ')}: after a lost answer a person must look`,
    ),
  ];
}
