/** Group education: series of four weekly classes, each told by one attendance sheet in the evening. */
import type { Given } from './course.ts';
import type { Dice } from './dice.ts';
import { dayMs, dayOf, type Person } from './people.ts';
import { classTopics } from './words.ts';

const seats = 12;
const sessions = 4;

/** `starts`: the first day of each series, in ms. Those of one series have one promotora. */
export function classesOf(
  people: readonly Person[],
  starts: readonly number[],
  until: number,
  dice: Dice,
): readonly Given[] {
  const byPromotora = [...Map.groupBy(people, ({ promotora }) => promotora).entries()];
  return starts.flatMap((start, number) => {
    const [facilitator, panel] = byPromotora[number % byPromotora.length] ?? ['', []];
    const already = panel.filter(({ enrolled }) => enrolled <= dayOf(start));
    const offset = dice.between(0, Math.max(0, already.length - seats));
    const group = already.slice(offset, offset + seats);
    if (group.length === 0) return [];
    const missed = new Map<string, number>();
    return Array.from({ length: sessions }, (_, index) => index + 1).flatMap((session): readonly Given[] => {
      const day = start + (session - 1) * 7 * dayMs;
      if (day + dayMs > until) return [];
      const attendees = group.map(({ sourceId }) => {
        const attended = dice.weighted({ y: 82, n: 13, partial: 5 });
        const earlier = missed.get(sourceId);
        const makesUp = attended === 'y' && session === sessions && earlier !== undefined;
        if (attended === 'n') missed.set(sourceId, session);
        return {
          sourcePatientId: sourceId,
          attended,
          ...(attended === 'partial' ? { minutesAttended: dice.between(45, 100) } : {}),
          ...(makesUp ? { makeupFor: earlier } : {}),
        };
      });
      const sheet = {
        series: `serie-${String(number + 1)}`,
        session,
        date: dayOf(day),
        start: '10:00',
        minutes: 120,
        site: 'Biblioteca del Valle (invented)',
        facilitator,
        topics: classTopics[session - 1] ?? [],
        attendees,
      };
      return [{ at: day + 21 * 3_600_000, door: 'attendance', body: sheet }];
    });
  });
}
