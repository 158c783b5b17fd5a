/**
 * Copies a text. WebKitGTK may refuse the asynchronous clipboard, so a
 * selection and the old command are the second way.
 */
export async function copyText(text: string, selectable?: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (!selectable) return false;
    selectable.select();
    try {
      return document.execCommand('copy');
    } catch {
      return false;
    }
  }
}
