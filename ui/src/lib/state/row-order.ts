/** Fresh rows in the order in which they are on screen; rows not on screen yet come first. */
export function holdOrder<T extends { id: string }>(shown: readonly T[], fresh: readonly T[]): T[] {
  const place = new Map(shown.map((row, index) => [row.id, index]));
  return [...fresh].sort((a, b) => (place.get(a.id) ?? -1) - (place.get(b.id) ?? -1));
}
