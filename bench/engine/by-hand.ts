/** What the maps of the bench do, written in TypeScript by hand: the floor, without typing, places or messages. */

type Patient = {
  readonly id?: string;
  readonly active?: boolean;
  readonly gender?: string;
  readonly birthDate?: string;
  readonly name?: readonly { readonly family?: string; readonly given?: readonly string[] }[];
  readonly telecom?: readonly { readonly system?: string; readonly value?: string }[];
};

export function eightByHand(patient: Patient): unknown {
  const person: Record<string, unknown> = { resourceType: 'Person' };
  if (patient.id !== undefined) person['id'] = patient.id;
  if (patient.active !== undefined) person['active'] = patient.active;
  if (patient.gender !== undefined) person['gender'] = patient.gender;
  if (patient.birthDate !== undefined) person['birthDate'] = patient.birthDate;
  if (patient.name !== undefined)
    person['name'] = patient.name.map(({ family, given }) => {
      const name: Record<string, unknown> = {};
      if (family !== undefined) name['family'] = family;
      if (given !== undefined) name['given'] = [...given];
      return name;
    });
  if (patient.telecom !== undefined)
    person['telecom'] = patient.telecom.map(({ system, value }) => {
      const telecom: Record<string, unknown> = {};
      if (system !== undefined) telecom['system'] = system;
      if (value !== undefined) telecom['value'] = value;
      return telecom;
    });
  return person;
}

type Answer = {
  readonly valueString?: string;
  readonly valueDate?: string;
  readonly valueCoding?: { readonly code?: string };
};
type QuestionnaireResponse = {
  readonly authored?: string;
  readonly subject?: { readonly reference?: string };
  readonly item?: readonly { readonly linkId: string; readonly answer?: readonly Answer[] }[];
};

export function answersByHand({ authored, subject, item }: QuestionnaireResponse): unknown {
  const answer = (linkId: string): Answer | undefined => item?.find((each) => each.linkId === linkId)?.answer?.[0];
  const name: Record<string, unknown> = {};
  const patient: Record<string, unknown> = { resourceType: 'Patient' };
  const born = answer('born')?.valueDate;
  if (born !== undefined) patient['birthDate'] = born;
  const gender = answer('gender')?.valueCoding?.code;
  if (gender !== undefined) patient['gender'] = gender;
  const family = answer('family')?.valueString;
  if (family !== undefined) name['family'] = family;
  const given = answer('given')?.valueString;
  if (given !== undefined) name['given'] = [given];
  patient['name'] = [name];
  const observation: Record<string, unknown> = { resourceType: 'Observation', status: 'final' };
  if (authored !== undefined) observation['issued'] = authored;
  if (subject?.reference !== undefined) observation['subject'] = { reference: subject.reference };
  observation['code'] = { coding: [{ system: 'http://loinc.org', code: '29463-7' }] };
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { request: { method: 'POST', url: 'Patient' }, resource: patient },
      { request: { method: 'POST', url: 'Observation' }, resource: observation },
    ],
  };
}

type Item = {
  readonly artifact: string;
  readonly start?: string;
  readonly encounter?: string;
  readonly item: {
    readonly key?: string;
    readonly details: {
      readonly kind: string;
      readonly systolic?: number;
      readonly diastolic?: number;
      readonly measuredAt?: string;
      readonly method: string;
      readonly device?: string;
      readonly absentReason?: string;
      readonly context?: string;
      readonly repeat?: boolean;
    };
  };
  readonly activity: {
    readonly supersedes?: unknown;
    readonly sensitivity?: unknown;
    readonly narrative?: unknown;
  };
  readonly context: {
    readonly programme: { readonly artifactSystem: string };
    readonly patient: { readonly reference: string; readonly display?: string };
    readonly performer: {
      readonly reference?: string;
      readonly system: string;
      readonly id: string;
      readonly name?: string;
    };
  };
};

const loinc = 'http://loinc.org';

const pressure = (code: string, display: string, value: number | undefined): unknown => ({
  code: { coding: [{ system: loinc, code, display }] },
  ...(value === undefined
    ? {
        dataAbsentReason: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown' }],
        },
      }
    : { valueQuantity: { value, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' } }),
});

/** The blood pressure of `vital-measure.fml`, as far as the measured input goes: with a CHW's device, and no words. */
export function bloodPressureByHand({
  artifact,
  start,
  encounter,
  item: { details },
  activity,
  context,
}: Item): unknown {
  const { programme, patient, performer } = context;
  const subject: Record<string, unknown> = { reference: patient.reference };
  if (patient.display !== undefined) subject['display'] = patient.display;
  const chw: Record<string, unknown> = {};
  if (performer.reference === undefined) chw['type'] = 'Practitioner';
  else chw['reference'] = performer.reference;
  chw['identifier'] = { system: performer.system, value: performer.id };
  chw['display'] = performer.name === undefined ? 'Community health worker' : `${performer.name}, CHW`;
  const observation: Record<string, unknown> = {
    resourceType: 'Observation',
    meta: {
      profile: [
        'http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure',
        'https://tejido.dev/fhir/StructureDefinition/tejido-measurement',
      ],
    },
    identifier: [{ system: programme.artifactSystem, value: `${artifact}.bp` }],
    status: activity.supersedes === undefined ? 'final' : 'corrected',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'vital-signs',
            display: 'Vital Signs',
          },
        ],
      },
    ],
    code: { coding: [{ system: loinc, code: '85354-9', display: 'Blood pressure panel with all children optional' }] },
    subject,
  };
  if (encounter !== undefined) observation['encounter'] = { reference: `#artifact:${encounter}` };
  observation['effectiveDateTime'] = details.measuredAt ?? start;
  observation['performer'] = [chw];
  observation['method'] = {
    coding: [
      {
        system: 'https://tejido.dev/fhir/CodeSystem/measurement-method',
        code: details.method,
        display: "Taken by the CHW with the programme's device",
      },
    ],
  };
  if (details.device !== undefined) observation['device'] = { display: details.device };
  observation['component'] = [
    pressure('8480-6', 'Systolic blood pressure', details.systolic),
    pressure('8462-4', 'Diastolic blood pressure', details.diastolic),
  ];
  return { resourceType: 'Bundle', entry: [{ resource: observation }] };
}
