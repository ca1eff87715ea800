/** Reading what an activity type brings, whose shape its schema has checked. */
export type Details = Readonly<Record<string, unknown>>;

export const textIn = (details: Details, name: string): string | undefined => {
  const value = details[name];
  return typeof value === 'string' ? value : undefined;
};

/** Without what is not known. */
export const known = (data: Details): Details =>
  Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
