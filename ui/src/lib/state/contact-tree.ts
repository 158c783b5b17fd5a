import type { ContactView } from '../rpc/generated/ContactView';

/** A department with what is below it. */
export interface Department {
  /** Its levels as one text, which names it. */
  id: string;
  name: string;
  depth: number;
  departments: Department[];
  /** By name once the department was open. */
  people: ContactView[];
  sorted: boolean;
  /** People in it and below, each once. */
  count: number;
  online: number;
}

/** A line of the tree on screen; `place` of `of` in its department, from 1. */
export type TreeRow = { id: string; place: number; of: number } & (
  | { kind: 'department'; department: Department; expanded: boolean }
  | { kind: 'person'; contact: ContactView; depth: number }
);

// No name of a department has it, as it cannot be typed.
const LEVEL = '\u001f';

const collators = new Map<string, Intl.Collator>();

/** Compares names as the language sorts them: Chinese by pinyin, digits by value. */
export function nameOrder(locale: string): (a: string, b: string) => number {
  let collator = collators.get(locale);
  if (!collator) {
    // Chinese names are sorted by pinyin in an English window, too.
    collator = new Intl.Collator([locale, 'zh-CN'], { numeric: true });
    collators.set(locale, collator);
  }
  return collator.compare.bind(collator);
}

/**
 * The departments of all contacts; who is in none is in `people` of the root.
 * People are put in order when somebody looks, as there may be very many.
 */
export function contactTree(contacts: readonly ContactView[], locale: string): Department {
  const root = department('', '', -1);
  const all = new Map<string, Department>([['', root]]);
  for (const contact of contacts) {
    if (contact.departments.length === 0) root.people.push(contact);
    for (const levels of contact.departments) place(root, all, contact, levels);
  }
  const order = nameOrder(locale);
  for (const one of all.values()) {
    one.departments.sort((a, b) => order(a.name, b.name));
  }
  count(root);
  return root;
}

/** The lines that are on screen while these departments are open. */
export function treeRows(
  root: Department,
  isOpen: (id: string) => boolean,
  locale: string,
): TreeRow[] {
  const order = nameOrder(locale);
  const rows: TreeRow[] = [];
  const walk = (parent: Department) => {
    const of = parent.departments.length + parent.people.length;
    let place = 0;
    for (const one of parent.departments) {
      const expanded = isOpen(one.id);
      place += 1;
      rows.push({ kind: 'department', id: one.id, department: one, expanded, place, of });
      if (expanded) walk(one);
    }
    if (!parent.sorted) {
      parent.people.sort((a, b) => order(a.name, b.name));
      parent.sorted = true;
    }
    for (const contact of parent.people) {
      const id = `${parent.id}${LEVEL}@${contact.address}`;
      place += 1;
      rows.push({ kind: 'person', id, contact, depth: parent.depth + 1, place, of });
    }
  };
  walk(root);
  return rows;
}

/** The line of the department in which this line is; -1 at the top. */
export function parentRow(rows: readonly TreeRow[], index: number): number {
  const depth = depthOf(rows[index]);
  for (let above = index - 1; above >= 0; above -= 1) {
    if (rows[above]?.kind === 'department' && depthOf(rows[above]) < depth) return above;
  }
  return -1;
}

export function depthOf(row: TreeRow | undefined): number {
  if (!row) return 0;
  return row.kind === 'department' ? row.department.depth : row.depth;
}

function department(id: string, name: string, depth: number): Department {
  return { id, name, depth, departments: [], people: [], sorted: false, count: 0, online: 0 };
}

function place(
  root: Department,
  all: Map<string, Department>,
  contact: ContactView,
  levels: readonly string[],
): void {
  let parent = root;
  for (const name of levels) {
    const id = parent === root ? name : `${parent.id}${LEVEL}${name}`;
    let child = all.get(id);
    if (!child) {
      child = department(id, name, parent.depth + 1);
      all.set(id, child);
      parent.departments.push(child);
    }
    parent = child;
  }
  // Nobody is twice in one department: they would stand last.
  if (parent.people.at(-1) !== contact) parent.people.push(contact);
}

/** Counts from below; somebody who is in two departments of one is counted once there. */
function count(one: Department): Set<ContactView> {
  const people = new Set(one.people);
  for (const child of one.departments) {
    for (const contact of count(child)) people.add(contact);
  }
  one.count = people.size;
  one.online = [...people].filter(({ presence }) => presence !== 'offline').length;
  return people;
}
