import type { Command } from 'commander';
import { type Config, problemLine } from '../../config/config.ts';
import { causeOf } from '../../core/causes.ts';
import type { CapabilityReport } from '../../core/ports.ts';
import { table } from '../format.ts';
import type { CheckReport, Parts } from '../parts.ts';
import { json, Unsuccessful } from '../run.ts';

const yes = (value: boolean): string => (value ? 'yes' : 'no');

const capabilityText = (report: CapabilityReport): string => {
  const what = [report.software, report.fhirVersion && `FHIR ${report.fhirVersion}`].filter(Boolean).join(', ');
  const lines = [
    `${report.destination}: ${report.reachable ? `reachable${what === '' ? '' : ` (${what})`}` : 'NOT reachable'}`,
    `  credentials: ${report.auth}; transaction: ${yes(report.transaction)}; batch: ${yes(report.batch)}`,
  ];
  if (report.hl7v2 !== undefined) {
    const { where, reachable, documents, results } = report.hl7v2;
    const takes = [...(documents ? ['documents as MDM^T02'] : []), ...(results ? ['results as ORU^R01'] : [])];
    lines.push(`  HL7 v2 at ${where}: ${reachable ? 'reachable' : 'NOT reachable'}; takes ${takes.join(' and ')}`);
  }
  if (report.resources.length > 0) {
    const rows = report.resources.map(({ type, level, tier, amend, void: voids, says }) => [
      type,
      level,
      type === 'Patient' ? '' : tier,
      amend,
      voids,
      says,
    ]);
    const text = table(['RESOURCE', 'TAKEN', 'TIER', 'AMENDED', 'VOIDED', ''], rows);
    lines.push('', ...text.split('\n').map((line) => `  ${line}`));
  }
  for (const { cause, detail } of report.problems) {
    lines.push('', `  ${causeOf(cause).says} ${detail} [${cause}]`, `  ${causeOf(cause).next}`);
  }
  return lines.join('\n');
};

/** Every check says it, so that nobody relies on Tejido to save a life. */
function redFlagText({ redFlags }: Pick<Config, 'redFlags'>): readonly string[] {
  if (!redFlags.enabled) return ['red flags: off.'];
  const unreviewed = '  NOT SIGNED OFF: the medical director reviews the figures of redFlags; then write signedOff.';
  const reviewed = `  Signed off by ${redFlags.signedOff?.by ?? ''}, ${redFlags.signedOff?.on ?? ''}.`;
  const silent = redFlags.pools.filter(({ webhook }) => webhook === undefined).map(({ id }) => id);
  return [
    'red flags: on. TEJIDO IS NOT AN EMERGENCY SERVICE: the form must tell the CHW to call 911 first.',
    redFlags.signedOff === undefined ? unreviewed : reviewed,
    ...(silent.length === 0
      ? []
      : [`  No alternate route for ${silent.join(', ')}: nobody there is told while the EHR is down. Add a webhook.`]),
  ];
}

const isSound = (report: CheckReport): boolean =>
  report.connections.every(({ ok }) => ok) &&
  report.destinations.every(({ reachable, problems }) => reachable && problems.length === 0);

export function register(program: Command, parts: Parts): void {
  program
    .command('check')
    .description('check the configuration, try every connection, report what each EHR takes')
    .option('--json', 'print JSON')
    .option('--offline', 'check the configuration only')
    .addHelpText('after', '\nExample:\n  $ tejido check --config site/tejido.yaml')
    .action(async (options: { json?: true; offline?: true }, command: Command) => {
      const { out, err } = parts.terminal;
      const file: unknown = command.optsWithGlobals()['config'];
      const loaded = await parts.loadConfig(typeof file === 'string' ? file : undefined);
      if (!loaded.ok) {
        if (options.json) out(json({ ok: false, problems: loaded.problems }));
        else for (const problem of loaded.problems) out(problemLine(problem));
        throw new Unsuccessful();
      }
      const config = loaded.value;
      if (options.offline) {
        out(options.json ? json({ ok: true, problems: [] }) : `${config.file ?? 'The defaults'}: sound.`);
        return;
      }
      const report = await parts.check(config, (what) => {
        if (!options.json) err(`trying ${what} …`);
      });
      const ok = isSound(report);
      if (options.json) out(json({ ok, problems: [], ...report }));
      else {
        out(`${config.file ?? 'No tejido.yaml: the defaults'}: sound.`);
        for (const { name, ok: works, says, next } of report.connections) {
          out(`${works ? 'ok   ' : 'FAILS'} ${name}: ${says}${works || next === undefined ? '' : `\n      ${next}`}`);
        }
        for (const line of redFlagText(config)) out(line);
        for (const destination of report.destinations) out(`\n${capabilityText(destination)}`);
      }
      if (!ok) throw new Unsuccessful();
    });
}
