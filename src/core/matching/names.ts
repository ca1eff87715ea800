/** Names as they are written in forms and charts, brought to what can be compared. Pure. */

/** Words of a surname that say nothing by themselves: "de la Cruz" is "Cruz". */
const particles = new Set(['de', 'del', 'la', 'las', 'los', 'lo', 'y', 'e', 'i', 'da', 'das', 'do', 'dos', 'di', 'van', 'von', 'vda', 'viuda']); // prettier-ignore
const titles = new Set(['sr', 'sra', 'srta', 'don', 'dona', 'mr', 'mrs', 'ms', 'miss', 'jr', 'sr', 'ii', 'iii']);

/** María is written Ma., Mª, M.ª; José sometimes J. is an initial and stays one. */
const abbreviations: Readonly<Record<string, string>> = { ma: 'maria', mª: 'maria', fco: 'francisco', gpe: 'guadalupe', jph: 'joseph' }; // prettier-ignore

/** Familiar forms, and what they may stand for. English forms are of people who live in two languages. */
const familiar: Readonly<Record<string, readonly string[]>> = {
  pepe: ['jose'],
  chepe: ['jose'],
  joe: ['jose', 'joseph'],
  joseph: ['jose'],
  paco: ['francisco'],
  pancho: ['francisco'],
  kiko: ['francisco', 'enrique'],
  frank: ['francisco'],
  lupe: ['guadalupe'],
  lupita: ['guadalupe'],
  chuy: ['jesus'],
  chucho: ['jesus'],
  nacho: ['ignacio'],
  beto: ['alberto', 'roberto', 'norberto', 'humberto', 'gilberto'],
  memo: ['guillermo'],
  william: ['guillermo'],
  tono: ['antonio'],
  tony: ['antonio'],
  lalo: ['eduardo'],
  eddie: ['eduardo', 'edgar'],
  quique: ['enrique'],
  henry: ['enrique'],
  chela: ['graciela', 'celia', 'marcela'],
  concha: ['concepcion'],
  lola: ['dolores'],
  mari: ['maria'],
  mary: ['maria'],
  marie: ['maria'],
  john: ['juan'],
  johnny: ['juan'],
  juanita: ['juana'],
  mike: ['miguel'],
  michael: ['miguel'],
  charlie: ['carlos'],
  charles: ['carlos'],
  rafa: ['rafael'],
  ralph: ['rafael'],
  nando: ['fernando'],
  fer: ['fernando', 'fernanda'],
  manolo: ['manuel'],
  manny: ['manuel'],
  meche: ['mercedes'],
  tere: ['teresa'],
  vero: ['veronica'],
  yoli: ['yolanda'],
  licha: ['alicia'],
  chayo: ['rosario'],
  rosita: ['rosa'],
  anita: ['ana'],
  ann: ['ana'],
  anna: ['ana'],
  betty: ['beatriz', 'isabel'],
  chabela: ['isabel'],
  elizabeth: ['isabel', 'elisabet'],
  pedrito: ['pedro'],
  peter: ['pedro'],
  polo: ['leopoldo', 'apolinar'],
  neto: ['ernesto'],
  ernie: ['ernesto'],
  checo: ['sergio'],
  gera: ['gerardo'],
  jerry: ['gerardo'],
  richard: ['ricardo'],
  ricky: ['ricardo'],
  robert: ['roberto'],
  bobby: ['roberto'],
  gabi: ['gabriela'],
  paty: ['patricia'],
  pati: ['patricia'],
  lety: ['leticia'],
  leti: ['leticia'],
  lucha: ['luz', 'lucia'],
  george: ['jorge'],
  jim: ['jaime', 'santiago'],
  james: ['jaime', 'santiago'],
};

/** Lower case, without accents (ñ counts as n: many keyboards have none), hyphens and full stops. */
const words = (text: string): readonly string[] =>
  text
    .replaceAll(/M\.?ª\.?/gi, 'ma ')
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/['’`´]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

export type Surnames = {
  readonly words: readonly string[];
  /** What stands after "de": the husband's surname, when it is one ("López de García"). */
  readonly married: string | undefined;
};

export function surnamesOf(family: string | undefined, secondFamily: string | undefined): Surnames {
  const all = words([family ?? '', secondFamily ?? ''].join(' '));
  const kept: string[] = [];
  let married: string | undefined;
  for (const [at, word] of all.entries()) {
    if (particles.has(word) || titles.has(word)) continue;
    // "López de García", but neither "de la Cruz" nor "de García".
    if (all[at - 1] === 'de' && kept.length > 0) married = word;
    kept.push(word);
  }
  return { words: kept, married };
}

export const givenNamesOf = (given: string | undefined): readonly string[] =>
  words(given ?? '')
    .filter((word) => !particles.has(word) && !titles.has(word))
    .map((word) => (Object.hasOwn(abbreviations, word) ? (abbreviations[word] ?? word) : word));

/** The name itself, and what it may be the familiar form of. */
const formsOf = (name: string): readonly string[] =>
  Object.hasOwn(familiar, name) ? [name, ...(familiar[name] ?? [])] : [name];

/** One person may be called by either. */
export const sameByAnotherForm = (a: string, b: string): boolean => {
  const forms = new Set(formsOf(a));
  return formsOf(b).some((form) => forms.has(form));
};

/** The first of the forms in alphabetical order that is not the familiar one: for blocking. */
export const fullForm = (name: string): string => formsOf(name)[1] ?? name;
