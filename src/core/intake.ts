/**
 * The intake: messages that a door has committed as raw bytes and acknowledged, before anything of them was read. From
 * there they are handed on in order, many at a time. Data only.
 */
import type { Failure } from './outcome.ts';

/** One message as the door keeps it. */
export type IntakeItem = {
  /** Configured name of the sender. */
  readonly source: string;
  readonly actor: string;
  readonly bytes: Uint8Array;
  /** By what a repetition is known, 32 bytes: see `intakeKey` of the door. */
  readonly key: Buffer;
  /** SHA-256 of the bytes. */
  readonly hash: Buffer;
  /** It was not acknowledged: kept for a person to see. */
  readonly hold?: Pick<Failure, 'cause' | 'detail'>;
};

/**
 * `kept`: committed now. `same`: committed before, byte for byte; nothing was stored again. `different`: what is known by
 * this key holds other bytes; these were kept as a held message, once.
 */
export type IntakeAnswer = 'kept' | 'same' | 'different';

/** Commits all of them with fsync, then answers, in order. Rejects with a `LedgerUnavailable` when it could not. */
export type KeepIntake = (items: readonly IntakeItem[]) => Promise<readonly IntakeAnswer[]>;

/** One that waits to be handed on. */
export type IntakeRow = {
  readonly id: string;
  readonly source: string;
  readonly actor: string;
  readonly bytes: Buffer;
  readonly hold?: Pick<Failure, 'cause' | 'detail'>;
};
