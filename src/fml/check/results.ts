/** What a function of FHIRPath gives, as far as its name says so. Functions that are not here: not known. */

/** A type's name, or: `same` the input, `parameter` the first parameter, `either` the input or the parameters. */
type Result = { readonly gives: string; readonly repeats?: boolean };

const all = (names: string, result: Result): readonly (readonly [string, Result])[] =>
  names.split(' ').map((name) => [name, result] as const);

export const results: ReadonlyMap<string, Result> = new Map([
  ...all(
    'empty exists all not allTrue anyTrue allFalse anyFalse subsetOf supersetOf isDistinct hasValue memberOf conformsTo ' +
      'htmlChecks matches matchesFull startsWith endsWith contains toBoolean convertsToBoolean convertsToInteger ' +
      'convertsToDecimal convertsToString convertsToDate convertsToDateTime convertsToTime convertsToQuantity is subsumes ' +
      'subsumedBy comparable',
    { gives: 'boolean', repeats: false },
  ),
  ...all('count length indexOf lastIndexOf toInteger', { gives: 'integer', repeats: false }),
  ...all('toDecimal exp ln sqrt log', { gives: 'decimal', repeats: false }),
  ...all('substring upper lower replace replaceMatches join toString encode decode escape unescape trim', {
    gives: 'string',
    repeats: false,
  }),
  ...all('split toChars', { gives: 'string', repeats: true }),
  ...all('today toDate', { gives: 'date', repeats: false }),
  ...all('now toDateTime', { gives: 'dateTime', repeats: false }),
  ...all('timeOfDay toTime', { gives: 'time', repeats: false }),
  ...all('toQuantity', { gives: 'Quantity', repeats: false }),
  ...all('extension', { gives: 'Extension', repeats: true }),
  ...all('first last single abs', { gives: 'same', repeats: false }),
  ...all('where tail skip take distinct trace exclude intersect', { gives: 'same' }),
  ...all('select', { gives: 'parameter' }),
  ...all('union combine', { gives: 'either', repeats: true }),
  ...all('iif', { gives: 'branches' }),
]);

/** Functions of texts: on an object they stop the map. */
export const ofTexts: ReadonlySet<string> = new Set(
  (
    'substring startsWith endsWith contains matches matchesFull replace replaceMatches upper lower trim length toChars ' +
    'indexOf lastIndexOf split encode decode escape unescape join'
  ).split(' '),
);
