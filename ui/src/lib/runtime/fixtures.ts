import type { ContactView } from '../rpc/generated/ContactView';
import type { DeliveryState } from '../rpc/generated/DeliveryState';
import type { Direction } from '../rpc/generated/Direction';
import type { MessageView } from '../rpc/generated/MessageView';
import type { PresenceShow } from '../rpc/generated/PresenceShow';

/** The team that the fake runtime, the tests and the screenshots share. */
export const TEAM = '山谷设计 Valley Design';
export const ME = 'lina@valley.local';
export const MY_NAME = '李娜';

/** A contact of whom nothing is known. */
export const nobody: ContactView = {
  name: '',
  address: '',
  presence: 'offline',
  status: '',
  idle_since_ms: null,
  groups: [],
  departments: [],
  subscription: 'both',
  asked: false,
  avatar: '',
  blocked: false,
};

const person = (name: string, address: string, presence: PresenceShow): ContactView => ({
  ...nobody,
  name,
  address: `${address}@valley.local`,
  presence,
});

export const people: ContactView[] = [
  person('王伟', 'wangwei', 'online'),
  person('Anna Kowalski', 'anna', 'away'),
  person('陈思远', 'siyuan', 'online'),
  person('Marc Dubois', 'marc', 'do-not-disturb'),
  person('欧阳雪', 'ouyang', 'offline'),
  person('Tomás Rivera', 'tomas', 'online'),
  person('周敏', 'zhoumin', 'offline'),
];

/** All that a message may have and most have not. */
export const plain = {
  kind: 'text',
  reply: null,
  reactions: [],
  edited_ms: null,
  retracted: null,
  attachments: [],
  mentions: [],
  mentions_me: false,
  unstyled: false,
  encrypted: false,
} satisfies Partial<MessageView>;

export interface Line {
  direction: Direction;
  text: string;
  /** Minutes before now. */
  ago: number;
  state?: DeliveryState;
  more?: Partial<MessageView>;
}

const them = (ago: number, text: string): Line => ({ direction: 'incoming', text, ago });
const me = (ago: number, text: string, state: DeliveryState = { state: 'read' }): Line => ({
  direction: 'outgoing',
  text,
  ago,
  state,
});

const DAY = 24 * 60;

/** History per contact, oldest first. */
export const history: Record<string, Line[]> = {
  'wangwei@valley.local': [
    them(3 * DAY + 40, '周五的评审改到三点了，会议室还是 B302。'),
    me(3 * DAY + 38, '好的，我把最新的图带过去。'),
    them(DAY + 200, '早！昨天的方案客户很满意 🎉'),
    them(DAY + 199, '他们只提了两点：\n1. 首页的颜色再沉稳一点\n2. 登录按钮放大'),
    me(DAY + 190, '太好了！这两点今天就能改完。'),
    me(DAY + 189, '改好后我发你链接。'),
    them(DAY + 20, '辛苦了，不急。'),
    them(
      75,
      '新版我看了，颜色舒服多了。Could you also export the icons as SVG? The dev team in Kraków asked for them.',
    ),
    me(62, '可以，我现在导出。'),
    me(61, 'Done — they are in the shared folder under /icons/2024, one file per size.'),
    them(12, '收到，谢谢！'),
    me(4, '不客气。下午的会我提前五分钟到。', { state: 'delivered' }),
    me(3, '投影仪需要提前开吗？', { state: 'sent' }),
  ],
  'anna@valley.local': [
    them(2 * DAY, 'Hi! Are the contracts signed?'),
    me(2 * DAY - 5, 'Yes, both copies. I sent them by courier this morning.'),
    them(34, 'They arrived, thank you.'),
    them(
      33,
      'One question about page 4: the delivery date says 31 June. I suppose it should be 30?',
    ),
    {
      ...them(31, 'No hurry, tomorrow is fine.'),
      more: {
        reactions: [{ emoji: '👍', count: 1, mine: true, names: [] }],
        edited_ms: Date.parse('2024-05-10T10:00:00Z'),
      },
    },
  ],
  'siyuan@valley.local': [me(5 * DAY, '这是上个月的数据，请查收。'), them(5 * DAY - 20, '好的')],
  'marc@valley.local': [
    them(9 * DAY, 'Bonjour! I am in the office on Monday and Tuesday.'),
    me(9 * DAY - 3, 'Great, lunch on Tuesday?'),
    me(20, 'Here is the agenda for tomorrow.', { state: 'failed', code: 'message-rejected' }),
  ],
  'ouyang@valley.local': [
    { ...them(41 * DAY, ''), more: { retracted: { by: null } } },
    them(40 * DAY, '我下周休假，有事找周敏。'),
  ],
};

/** A few pages of older history, for scrolling. */
export function longHistory(pages: number): Line[] {
  const lines: Line[] = [];
  for (let index = pages * 60; index > 0; index -= 1) {
    const ago = 10 * DAY + index * 17;
    lines.push(
      index % 3 === 0
        ? me(ago, `进度更新 ${index}：第 ${index % 7} 部分已经完成。`)
        : them(
            ago,
            `Note ${index}: please have a look at section ${index % 12} when you find the time.`,
          ),
    );
  }
  return lines;
}

/** Looks like the QR code of an invite: corners and a pattern, all from one path. */
export function fakeQr(): string {
  const size = 33;
  let path = '';
  const corner = (x: number, y: number) =>
    (x < 8 || x >= size - 8) && (y < 8 || y >= size - 8) && !(x >= size - 8 && y >= size - 8);
  const dot = (x: number, y: number) => {
    if (!corner(x, y)) return (x * 7 + y * 13 + ((x * y) % 5)) % 3 === 0;
    const dx = Math.abs((x < 8 ? x : size - 1 - x) - 3);
    const dy = Math.abs((y < 8 ? y : size - 1 - y) - 3);
    const ring = Math.max(dx, dy);
    return ring === 3 || ring <= 1;
  };
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) if (dot(x, y)) path += `M${x + 2} ${y + 2}h1v1h-1z`;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 37 37" shape-rendering="crispEdges"><rect width="37" height="37" fill="#fff"/><path d="${path}" fill="#000"/></svg>`;
}
