import { expect, test } from 'vitest';
import { i18n } from './i18n.svelte';
import { lastText } from './row-sentence';

test.each([
  ['Voice message 2026-11-28 07.30.wav', 'audio/wav', '[Voice message]', '[语音]'],
  ['1.ogg', '', '[Voice message]', '[语音]'],
  ['plan.png', 'image/png', '[Picture]', '[图片]'],
  ['a.mp4', 'video/mp4', '[Video]', '[视频]'],
  ['报价.pdf', 'application/pdf', '[File] 报价.pdf', '[文件] 报价.pdf'],
  ['song.mp3', 'audio/mpeg', '[File] song.mp3', '[文件] song.mp3'],
  ['', '', '[File]', '[文件]'],
])('U13: %s (%s) is named in the list by what it is', (preview, preview_media, en, zh) => {
  expect(lastText({ preview, preview_media })).toBe(en);
  i18n.locale = 'zh-CN';
  expect(lastText({ preview, preview_media })).toBe(zh);
});

test('U13: what was written stays as it is', () => {
  expect(lastText({ preview: 'plan.png' })).toBe('plan.png');
});
