/** `profiles/` as `scripts/build-profiles.ts` makes it. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { buildProfiles, readBases, withSnapshot, type Element, type Profile } from '../../scripts/build-profiles.ts';

const bases = readBases();

const aProfile = (...element: Element[]): Profile => ({
  id: 'a-profile',
  type: 'Encounter',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Encounter',
  differential: { element },
});

describe('our profiles', () => {
  test('stand in the repository as the script makes them', async () => {
    const files = await buildProfiles('profiles');
    expect(files.size).toBeGreaterThan(10);
    for (const [name, content] of files)
      expect([name, await readFile(`profiles/${name}`, 'utf8')]).toEqual([name, content]);
  });

  test('keep what the base says, with the change laid over it', () => {
    const { snapshot } = withSnapshot(
      aProfile(
        { id: 'Encounter.period', path: 'Encounter.period', min: 1 },
        { id: 'Encounter.period.start', path: 'Encounter.period.start', min: 1 },
      ),
      bases,
    );
    const element = (path: string): Element | undefined => snapshot?.element.find((each) => each.path === path);
    expect(element('Encounter.period')).toMatchObject({ min: 1, max: '1', type: [{ code: 'Period' }] });
    expect(element('Encounter.period.start')).toMatchObject({ min: 1, max: '1', type: [{ code: 'dateTime' }] });
    expect(element('Encounter.period.end')).toMatchObject({ min: 0 });
    expect(element('Encounter.status')).toMatchObject({ min: 1, binding: { strength: 'required' } });
    const bare = bases.get('http://hl7.org/fhir/StructureDefinition/Encounter') ?? [];
    expect(snapshot?.element.map(({ path }) => path)).toEqual(expect.arrayContaining(bare.map(({ path }) => path)));
  });

  test('a path that R4 does not have is an error that names it', () => {
    expect(() => withSnapshot(aProfile({ id: 'Encounter.perid', path: 'Encounter.perid', min: 1 }), bases)).toThrow(
      /a-profile.*Encounter\.perid/u,
    );
  });

  test('a slice is refused, not made wrong', () => {
    expect(() =>
      withSnapshot(aProfile({ id: 'Encounter.type:x', path: 'Encounter.type', sliceName: 'x' }), bases),
    ).toThrow(/slice/u);
  });
});
