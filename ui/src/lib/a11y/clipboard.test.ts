import { expect, test, vi } from 'vitest';
import { copyText } from './clipboard';

test('U34: where the clipboard is refused, the old command copies every line', async () => {
  vi.stubGlobal('navigator', { clipboard: { writeText: () => Promise.reject(new Error('no')) } });
  let copied = '';
  document.execCommand = () => {
    copied = (document.activeElement as HTMLTextAreaElement).value;
    return true;
  };
  const button = document.createElement('button');
  document.body.append(button);
  button.focus();
  expect(await copyText('one\ntwo')).toBe(true);
  expect(copied).toBe('one\ntwo');
  expect(document.querySelector('textarea')).toBeNull();
  expect(button).toHaveFocus();
  vi.unstubAllGlobals();
});
