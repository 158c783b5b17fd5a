import { expect, test } from 'vitest';
import { redact } from './diagnostics';

test.each([
  ['lina@valley.local: refused', '…@valley.local: refused'],
  ['password=hunter2 token: abc', 'password=… token: …'],
  ['opened startalk://join/#eyJkIjoi', 'opened startalk://join/#…'],
  ['connection reset by peer (os error 104)', 'connection reset by peer (os error 104)'],
])('U119: %s becomes %s', (text, expected) => {
  expect(redact(text)).toBe(expected);
});
