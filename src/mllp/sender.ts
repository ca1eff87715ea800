/** Who sends: the first configured sender with which everything agrees that it names. */
import type { Hl7Sender } from '../core/lab/sender.ts';
import type { Hl7Header } from '../hl7v2/message.ts';

/** The other end of a connection. */
export type Peer = {
  readonly address: string;
  /** Common name of the certificate that it showed, with mutual TLS. */
  readonly certificate?: string;
};

export type Senders = { readonly senders: readonly Hl7Sender[]; readonly anySender: Hl7Sender };

/** Without a header (it could not be read) only a sender that is known by its connection alone is recognised. */
export function senderOf(
  { senders, anySender }: Senders,
  header: Pick<Hl7Header, 'application' | 'facility'> | undefined,
  peer: Peer,
): Hl7Sender {
  const agrees = (wanted: string | undefined, given: string | undefined): boolean =>
    wanted === undefined || wanted === given;
  const found = senders.find(
    ({ match }) =>
      agrees(match.application, header?.application) &&
      agrees(match.facility, header?.facility) &&
      agrees(match.certificate, peer.certificate) &&
      agrees(match.address, peer.address),
  );
  return found ?? anySender;
}

/** IPv4 that comes in the clothes of IPv6 is IPv4. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/** Who is written down as having sent it. */
export const actorOf = ({ address, certificate }: Peer): string =>
  `mllp:${address}${certificate === undefined ? '' : `/${certificate.replaceAll(/[^\w.@-]/g, '_').slice(0, 64)}`}`;
