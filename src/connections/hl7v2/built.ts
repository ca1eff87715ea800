/** One HL7 v2 message about one artifact: what is asked for, and what it came to. Data only. */
import type { SentByV2 } from '../../core/model.ts';
import type { Resource } from '../../core/ports.ts';
import type { Segment } from '../../hl7v2/message.ts';

export type Wanted =
  /** `sent`: what the message before this one said; absent where none is known. */
  | {
      readonly do: 'put';
      readonly artifact: string;
      readonly resource: Resource;
      readonly sent?: SentByV2;
    }
  | { readonly do: 'void'; readonly artifact: string; readonly sent: SentByV2 };

/** A message but for its envelope (MSH, EVN, PID). */
export type Body = {
  /** MSH-9. */
  readonly type: readonly [type: string, trigger: string, structure: string];
  readonly segments: readonly Segment[];
  /** What the link keeps once the message has gone. */
  readonly sent: Omit<SentByV2, 'patient' | 'acknowledged'>;
};
