/** Every text of a value, and every name of a property, with its JSON pointer (RFC 6901). */
export type Found = {
  readonly pointer: string;
  readonly text: string;
  /** The text is the name of a property: the pointer ends before it. */
  readonly isName: boolean;
};

export const escaped = (name: string): string =>
  name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;

export function textsIn(value: unknown): readonly Found[] {
  const found: Found[] = [];
  const visit = (one: unknown, pointer: string): void => {
    if (typeof one === 'string') found.push({ pointer, text: one, isName: false });
    else if (Array.isArray(one)) {
      for (let index = 0; index < one.length; index += 1) visit(one[index], `${pointer}/${String(index)}`);
    } else if (typeof one === 'object' && one !== null) {
      for (const name of Object.keys(one)) {
        found.push({ pointer, text: name, isName: true });
        visit((one as Readonly<Record<string, unknown>>)[name], `${pointer}/${escaped(name)}`);
      }
    }
  };
  visit(value, '');
  return found;
}
