/** Sending what goes by HL7 v2: one message for each artifact, after the FHIR steps, one after the other. */
import type { EmittedLink, SentByV2 } from '../../../core/model.ts';
import { fail, ok } from '../../../core/outcome.ts';
import type { Failure, Outcome } from '../../../core/outcome.ts';
import type { FilingPlan, Resource } from '../../../core/ports.ts';
import type { Wanted } from '../../hl7v2/built.ts';
import type { Hl7Interface } from '../../hl7v2/interface.ts';
import type { Environment, Run } from '../environment.ts';
import type { Ended } from '../filing/links.ts';
import { read } from '../read.ts';
import { subjectOf } from '../reference.ts';
import type { V2Post } from './posts.ts';

export async function postAll(
  env: Environment,
  posts: readonly V2Post[],
  plan: Pick<FilingPlan, 'messageId' | 'receivedAt'>,
  run: Run,
): Promise<Ended> {
  const links: EmittedLink[] = [];
  let failure: Failure | undefined;
  const patients = new Map<string, Promise<Outcome<Resource>>>();
  const patientAt = (reference: string): Promise<Outcome<Resource>> => {
    const asked = patients.get(reference) ?? read(env.client, reference, run);
    patients.set(reference, asked);
    return asked;
  };
  const { hl7v2 } = env;
  if (hl7v2 === undefined) return { links, unchanged: [] };
  for (const post of posts) {
    const ended = await postOne(hl7v2, post, plan, patientAt, run);
    links.push(...ended.links);
    if (ended.failure === undefined) continue;
    failure ??= ended.failure;
    // A refusal is of this message; anything else would meet the next one too.
    if (ended.failure.cause !== 'send/refused') break;
  }
  return { links, unchanged: [], ...(failure === undefined ? {} : { failure }) };
}

type Posted = { readonly links: readonly EmittedLink[]; readonly failure?: Failure };

async function postOne(
  hl7: Hl7Interface,
  post: V2Post,
  { messageId, receivedAt }: Pick<FilingPlan, 'messageId' | 'receivedAt'>,
  patientAt: (reference: string) => Promise<Outcome<Resource>>,
  run: Run,
): Promise<Posted> {
  const asked = wantedOf(hl7, post);
  if (!asked.ok) return { links: [], failure: asked.failure };
  const { wanted, subject } = asked.value;
  const known = 'known' in post ? post.known : undefined;
  if (wanted.do === 'put' && known?.sent?.acknowledged === true) {
    // Said already, word for word.
    if (hl7.sentOf(wanted, post.as)?.hash === known.sent.hash) return { links: [{ ...known, action: 'unchanged' }] };
  }
  const patient = await patientAt(subject);
  if (!patient.ok) return { links: [], failure: patient.failure };
  const made = await hl7.post({ wanted, as: post.as, patient: patient.value, messageId, receivedAt }, run);
  if (!made.ok || made.value.failure !== undefined) run.interfaceFailed = true;
  if (!made.ok) return { links: [], failure: made.failure };
  const { reference, sent, failure } = made.value;
  // What may not have been taken stands as before, until it is known.
  if (wanted.do === 'void' && failure !== undefined) return { links: [], failure };
  const link: EmittedLink = {
    artifact: post.artifact,
    resourceType: post.as === 'result' ? 'Observation' : 'DocumentReference',
    reference,
    action: wanted.do === 'void' ? 'voided' : known?.tier === 'v2' ? 'updated' : 'created',
    tier: 'v2',
    owned: [],
    sent,
  };
  return { links: [link], ...(failure === undefined ? {} : { failure }) };
}

function wantedOf(hl7: Hl7Interface, post: V2Post): Outcome<{ readonly wanted: Wanted; readonly subject: string }> {
  const { artifact } = post;
  if (post.do === 'put') {
    const subject = subjectOf(post.resource);
    if (subject === undefined) return fail('send/unsupported', 'HL7 v2: it names no patient');
    const sent = post.known?.tier === 'v2' ? post.known.sent : undefined;
    return ok({
      subject,
      wanted: { do: 'put', artifact, resource: post.resource, ...(sent === undefined ? {} : { sent }) },
    });
  }
  if ('known' in post) {
    const { sent } = post.known;
    if (sent === undefined) return fail('send/unsupported', 'HL7 v2: nothing is known of what was sent');
    return ok({ subject: sent.patient, wanted: { do: 'void', artifact, sent } });
  }
  const subject = subjectOf(post.was);
  const told = hl7.sentOf({ do: 'put', artifact, resource: post.was }, post.as);
  if (subject === undefined || told === undefined) return fail('send/unsupported', 'HL7 v2: it cannot be cancelled');
  const sent: SentByV2 = { ...told, patient: subject, acknowledged: false };
  return ok({ subject, wanted: { do: 'void', artifact, sent } });
}
