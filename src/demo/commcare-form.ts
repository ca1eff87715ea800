/** A visit as CommCare forwards its form. */
import type { Person } from './people.ts';
import { commcareSource } from './programme.ts';

export function commcareForm(
  person: Person,
  at: number,
  xmlns: string,
  instanceID: string,
): Readonly<Record<string, unknown>> {
  const time = new Date(at).toISOString();
  return {
    domain: commcareSource,
    id: instanceID,
    received_on: time,
    server_modified_on: time,
    form: {
      '@xmlns': xmlns,
      '@name': 'Visita domiciliaria',
      case: { '@case_id': person.sourceId, '@user_id': person.promotora, update: { mrn: person.mrn, dob: person.dob } },
      duracion: '40',
      motivo: 'visita mensual',
      sistolica: '134',
      diastolica: '82',
      nota: 'Estaba contenta con su nueva libreta.',
      meta: { instanceID, timeStart: time, timeEnd: time, userID: person.promotora, username: person.promotora },
    },
  };
}
