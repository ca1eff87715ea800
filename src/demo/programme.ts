/** The invented programme of the demo: who works in it, what they say, and how it is configured. */

export type Promotora = { readonly id: string; readonly name: string; readonly phone: string };

export const promotoras: readonly Promotora[] = [
  { id: 'u-elvira', name: 'Elvira Montes Rangel', phone: '+1-559-555-0171' },
  { id: 'u-consuelo', name: 'Consuelo Ávila Prado', phone: '+1-559-555-0172' },
  { id: 'u-marisol', name: 'Marisol Tapia Luna', phone: '+1-559-555-0173' },
  { id: 'u-ofelia', name: 'Ofelia Bravo Cano', phone: '+1-559-555-0174' },
  { id: 'u-ruben', name: 'Rubén Salas Ochoa', phone: '+1-559-555-0175' },
  { id: 'u-nadia', name: 'Nadia Cota Villa', phone: '+1-559-555-0176' },
];

/** The app that speaks Tejido's own activities, and the CommCare project. */
export const appSystem = 'campo-demo';
export const commcareSource = 'commcare-demo';
export const mappedForm = 'http://openrosa.org/formdesigner/DEMO-VISITA';
export const unmappedForm = 'http://openrosa.org/formdesigner/DEMO-INVENTARIO';

/** tejido.yaml of the demo. JSON is YAML; a person can read this one. */
export const configuration = (): string => `# Written by tejido demo: an invented programme against the sandbox EHR.
programme:
  id: demo
  name: Compañeros en Salud (demo)
  phone: +1-559-555-0170
  organization: { display: Clínica del Valle (invented) }
http: { limits: { readsPerMinute: 0 } }
destinations:
  - id: sandbox
    kind: sandbox
    # The demo's EHR comes back within seconds: so do the retries.
    retry: { attempts: 1000, baseMs: 100, capMs: 1000 }
performers:
${promotoras.map(({ id, name, phone }) => `  - { system: ${appSystem}, id: ${id}, name: "${name}", phone: "${phone}", languages: [es, en] }`).join('\n')}
sources:
  - name: ${commcareSource}
    format: commcare
    programmeId: demo
    timeZone: America/Los_Angeles
    patient:
      mrn: case.update.mrn
      dob: { from: case.update.dob, as: date }
    forms:
      - xmlns: ${mappedForm}
        name: Visita domiciliaria
        activityType: contact.home
        constants: { mode: home, initiatedBy: chw, language: es }
        fields:
          durationMinutes: { from: form.duracion, as: number, required: true }
          details.reason: form.motivo
          narrative.es: form.nota
        components:
          - key: presion
            activityType: vital.measure
            constants: { details.kind: blood-pressure, details.unit: mmHg, details.method: chw-device }
            fields:
              details.systolic: { from: form.sistolica, as: number }
              details.diastolic: { from: form.diastolica, as: number }
`;

type Words = { readonly es: string; readonly en?: string };

export const phoneWords: readonly Words[] = [
  { es: 'Se quedó sin tiras; camina tres de cuatro días.', en: 'Ran out of strips; walks three of four days.' },
  { es: 'Está tomando la metformina con la comida y ya no le cae mal.' },
  { es: 'Le preocupa la cita con la oftalmóloga; repasamos qué preguntar.' },
  { es: 'Dejó el refresco entre semana; los domingos todavía se le antoja.' },
  { es: 'Cuida a sus nietos por la tarde y no alcanza a caminar.', en: 'Looks after grandchildren; no time to walk.' },
];
export const homeWords: readonly Words[] = [
  { es: 'Revisamos los pies juntos; sin heridas. Se siente más tranquila con la glucosa.' },
  { es: 'Ordenamos las medicinas en el pastillero; su esposo va a recordarle la de la noche.' },
  {
    es: 'Cocinamos nopales con huevo; midió la glucosa antes y después.',
    en: 'Cooked together; measured before and after.',
  },
  { es: 'La hija estuvo presente y quiere aprender a usar el medidor.' },
];
export const clinicWords: readonly Words[] = [
  { es: 'Preparó tres preguntas para su doctora y las hizo todas.' },
  { es: 'La acompañé a su cita; entendió el cambio de dosis.' },
];
export const goals = [
  { domain: 'being-active', text: 'Caminar 20 minutos después de cenar', target: '4 días por semana' },
  { domain: 'healthy-eating', text: 'Cambiar el refresco por agua', target: 'de lunes a viernes' },
  { domain: 'monitoring', text: 'Medir la glucosa antes del desayuno', target: 'cada día' },
  { domain: 'taking-medication', text: 'Tomar la metformina con la comida', target: 'dos veces al día' },
] as const;
export const needs = [
  { category: 'food', serviceName: 'Despensa San Isidro (invented)' },
  { category: 'transport', serviceName: 'Viajes del Condado (invented)' },
  { category: 'housing', serviceName: 'Casa Segura (invented)' },
] as const;
