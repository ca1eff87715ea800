/** What the promotores write, in both languages. Invented. */

export type Words = { readonly es: string; readonly en: string };

export const phoneWords: readonly Words[] = [
  { es: 'Se quedó sin tiras; camina tres de cuatro días.', en: 'Ran out of strips; walks three of four days.' },
  { es: 'Está tomando la metformina con la comida y ya no le cae mal.', en: 'Takes metformin with food; feels fine.' },
  { es: 'Le preocupa la cita con la oftalmóloga; repasamos qué preguntar.', en: 'Worried about the eye visit; we went over what to ask.' }, // prettier-ignore
  {
    es: 'Dejó el refresco entre semana; los domingos todavía se le antoja.',
    en: 'No soda on weekdays; Sundays are hard.',
  },
  { es: 'Cuida a sus nietos por la tarde y no alcanza a caminar.', en: 'Looks after grandchildren; no time to walk.' },
  { es: 'Trabaja de noche y come a deshoras; pensamos en llevar lonche.', en: 'Works nights and eats at odd hours; we planned a packed meal.' }, // prettier-ignore
];
export const homeWords: readonly Words[] = [
  { es: 'Revisamos los pies juntos; sin heridas. Se siente más tranquila con la glucosa.', en: 'Checked the feet together; no wounds.' }, // prettier-ignore
  { es: 'Ordenamos las medicinas en el pastillero; su esposo va a recordarle la de la noche.', en: 'Sorted the pills into the organizer.' }, // prettier-ignore
  { es: 'Cocinamos nopales con huevo; midió la glucosa antes y después.', en: 'Cooked together; measured before and after.' }, // prettier-ignore
  { es: 'La hija estuvo presente y quiere aprender a usar el medidor.', en: 'The daughter wants to learn the meter.' },
];
export const clinicWords: readonly Words[] = [
  {
    es: 'Preparó tres preguntas para su doctora y las hizo todas.',
    en: 'Prepared three questions and asked all of them.',
  },
  {
    es: 'La acompañé a su cita; entendió el cambio de dosis.',
    en: 'Went along to the visit; the new dose is understood.',
  },
];
export const otherWords: readonly Words[] = [
  { es: 'Se acercó después de misa; preguntó por las clases.', en: 'Came up after mass; asked about the classes.' },
  { es: 'Quiere volver a empezar poco a poco.', en: 'Wants to start again, little by little.' },
];
export const goals = [
  { domain: 'being-active', text: 'Caminar 20 minutos después de cenar', target: '4 días por semana' },
  { domain: 'healthy-eating', text: 'Cambiar el refresco por agua', target: 'de lunes a viernes' },
  { domain: 'monitoring', text: 'Medir la glucosa antes del desayuno', target: 'cada día' },
  { domain: 'taking-medication', text: 'Tomar la metformina con la comida', target: 'dos veces al día' },
  { domain: 'reducing-risk', text: 'Revisarse los pies antes de dormir', target: 'cada noche' },
] as const;
export const services = [
  { category: 'food', serviceName: 'Despensa San Isidro (invented)' },
  { category: 'transport', serviceName: 'Viajes del Condado (invented)' },
  { category: 'housing', serviceName: 'Casa Segura (invented)' },
  { category: 'education', serviceName: 'Inglés para Todos (invented)' },
] as const;
export const topics = ['cuidado de los pies', 'leer etiquetas', 'uso del glucómetro', 'contar carbohidratos'] as const;
export const classTopics = [
  ['qué es la diabetes'],
  ['alimentación', 'el plato'],
  ['actividad física', 'medicinas'],
  ['pies, ojos y riñones'],
] as const;
