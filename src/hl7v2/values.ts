/** Reading single values of a parsed message by their numbers, as the standard writes them: `PID-5.1`. */
import type { Component, Delimiters, Field, Hl7Message, Repetition, Segment } from './message.ts';

/** All numbers from 1. Empty when there is nothing there. */
export const valueOf = (
  segment: Segment | undefined,
  field: number,
  component = 1,
  subcomponent = 1,
  repetition = 1,
): string => segment?.fields[field - 1]?.[repetition - 1]?.[component - 1]?.[subcomponent - 1] ?? '';

const none: Field = [];

/** All repetitions of a field. */
export const repetitionsOf = (segment: Segment | undefined, field: number): Field => segment?.fields[field - 1] ?? none;

export const segmentNamed = ({ segments }: Hl7Message, name: string): Segment | undefined =>
  segments.find((segment) => segment.name === name);

/** `""`: the sender says that there is no value (§2.5.3.1). */
export const isNull = (text: string): boolean => text === '""';

/** A text whose writer did not know that it has components: joined as it was, line by line, unescaped. */
export const textOf = (repetition: Repetition, delimiters: Delimiters): string =>
  repetition.length === 1
    ? textOfComponent(repetition[0] ?? [], delimiters)
    : repetition.map((component) => textOfComponent(component, delimiters)).join(delimiters.component);

export const textOfComponent = (component: Component, { subcomponent }: Delimiters): string =>
  component.length === 1 ? (component[0] ?? '') : component.join(subcomponent);
