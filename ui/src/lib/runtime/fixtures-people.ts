import type { CardView } from '../rpc/generated/CardView';
import type { ContactView } from '../rpc/generated/ContactView';
import type { PresenceShow } from '../rpc/generated/PresenceShow';
import type { FakeRuntime } from './fake';
import { type Line, ME, MY_NAME, nobody } from './fixtures';

const NO_CARD: CardView = {
  full_name: '',
  title: '',
  organisation: '山谷设计 Valley Design',
  department: '',
  emails: [],
  phones: [],
  url: '',
  note: '',
};

const departments: Record<string, string[][]> = {
  wangwei: [['设计部', '界面组']],
  anna: [['International', 'Kraków']],
  siyuan: [['研发部', '平台组']],
  marc: [['International', 'Lyon']],
  ouyang: [['设计部']],
  tomas: [['International']],
  zhoumin: [['财务部']],
};

const surnames = [...'王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗'];
const given = [
  '伟',
  '芳',
  '娜',
  '秀英',
  '敏',
  '静',
  '丽',
  '强',
  '磊',
  '洋',
  '艳',
  '勇',
  '杰',
  '涛',
];
const units: string[][] = [
  ['研发部', '平台组'],
  ['研发部', '客户端组'],
  ['研发部', '测试组'],
  ['设计部', '界面组'],
  ['设计部', '品牌组'],
  ['市场部', '华东'],
  ['市场部', '华南', '深圳'],
  ['财务部'],
  ['行政部'],
];
const shows: PresenceShow[] = ['online', 'offline', 'away', 'online', 'offline', 'do-not-disturb'];

/** So many colleagues, in departments, the same on every run. */
export function colleagues(count: number): ContactView[] {
  return Array.from({ length: count }, (_, index) => {
    const unit = units[index % units.length] ?? [];
    const name = `${surnames[(index * 7) % surnames.length] ?? ''}${given[(index * 3) % given.length] ?? ''}`;
    return {
      ...nobody,
      name,
      address: `p${String(index).padStart(3, '0')}@valley.local`,
      presence: shows[index % shows.length] ?? 'offline',
      status: index % 5 === 0 ? '在 B302 开会' : '',
      groups: [unit.join('::')],
      departments: [unit],
    };
  });
}

/** Departments for the fixtures' people, two namesakes, cards, requests, a directory, rooms. */
export function company(fake: FakeRuntime, more = 40): void {
  fake.contacts = fake.contacts.map((contact) => {
    const levels = departments[contact.address.split('@')[0] ?? ''] ?? [];
    const groups = levels.map((one) => one.join('::'));
    return { ...contact, groups, departments: levels };
  });
  const namesake = (address: string, unit: string[]): ContactView => ({
    ...nobody,
    name: '张伟',
    address: `${address}@valley.local`,
    presence: 'online',
    groups: [unit.join('::')],
    departments: [unit],
  });
  fake.contacts.push(
    namesake('zhangwei', ['研发部', '平台组']),
    namesake('zhangwei2', ['市场部', '华东']),
    ...colleagues(more),
  );
  cards(fake);
  const now = fake.now();
  fake.people.requests = [
    {
      address: 'linxiao@partner.example',
      name: '林晓',
      text: '你好，我是合作方的林晓，负责印刷。',
      time_ms: now - 3_600_000,
    },
  ];
  fake.people.directory = [
    ['李静', 'lijing', '人力资源部'],
    ['张伟', 'zhangwei3', '法务部'],
    ['Sofia Lindqvist', 'sofia', 'Stockholm'],
    ['王伟', 'wangwei', '设计部'],
  ].map(([name = '', user = '', department = '']) => ({
    name,
    address: `${user}@valley.local`,
    values: { Department: department },
  }));
  rooms(fake);
}

function cards(fake: FakeRuntime): void {
  fake.people.cards.set('wangwei@valley.local', {
    ...NO_CARD,
    full_name: '王伟',
    title: '高级界面设计师',
    department: '设计部 / 界面组',
    emails: ['wang.wei@valley.example'],
    phones: ['+86 21 5555 0134', '139 0000 1234'],
    manager: 'zhangwei@valley.local',
  });
  fake.people.cards.set('anna@valley.local', {
    ...NO_CARD,
    full_name: 'Anna Kowalski',
    title: 'Legal counsel',
    department: 'International',
    emails: ['anna@valley.example'],
    url: 'https://valley.example/kraków',
  });
  fake.people.cards.set(ME, { ...NO_CARD, full_name: MY_NAME, title: '产品经理' });
}

/** A line of somebody in a room. */
function said(user: string, author_name: string, ago: number, text: string): Line {
  const more = { author: `${user}@valley.local`, author_name };
  return { direction: 'incoming', text, ago, more };
}

function rooms(fake: FakeRuntime): void {
  const at = (user: string) => `${user}@valley.local`;
  const redesign = fake.rooms.add(
    '官网改版',
    {
      [ME]: 'owner',
      [at('wangwei')]: 'admin',
      [at('anna')]: 'member',
      [at('zhangwei')]: 'member',
      [at('zhangwei2')]: 'member',
      [at('siyuan')]: 'member',
      [at('marc')]: 'outcast',
    },
    { public: false, members_only: true, description: '首页、登录页和图标' },
    [at('siyuan')],
  );
  redesign.subject = '周五 15:00 评审，会议室 B302';
  fake.fill(redesign.address, [
    said('wangwei', '王伟', 190, '新首页的三个方案都在文件夹里了，大家先看看。'),
    said('anna', 'Anna Kowalski', 176, 'The second one works best for the Kraków office.'),
    { direction: 'outgoing', text: '我也选第二个。', ago: 170, state: { state: 'sent' } },
    said('zhangwei', '张伟', 40, '登录页今天下班前能提测。'),
  ]);
  fake.rooms.add('Lunch', { [at('tomas')]: 'owner', [ME]: 'member', [at('anna')]: 'member' });
  fake.rooms.add('全员公告', { [at('zhoumin')]: 'owner' }, { moderated: true });
  fake.rooms.add('Football on Thursday', { [at('marc')]: 'owner' });
  fake.rooms.add('管理层', { [at('zhoumin')]: 'owner' }, { password: 'secret' });
  const offsite = fake.rooms.add(
    '团建筹备',
    { [at('ouyang')]: 'owner' },
    { public: false, members_only: true },
    [],
    'offsite@conference.valley.local',
  );
  fake.rooms.invitations = [
    {
      room: offsite.address,
      inviter: at('ouyang'),
      inviter_name: '欧阳雪',
      reason: '一起来定团建的地点吧',
      time_ms: fake.now() - 7_200_000,
    },
  ];
}
