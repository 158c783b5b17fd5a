import { i18n } from '../../lib/i18n/i18n.svelte';
import type { MessageKey } from '../../lib/i18n/keys';
import type { MessageView } from '../../lib/rpc/generated/MessageView';
import { actionsFor, type MessageAction } from '../../lib/state/message-actions.svelte';
import type { IconName } from '../shared/icons';
import type { MenuItem } from '../shared/menu';
import type { Pane } from '../timeline/pane-context';

/** How each action is called and drawn. */
export const labels: Record<MessageAction, { key: MessageKey; icon: IconName }> = {
  reply: { key: 'action.reply', icon: 'reply' },
  react: { key: 'action.react', icon: 'smile' },
  edit: { key: 'action.edit', icon: 'edit' },
  forward: { key: 'action.forward', icon: 'forward' },
  copy: { key: 'action.copy', icon: 'copy' },
  select: { key: 'action.select', icon: 'select' },
  unread: { key: 'action.unread', icon: 'eye' },
  details: { key: 'action.details', icon: 'info' },
  save: { key: 'action.save', icon: 'download' },
  retry: { key: 'message.retry', icon: 'retry' },
  delete: { key: 'message.delete', icon: 'trash' },
  retract: { key: 'action.retract', icon: 'trash' },
  moderate: { key: 'action.moderate', icon: 'trash' },
};

/** Those that take something away. */
const HARSH: ReadonlySet<MessageAction> = new Set(['delete', 'retract', 'moderate']);

/** The menu of a message. */
export function menuItems(message: MessageView, pane: Pane): MenuItem[] {
  return actionsFor(message, pane.actions.allowed).map((action) => ({
    id: action,
    label: i18n.t(labels[action].key),
    icon: labels[action].icon,
    danger: HARSH.has(action),
    act: () => pane.act(action, message),
  }));
}
