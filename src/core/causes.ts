/**
 * The closed list of causes. Each has a class that policy acts on, a plain sentence, and the next action.
 *
 * transient: nothing was written; try again by itself.
 * ambiguous: it may have been written; look before trying again.
 * permanent: trying the same again cannot help; a person decides, then replays.
 * auth:      the destination does not take our credentials; the destination pauses, once, for all its lanes.
 * held:      a person or an event must act first; goes on by itself once that happened.
 */
export type CauseClass = 'transient' | 'ambiguous' | 'permanent' | 'auth' | 'held';

/** Who can act. `sender`: who looks after the sending system. `author`: the CHW. `nobody`: it goes on by itself. */
export const actors = [
  'author',
  'sender',
  'supervisor',
  'front-desk',
  'engineer',
  'privacy-officer',
  'nobody',
] as const;
export type Actor = (typeof actors)[number];

type Cause = { readonly class: CauseClass; readonly says: string; readonly next: string; readonly who: Actor };

export const causes = {
  'source/unreadable': {
    class: 'held',
    says: 'The payload could not be read as the format this source sends.',
    next: 'Look at what came (`tejido messages show ID --raw`), correct the sender, have it sent again; then void this one.',
    who: 'sender',
  },
  'source/too-large': {
    class: 'held',
    says: 'One message holds more than is read at a time: segments, results of one patient, or patients.',
    next: 'Have the sender split it into several messages, each with a control id of its own; then void this one.',
    who: 'sender',
  },
  'source/unsupported': {
    class: 'held',
    says: 'A message of a type that Tejido does not read came to the HL7 v2 door.',
    next: 'Route this type elsewhere at the sender, or set `unknownTypes: reject` for it; then void this message.',
    who: 'engineer',
  },
  'source/control-id-reused': {
    class: 'held',
    says: 'MSH-10 and MSH-7 were used before for this patient and order, with other content; it was answered with AR or CR.',
    next: 'Ask the sender which one holds. Release this one if it does; if it sends it again under an id of its own, void it.',
    who: 'sender',
  },
  'lab/test-message': {
    class: 'held',
    says: 'MSH-11 says that this is no message for production (training, debugging).',
    next: 'Void it; or release it if it is real. If this sender always sends so: list the value in its `processing` and retry.',
    who: 'engineer',
  },
  'lab/no-order': {
    class: 'held',
    says: 'The message has no result that Tejido could know again: no OBR, or neither order number nor time.',
    next: 'Have the laboratory send an OBR with OBR-2 or OBR-3, or OBR-7; then void this one.',
    who: 'sender',
  },
  'lab/order-conflict': {
    class: 'held',
    says: 'The same order number stands for another patient, with another time of collection.',
    next: 'Ask the laboratory whose result it is. Release it to file it for this patient beside the other; or void it.',
    who: 'front-desk',
  },
  'activity/invalid': {
    class: 'held',
    says: 'The activity does not have the fields that its type requires.',
    next: 'Correct the form or the source mapping in tejido.yaml, then retry.',
    who: 'sender',
  },
  'mapping/no-route': {
    class: 'held',
    says: 'No mapping is configured for this form or activity type.',
    next: 'Add the form to the source in tejido.yaml (or ignore it there), then retry.',
    who: 'engineer',
  },
  'mapping/failed': {
    class: 'held',
    says: 'The mapping stopped at a rule.',
    next: 'Correct the map at the line shown, run `tejido map test`, then retry.',
    who: 'engineer',
  },
  'mapping/check-failed': {
    class: 'held',
    says: 'A `check` in the map says that the activity is not as it must be.',
    next: 'Correct the activity at its source, or the check at the line shown, then retry.',
    who: 'author',
  },
  'mapping/unmapped-code': {
    class: 'held',
    says: 'A code of the sender has no entry in the ConceptMap.',
    next: 'See `tejido map unmapped`: add the code to the ConceptMap and load the maps anew; then it goes on by itself.',
    who: 'engineer',
  },
  'validation/failed': {
    class: 'held',
    says: 'A resource does not meet its profile; it was not sent.',
    next: 'Correct the activity at its source, or the map, then retry.',
    who: 'engineer',
  },
  'record/version-conflict': {
    class: 'held',
    says: 'The same record and version arrived before with other content.',
    next: 'Have the sender raise recordVersion, or release this one to let it replace the other.',
    who: 'sender',
  },
  'record/target-unknown': {
    class: 'held',
    says: 'The record that this void or amendment names has not arrived, or an amendment names a record of another patient.',
    next: 'Goes on by itself when the target arrives; if it never will, void this message. Of another patient: void it, and send the amendment again.',
    who: 'sender',
  },
  'record/voided': {
    class: 'held',
    says: 'The record was voided; a later version of it is not filed by itself.',
    next: 'If the record is to stand again, release this message; else void it.',
    who: 'supervisor',
  },
  'match/unknown-patient': {
    class: 'held',
    says: 'The patient is not known in the EHR by the identifiers given.',
    next: 'Front desk: link it (`tejido matches list`), enrol the patient with the MRN, or register the patient in the EHR; then it goes on by itself.',
    who: 'front-desk',
  },
  'match/review': {
    class: 'held',
    says: 'There may be a chart for this patient, and it is not certain enough to file without a person.',
    next: 'Front desk: `tejido matches list`, compare the two sides, and link or reject; then it goes on by itself.',
    who: 'front-desk',
  },
  'match/ambiguous': {
    class: 'held',
    says: 'The identifiers given match more than one patient in the EHR.',
    next: 'Resolve the duplicate in the EHR, then retry.',
    who: 'front-desk',
  },
  'match/conflict': {
    class: 'held',
    says: 'The identifiers given belong to different patients, or the date of birth differs from the chart.',
    next: 'Check the identifiers with who sent it (CHW, laboratory) and have it sent again corrected; or correct the chart, then retry.',
    who: 'front-desk',
  },
  'match/unknown-reference': {
    class: 'held',
    says: 'The activity refers to a goal, plan or referral that Tejido has not filed.',
    next: 'Goes on by itself when the earlier record is filed; else correct the reference at its source.',
    who: 'author',
  },
  'gate/sensitive-text': {
    class: 'held',
    says: 'The text contains wording about immigration status, which must not be charted.',
    next: 'The author rewords it at its source and sends the record again, or sends an amend; the copy that is held is sealed.',
    who: 'author',
  },
  'gate/clock-skew': {
    class: 'held',
    says: 'It says that it happens later than now: the clock of the device is ahead, or the date is mistyped.',
    next: 'Goes on by itself when the time has come; correct the date at its source, or release it as it is.',
    who: 'author',
  },
  'gate/late': {
    class: 'held',
    says: 'It came so long after it happened that a person must look at it, as configured.',
    next: 'Check that the date is right, then release or void it.',
    who: 'supervisor',
  },
  'gate/consent-missing': {
    class: 'held',
    says: 'This activity needs a consent, and none is referenced or recorded, or the patient declined.',
    next: 'Record the consent (consent.record); then it goes on by itself. Or send the activity again with consentRef.',
    who: 'author',
  },
  'gate/consent-expired': {
    class: 'held',
    says: 'The consent that this activity needs has expired.',
    next: 'Record a new consent; then it goes on by itself. Else void this message.',
    who: 'author',
  },
  'gate/consent-withdrawn': {
    class: 'held',
    says: 'The patient has withdrawn the consent that this activity needs.',
    next: 'Do not disclose. If the patient consents anew, record it: then it goes on by itself. Else void this message.',
    who: 'privacy-officer',
  },
  'gate/consent-scope': {
    class: 'held',
    says: 'There is a consent, but it does not cover this service or this recipient.',
    next: 'Record a consent that covers it; then it goes on by itself. Else void this message.',
    who: 'author',
  },
  'gate/part2-review': {
    class: 'held',
    says: 'The text speaks of substance use: it may be protected by 42 CFR Part 2.',
    next: 'Read it; release it for the chart, or have its author label (`sensitivity`) or reword it.',
    who: 'supervisor',
  },
  'gate/review': {
    class: 'held',
    says: 'This activity waits for a supervisor, as configured.',
    next: 'Review it, then release or void it.',
    who: 'supervisor',
  },
  'lane/behind-failed': {
    class: 'held',
    says: 'An earlier message that this one depends on has not been filed.',
    next: 'Resolve the earlier message; this one goes on by itself.',
    who: 'nobody',
  },
  'send/connection-refused': {
    class: 'transient',
    says: 'The destination could not be reached.',
    next: 'Nothing: it is tried again by itself. If it lasts, check the destination.',
    who: 'nobody',
  },
  'send/unavailable': {
    class: 'transient',
    says: 'The destination answered that it cannot serve now.',
    next: 'Nothing: it is tried again by itself.',
    who: 'nobody',
  },
  'send/throttled': {
    class: 'transient',
    says: 'The destination asked to slow down.',
    next: 'Nothing: it is tried again when the destination allows.',
    who: 'nobody',
  },
  'send/write-race': {
    class: 'transient',
    says: 'Somebody else wrote at the same moment (409, 412, serialization); nothing of ours was written.',
    next: 'Nothing: it is read and tried again by itself.',
    who: 'nobody',
  },
  'send/timeout': {
    class: 'ambiguous',
    says: 'No answer came in time; it may have been written.',
    next: 'Nothing: Tejido looks in the EHR before it tries again.',
    who: 'nobody',
  },
  'send/connection-lost': {
    class: 'ambiguous',
    says: 'The connection broke before the answer; it may have been written.',
    next: 'Nothing: Tejido looks in the EHR before it tries again.',
    who: 'nobody',
  },
  'send/answer-unreadable': {
    class: 'ambiguous',
    says: 'The answer could not be read, or its parts do not add up.',
    next: 'Nothing: Tejido looks in the EHR before it tries again. If it lasts, look at the attempt.',
    who: 'nobody',
  },
  'send/partial': {
    class: 'ambiguous',
    says: 'A part was written and a part was not.',
    next: 'Nothing: Tejido files the rest.',
    who: 'nobody',
  },
  'send/refused': {
    class: 'permanent',
    says: 'The EHR refused the resource.',
    next: 'Read the answer of the last attempt, correct the record or the map, then retry.',
    who: 'engineer',
  },
  'send/unsupported': {
    class: 'permanent',
    says: 'This EHR does not take this kind of resource.',
    next: 'See `tejido check`; route this activity differently, then retry.',
    who: 'engineer',
  },
  'send/gone': {
    class: 'permanent',
    says: 'The resource that was to be changed has been deleted in the EHR.',
    next: 'Decide whether to file it anew (retry) or to void the message.',
    who: 'engineer',
  },
  'send/duplicates-found': {
    class: 'permanent',
    says: 'More than one resource in the EHR carries our identifier.',
    next: 'Mark the extra ones entered-in-error in the EHR, then retry.',
    who: 'engineer',
  },
  'send/auth': {
    class: 'auth',
    says: 'The destination does not accept our credentials.',
    next: 'Correct the credentials; then `tejido check` and resume the destination.',
    who: 'engineer',
  },
  'send/budget-spent': {
    class: 'permanent',
    says: 'It was tried until the retry budget was spent.',
    next: 'Restore the destination, then retry.',
    who: 'engineer',
  },
  'internal/unexpected': {
    class: 'permanent',
    says: 'Tejido met a fault of its own.',
    next: 'Retry once; if it comes back, report it with the message id.',
    who: 'engineer',
  },
} as const satisfies Record<string, Cause>;

export type CauseCode = keyof typeof causes;

export const causeOf = (code: CauseCode): Cause => causes[code];

export const isCause = (code: string): code is CauseCode => Object.hasOwn(causes, code);
