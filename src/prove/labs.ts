/**
 * The proof of the HL7 v2 door: a laboratory that resends what was not acknowledged, while Tejido, Postgres and the EHR
 * are killed; then each order stands once, as its last message said.
 */
import { carryOut, type Proof, type ProofOptions } from './carry-out.ts';
import { artifactSystem } from './fleet.ts';
import { readLabChart } from './lab-chart.ts';
import { labFindings } from './lab-findings.ts';
import { sendLabs } from './lab-sender.ts';
import { planLabs } from './lab-work.ts';

export type LabProofOptions = ProofOptions & {
  readonly messages: number;
  readonly connections: number;
};

/** Rejects when the proof itself could not be carried out. */
export function proveLabs(options: LabProofOptions): Promise<Proof> {
  const { connections, durationMs, signal } = options;
  const each = Math.ceil(options.messages / options.patients);
  return carryOut(options, (people, random) => {
    const patients = people.map((person, index) => planLabs(person, index, each, random));
    const orders = patients.flatMap((plan) => plan.orders);
    let acknowledged: Awaited<ReturnType<typeof sendLabs>>['acknowledged'] = [];
    return {
      what: 'laboratory messages',
      count: each * patients.length,
      send: async ({ mllpPort: port }) => {
        const onSent = (done: number): void => options.onProgress(done, 'acknowledged');
        const sent = await sendLabs({ port, patients, connections, durationMs, signal, onSent });
        ({ acknowledged } = sent);
        return { acknowledged: acknowledged.length, resent: sent.resent };
      },
      judge: async (messages, journal) => {
        const chart = await readLabChart(journal, artifactSystem);
        return labFindings({ acknowledged, messages, orders, chart });
      },
    };
  });
}
