/** The sandbox in a browser: who is registered, and what stands in a chart. Everything from the data is escaped. */
import { chartOf, lineOf } from './chart.ts';
import { isRecord, listOf, textOf } from './elements.ts';
import type { Answer } from './http.ts';
import type { Store, Stored } from './store.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (c) => escapes[c] ?? c);

/** Fills a template; values are escaped unless they are HTML of ours already. */
type Html = { readonly html: string };
const markup = (
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html => ({
  html: parts.reduce((text, part, i) => {
    const value = values[i - 1];
    return text + rendered(value) + part;
  }),
});
const rendered = (value: string | number | Html | readonly Html[] | undefined): string => {
  if (value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return 'html' in value ? value.html : value.map((item) => item.html).join('');
};

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2933}
h1{font-size:1.4rem}a{color:#0b6bcb}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #dde3ea}
article{border-left:3px solid #0b6bcb;margin:1rem 0;padding:.2rem 1rem}article.void{opacity:.55;border-color:#a33}
pre{white-space:pre-wrap;font:inherit;background:#f4f6f8;padding:.6rem;margin:.4rem 0}small{color:#5a6672}ul{margin:.2rem 0}`;

const page = (title: string, body: Html): Answer => ({
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'cache-control': 'no-store',
  },
  body: markup`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${{ html: style }}</style></head><body>${body}</body></html>`
    .html,
});

function nameOf(patient: Stored): string {
  const [name] = listOf(patient['name']);
  if (!isRecord(name)) return patient.id;
  return (
    textOf(name['text']) ??
    [...listOf(name['given']), name['family']].filter((part) => typeof part === 'string').join(' ')
  );
}

const mrnOf = (patient: Stored): string => {
  const [identifier] = listOf(patient['identifier']);
  return isRecord(identifier) ? (textOf(identifier['value']) ?? '') : '';
};

const most = 500;

/** Patients with the number of resources in their chart. */
export function homePage(store: Store, baseUrl: string): Answer {
  const patients = [...store.since('Patient')].slice(-most).flatMap((entry) => entry.versions.at(-1)?.resource ?? []);
  const rows = patients
    .map((patient) => ({ patient, filed: chartOf(store, patient.id).length }))
    .toSorted((a, b) => b.filed - a.filed || mrnOf(a.patient).localeCompare(mrnOf(b.patient)));
  const counts = store.types().map((type) => markup`<li>${type}: ${store.count(type)}</li>`);
  return page(
    'Sandbox EHR',
    markup`<h1>Sandbox EHR</h1><p>A stand-in for a clinic's record. The patients are invented.</p><p>FHIR base: <code>${baseUrl}</code> · <a href="${baseUrl}/metadata">metadata</a></p><ul>${counts}</ul><table><thead><tr><th>Patient</th><th>MRN</th><th>Born</th><th>In the chart</th></tr></thead><tbody>${rows.map(({ patient, filed }) => markup`<tr><td><a href="${baseUrl}/Patient/${encodeURIComponent(patient.id)}/$chart">${nameOf(patient)}</a></td><td>${mrnOf(patient)}</td><td>${textOf(patient['birthDate']) ?? ''}</td><td>${filed}</td></tr>`)}</tbody></table>${store.count('Patient') > most ? markup`<p>The ${most} latest of ${store.count('Patient')} are shown.</p>` : markup``}`,
  );
}

/** A patient's chart, newest first. */
export function chartPage(store: Store, baseUrl: string, patient: Stored): Answer {
  const lines = chartOf(store, patient.id).map(lineOf);
  const articles = lines.map(
    (line) =>
      markup`<article class="${line.status === 'entered-in-error' ? 'void' : ''}"><strong>${line.title}</strong> <small>${line.date.replace('T', ' ')} · <a href="${baseUrl}/${line.reference}">${line.type}</a>, version ${line.version}${line.status === undefined ? '' : ` · ${line.status}`}${line.who.length > 0 ? ` · ${line.who.join(', ')}` : ''}</small>${line.values.length > 0 ? markup`<ul>${line.values.map((value) => markup`<li>${value}</li>`)}</ul>` : markup``}${line.texts.map((text) => markup`<pre>${text}</pre>`)}</article>`,
  );
  return page(
    `Chart ${mrnOf(patient)}`,
    markup`<p><a href="${baseUrl}/">All patients</a></p><h1>${nameOf(patient)}</h1><p>MRN ${mrnOf(patient)} · born ${textOf(patient['birthDate']) ?? 'unknown'} · ${lines.length} entries</p>${articles.length > 0 ? articles : markup`<p>Nothing has been filed in this chart yet.</p>`}`,
  );
}
