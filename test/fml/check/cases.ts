/**
 * Wrong maps, each with what is to be said of it. The place stands between « and »; `head` goes before the groups. Rules
 * alone stand in a group from a Patient to an Observation.
 */
import type { ProblemCode } from '../../../src/fml/problem.ts';

export type WrongMap = {
  readonly name: string;
  readonly code: ProblemCode;
  readonly warning?: true;
  readonly head?: string;
  readonly rules?: string;
  readonly groups?: string;
  /** Parts of the message and of the suggestion. */
  readonly what?: string;
  readonly suggestion?: string;
};

export const wrongMaps: readonly WrongMap[] = [
  // ------------------------------------------------------------------------------- words of other languages
  {
    name: '“==”',
    code: 'expression',
    rules: `src where (gender =«=» 'male') -> tgt.status = 'final' "s";`,
    suggestion: 'Equal is “=”.',
  },
  {
    name: '“&&”',
    code: 'expression',
    rules: `src where (active &«&» gender.exists()) -> tgt.status = 'final' "s";`,
    suggestion: 'Both is “and”.',
  },
  {
    name: 'typographic quotes in an expression',
    code: 'expression',
    rules: `src where (gender = «‘»male’) -> tgt.status = 'final' "s";`,
    suggestion: 'straight quotes',
  },
  {
    name: 'a name in quotes in an expression',
    code: 'expression',
    rules: `src -> tgt.status = (%src.«'marital status'».text) "s";`,
    suggestion: 'backticks: `marital status`',
  },
  {
    name: 'null',
    code: 'unknown-variable',
    rules: `src -> tgt.status = «null» "s";`,
    suggestion: 'exists() or empty()',
  },
  {
    name: 'True',
    code: 'unknown-variable',
    rules: `src -> tgt.value = «True» "s";`,
    suggestion: 'Write true.',
  },
  {
    name: 'a type without quotes',
    code: 'unknown-variable',
    rules: `src -> tgt.contained = create(«Patient») as p then { src.id as i -> p.id = i "i"; } "s";`,
    suggestion: "'Patient'",
  },
  {
    name: 'a text for a boolean',
    code: 'wrong-type',
    groups: `group main(source src : Observation, target tgt : Patient) {\n  src -> tgt.active = «'yes'» "a";\n}`,
    suggestion: 'Write true or false.',
  },
  {
    name: 'a transform in a transform',
    code: 'unknown-function',
    rules: `src -> tgt.status = truncate(«append»('a', 'b'), 3) "s";`,
    suggestion: 'Keep its result in a variable first: append(…) as v.',
  },
  {
    name: 'a function of FHIRPath without parentheses around it',
    code: 'unknown-transform',
    rules: `src -> tgt.status = «iif»(%src.active, 'final', 'amended') "s";`,
    suggestion: 'iif() is a function of FHIRPath: write = (iif(…)).',
  },
  {
    name: 'a variable that is like no other',
    code: 'unknown-variable',
    rules: `src.name as given -> tgt.status = (%given.use & «%status») "s";`,
    suggestion: 'Variables here: given, tgt, src.',
  },
  {
    name: 'a transform that is called as a group',
    code: 'unknown-group',
    rules: `src -> tgt.status as s then «create»('code') "s";`.replace('tgt.status as s', 'tgt'),
    suggestion: 'create is a transform',
  },
  {
    name: 'an abstract type that is to be made',
    code: 'unknown-type',
    rules: `src -> tgt.contained = create(«'Resource'») as r then { src.id as i -> r.id = i "i"; } "s";`,
    suggestion: 'Say which one is meant.',
  },
  {
    name: 'an element that is like no other',
    code: 'unknown-element',
    rules: `src.name as n -> tgt.status = (%n.«nickname») "s";`,
    warning: true,
    suggestion: 'It has extension, family, given, id, period, prefix, suffix, text, use.',
  },
  {
    name: 'constants made of each other',
    code: 'expression',
    head: 'let a = «%b»;\nlet b = %a + 1;',
    rules: `src -> tgt.status = (%a.toString()) "s";`,
    what: 'the constant a is made of itself',
  },
  // ------------------------------------------------------------------------------------------------- elements
  {
    name: 'an element that the source does not have',
    code: 'unknown-element',
    rules: `src.«brithDate» as d -> tgt.effective = d;`,
    what: 'Patient has no element brithDate',
    suggestion: 'Did you mean “birthDate”?',
  },
  {
    name: 'an element that the target does not have',
    code: 'unknown-element',
    rules: `src -> tgt.«statsu» = 'final' "s";`,
    suggestion: '“status”',
  },
  {
    name: 'an element of what was made by a rule around it',
    code: 'unknown-element',
    rules: `src -> tgt.code as c then {
      src -> c.coding as coding then {
        src -> coding.«sytem» = 'http://loinc.org' "system";
      } "coding";
    } "code";`,
    what: 'Coding has no element sytem',
    suggestion: '“system”',
  },
  {
    name: 'an element of what create made',
    code: 'unknown-element',
    rules: `src -> tgt.value = create('Quantity') as q then { src -> q.«units» = 'kg' "u"; } "v";`,
    suggestion: '“unit”',
  },
  {
    name: 'an element inside a path of a target',
    code: 'unknown-element',
    rules: `src -> tgt.code.«codings».code = 'x' "c";`,
    suggestion: '“coding”',
  },
  {
    name: 'an element of a variable given to a transform',
    code: 'unknown-element',
    rules: `src.name as n -> tgt.code = cc(n.«famly») "c";`,
    suggestion: '“family”',
  },
  {
    name: 'an element of a type that no choice offers',
    code: 'unknown-element',
    rules: `src -> tgt.«valueAddress» as a "v";`,
  },
  {
    name: 'an element in FHIRPath, of the item',
    code: 'unknown-element',
    warning: true,
    rules: `src.name as n where («usee» = 'official') -> tgt.code = cc(n.text) "c";`,
    suggestion: '“use”',
  },
  {
    name: 'an element in FHIRPath, of a variable, on the second line of the expression',
    code: 'unknown-element',
    warning: true,
    rules: `src -> tgt.code = cc('x'), tgt.issued = (iif(true,
        %src.meta.«lastUpdate», {})) "c";`,
    suggestion: '“lastUpdated”',
  },
  {
    name: 'an element in FHIRPath, in the parameter of where()',
    code: 'unknown-element',
    warning: true,
    rules: `src -> tgt.issued = (%src.name.where(«usage» = 'official').text.first()) "c";`,
  },
  {
    name: 'an element in FHIRPath, after select() and iif()',
    code: 'unknown-element',
    warning: true,
    rules: `src -> tgt.issued = (iif(true, %src.contact, %src.contact).select(name).«famly».first()) "c";`,
    suggestion: '“family”',
  },
  {
    name: 'a field of an activity that no schema has',
    code: 'unknown-element',
    groups: `group main(source src : TejidoItem, target tgt : Observation) {
      src -> tgt.issued = (%src.item.details.«mesuredAt») "i";
    }`,
    head: `uses "https://tejido.dev/fhir/StructureDefinition/activity-item" alias TejidoItem as source`,
    what: 'ActivityItem.activity.details has no element mesuredAt',
    suggestion: '“measuredAt”',
  },
  {
    name: 'an element of a parameter without a type, in a group that calls itself',
    code: 'unknown-element',
    groups: `group main(source src : QuestionnaireResponse, target tgt : Patient) { src.item as i then walk(i, tgt) "i"; }
    group walk(source i, target tgt) {
      i.item as inner then walk(inner, tgt) "inner";
      i.«ansewr» as a then found(a, tgt) "a";
    }
    group found(source a, target tgt) { a.value as v -> tgt.id = v "v"; }`,
    what: 'QuestionnaireResponse.item has no element ansewr',
    suggestion: '“answer”',
  },
  {
    name: 'an element of what a parameter without a type is given',
    code: 'unknown-element',
    groups: `group main(source src : Patient, target tgt : Observation) { src -> tgt.code as c then fill(src, c) "c"; }
    group fill(source src, target c) { src then again(src, c) "a"; }
    group again(source src, target c) { src -> c.«txet» = 'x' "t"; }`,
    suggestion: '“text”',
  },
  // ------------------------------------------------------------------------------------------------- variables
  {
    name: 'a source variable that is not there',
    code: 'unknown-variable',
    rules: `src -> tgt.status = 'final' "s";
    «srx».name as n -> tgt.code = cc(n.text) "c";`,
    suggestion: '“src”',
  },
  {
    name: 'a target variable that is not there',
    code: 'unknown-variable',
    rules: `src -> «tgd».status = 'final' "s";`,
    suggestion: '“tgt”',
  },
  {
    name: 'a variable of the rule before',
    code: 'unknown-variable',
    rules: `src.name as family -> tgt.code = cc(family.text) "a";
    src -> tgt.method = cc(«family») "b";`,
  },
  {
    name: 'a variable of the calling group',
    code: 'unknown-variable',
    groups: `group main(source src : Patient, target tgt : Observation) {
      src.name as person then inner(person, tgt) "n";
    }
    group inner(source name, target tgt : Observation) {
      «person».family as f -> tgt.code = cc(f) "f";
    }`,
  },
  {
    name: 'a variable with % in an expression',
    code: 'unknown-variable',
    rules: `src.name as nombre -> tgt.code = cc(nombre.text), tgt.issued = («%nombr».text) "c";`,
    suggestion: '“nombre”',
  },
  {
    name: 'a variable without % in an expression after =',
    code: 'unknown-variable',
    rules: `src.name as nombre -> tgt.code = cc(nombre.text), tgt.issued = («nombr».text) "c";`,
    suggestion: '“nombre”',
  },
  {
    name: 'a variable given to a group',
    code: 'unknown-variable',
    groups: `group main(source src : Patient, target tgt : Observation) { src then inner(«scr», tgt) "n"; }
    group inner(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
    suggestion: '“src”',
  },
  {
    name: 'a source that is written to',
    code: 'wrong-mode',
    rules: `src.name as n -> «n».text = 'x' "n";`,
    what: 'n is a source',
    suggestion: 'tgt',
  },
  // ------------------------------------------------------------------------------------------------- groups
  {
    name: 'a group that is not there',
    code: 'unknown-group',
    groups: `group main(source src : Patient, target tgt : Observation) { src then «Inenr»(src, tgt) "n"; }
    group Inner(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
    suggestion: '“Inner”',
  },
  {
    name: 'a group of a map that is not imported',
    code: 'unknown-group',
    rules: `src then «Shared»(src, tgt) "n";`,
    suggestion: 'imports "http://example.org/StructureMap/shared"',
  },
  {
    name: 'a group that is there twice',
    code: 'ambiguous-group',
    groups: `group main(source src : Patient, target tgt : Observation) { src then «Inner»(src, tgt) "n"; }
    group Inner(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }
    group Inner(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
  },
  {
    name: 'too few parameters of a group',
    code: 'wrong-parameters',
    groups: `group main(source src : Patient, target tgt : Observation) { src then «Inner»(src) "n"; }
    group Inner(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
    suggestion: 'Inner(source src : Patient, target tgt : Observation)',
  },
  {
    name: 'a source given where a group writes',
    code: 'wrong-mode',
    groups: `group main(source src : Patient, target tgt : Observation) { src then Inner(src, «src») "n"; }
    group Inner(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
    suggestion: 'Give it a target: tgt',
  },
  {
    name: 'a target of another type than the group says',
    code: 'wrong-type',
    warning: true,
    groups: `group main(source src : Patient, target tgt : Observation) { src -> tgt.code as c then Inner(src, «c») "n"; }
    group Inner(source src : Patient, target quantity : Quantity) { src -> quantity.id = 'x' "s"; }`,
    what: 'Inner takes Quantity as quantity, and is given CodeableConcept',
  },
  {
    name: 'a group that extends one that is not there',
    code: 'unknown-group',
    groups: `«group main»(source src : Patient, target tgt : Observation) extends Bsae {
      src -> tgt.status = 'final' "s";
    }
    group Base(source src : Patient, target tgt : Observation) { src -> tgt.code = cc('x') "s"; }`,
    suggestion: '“Base”',
  },
  {
    name: 'a group that extends one with other variables',
    code: 'wrong-parameters',
    groups: `«group main»(source src : Patient, target tgt : Observation) extends Base {
      src -> tgt.status = 'final' "s";
    }
    group Base(source src : Patient, target target : Observation) { src -> target.code = cc('x') "s"; }`,
    suggestion: 'target target',
  },
  {
    name: 'groups that extend each other',
    code: 'unknown-group',
    groups: `«group main»(source src : Patient, target tgt : Observation) extends Base {
      src -> tgt.status = 'final' "s";
    }
    group Base(source src : Patient, target tgt : Observation) extends main { src -> tgt.code = cc('x') "s"; }`,
    what: 'extends itself',
  },
  {
    name: 'a group that nobody calls',
    code: 'unused',
    warning: true,
    groups: `group main(source src : Patient, target tgt : Observation) { src then A(src, tgt) "a"; }
    group A(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }
    «group B»(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
  },
  {
    name: 'two groups of one name',
    code: 'duplicate-name',
    warning: true,
    groups: `group main(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }
    «group main»(source src : Patient, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
  },
  // ------------------------------------------------------------------------------------------------- header
  {
    name: 'an import that is not there, and is needed',
    code: 'unknown-import',
    head: `«imports "http://example.org/StructureMap/shard"»`,
    rules: `src then Shared(src, tgt) "n";`,
    suggestion: '“http://example.org/StructureMap/shared”',
  },
  {
    name: 'an import that is not there, and is not needed',
    code: 'unknown-import',
    warning: true,
    head: `«imports "http://example.org/StructureMap/shard"»`,
    rules: `src -> tgt.status = 'final' "s";`,
  },
  {
    name: 'an import of which nothing is used',
    code: 'unused',
    warning: true,
    head: `«imports "http://example.org/StructureMap/shared"»`,
    rules: `src -> tgt.status = 'final' "s";`,
    suggestion: 'Remove',
  },
  {
    name: 'a canonical that no definition has',
    code: 'unknown-type',
    warning: true,
    head: `«uses "http://hl7.org/fhir/StructureDefinition/QuestionnaireReponse" alias QR as source»`,
    groups: `group main(source src : QR, target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
    suggestion: '“http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse”',
  },
  {
    name: 'a type of another release',
    code: 'unknown-type',
    warning: true,
    head: `«uses "http://hl7.org/fhir/5.0/StructureDefinition/Appointment" alias Appointment as source»`,
    groups: `group main(source src : Appointment, target tgt : Observation) { src.note as n -> tgt.note = n "s"; }`,
    what: 'taken to be Appointment',
  },
  {
    name: 'an alias that is never used',
    code: 'unused',
    warning: true,
    head: `«uses "http://hl7.org/fhir/StructureDefinition/Encounter" alias Visit as target»`,
    rules: `src -> tgt.status = 'final' "s";`,
  },
  {
    name: 'a constant that is never used',
    code: 'unused',
    warning: true,
    head: `«let system = 'http://loinc.org';»`,
    rules: `src -> tgt.status = 'final' "s";`,
  },
  {
    name: 'an inline conceptmap that is never used',
    code: 'unused',
    warning: true,
    head: `«conceptmap "sex" { prefix s = "http://a" prefix t = "http://b" s:m - t:male }»`,
    rules: `src -> tgt.status = 'final' "s";`,
  },
  // ------------------------------------------------------------------------------------------------- types
  {
    name: 'a type in create',
    code: 'unknown-type',
    rules: `src -> tgt.value = create(«'Quantty'») as q then { src -> q.unit = 'kg' "u"; } "v";`,
    suggestion: '“Quantity”',
  },
  {
    name: 'a type that a parameter declares',
    code: 'unknown-type',
    warning: true,
    groups: `group main(«source src : Pateint», target tgt : Observation) { src -> tgt.status = 'final' "s"; }`,
    suggestion: '“Patient”',
  },
  {
    name: 'a type that has nothing of what is read',
    code: 'wrong-type',
    warning: true,
    groups: `group main(«source src : Questionnaire», target tgt : Observation) {
      src.encounter as visit -> tgt.encounter = visit "visit";
      src.authored as day -> tgt.effective = day "day";
    }`,
    suggestion: 'Correct the type',
  },
  {
    name: 'a type in FHIRPath',
    code: 'unknown-type',
    rules: `src -> tgt.value = (%src.deceased.ofType(«dateTiem»)) "v";`,
    suggestion: '“dateTime”',
  },
  {
    name: 'a choice that is made without a type',
    code: 'wrong-type',
    rules: `src -> tgt.«value» as v then { src -> v.unit = 'kg' "u"; } "v";`,
    suggestion: "value = create('Quantity')",
  },
  {
    name: 'any resource that is made without a type',
    code: 'wrong-type',
    groups: `group main(source src : Patient, target bundle : Bundle) {
      src -> bundle.entry as e, e.«resource» as r then { src -> r.id = 'x' "i"; } "e";
    }`,
    suggestion: 'create(',
  },
  {
    name: 'a primitive that is made without a value',
    code: 'wrong-type',
    rules: `src -> tgt.«status» as s then { src -> s.id = 'x' "i"; } "s";`,
    suggestion: 'Give it a value',
  },
  {
    name: 'a text where a CodeableConcept is wanted',
    code: 'wrong-type',
    rules: `src -> tgt.code = «'Weight'» "c";`,
    suggestion: 'cc(',
  },
  {
    name: 'a text of the source where a CodeableConcept is wanted',
    code: 'wrong-type',
    rules: `src.name as n then { n.text as t -> tgt.code = «t» "c"; } "n";`,
    suggestion: 'cc(',
  },
  {
    name: 'a Coding where a CodeableConcept is wanted',
    code: 'wrong-type',
    rules: `src -> tgt.code = «c('http://loinc.org', '29463-7')» "c";`,
    suggestion: 'coding',
  },
  {
    name: 'a resource where a Reference is wanted',
    code: 'wrong-type',
    rules: `src -> tgt.subject = «src» "s";`,
    suggestion: 'reference(',
  },
  {
    name: 'an object where a primitive is wanted',
    code: 'wrong-type',
    rules: `src.name as n -> tgt.status = «n» "s";`,
    what: 'status takes code, and is given HumanName',
  },
  {
    name: 'a type that the choice does not offer',
    code: 'wrong-type',
    rules: `src.address as a -> tgt.value = «a» "v";`,
  },
  {
    name: 'create of another type than the element takes',
    code: 'wrong-type',
    rules: `src -> tgt.code = «create('Quantity')» as q then { src -> q.unit = 'kg' "u"; } "c";`,
    what: 'code takes CodeableConcept, and is given Quantity',
  },
  {
    name: 'a datatype where a resource is wanted',
    code: 'wrong-type',
    groups: `group main(source src : Patient, target bundle : Bundle) {
      src -> bundle.entry as e, e.resource = «create('Quantity')» as q then { src -> q.unit = 'kg' "u"; } "e";
    }`,
  },
  {
    name: 'a boolean where a date is wanted',
    code: 'wrong-type',
    rules: `src.active as a -> tgt.issued = «a» "i";`,
  },
  {
    name: 'a code with a space at its end',
    code: 'wrong-type',
    rules: `src -> tgt.status = «'final '» "s";`,
    what: 'is no code',
  },
  {
    name: 'a day that is none',
    code: 'wrong-type',
    rules: `src -> tgt.issued = «'6 May 2026'» "i";`,
    what: 'is no instant',
  },
  {
    name: 'a shorthand between types without a default group',
    code: 'wrong-type',
    rules: `«src.name -> tgt.code;»`,
    suggestion: '<<types>>',
  },
  {
    name: 'a type filter that nothing passes',
    code: 'unreachable',
    warning: true,
    rules: `«src.deceased : Quantity as q» -> tgt.value = q "v";`,
  },
  {
    name: 'ofType() of what it cannot be',
    code: 'unreachable',
    warning: true,
    rules: `src -> tgt.value = (%src.deceased.ofType(«Quantity»)) "v";`,
  },
  {
    name: 'a condition that is never true',
    code: 'unreachable',
    warning: true,
    rules: `src where («false») -> tgt.status = 'final' "s";`,
  },
  // ------------------------------------------------------------------------------------------------- transforms
  {
    name: 'a transform that is not there',
    code: 'unknown-transform',
    rules: `src -> tgt.code = «cpoy»(src) "c";`,
    suggestion: '“copy”',
  },
  {
    name: 'a group in place of a transform',
    code: 'unknown-transform',
    groups: `group main(source src : Patient, target tgt : Observation) { src -> tgt.code = «Fill»(src) "c"; }
    group Fill(source src : Patient, target code : CodeableConcept) { src -> code.text = 'x' "t"; }`,
    suggestion: 'then Fill(',
  },
  {
    name: 'too many parameters of a transform',
    code: 'wrong-parameters',
    rules: `src -> tgt.code = «cc('a', 'b', 'c', 'd')» "c";`,
  },
  {
    name: 'truncate without a number',
    code: 'wrong-parameters',
    rules: `src.id as i -> tgt.id = truncate(i, «'ten'») "i";`,
  },
  {
    name: 'cast to a datatype',
    code: 'wrong-parameters',
    rules: `src.id as i -> tgt.value = cast(i, «'Quantity'») "v";`,
    suggestion: "create('Quantity')",
  },
  {
    name: 'reference of a datatype',
    code: 'wrong-parameters',
    rules: `src.name as n -> tgt.subject = reference(«n») "s";`,
  },
  {
    name: 'a ConceptMap that is not there',
    code: 'unknown-concept-map',
    rules: `src.gender as g -> tgt.code = translate(g, «'http://example.org/ConceptMap/gendr'», 'CodeableConcept') "c";`,
    suggestion: '“http://example.org/ConceptMap/gender”',
  },
  {
    name: 'an inline conceptmap that is not there',
    code: 'unknown-concept-map',
    head: `conceptmap "sex" { prefix s = "http://a" prefix t = "http://b" s:m - t:male }`,
    rules: `src.gender as g -> tgt.code = translate(g, «'#sexo'», 'CodeableConcept') "c";`,
    suggestion: '“#sex”',
  },
  {
    name: 'an output that translate does not have',
    code: 'wrong-parameters',
    rules: `src.gender as g -> tgt.code = translate(g, 'http://example.org/ConceptMap/gender', «'CodableConcept'») "c";`,
    suggestion: '“CodeableConcept”',
  },
  {
    name: 'an object in a text',
    code: 'wrong-parameters',
    rules: `src.name as n -> tgt.code = cc(«n») "c";`,
    what: 'is given HumanName',
  },
  {
    name: 'create without a type into a variable',
    code: 'wrong-parameters',
    rules: `src -> «create() as q» then { src -> q.unit = 'kg' "u"; } "c";`,
  },
  // ------------------------------------------------------------------------------------------------- FHIRPath
  {
    name: 'FHIRPath that cannot be read',
    code: 'expression',
    rules: `src where (%src.name =«=» 'x') -> tgt.status = 'final' "s";`,
  },
  {
    name: 'a function that is not there',
    code: 'unknown-function',
    rules: `src where (%src.name.«exist»()) -> tgt.status = 'final' "s";`,
    suggestion: '“exists”',
  },
  {
    name: 'a function with too many parameters',
    code: 'wrong-parameters',
    rules: `src where (%src.name.«first»(1).exists()) -> tgt.status = 'final' "s";`,
  },
  {
    name: 'a function of texts on an object',
    code: 'wrong-type',
    rules: `src -> tgt.issued = (%src.name.first().«upper»()) "c";`,
    what: 'upper() works on texts: HumanName is no text',
  },
  {
    name: 'a function of texts on a number',
    code: 'wrong-type',
    rules: `src -> tgt.issued = (%src.multipleBirth.ofType(integer).«upper»()) "c";`,
    suggestion: '.toString()',
  },
  {
    name: 'a number in a text',
    code: 'wrong-type',
    rules: `src -> tgt.method = cc(('Child ' «&» %src.multipleBirth.ofType(integer))) "c";`,
    suggestion: '.toString()',
  },
  {
    name: 'a date compared with a text',
    code: 'wrong-type',
    rules: `src where (%src.birthDate «<» '1990-01-01') -> tgt.status = 'final' "s";`,
    suggestion: '@',
  },
  {
    name: 'a text with a number added',
    code: 'wrong-type',
    rules: `src -> tgt.issued = (%src.id «+» 1) "s";`,
  },
  {
    name: 'an object compared with a text',
    code: 'wrong-type',
    warning: true,
    rules: `src where (%src.maritalStatus «=» 'M') -> tgt.status = 'final' "s";`,
    what: 'never true between CodeableConcept and string',
  },
  {
    name: 'a value that a primitive cannot have',
    code: 'wrong-type',
    rules: `src -> tgt.effective = create('dateTime') as when then { src -> when.value = «'today'» "v"; } "w";`,
    what: 'is no dateTime',
  },
  // ------------------------------------------------------------------------------------------------- cardinality
  {
    name: 'more than there may be',
    code: 'cardinality',
    rules: `«src.name 3..2» -> tgt.status = 'final' "s";`,
  },
  {
    name: 'two of what is there once',
    code: 'cardinality',
    rules: `«src.birthDate 2..3» -> tgt.status = 'final' "s";`,
  },
  {
    name: 'what repeats written to what does not',
    code: 'cardinality',
    warning: true,
    groups: `group main(source src : Patient, target tgt : Patient) {
      src.name as n then { n.given as g -> «tgt.gender = g» "g"; } "n";
    }`,
    suggestion: 'first',
  },
  {
    name: 'a resource without what it must have',
    code: 'cardinality',
    warning: true,
    groups: `group main(source src : Patient, target bundle : Bundle) {
      src -> bundle.entry as e, e.resource = «create('Observation')» as o then Fill(src, o) "o";
    }
    group Fill(source src : Patient, target o : Observation) { src -> o.status = 'final' "s"; }`,
    what: 'no rule writes code of this Observation',
  },
  // ------------------------------------------------------------------------------------------------- names
  {
    name: 'two rules of one name in a block',
    code: 'duplicate-name',
    warning: true,
    rules: `src -> tgt.status = 'final' "s";
    «src -> tgt.code = cc('x') "s";»`,
  },
  {
    name: 'a source variable that is never used',
    code: 'unused',
    warning: true,
    rules: `«src.name as n» -> tgt.status = 'final' "s";`,
  },
];
