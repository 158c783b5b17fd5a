import type { AttachmentView } from '../rpc/generated/AttachmentView';
import type { MessageView } from '../rpc/generated/MessageView';
import type { RoomEventKind } from '../rpc/generated/RoomEventKind';
import { type Line, ME } from './fixtures';

const says = (ago: number, text: string, more: Partial<MessageView> = {}): Line => ({
  direction: 'incoming',
  text,
  ago,
  more,
});
const wrote = (ago: number, text: string, more: Partial<MessageView> = {}): Line => ({
  direction: 'outgoing',
  text,
  ago,
  state: { state: 'read' },
  more,
});

export function file(name: string, more: Partial<AttachmentView> = {}): AttachmentView {
  return {
    url: `https://files.valley.local/${name}`,
    name,
    media_type: null,
    size_bytes: 48_200,
    width: null,
    height: null,
    description: null,
    save_name: name,
    state: 'remote',
    ...more,
  };
}

export const picture = (name: string, width: number, height: number): AttachmentView =>
  file(name, { media_type: 'image/png', width, height, size_bytes: 812_000 });

/** Every sort of message, oldest first. */
export function allSorts(): Line[] {
  const many = Array.from({ length: 30 }, (_, index) => `第 ${index + 1} 行：待办事项`).join('\n');
  return [
    says(
      300,
      '这个版本有 *重点* 、 _斜体_ 、 ~删掉的~ 和 `code` 。\n> 引用的一行\n> 还有一行\n就这些。',
    ),
    wrote(
      290,
      '```ts\nexport function add(a: number, b: number): number {\n  return a + b; // 和\n}\n```',
    ),
    says(280, 'Docs: https://docs.valley.local/handbook/page?id=7, and www.example.org.'),
    says(279, 'Please do not open https://bank.example@evil.example/login'),
    wrote(270, '🎉'),
    wrote(268, '👍👏'),
    says(260, many),
    says(240, '@李娜 看一下这张图？', {
      mentions: [{ start: 0, end: 3, address: ME, me: true }],
      mentions_me: true,
    }),
    says(239, '', { kind: 'file', attachments: [picture('入口 entrance.png', 1600, 900)] }),
    wrote(235, '好看！', {
      reactions: [
        { emoji: '👍', count: 3, mine: true, names: ['Anna Kowalski', '王伟'] },
        { emoji: '❤️', count: 1, mine: false, names: ['Marc Dubois'] },
      ],
    }),
    says(230, 'Two more, portrait and small.', {
      kind: 'file',
      attachments: [picture('portrait.png', 900, 1600), picture('small.png', 120, 90)],
    }),
    wrote(220, '合同在这里。', {
      kind: 'file',
      attachments: [
        file('合同 2024 final (signed by both parties).pdf', { media_type: 'application/pdf' }),
        file('setup.exe'),
        file('voice.ogg', { media_type: 'audio/ogg' }),
      ],
    }),
    says(200, 'I moved the page, see above.', {
      reply: { message: 16, author_name: '李娜', excerpt: '好看！' },
    }),
    says(190, 'مرحبا، اسم الملف report.pdf جاهز.'),
    says(180, '/me 去泡咖啡了'),
    wrote(100, '', { retracted: { by: null } }),
    says(90, '', { retracted: { by: '王伟' } }),
    wrote(60, '这条改过了。', { edited_ms: Date.now() - 55 * 60_000 }),
    { ...wrote(20, '第一条没发出去'), state: { state: 'failed', code: 'server-unreachable' } },
    { ...wrote(19, '第二条也没发出去'), state: { state: 'failed', code: 'message-rejected' } },
  ];
}

/** Files that are not at the server yet, oldest first; the last one will not get there. */
export function sending(): Line[] {
  const sends = (ago: number, attachment: AttachmentView): Line => ({
    direction: 'outgoing',
    text: '',
    ago,
    state: { state: 'waiting' },
    more: { kind: 'file', attachments: [{ ...attachment, url: null, state: 'uploading' }] },
  });
  return [
    sends(9, file('报价 2024-06 第三版.pdf', { size_bytes: 8_000_000 })),
    sends(8, file('Site visit, all photographs.zip', { size_bytes: 96_000_000 })),
    sends(7, file('会议记录.docx')),
    sends(5, picture('入口 entrance.png', 1600, 900)),
    { ...sends(3, file('backup.iso')), state: { state: 'failed', code: 'file-too-large' } },
  ];
}

/** What is said in a room, with things that happen there. */
export function roomTalk(): Line[] {
  const by = (nick: string, address: string) => ({ author: address, author_name: nick });
  const wang = by('王伟', 'wangwei@valley.local');
  const anna = by('Anna Kowalski', 'anna@valley.local');
  const marc = by('Marc Dubois', 'marc@valley.local');
  const happens = (ago: number, what: RoomEventKind, who: string, more = {}): Line =>
    says(ago, '', {
      kind: 'event' as const,
      ...by('', 'design@conference.valley.local'),
      event: { what, who, me: false, by: null, text: '', ...more },
    });
  return [
    happens(200, 'joined', '王伟'),
    happens(199, 'joined', 'Anna Kowalski'),
    happens(198, 'joined', 'Marc Dubois'),
    says(190, '大家早，今天的评审改到三点。', wang),
    says(189, '会议室还是 B302。', wang),
    says(180, 'Fine for me. I will bring the prints.', anna),
    wrote(170, '收到，我提前五分钟到。'),
    happens(60, 'left', 'Marc Dubois'),
    happens(58, 'joined', 'Marc Dubois'),
    happens(57, 'subject', '王伟', { text: '三楼评审' }),
    says(40, 'Sorry, my connection. Where were we?', marc),
    says(12, '@李娜 投影仪准备好了吗？', {
      ...wang,
      mentions: [{ start: 0, end: 3, address: ME, me: true }],
      mentions_me: true,
    }),
    says(11, 'And the cable for the second screen?', anna),
  ];
}
