/** Which column of a sheet is which field, by the names people give to columns in English and Spanish. */
import { plainHeader } from './forbidden.ts';

export const rosterFields = [
  'patient',
  'mrn',
  'family',
  'secondFamily',
  'given',
  'dob',
  'sex',
  'phone',
  'phone2',
  'smsOk',
  'language',
  'postalCode',
  'pcp',
  'site',
  'chw',
  'status',
  'statusDate',
  'start',
  'referralSource',
  'tier',
  'tierReason',
  'tierDate',
  'researchSample',
  'researchStatus',
  'researchDate',
  'researchStudy',
  'a1c',
  'a1cDate',
] as const;
export type RosterField = (typeof rosterFields)[number];

export const attendanceFields = [
  'series',
  'session',
  'date',
  'start',
  'minutes',
  'site',
  'facilitator',
  'patient',
  'mrn',
  'dob',
  'attended',
  'minutesAttended',
  'companionCount',
  'topics',
  'makeupFor',
  'language',
] as const;
export type AttendanceField = (typeof attendanceFields)[number];

const patientNames =
  'source patient id|patient id|id paciente|id del paciente|paciente id|id de paciente|id|client id|' +
  'participant id|id participante|id del participante|numero de participante|no de participante|external id|case id|clave|folio';
const mrnNames =
  'mrn|medical record number|medical record no|chart number|expediente|numero de expediente|num de expediente|no de expediente|' +
  'no expediente|historia clinica|numero de historia clinica|nhc';
const dobNames =
  'dob|date of birth|birth date|birthdate|birthday|fecha de nacimiento|fecha nacimiento|fecha de nac|fecha nac|f nacimiento|fdn|nacimiento';
const siteNames = 'site|clinic|clinic site|sitio|clinica|sede|centro';

const names: Readonly<Record<RosterField, string>> = {
  patient: patientNames,
  mrn: mrnNames,
  family:
    'family|family name|last name|lastname|last|surname|first surname|paternal surname|apellido|apellidos|apellido paterno|primer apellido|paterno',
  secondFamily:
    'second family|second last name|second surname|maternal surname|apellido materno|segundo apellido|materno',
  given: 'given|given name|given names|first name|firstname|first|nombre|nombres|nombre s|primer nombre|nombre de pila',
  dob: dobNames,
  sex: 'sex|gender|administrative sex|sexo|genero',
  phone:
    'phone|phone 1|phone1|telephone|primary phone|home phone|phone number|cell|cell phone|mobile|mobile phone|telefono|telefono 1|tel|' +
    'numero de telefono|celular|movil|telefono celular|telefono de casa',
  phone2:
    'phone2|phone 2|second phone|alternate phone|other phone|work phone|telefono 2|otro telefono|segundo telefono|telefono alterno|telefono alternativo',
  smsOk:
    'contact ok sms|sms ok|text ok|ok to text|sms|acepta sms|acepta mensajes|mensajes de texto|acepta mensajes de texto',
  language: 'language|preferred language|idioma|lengua|idioma preferido',
  postalCode: 'zip|zip code|zipcode|postal code|postcode|codigo postal|c p|cp',
  pcp: 'pcp|primary care provider|provider|primary care physician|medico|medico de cabecera|medico familiar|doctor|doctora|proveedor',
  site: siteNames,
  chw: 'chw|chw id|chw user id|community health worker|promotora|promotor|id promotora|promotora id|id de la promotora|promotora de salud',
  status: 'programme status|program status|status|estado|estatus|estado del programa|estatus del programa|situacion',
  statusDate: 'status date|date of status|fecha de estado|fecha del estado|fecha estado|fecha de estatus|fecha estatus',
  start:
    'start|start date|enrolled|enrolled on|enrolment date|enrollment date|enrolment|fecha de inscripcion|fecha inscripcion|fecha de ingreso|' +
    'fecha ingreso|fecha de alta|fecha de inicio|fecha inicio|inscripcion',
  referralSource: 'referral source|referred by|referido por|referida por|fuente de referencia|enviado por',
  tier: 'tier|risk tier|level of need|need level|nivel|nivel de necesidad|nivel de riesgo|prioridad',
  tierReason:
    'tier reason|reason for tier|motivo del nivel|motivo de nivel|razon del nivel|criterio|criterios|criteria',
  tierDate: 'tier date|fecha de nivel|fecha del nivel|fecha nivel',
  researchSample: 'research sample|research|in research sample|muestra|muestra de investigacion|en la muestra',
  researchStatus:
    'research consent status|research consent|consent status|consentimiento|consentimiento de investigacion|estado del consentimiento',
  researchDate:
    'research consent date|consent date|fecha de consentimiento|fecha del consentimiento|fecha consentimiento',
  researchStudy: 'research study|study|study id|estudio',
  a1c: 'a1c|hba1c|hemoglobina glucosilada|hemoglobina glicosilada',
  a1cDate: 'a1c date|hba1c date|fecha a1c|fecha de a1c|fecha hba1c',
};

const attendanceNames: Readonly<Record<AttendanceField, string>> = {
  series: 'series|series id|serie|serie id|id de la serie|id serie|grupo|class|clase',
  session: 'session|session no|session number|sesion|numero de sesion|no de sesion|num de sesion',
  date: 'date|session date|fecha|fecha de la sesion|fecha de sesion',
  start: 'start|start time|hora|hora de inicio|inicio|comienzo',
  minutes: 'minutes|duration|minutos|duracion',
  site: siteNames,
  facilitator: 'facilitator|facilitator id|facilitador|facilitadora|promotora|chw|chw id|educadora|educator',
  patient: patientNames,
  mrn: mrnNames,
  dob: dobNames,
  attended: 'attended|attendance|present|asistio|asistencia|presente',
  minutesAttended: 'minutes attended|minutos asistidos|minutos de asistencia|minutos presentes',
  companionCount: 'companion count|companions|acompanantes|numero de acompanantes',
  topics: 'topics|topic|temas|tema',
  makeupFor: 'makeup for|make up for|makeup|make up|reposicion|reposicion de|recupera|recuperacion de',
  language: 'language|idioma',
};

const indexOf = <F extends string>(table: Readonly<Record<F, string>>): ReadonlyMap<string, F> =>
  new Map(
    (Object.entries(table) as [F, string][]).flatMap(([field, list]) =>
      // Our own name of a field is always one of its names.
      [plainHeader(field), ...list.split('|')].map((name): [string, F] => [name, field]),
    ),
  );

const roster = indexOf(names);
const attendance = indexOf(attendanceNames);

/** Columns by their names in a site's own files: header → field, or `ignore`. */
export type ColumnMap = Readonly<Record<string, string>>;

const own = (columns: ColumnMap, header: string): string | undefined => {
  const plain = plainHeader(header);
  return Object.entries(columns).find(([name]) => plainHeader(name) === plain)?.[1];
};

export type FieldOf<F extends string> = (header: string) => F | 'ignore' | undefined;

export const rosterFieldOf =
  (columns: ColumnMap = {}): FieldOf<RosterField> =>
  (header) =>
    (own(columns, header) as RosterField | 'ignore' | undefined) ?? roster.get(plainHeader(header));

export const attendanceFieldOf: FieldOf<AttendanceField> = (header) => attendance.get(plainHeader(header));
