/** The same without any `at`: what a map says, not where. */
export const withoutPlaces = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, each]) => key !== 'at' && each !== undefined)
      .map(([key, each]) => [key, withoutPlaces(each)]),
  );
};
