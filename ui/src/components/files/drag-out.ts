import type { AttachmentView } from '../../lib/rpc/generated/AttachmentView';
import type { MessageView } from '../../lib/rpc/generated/MessageView';
import type { MessageActions } from '../../lib/state/message-actions.svelte';

interface Source {
  actions: MessageActions;
  message: MessageView;
  file: AttachmentView;
  index: number;
}

/** The shell refuses what is larger. */
const MAX_BYTES = 2 ** 30;

/** A file that is here can be dragged out of the window, to the desktop or another program. */
export function dragOut(
  node: HTMLElement,
  source: Source,
): { update(source: Source): void; destroy(): void } {
  const mark = () => {
    const { actions, file } = source;
    const can = actions.files !== undefined && file.state === 'here';
    node.draggable = can && (file.size_bytes ?? 0) <= MAX_BYTES;
    // Or its name would be selected by the same movement.
    const select = node.draggable ? 'none' : '';
    node.style.setProperty('user-select', select);
    node.style.setProperty('-webkit-user-select', select);
  };
  // The page would carry a picture or a text; the shell carries the file itself.
  const ondragstart = (event: DragEvent) => {
    if (!node.draggable) return;
    event.preventDefault();
    event.stopPropagation();
    const released = new AbortController();
    const onmouseup = () => released.abort();
    window.addEventListener('mouseup', onmouseup, { capture: true });
    void source.actions.dragFile(source.message, source.index, released.signal).finally(() => {
      window.removeEventListener('mouseup', onmouseup, { capture: true });
    });
  };
  node.addEventListener('dragstart', ondragstart);
  mark();
  return {
    update: (changed) => {
      source = changed;
      mark();
    },
    destroy: () => node.removeEventListener('dragstart', ondragstart),
  };
}
