import { createContext } from 'svelte';
import type { MessageAction, MessageActions } from '../../lib/state/message-actions.svelte';
import type { MessageView } from '../../lib/rpc/generated/MessageView';
import type { MenuPlace } from '../shared/menu';

/** What the messages of a pane need of it. */
export interface Pane {
  actions: MessageActions;
  /** Does what was chosen from toolbar, menu or keyboard. */
  act(action: MessageAction, message: MessageView): void;
  /** Opens the menu of a message. */
  openMenu(message: MessageView, place: MenuPlace): void;
  /** Opens the list of emoji for a message, beside what was clicked. */
  pickReaction(message: MessageView, beside: Element): void;
  /** Opens a link after a look at it. */
  openLink(href: string): void;
  /** Shows an answered message; the way back leads to the answer. */
  showQuoted(message: number, from: number): void;
  /** Opens the viewer at a picture. */
  view(message: MessageView, index: number): void;
}

export const [usePane, providePane] = createContext<Pane>();
