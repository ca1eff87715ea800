/** Narratives as the IG publisher writes them: tables, anchors, styles, titles, entities. */
import type { Resource } from '../../../src/core/ports.ts';

const box =
  'display: inline-block; background-color: #d9e0e7; padding: 6px; margin: 4px; border: 1px solid #8da1b4; border-radius: 5px; line-height: 60%';

const old = (type: string, id: string): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml"><p><b>Generated Narrative: ${type}</b><a name="${id}"> </a><a name="hc${id}"> </a></p>` +
  `<div style="${box}"><p style="margin-bottom: 0px">Resource ${type} &quot;${id}&quot; Version &quot;1&quot; Updated &quot;2023-04-01 10:00:00+0000&quot; </p>` +
  `<p style="margin-bottom: 0px">Profile: <a href="StructureDefinition-us-core-x.html">US Core &lt;x&gt; Profile</a></p></div>` +
  `<p><b>status</b>: final</p><p><b>code</b>: Body height <span style="background: LightGoldenRodYellow; margin: 4px; border: 1px solid khaki"> ` +
  `(<a href="https://loinc.org/">LOINC</a>#8302-2)</span></p><blockquote><p><b>value</b>: 3.5&#160;mg/dL<span style="background: LightGoldenRodYellow"> ` +
  `(Details: UCUM code mg/dL = 'mg/dL')</span></p></blockquote><h3>Participants</h3><table class="grid"><tr><td style="display: none">-</td><td><b>Member</b></td></tr>` +
  `<tr><td style="display: none">*</td><td><a href="Patient-example.html">Patient/example</a> &#8220;Shaw&#8221;</td></tr></table><hr/></div>`;

const recent = (type: string, id: string): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en"><p class="res-header-id"><b>Generated Narrative: ${type} ${id}</b></p>` +
  `<a name="${id}"> </a><a name="hc${id}"> </a><a name="${id}-en-US"> </a><div style="${box}"><p style="margin-bottom: 0px"/></div>` +
  `<p><b>code</b>: <span title="Codes:{http://loinc.org 8302-2}">Body height</span></p>` +
  `<ul><li>unable-to-obtain</li></ul><p style="border: 1px #661aff solid; background-color: #e6e6ff; padding: 10px;">Anonymous Patient (no stated gender)</p>` +
  `<table class="grid"><tr><td style="background-color: #f3f5da" title="Record is active">Active:</td><td colspan="3">true</td></tr></table></div>`;

const written = (type: string): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml">\n\t<!-- by hand -->\n<h1 id="a">${type}</h1><p align="center">Dr.&nbsp;X &amp; Söhne &#x2022; 5 &gt; 3<br />` +
  `<em>in</em> <i>a</i> <strong>b</strong> <small>c</small> <code>d</code> <sub>e</sub><sup>f</sup> <tt>g</tt> <q>h</q></p>` +
  `<img src="#pic" alt="picture" width="100" height="50"/><dl><dt>x</dt><dd>y</dd></dl><ol start="3"><li>1</li></ol>` +
  `<table border="1" cellpadding="2" cellspacing="0" summary="s" width="100%"><caption>t</caption><colgroup><col width="50%"/></colgroup><thead><tr><th scope="col">a</th></tr></thead>` +
  `<tfoot><tr><td>f</td></tr></tfoot><tbody><tr><td rowspan="2" valign="top" nowrap="nowrap">b</td></tr></tbody></table><pre>  x\n  y</pre></div>`;

let turn = 0;

/** The resource with one of them, each in its turn. */
export function narrated(resource: Resource): Resource {
  if (['Bundle', 'Binary', 'Parameters'].includes(resource.resourceType)) return resource;
  const { resourceType: type, id = 'x', ...rest } = resource as Resource & { id?: string };
  turn += 1;
  const div = turn % 3 === 0 ? old(type, id) : turn % 3 === 1 ? recent(type, id) : written(type);
  const extension = [
    { url: 'http://hl7.org/fhir/StructureDefinition/narrativeLink', valueUrl: `https://example.org/${type}.html#a` },
  ];
  return {
    resourceType: type,
    id,
    text: { status: turn % 2 === 0 ? 'generated' : 'additional', ...(turn % 4 === 0 ? { extension } : {}), div },
    ...rest,
  };
}
