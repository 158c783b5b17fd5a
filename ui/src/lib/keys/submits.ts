import type { Attachment } from 'svelte/attachments';

/** Fields in which Enter does something of its own. */
const OWN_ENTER = ['button', 'color', 'file', 'image', 'reset', 'submit'];

/**
 * Makes a group of fields a form: `run` is called by its submit button, and by
 * Enter in one of its fields, as HTML has it for a form with a submit button
 * (HTML Living Standard, 4.10.22.2 "Implicit submission").
 *
 * It is not a `<form>`, because WebKitGTK keeps each form that was ever put
 * into the page, with all that is in it, until the page ends: the library tells
 * its programs of it and wraps it for them, whether they listen or not (seen in
 * 2.50). With the composer's it was about 50 kB for each switch to
 * another conversation.
 */
export function submits(run: () => unknown): Attachment<HTMLElement> {
  return (group) => {
    const onclick = ({ target, defaultPrevented }: MouseEvent) => {
      const button = target instanceof Element ? target.closest('button') : null;
      if (button?.type === 'submit' && !defaultPrevented) run();
    };
    // `keypress`, because an input method's own Enter comes without it.
    const onkeypress = (event: KeyboardEvent) => {
      const field = event.target;
      if (event.key !== 'Enter' || event.repeat || event.defaultPrevented) return;
      if (!(field instanceof HTMLInputElement) || OWN_ENTER.includes(field.type)) return;
      event.preventDefault();
      // Nothing happens while the button is disabled.
      group.querySelector<HTMLButtonElement>('button[type="submit"]')?.click();
    };
    group.addEventListener('click', onclick);
    group.addEventListener('keypress', onkeypress);
    return () => {
      group.removeEventListener('click', onclick);
      group.removeEventListener('keypress', onkeypress);
    };
  };
}
