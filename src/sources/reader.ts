/**
 * The readers by format: at the door they tell by what a delivery is known; at processing time they turn the stored
 * bytes into an activity with the config of that moment, so that a form held for want of a route goes on once it has one.
 */
import type { Activity } from '../core/activity.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import type { Incoming } from '../core/ports.ts';
import type { FindFlags } from '../core/red-flag/detect.ts';
import { identifyActivity, readStoredActivity, type ActivityCheck } from './activity.ts';
import { chtActivity, identifyCht, isIgnoredReport, splitReports } from './cht.ts';
import { commCareActivity, identifyCommCare, isIgnoredForm, type Headers } from './commcare.ts';
import { splitDelivery } from './commcare-payload.ts';
import type { SourceConfig } from './config.ts';
import { readJson, readJsonLines, type JsonLimits } from './json-items.ts';

type Delivery = {
  readonly raw: Uint8Array;
  readonly contentType: string;
  readonly headers: Headers;
  /** Name of the key that sent it. */
  readonly actor: string;
};

export type SourceReader = {
  /** Splits a delivery and names its parts. Never throws, never refuses: what is wrong is held. */
  readonly identify: (delivery: Delivery, config: SourceConfig) => readonly Incoming[];
  readonly toActivity: (raw: Uint8Array, config: SourceConfig | undefined) => Outcome<Activity>;
  /** The config says that this record is deliberately not filed. */
  readonly ignores: (raw: Uint8Array, config: SourceConfig | undefined) => boolean;
};

export type Readers = Readonly<Record<SourceConfig['format'], SourceReader>>;

const formats: readonly SourceConfig['format'][] = ['activity', 'commcare', 'cht'];

/** `findFlags`: red flags are found at the door, before anything else is decided about a message. */
export function createReaders(check: ActivityCheck, limits: JsonLimits, findFlags: FindFlags): Readers {
  return {
    activity: activityReader(check, limits, findFlags),
    commcare: commCareReader(check, limits, findFlags),
    cht: chtReader(check, limits, findFlags),
  };
}

export const readerFor = (readers: Readers, format: string): SourceReader | undefined =>
  formats.includes(format as SourceConfig['format']) ? readers[format as SourceConfig['format']] : undefined;

function commCareReader(check: ActivityCheck, limits: JsonLimits, findFlags: FindFlags): SourceReader {
  return {
    identify: ({ raw, contentType, headers, actor }, config) => {
      const parts = splitDelivery(raw, limits);
      return parts.map((part) => ({
        raw: part,
        contentType,
        source: config.name,
        format: 'commcare',
        // The headers tell about a single form; a page has its own times inside.
        ...identifyCommCare(part, parts.length === 1 ? headers : {}, config, limits, findFlags),
        actor,
      }));
    },
    toActivity: (raw, config) =>
      config === undefined
        ? fail('mapping/no-route', 'The source of this message is no longer configured.')
        : commCareActivity(raw, config, check, limits),
    ignores: (raw, config) => config !== undefined && isIgnoredForm(raw, config, limits),
  };
}

function chtReader(check: ActivityCheck, limits: JsonLimits, findFlags: FindFlags): SourceReader {
  return {
    identify: ({ raw, contentType, actor }, config) =>
      splitReports(raw, limits).map((part) => ({
        raw: part,
        contentType,
        source: config.name,
        format: 'cht',
        ...identifyCht(part, config, actor, check, limits, findFlags),
        actor,
      })),
    toActivity: (raw, config) =>
      config === undefined
        ? fail('mapping/no-route', 'The source of this message is no longer configured.')
        : chtActivity(raw, config, check, limits),
    ignores: (raw, config) => config !== undefined && isIgnoredReport(raw, config, limits),
  };
}

function activityReader(check: ActivityCheck, limits: JsonLimits, findFlags: FindFlags): SourceReader {
  return {
    identify: ({ raw, contentType, actor }, config) => {
      const base = { contentType, source: config.name, format: 'activity', actor };
      const read = contentType.startsWith('application/x-ndjson') ? readJsonLines(raw, limits) : readJson(raw, limits);
      if (!read.ok) {
        const failure = fail('source/unreadable', 'The payload is not readable JSON.', { issues: read.issues }).failure;
        return [{ ...base, raw, kind: 'unreadable', hold: failure }];
      }
      return read.items.map((item): Incoming => {
        if (!item.ok) {
          const failure = fail('source/unreadable', 'The payload is not strict JSON.', { issues: item.issues }).failure;
          return { ...base, raw: item.raw, kind: 'unreadable', hold: failure };
        }
        const issues = check(item.value);
        if (issues.length > 0) {
          const failure = fail('activity/invalid', `${issues.length} field(s) are not as the schema requires.`, {
            issues,
          }).failure;
          const flags = typeof item.value === 'object' && item.value !== null ? findFlags(item.value as Activity) : [];
          const flagged = flags.length === 0 ? {} : { flags };
          return { ...base, raw: item.raw, kind: 'activity', hold: failure, ...flagged };
        }
        return {
          ...identifyActivity(item.value as Activity, item.raw, contentType, actor, findFlags),
          source: config.name,
        };
      });
    },
    toActivity: (raw) => readStoredActivity(raw, check, limits),
    ignores: () => false,
  };
}
