/**
 * Which of the links of an artifact says how it stands, and whose it is. The latest; but who set a few elements on what
 * another record owns, or withdrew what was derived before it was derived again, does not own it.
 */

/** Beside the columns of `link`. */
export const ranks = `max(message_id) over (partition by artifact) as last_id,
  max(message_id) filter (where action = 'voided') over (partition by artifact) as void_id`;

/** Links from before the last withdrawal say nothing any more. */
export const counts = 'message_id >= coalesce(void_id, 0)';

/** False first. */
export const later = "(action = 'merged' or (action = 'voided' and message_id < last_id))";
