/** Activities as a CHW app sends them, about 1.2 kB; patients and records are spread as asked. */
const run = Date.now().toString(36);

export function activity(n: number, patients: number): string {
  const patient = n % patients;
  return JSON.stringify({
    schemaVersion: '1.0',
    activityType: 'contact.phone',
    programmeId: 'msep',
    status: 'completed',
    source: { systemId: 'bench', recordId: `${run}-${String(n)}`, recordVersion: 1 },
    occurredAt: '2026-05-06T18:05:00-05:00',
    durationMinutes: 18,
    language: 'es',
    initiatedBy: 'chw',
    subject: { sourcePatientId: `p-${String(patient)}`, mrn: `SYN-${String(10_001 + patient)}` },
    performer: { sourceUserId: 'chw-1' },
    keyFunctions: ['F1'],
    primaryFunction: 'F1',
    details: {
      reason: 'seguimiento mensual',
      barriers: ['turno de noche'],
      nextContact: { date: '2026-05-20', mode: 'home' },
    },
    components: [
      {
        key: 'v1',
        activityType: 'vital.measure',
        details: { kind: 'glucose-capillary', value: 90 + (n % 150), unit: 'mg/dL', method: 'patient-device' },
      },
      {
        key: 'v2',
        activityType: 'vital.measure',
        details: { kind: 'weight', value: 80 + (n % 40), unit: 'kg', method: 'chw-device' },
      },
    ],
    narrative: {
      es: `Camina 3 de 4 días; se siente mejor. Nota ${String(n)}. ${'Come más verduras y menos tortillas. '.repeat(8)}`,
    },
  });
}
