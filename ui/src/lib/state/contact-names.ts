/** What tells people of the same name apart. */
export interface Named {
  address: string;
  name: string;
  departments: readonly (readonly string[])[];
}

/** The part of an address before the `@`: what people know as the user name. */
export function userName(address: string): string {
  const at = address.indexOf('@');
  return at > 0 ? address.slice(0, at) : address;
}

/** What the address of a room says to a reader; nothing if it was made up by a program. */
export function roomWord(address: string): string {
  const name = userName(address);
  // Our engine takes 20 signs; others take a UUID or the like.
  return /^(?:[a-z\d_-]{20}|[\da-f-]{16,})$/.test(name) ? '' : name;
}

/** An address as it is kept and compared: letters are small ones, and of usual width. */
export function normalAddress(typed: string): string {
  return typed.normalize('NFKC').trim().toLowerCase();
}

/** A department as one text, the outermost level first. */
export function departmentText(levels: readonly string[]): string {
  return levels.join(' / ');
}

/**
 * For everybody who shares their name with somebody: the shortest words that
 * tell them apart. The department if it does; else department and user name.
 */
export function distinctions(people: readonly Named[]): ReadonlyMap<string, string> {
  const byName = new Map<string, Named[]>();
  for (const person of people) {
    const key = person.name.trim().toLocaleLowerCase();
    const same = byName.get(key);
    if (same) same.push(person);
    else byName.set(key, [person]);
  }
  const notes = new Map<string, string>();
  for (const same of byName.values()) {
    if (same.length > 1) tellApart(same, notes);
  }
  return notes;
}

function tellApart(same: readonly Named[], notes: Map<string, string>): void {
  const innermost = same.map(({ departments }) => departments[0]?.at(-1) ?? '');
  const whole = same.map(({ departments }) => departmentText(departments[0] ?? []));
  const innermostTimes = times(innermost);
  const wholeTimes = times(whole);
  same.forEach((person, index) => {
    const [name = '', path = ''] = [innermost[index], whole[index]];
    const enough = path !== '' && wholeTimes.get(path) === 1;
    const department = innermostTimes.get(name) === 1 ? name : path;
    const parts = [department, enough ? undefined : userName(person.address)];
    notes.set(person.address, parts.filter(Boolean).join(' · '));
  });
}

/** How often each text is there. */
function times(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
