import { tick } from 'svelte';
import type { Session } from '../../lib/state/session.svelte';

/** Opens the conversation with a person, in the section where conversations are. */
export async function openConversation(session: Session, address: string): Promise<void> {
  await session.startConversation(address);
  await show(session);
}

/** Opens the conversation of a room that we are in. */
export async function openRoom(session: Session, room: string): Promise<void> {
  await session.list.refreshOne(room);
  await session.select(room);
  await show(session);
}

async function show(session: Session): Promise<void> {
  session.open('chats');
  await tick();
  session.navigation.write();
}
