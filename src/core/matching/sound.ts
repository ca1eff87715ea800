/** How a Spanish name sounds, and how far two spellings are apart. Pure. */
import { distance } from 'fastest-levenshtein';

/**
 * Names that sound the same in American Spanish have the same code: b/v, c/s/z, g/j/x before e and i, ll/y, silent h,
 * qu/k/c, and no doubled letters. `word` is lower case, without accents.
 */
export function soundOf(word: string): string {
  return (
    word
      .replaceAll('ph', 'f')
      .replaceAll('ch', '1')
      .replaceAll('h', '')
      .replaceAll('ll', 'y')
      .replaceAll('qu', 'k')
      .replaceAll('gu', (_, at: number) => (/[ei]/.test(word[at + 2] ?? '') ? 'g' : 'gu'))
      .replaceAll(/g(?=[ei])/g, 'j')
      .replaceAll(/^x|x(?=[aeiou])/g, 'j')
      .replaceAll(/c(?=[ei])/g, 's')
      .replaceAll('c', 'k')
      .replaceAll('z', 's')
      .replaceAll('v', 'b')
      .replaceAll('w', 'u')
      // Rodrigues, Rodríguez; Lopes, López.
      .replaceAll(/i(?=[aeou])/g, 'y')
      .replaceAll(/(.)\1+/g, '$1')
  );
}

/** A slip of the pen or the ear: one letter apart (two in long names), or the same sound. */
export function similar(a: string, b: string): boolean {
  if (a === b) return true;
  const shorter = Math.min(a.length, b.length);
  if (shorter < 3) return false;
  if (soundOf(a) === soundOf(b)) return true;
  return shorter >= 4 && distance(a, b) <= (shorter >= 8 ? 2 : 1);
}
