/** Every text of a value, and every name of a property, with its JSON pointer (RFC 6901). */
export type Found = {
  readonly pointer: string;
  readonly text: string;
  /** The text is the name of a property: the pointer ends before it. */
  readonly isName: boolean;
};

export const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

export function* textsIn(value: unknown, pointer = ''): Generator<Found> {
  if (typeof value === 'string') yield { pointer, text: value, isName: false };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsIn(item, `${pointer}/${String(index)}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      yield { pointer, text: name, isName: true };
      yield* textsIn(item, `${pointer}/${escaped(name)}`);
    }
  }
}
