import type { AttachmentView } from '../rpc/generated/AttachmentView';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { FakeRuntime } from './fake';

const DESIGN = 'design@rooms.valley.local';
const ALL = 'all@rooms.valley.local';
const LUNCH = 'lunch@rooms.valley.local';

/** Rooms, pinned and muted conversations, mentions, and some that were put away. */
export function everyRow(fake: FakeRuntime): void {
  room(fake, DESIGN, '设计组 Design', [
    ['Anna Kowalski', 'The new icons are in the shared folder.', 44],
    ['王伟', '@李娜 首页的第二版什么时候可以看？', 2],
  ]);
  room(fake, ALL, 'Everybody in the valley: announcements and questions', [
    ['Marc Dubois', 'The lift is out of order until noon.', 50],
    ['Tomás Rivera', 'Coffee machine on floor 2 is back 🎉', 26],
  ]);
  room(fake, LUNCH, '午饭', [['周敏', '今天吃什么？', 30]]);
  fake.fill('anna@valley.local', [
    {
      direction: 'incoming',
      text: 'Contract page 4, corrected.pdf',
      ago: 29,
      more: { attachments: [{ ...FILE, name: 'Contract page 4, corrected.pdf' }] },
    },
    {
      direction: 'outgoing',
      text: '首页 第二版.png',
      ago: 28,
      more: { attachments: [{ ...FILE, name: '首页 第二版.png', media_type: 'image/png' }] },
    },
  ]);
  decide(fake, DESIGN, { pin: 1 });
  decide(fake, LUNCH, { notify: 'none' });
  fake.setRow(DESIGN, { unread: 128, unread_mentions: 1 });
  fake.setRow(ALL, { unread: 7, notify: 'mentions' });
  fake.setRow(LUNCH, { unread: 12 });
  decide(fake, 'siyuan@valley.local', { pin: 2, marked_unread: true });
  decide(fake, 'ouyang@valley.local', { archived: true });
  fake.setRow('anna@valley.local', { draft: 'Yes, it should be the 30th. I will' });
}

/** A list as long as somebody may have it after years. */
export function manyTalks(fake: FakeRuntime, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const address = `person${index}@valley.local`;
    const text = `Message number ${index}`;
    fake.fill(address, [{ direction: 'incoming', text, ago: 60 + index * 7 }]);
    const surname = SURNAMES.charAt(index % SURNAMES.length);
    const given = GIVEN.charAt(Math.floor(index / SURNAMES.length) % GIVEN.length);
    fake.setRow(address, { name: index % 3 === 0 ? `Person ${index}` : `${surname}${given}` });
  }
}

const FILE: AttachmentView = {
  url: null,
  name: '',
  media_type: 'application/pdf',
  size_bytes: 240_000,
  width: null,
  height: null,
  description: null,
  save_name: '',
  state: 'remote',
};

const SURNAMES = '王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑';
const GIVEN = '伟芳娜敏静丽强磊军洋勇艳杰涛明超兰霞平刚';

function room(
  fake: FakeRuntime,
  address: string,
  name: string,
  lines: readonly [author_name: string, text: string, ago: number][],
): void {
  fake.fill(
    address,
    lines.map(([author_name, text, ago]) => ({
      direction: 'incoming',
      text,
      ago,
      more: { author_name, author: `${address}/${author_name}` },
    })),
  );
  fake.setRow(address, {
    kind: 'room',
    name,
    presence: 'offline',
  } satisfies Partial<ConversationView>);
}

function decide(fake: FakeRuntime, address: string, change: object): void {
  const talk = fake.talks.get(address);
  if (talk) Object.assign(talk.decided, change);
}
