import { describe, expect, test } from 'vitest';
import { findLinks, linkTarget } from './links';

const written = (text: string) => findLinks(text).map(({ start, end }) => text.slice(start, end));

describe('U33: links are found', () => {
  test.each([
    ['see https://example.org/a_b_c?x=1#y.', ['https://example.org/a_b_c?x=1#y']],
    ['(https://example.org/a_(b))', ['https://example.org/a_(b)']],
    ['请看https://example.org/文档，谢谢', ['https://example.org/']],
    ['地址是 https://example.org/a。', ['https://example.org/a']],
    ['https://example.org谢谢', ['https://example.org']],
    ['https://例子.中国/x', ['https://例子.中国/x']],
    ['www.example.org, HTTP://EXAMPLE.ORG!', ['www.example.org', 'HTTP://EXAMPLE.ORG']],
    ['http://10.0.0.7:8080/x http://[::1]/', ['http://10.0.0.7:8080/x', 'http://[::1]/']],
    [
      'mailto:li@example.org xmpp:li@example.org?join',
      ['mailto:li@example.org', 'xmpp:li@example.org?join'],
    ],
    ['startalk://join/#abc', ['startalk://join/#abc']],
    ['xhttps://example.org example.org a.b', []],
    ['javascript:alert(1) file:///etc/passwd data:text/html,x', []],
    ['https:// www. http://', []],
    ['https://example.org/\u202egnp.exe', ['https://example.org/']],
  ])('in %j', (text, expected) => {
    expect(written(text)).toEqual(expected);
  });

  test('where a text is long, in little time', () => {
    const text = `https://${'a.'.repeat(20_000)} ${'('.repeat(20_000)} www.${')'.repeat(2_000)}`;
    const began = performance.now();
    findLinks(text);
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});

describe('U33: a link that is not what it looks like is doubted', () => {
  test.each([
    ['https://bank.example@evil.example/', 'user', 'evil.example'],
    ['https://аpple.com/', 'lookalike', 'xn--pple-43d.com'],
    ['https://bücher.example/', null, 'xn--bcher-kva.example'],
    ['https://例子.中国/', null, 'xn--fsqu00a.xn--fiqs8s'],
    ['https://example.org:8443/a@b', null, 'example.org:8443'],
  ])('%s', (href, doubt, host) => {
    expect(linkTarget(href)).toMatchObject({ doubt, host });
  });

  test('what is not opened from here has no target', () => {
    for (const href of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'x']) {
      expect(linkTarget(href)).toBeNull();
    }
  });
});
