/** `/v1/people/{key}/disclosures`, `/v1/referrals`: what left the clinic about a person, and what came of it. */
import type { Request, Response } from 'express';
import type { PatientKey } from '../core/model.ts';
import { referralStates } from '../core/story.ts';
import { requireScope } from './authenticate.ts';
import { type AppDeps, callerOf } from './deps.ts';
import { wrong } from './query.ts';

const keyForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function patientIn(given: string | undefined, name: string): PatientKey {
  if (given !== undefined && keyForm.test(given)) return given as PatientKey;
  return wrong(name, "Must be a patientKey: Tejido's own id of a person.");
}

function asked(req: Request, known: readonly string[]): (name: string) => string | undefined {
  for (const [name, value] of Object.entries(req.query)) {
    if (!known.includes(name)) wrong('query', `Known parameters: ${known.join(', ')}.`);
    if (typeof value !== 'string' || value === '') wrong(name, 'Give it once, with a value.');
  }
  return (name) => req.query[name] as string | undefined;
}

function instant(name: string, given: string | undefined): Date | undefined {
  if (given === undefined) return undefined;
  const at = new Date(given);
  return Number.isNaN(at.getTime()) ? wrong(name, 'Must be a date and time: 2026-05-06T00:00:00Z.') : at;
}

export function listDisclosures(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'messages:read');
    const of = asked(req, ['from', 'to']);
    const [from, to] = [instant('from', of('from')), instant('to', of('to'))];
    const patient = patientIn(String(req.params['key']), 'key');
    const disclosures = await deps.accounts.disclosures({
      patient,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
    res.json({ disclosures });
  };
}

export function listReferrals(deps: AppDeps) {
  return async (req: Request, res: Response): Promise<void> => {
    requireScope(callerOf(res).key, 'messages:read');
    const of = asked(req, ['state', 'category', 'patient', 'limit']);
    const [state, category, patient] = [of('state'), of('category'), of('patient')];
    if (state !== undefined && !(referralStates as readonly string[]).includes(state)) {
      wrong('state', `Must be one of: ${referralStates.join(', ')}.`);
    }
    const limit = Number(of('limit') ?? '200');
    if (!Number.isInteger(limit) || limit < 1 || limit > 500) wrong('limit', 'Must be a whole number from 1 to 500.');
    const referrals = await deps.accounts.referrals({
      limit,
      ...(state === undefined ? {} : { state }),
      ...(category === undefined ? {} : { category }),
      ...(patient === undefined ? {} : { patient: patientIn(patient, 'patient') }),
    });
    res.json({ referrals });
  };
}
