/** The answer to a batch: a batch of acknowledgements, one for each message that asks for one (HL7 v2.5.1 §2.10.3.3). */
import { type AckContext, hl7Time } from './ack.ts';
import { encodingCharacters, readDelimiters, standardDelimiters } from './delimiters.ts';

/**
 * The headers of the batch that is answered, as they stand: the answer has those that it had. `acks`: complete
 * messages, segments ended by CR. BHS-12 and FHS-12 name the batch and file that are answered.
 */
export function buildBatchAck(
  { file, batch }: { readonly file?: string; readonly batch?: string },
  acks: readonly string[],
  context: AckContext,
): string {
  const begin = (line: string | undefined): string => (line === undefined ? '' : headerFor(line, context));
  const end = (name: string, line: string | undefined, count: number): string =>
    line === undefined ? '' : `${name}${line[3] ?? '|'}${String(count)}\r`;
  return [
    begin(file),
    begin(batch),
    ...acks,
    end('BTS', batch, acks.length),
    end('FTS', file, batch === undefined ? 0 : 1),
  ].join('');
}

/** FHS and BHS have the same fields at the same places. */
function headerFor(line: string, { at, controlId }: AckContext): string {
  const read = readDelimiters(line);
  const { field: f } = read.ok ? read.value : standardDelimiters;
  const fields = read.ok ? line.split(f) : [];
  const field = (n: number): string => fields[n - 1] ?? '';
  const second = encodingCharacters(read.ok ? read.value : standardDelimiters);
  const given = [field(5) || 'TEJIDO', field(6), field(3), field(4)];
  return `${[line.slice(0, 3), second, ...given, hl7Time(at), '', '', '', controlId, field(11)].join(f)}\r`;
}
