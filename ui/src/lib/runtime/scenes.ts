import type { Affiliation } from '../rpc/generated/Affiliation';
import { apiError } from '../errors/api-failure';
import { ACCOUNT, FakeRuntime } from './fake';
import { longHistory, TEAM } from './fixtures';
import { company } from './fixtures-people';
import { everyRow, manyTalks } from './fixtures-lists';
import { allSorts, roomTalk, sending } from './fixtures-messages';

/** A state of the fake team worth looking at. */
const scenes: Record<string, (fake: FakeRuntime) => void> = {
  welcome: () => undefined,
  // The team's server is here, and nobody is signed in.
  returning: (fake) => {
    fake.server = { state: 'stopped', team_name: TEAM, error: null };
  },
  main: (fake) => {
    fake.withTeam({}, { 'wangwei@valley.local': longHistory(4) });
    company(fake);
    hosting(fake, 5);
    fake.withFiles();
    fake.desktop.screen = 'drawn';
    const anna = fake.talks.get('anna@valley.local');
    if (anna) anna.readUpTo -= 3;
    const siyuan = fake.talks.get('siyuan@valley.local');
    if (siyuan) siyuan.draft = '明天下午两点';
  },
  // As large as a directory may be.
  crowd: (fake) => {
    fake.withTeam();
    company(fake, 50_000);
  },
  // All that a row can show.
  rows: (fake) => {
    fake.withTeam();
    everyRow(fake);
  },
  // As long as a list may be.
  many: (fake) => {
    fake.withTeam();
    manyTalks(fake, 5_000);
  },
  // Nothing is open yet, the first row is unread.
  unread: (fake) => {
    fake.withTeam();
    for (const talk of fake.talks.values()) talk.readUpTo = 6;
  },
  // Every sort of message.
  sorts: (fake) => {
    fake.withTeam().withFiles();
    hosting(fake, 5);
    fake.fill('anna@valley.local', allSorts());
  },
  // Files on their way, in every state.
  sending: (fake) => {
    fake.withTeam().withFiles();
    const wang = 'wangwei@valley.local';
    const [moving, paused, waiting, picture, failed] = fake.fill(wang, sending());
    if (!moving || !paused || !waiting || !picture || !failed) return;
    const { transfers } = fake;
    transfers.begin(moving.id, { done_bytes: 3_400_000, bytes_per_second: 1_250_000 });
    transfers.begin(paused.id, {
      state: 'paused',
      done_bytes: 18_000_000,
      total_bytes: 96_000_000,
    });
    transfers.begin(waiting.id, { state: 'waiting', error: apiError('server-unreachable') });
    transfers.begin(picture.id, { done_bytes: 610_000, total_bytes: 812_000 });
  },
  // A long absence: much is unread, and something is missing.
  missed: (fake) => {
    fake.withTeam({}, { 'wangwei@valley.local': longHistory(10) }).withFiles();
    const talk = fake.talks.get('wangwei@valley.local');
    if (!talk) return;
    talk.readUpTo = talk.messages.at(-150)?.id ?? 0;
    talk.gaps = [talk.messages.at(-140)?.id ?? 0];
  },
  // Ten thousand messages, to scroll through.
  long: (fake) => {
    fake.withTeam({}, { 'wangwei@valley.local': longHistory(167) });
  },
  room: (fake) => {
    fake.withTeam().withFiles();
    const address = 'design@conference.valley.local';
    const people: Record<string, Affiliation> = { [fake.me]: 'owner' };
    for (const contact of fake.contacts) people[contact.address] = 'member';
    const room = fake.rooms.add('设计组 Design', people, {}, [], address);
    room.subject = '三楼评审，15:00 · https://valley.example/plan';
    for (const person of Object.keys(people).slice(1, 4)) room.closed.set(person, fake.now());
    fake.fill(address, roomTalk());
    const talk = fake.talks.get(address);
    if (!talk) return;
    talk.readUpTo = talk.messages.at(-4)?.id ?? 0;
  },
  // A new version waits for its restart.
  update: (fake) => {
    fake.withTeam();
    fake.desktop.newVersion = { state: 'ready', version: '1.4.0' };
  },
  alone: (fake) => {
    fake.withAccount();
    hosting(fake, 1);
  },
  // Two accounts, and one has rules of its own for notifications; the system's sign-in
  // opens the lock, too.
  two: (fake) => {
    fake.withTeam();
    fake.withAccount({ id: 'account-2', display_name: '李娜', server_name: '河谷设计' });
    const { notifications } = fake.shell.settings;
    fake.shell.settings = {
      ...fake.shell.settings,
      notifications: {
        ...notifications,
        accounts: { 'account-2': { about: 'personal', preview: 'name', sound: false } },
      },
    };
    fake.desktop.lock = { ready: true, locked: false, wait_until_ms: null, system: 'on' };
    fake.shell.lock = fake.desktop.lock;
  },
  unlock: (fake) => {
    fake.overview.secrets = 'ask-each-time';
    fake.withTeam({ unlocked: false, connection: { state: 'offline', error: null } });
  },
  offline: (fake) => {
    fake.withTeam({
      connection: {
        state: 'waiting',
        retry_at_ms: Date.now() + 45_000,
        error: apiError('server-unreachable', { server: 'valley.local' }),
      },
    });
    fake.fill('wangwei@valley.local', [
      {
        direction: 'outgoing',
        text: '我在地铁上，稍后上线。',
        ago: 1,
        state: { state: 'waiting' },
      },
    ]);
  },
  password: (fake) => {
    const error = apiError('wrong-password');
    fake.withTeam({ connection: { state: 'offline', error } });
  },
  // The server has another key than before.
  key: (fake) => {
    const error = apiError('certificate-key-changed', {
      server: 'valley.local',
      subject: 'valley.local, 192.168.1.20',
      issuer: 'valley.local',
      'valid-from-ms': String(Date.UTC(2026, 0, 10)),
      'valid-until-ms': String(Date.UTC(2036, 0, 8)),
      fingerprint: 'bP0fB7DPyfEQ7Mk3nXfDGgPmKj2a5l0oYw9QWdEhRtU',
    });
    fake.withTeam({ connection: { state: 'offline', error } });
  },
  certificate: (fake) => {
    const error = apiError('certificate-not-trusted', {
      server: 'chat.valley.example',
      subject: 'chat.valley.example',
      issuer: 'Valley Design, Office Firewall CA',
      'valid-until-ms': String(Date.UTC(2027, 5, 1)),
      fingerprint: 'bP0fB7DPyfEQ7Mk3nXfDGgPmKj2a5l0oYw9QWdEhRtU',
    });
    fake.withTeam({ connection: { state: 'offline', error } });
  },
  // Signed out from another device.
  expired: (fake) => {
    const error = apiError('sign-in-expired');
    fake.withTeam({ connection: { state: 'offline', error } });
  },
  removed: (fake) => {
    const error = apiError('account-removed');
    fake.withTeam({ connection: { state: 'offline', error } });
  },
  fatal: (fake) => {
    fake.shell.fatal = apiError('profile-in-use', { path: fake.shell.home });
  },
  notices: (fake) => {
    fake.withTeam();
    const path = '/home/lina/.local/share/startalk/accounts/1/cache.db.2024-05-12.aside';
    fake.overview.notices = [
      { type: 'cache-set-aside', account: ACCOUNT, path },
      { type: 'cache-from-newer-version', account: ACCOUNT, path },
      { type: 'clock-wrong', account: ACCOUNT, minutes: -300 },
    ];
    fake.server = {
      state: 'stopped',
      team_name: TEAM,
      error: apiError('port-in-use', { port: '5280' }),
    };
  },
};

function hosting(fake: FakeRuntime, people_online: number): void {
  const addresses = ['192.168.1.20:5280'];
  fake.server = { state: 'running', team_name: TEAM, addresses, people_online };
}

/** The fake runtime in the state that the page's address asks for. */
export function scene(query: URLSearchParams): FakeRuntime {
  const fake = new FakeRuntime();
  fake.lively = true;
  const language = query.get('locale');
  const theme = query.get('theme');
  fake.shell.settings = {
    ...fake.shell.settings,
    language: language === 'en' || language === 'zh-CN' ? language : 'system',
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
  };
  fake.shell.system_locale = navigator.language;
  (scenes[query.get('scene') ?? 'main'] ?? scenes.main)?.(fake);
  return fake;
}
