/** The defaults of the configuration, as values: the tests of the ledger and of the rules read no file. */
import type { EscalationPolicy } from '../../src/core/escalation.ts';
import { redFlagsOf, type FindFlags } from '../../src/core/red-flag/detect.ts';
import { redFlagCodes, type RedFlagRules, type Severity } from '../../src/core/red-flag/rules.ts';

const stat = new Set(['glucose-very-low', 'chest-pain', 'stroke-signs', 'dka-symptoms', 'suicidality']);

export const rules: RedFlagRules = {
  glucose: { lowMgDl: 54, lowWithSymptomsMgDl: 70, highMgDl: 300 },
  bloodPressure: { systolic: 180, diastolic: 120 },
  phq9: { item9: 1, total: 15 },
  insulinNames: ['insulin', 'lantus'],
  severity: Object.fromEntries(
    redFlagCodes.map((code): [string, Severity] => [code, stat.has(code) ? 'stat' : 'urgent']),
  ) as RedFlagRules['severity'],
  restricted: ['phq9-item-9', 'suicidality', 'violence-at-home', 'abuse-disclosure'],
};

export const findFlags: FindFlags = (activity) => redFlagsOf(activity, rules);

export const policy: EscalationPolicy = {
  stat: {
    alternateAfterSeconds: 0,
    levels: [
      { pool: 'nurses', ackMinutes: 15 },
      { pool: 'lead', ackMinutes: 15 },
      { pool: 'director', ackMinutes: 30 },
    ],
  },
  urgent: { alternateAfterSeconds: 300, levels: [{ pool: 'nurses', ackMinutes: 60 }] },
  routine: { alternateAfterSeconds: 3_600, levels: [{ pool: 'nurses', ackMinutes: 1_440 }] },
};
