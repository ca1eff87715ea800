/** What consents and referrals say that later records and the gates build on. */
import { describe, expect, test } from '@jest/globals';
import type { Activity } from '../../src/core/activity.ts';
import { factsOf } from '../../src/core/fact.ts';

const at = '2026-05-06T18:05:00-05:00';

const activity = (activityType: string, details: Record<string, unknown>, more: Partial<Activity> = {}): Activity => ({
  schemaVersion: '1.0',
  activityType,
  programmeId: 'alivio',
  status: 'completed',
  source: { systemId: 's', recordId: 'r-1' },
  occurredAt: at,
  subject: { sourcePatientId: 'p' },
  performer: { sourceUserId: 'u' },
  details,
  ...more,
});

describe('consents', () => {
  test('say kind, status, scope, recipient, and from when until when', () => {
    const details = {
      consentId: 'c-3',
      kind: 'community-referral',
      status: 'given',
      scope: ['food', 'legal'],
      recipient: { id: 'hsds:org-1', name: 'Despensa San José', class: 'community-organisations' },
      start: '2026-05-01',
      expires: '2027-05-01',
      reason: 'quiere ayuda',
    };
    expect(factsOf(activity('consent.record', details))).toEqual([
      {
        kind: 'consent',
        key: 'c-3',
        at,
        data: {
          kind: 'community-referral',
          status: 'given',
          scope: ['food', 'legal'],
          recipient: 'hsds:org-1',
          from: '2026-05-01',
          until: '2027-05-01',
        },
      },
    ]);
  });

  test('without scope mean all, and count from when they were given', () => {
    const details = { consentId: 'c-1', kind: 'messaging', status: 'withdrawn' };
    expect(factsOf(activity('consent.record', details)).map(({ data }) => data)).toEqual([
      { kind: 'messaging', status: 'withdrawn', scope: ['all'], from: at },
    ]);
  });

  test('are not told by what did not take place', () => {
    const details = { consentId: 'c-1', kind: 'messaging', status: 'given' };
    expect(factsOf(activity('consent.record', details, { status: 'not-done' }))).toEqual([]);
    expect(
      factsOf(activity('research.consent', { study: 's-1', status: 'consented' }, { status: 'attempted' })),
    ).toEqual([]);
  });

  test('to research name the study; offered is no answer yet', () => {
    const told = (status: string): unknown[] =>
      factsOf(activity('research.consent', { study: 'msep-400', status, version: '3', date: '2026-05-02' })).map(
        ({ key, data }) => [key, data],
      );
    expect(told('offered')).toEqual([]);
    expect(told('consented')).toEqual([
      [
        'study.msep-400',
        { kind: 'research', status: 'given', scope: ['msep-400'], recipient: 'researchers', from: '2026-05-02' },
      ],
    ]);
    expect(told('withdrawn')).toMatchObject([['study.msep-400', { status: 'withdrawn' }]]);
  });

  test('to sharing with a relative are told in a contact too, without name or relationship', () => {
    const details = { familyId: 'f-1', relationship: 'daughter', consentToShare: true, name: 'Luz Mendoza' };
    const contact = activity(
      'contact.home',
      {},
      { components: [{ key: 'f', activityType: 'family.involve', details }] },
    );
    expect(factsOf(contact).filter(({ kind }) => kind === 'consent')).toEqual([
      {
        kind: 'consent',
        key: 'family.f-1',
        at,
        data: { kind: 'family', status: 'given', scope: ['all'], recipient: 'f-1', from: at },
      },
    ]);
    expect(factsOf(activity('family.involve', { relationship: 'son', role: 'present' }))).toEqual([]);
  });
});

describe('referrals', () => {
  const told = (type: string, details: Record<string, unknown>, more: Partial<Activity> = {}): readonly unknown[] =>
    factsOf(activity(type, details, more));

  test('say category, status, outcome and service, never a text', () => {
    const details = {
      referralId: 'ref-1',
      category: 'food',
      serviceId: 'hsds:svc-9',
      text: 'despensa',
      urgency: 'routine',
    };
    expect(told('referral.community', details)).toEqual([
      {
        kind: 'referral',
        key: 'ref-1',
        at,
        data: { category: 'food', said: 'request', status: 'requested', serviceId: 'hsds:svc-9' },
      },
    ]);
    const outcome = { referralId: 'ref-1', status: 'rejected', outcome: 'no-capacity', reason: 'lista llena' };
    expect(told('referral.outcome', outcome)).toEqual([
      {
        kind: 'referral',
        key: 'ref-1',
        at,
        data: { said: 'report', status: 'rejected', outcome: 'no-capacity', reason: 'given' },
      },
    ]);
  });

  test('that the patient did not want are cancelled; an outcome nobody could learn says nothing', () => {
    expect(told('referral.community', { referralId: 'ref-1', category: 'food' }, { status: 'not-done' })).toMatchObject(
      [{ data: { category: 'food', status: 'cancelled' } }],
    );
    const outcome = { referralId: 'ref-1', status: 'in-progress' };
    expect(told('referral.outcome', outcome, { status: 'attempted' })).toEqual([]);
  });

  test('without an id say nothing: nothing can name them', () => {
    expect(told('referral.community', { category: 'food' })).toEqual([]);
  });
});
