import { expect, test } from '@jest/globals';
import { boundedLabel, createMetrics } from '../../src/observe/metrics.ts';

test('counts, times and gauges are exposed for Prometheus', async () => {
  const metrics = createMetrics({
    processMetrics: false,
    readings: {
      backlog: async () => ({ held: 3 }),
      laneAges: async () => [{ destination: 'ehr', ageMs: 1_500 }],
      intake: async () => ({ count: 4, oldestMs: 2_000 }),
      wakeHealthy: () => true,
      escalations: () => Promise.resolve([{ severity: 'stat', running: 2, oldestMs: 90_000, inTime: 3, late: 1 }]),
    },
  });
  metrics.accepted('commcare', 'vital.measure', 5);
  metrics.held('commcare', 'vital.measure', 'match/unknown-patient');
  metrics.attemptTook('ehr', 'filed', 40);
  metrics.acceptTook('activities', 3);
  metrics.queueLag('ehr', 8);
  metrics.mllp.acknowledged('river-lab', 'AA');
  metrics.mllp.dropped('noise', 7);
  metrics.mllp.connections(2);
  await metrics.expose();
  const { body, contentType } = await metrics.expose();
  expect(contentType).toContain('text/plain');
  for (const line of [
    'tejido_accepted_total{source="commcare",kind="vital.measure"} 5',
    'tejido_held_total{source="commcare",kind="vital.measure",cause="match/unknown-patient"} 1',
    'tejido_attempt_seconds_count{destination="ehr",outcome="filed"} 1',
    'tejido_backlog{state="held"} 3',
    'tejido_backlog{state="filed"} 0',
    'tejido_lane_age_seconds{destination="ehr"} 1.5',
    'tejido_wake_healthy 1',
    'tejido_intake_waiting 4',
    'tejido_intake_age_seconds 2',
    'tejido_mllp_acknowledged_total{source="river-lab",code="AA"} 1',
    'tejido_mllp_dropped_total{reason="noise"} 7',
    'tejido_mllp_connections 2',
    'tejido_escalations_running{severity="stat"} 2',
    'tejido_escalation_oldest_seconds{severity="stat"} 90',
    'tejido_escalations_acknowledged_30d{severity="stat",in_time="false"} 1',
  ])
    expect(body).toContain(line);
});

test('a label that a sender chooses neither grows without bound nor carries a name', async () => {
  const metrics = createMetrics({ processMetrics: false });
  for (let n = 0; n < 1_000; n += 1) metrics.accepted('app', `kind-${n}`);
  metrics.accepted('Guadalupe Canario 1961-07-23', 'x');
  const { body } = await metrics.expose();
  expect(body.split('\n').filter((line) => line.startsWith('tejido_accepted_total')).length).toBeLessThan(210);
  expect(body).not.toContain('Guadalupe');
  expect(body).toContain('source="other"');
  const label = boundedLabel(1);
  expect([label('a'), label('b'), label('a')]).toEqual(['a', 'other', 'a']);
});

test('a reading that fails is counted and does not break the others', async () => {
  const metrics = createMetrics({
    processMetrics: false,
    readings: {
      backlog: () => Promise.reject(new Error('away')),
      laneAges: async () => [{ destination: 'ehr', ageMs: 1_000 }],
      intake: () => Promise.reject(new Error('away')),
      wakeHealthy: () => false,
      escalations: () => Promise.reject(new Error('away')),
    },
  });
  await metrics.expose();
  const { body } = await metrics.expose();
  expect(body).toContain('tejido_lane_age_seconds{destination="ehr"} 1');
  expect(body).toMatch(/tejido_scrape_failures_total\{reading="backlog"\} [12]/);
});
