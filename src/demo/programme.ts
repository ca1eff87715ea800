/** The invented programme of the demo: who works in it, and how it is configured. */

export type Promotora = { readonly id: string; readonly name: string; readonly phone: string };

const names = [
  ['u-elvira', 'Elvira Montes Rangel'], ['u-consuelo', 'Consuelo Ávila Prado'], ['u-marisol', 'Marisol Tapia Luna'],
  ['u-ofelia', 'Ofelia Bravo Cano'], ['u-ruben', 'Rubén Salas Ochoa'], ['u-nadia', 'Nadia Cota Villa'],
  ['u-graciela', 'Graciela Ponce Rey'], ['u-amparo', 'Amparo Lugo Vidal'], ['u-tomas', 'Tomás Ibarra Solís'],
  ['u-celia', 'Celia Duarte Mora'], ['u-irma', 'Irma Quiroz Leal'], ['u-josefa', 'Josefa Rubio Nava'],
] as const; // prettier-ignore

export const promotoras: readonly Promotora[] = names.map(([id, name], index) => ({
  id,
  name,
  phone: `+1-559-555-01${String(71 + index)}`,
}));

export const programmeId = 'demo';
/** Who came with which study of the research sample. */
export const study = 'demo-400';
/** The app that speaks Tejido's own activities, the roster and the sheets of the classes: one id of a patient in all. */
export const appSystem = 'campo-demo';
export const commcareSource = 'commcare-demo';
export const mappedForm = 'http://openrosa.org/formdesigner/DEMO-VISITA';
export const unmappedForm = 'http://openrosa.org/formdesigner/DEMO-INVENTARIO';

/** tejido.yaml of the demo. JSON is YAML; a person can read this one. `ehr`: FHIR base URL of its sandbox. */
export const configuration = (
  ehr: string,
): string => `# Written by tejido demo: an invented programme against the sandbox EHR.
programme:
  id: ${programmeId}
  name: Compañeros en Salud (demo)
  timeZone: America/Los_Angeles
  phone: +1-559-555-0170
  organization: { display: Clínica del Valle (invented) }
http: { limits: { readsPerMinute: 0 } }
destinations:
  - id: sandbox
    kind: fhir
    baseUrl: ${ehr}
    mrnSystem: urn:tejido:sandbox:mrn
    # The demo's EHR comes back within seconds: so do the retries.
    retry: { attempts: 1000, baseMs: 100, capMs: 1000 }
performers:
${promotoras.map(({ id, name, phone }) => `  - { system: ${appSystem}, id: ${id}, name: "${name}", phone: "${phone}", languages: [es, en] }`).join('\n')}
sources:
  - name: ${commcareSource}
    format: commcare
    programmeId: ${programmeId}
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
