/** Words of a cell to what they mean, in English and Spanish. What is not understood is undefined: the caller says so. */
const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();

const wordsOf = <T>(table: Readonly<Record<string, T>>): ((text: string) => T | undefined) => {
  const words = new Map<string, T>(
    Object.entries(table).flatMap(([list, value]) => list.split('|').map((word): [string, T] => [word, value])),
  );
  return (text) => words.get(plain(text));
};

export const yesNo = wordsOf<boolean>({ 'y|yes|s|si|x|1|true|verdadero': true, 'n|no|0|false|falso': false });

export type Attended = 'yes' | 'no' | 'partial';
export const attendance = wordsOf<Attended>({
  'y|yes|s|si|x|1|true|p|presente|present|asistio|completo|complete': 'yes',
  'n|no|0|false|a|ausente|absent|falto|no asistio|f': 'no',
  'partial|parcial|part|partly|t|incompleto|parcialmente': 'partial',
});

/** Statuses of the programme; `roster.enrol` and `roster.status-change` share them out. */
export const programmeStatuses = [
  'planned',
  'waitlist',
  'active',
  'paused',
  'graduated',
  'lost',
  'declined',
  'moved',
  'died',
] as const;
export type ProgrammeStatus = (typeof programmeStatuses)[number];

export const programmeStatus = wordsOf<ProgrammeStatus>({
  'active|activo|activa|enrolled|inscrito|inscrita|in|alta|vigente': 'active',
  'planned|invited|invitado|invitada|planeado|planeada|pendiente|pending|referred|referido|referida': 'planned',
  'waitlist|waiting|wait list|waiting list|en espera|lista de espera|espera': 'waitlist',
  'paused|on hold|onhold|hold|en pausa|pausa|pausado|pausada|suspendido|suspendida|inactive|inactivo|inactiva':
    'paused',
  'graduated|graduate|completed|graduado|graduada|egresado|egresada|completo|terminado|terminada': 'graduated',
  'lost|lost to follow up|ltfu|unable to contact|perdido|perdida|no localizado|no localizada|sin contacto|ilocalizable':
    'lost',
  'declined|refused|withdrawn|opted out|rechazo|declino|no acepto|no quiere|retirado|retirada': 'declined',
  'moved|relocated|mudado|mudada|se mudo|se fue|cambio de domicilio|moved away': 'moved',
  'died|deceased|dead|fallecido|fallecida|fallecio|muerto|muerta|difunto|difunta|finado|finada': 'died',
});

export const tier = wordsOf<'high-need' | 'regular'>({
  'high need|high|alta necesidad|alto|alta|alto riesgo|high risk|intensivo|intensiva|intensive': 'high-need',
  'regular|low|bajo|baja|usual|standard|normal|usual care|bajo riesgo': 'regular',
});

export const researchStatus = wordsOf<'offered' | 'consented' | 'declined' | 'withdrawn'>({
  'offered|ofrecido|invitado|invitada|pendiente|pending': 'offered',
  'consented|signed|yes|y|si|firmado|firmo|acepto|aceptado|consintio': 'consented',
  'declined|refused|no|n|rechazo|rechazado|no acepto|declino': 'declined',
  'withdrawn|withdrew|retirado|retirada|retiro|se retiro|revocado': 'withdrawn',
});

/** BCP 47 of the name of a language, or of its code. */
export const language = (text: string): string | undefined =>
  languages(text) ?? (/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(text) && text.length <= 35 ? text : undefined);

const languages = wordsOf<string>({
  'spanish|espanol|castellano|spa|es|esp|sp': 'es',
  'english|ingles|eng|en|ing': 'en',
  'spanish english|espanol ingles|bilingual|bilingue|both|ambos': 'es',
  'nahuatl|nah': 'nah',
  'purepecha|tarasco': 'tsz',
  'mixteco|mixtec': 'mxv',
  'portuguese|portugues|pt': 'pt',
  'polish|polaco|pl': 'pl',
});

export type Sex = 'female' | 'male' | 'other' | 'unknown';
const sexes = wordsOf<Sex>({
  'f|female|femenino|fem|mujer|woman|fem|femenina|h f': 'female',
  'male|masculino|masc|hombre|h|man|varon': 'male',
  'other|otro|otra|x|nonbinary|non binary|no binario|o': 'other',
  'unknown|desconocido|desconocida|u|nd|no sabe|n a|na': 'unknown',
});

/** `M` is male beside F, and mujer beside H: the column decides. Undefined: nothing in it tells. */
export function sexOfM(cells: readonly string[]): Sex | undefined {
  const letters = new Set(cells.map(plain));
  const femaleLetter = ['f', 'female', 'femenino', 'mujer'].some((word) => letters.has(word));
  const h = letters.has('h');
  if (femaleLetter === h) return undefined;
  return h ? 'female' : 'male';
}

export const sex = (text: string, m: Sex | undefined): Sex | undefined => (plain(text) === 'm' ? m : sexes(text));

/** A number of whole size: `2`, `2.0`, `90 min`. */
export const whole = (text: string): number | undefined => {
  const found = /^(\d{1,4})(?:[.,]0+)?(?:\s*(?:min|mins|minutes|minutos|m))?\.?$/i.exec(text.trim());
  return found === null ? undefined : Number(found[1]);
};
