/**
 * Copies a text. WebKitGTK may refuse the asynchronous clipboard, so a
 * selection and the old command are the second way: of the field that shows the
 * text, or of one that nobody sees.
 */
export async function copyText(text: string, selectable?: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (selectable) return copySelected(selectable);
    const field = document.createElement('textarea');
    field.className = 'visually-hidden';
    field.value = text;
    const focused = document.activeElement;
    // A dialog lets nothing outside of it be selected.
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.focus();
    const done = copySelected(field);
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}

function copySelected(field: HTMLInputElement | HTMLTextAreaElement): boolean {
  field.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  }
}

/** The picture on the clipboard, while something is pasted; nothing if there is none. */
export async function pictureOfClipboard(): Promise<File | null> {
  try {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((type) => type.startsWith('image/'));
      if (type !== undefined) return new File([await item.getType(type)], '', { type });
    }
  } catch {
    // Not given: then there is nothing to paste.
  }
  return null;
}
