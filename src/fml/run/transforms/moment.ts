/** `dateOp`, `toDate` … and `unixToDate` …: dates and times from texts. */
import { textOf } from '../argument.ts';
import { readMoment, readUnix, type Moment } from '../dates.ts';
import { Fault } from '../fault.ts';
import { castPrimitive } from '../primitive.ts';
import { textMade, typed, type Parts, type Produce } from './transform.ts';

/** `toDate(text, format)`, `toDateTime`, `toTime`. */
export const moment =
  (as: Moment) =>
  ({ rules, given: [text, format] }: Parts): Produce =>
    textMade(typed(rules, as), (frame) => {
      const written = textOf(text, frame, 'the text of a date');
      return written === undefined ? undefined : readMoment(written, textOf(format, frame, 'the format of a date'), as);
    });

/** `unixToDate(seconds, zone)`, `unixToDateTime`, `unixToTime`. */
export const unix =
  (as: Moment) =>
  ({ rules, given: [seconds, zone] }: Parts): Produce =>
    textMade(typed(rules, as), (frame) => {
      const written = textOf(seconds, frame, 'the Unix time');
      if (written === undefined) return undefined;
      const number = castPrimitive(written, 'decimal');
      if (typeof number !== 'number') throw new Fault('cast-failed', 'the Unix time is no number', { value: written });
      return readUnix(number, textOf(zone, frame, 'the zone'), as);
    });

/** `dateOp(s, format)`: toDate, toTime or toDateTime, as the element wants it. */
export const dateOp = (parts: Parts): Produce => {
  const forms = { date: moment('date')(parts), dateTime: moment('dateTime')(parts), time: moment('time')(parts) };
  return (frame, cell) => {
    const name = cell?.expected?.name;
    return forms[name === 'date' || name === 'time' ? name : 'dateTime'](frame, cell);
  };
};
