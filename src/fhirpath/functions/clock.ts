/** https://hl7.org/fhirpath/N1/#current-date-and-time-functions: the clock is that of the environment, in UTC. */
import { Item } from '../../definitions/item.ts';
import { systemTypes } from '../system.ts';
import { onItems, type BuiltIns } from './define.ts';

export const clock: BuiltIns = {
  now: onItems((_, __, { env }) => [new Item(env.now.toISOString(), systemTypes.DateTime)]),
  today: onItems((_, __, { env }) => [new Item(env.now.toISOString().slice(0, 10), systemTypes.Date)]),
  timeOfDay: onItems((_, __, { env }) => [new Item(env.now.toISOString().slice(11, 23), systemTypes.Time)]),
};
