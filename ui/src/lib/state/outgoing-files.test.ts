import { expect, test, vi } from 'vitest';
import { Rpc } from '../rpc/client';
import { apiError } from '../errors/api-failure';
import { ACCOUNT, FakeRuntime } from '../runtime/fake';
import { DesktopFiles } from '../runtime/desktop-files';
import { FakeDesktop } from '../runtime/fake-desktop';
import { Composer } from './composer.svelte';
import { Here } from './here.svelte';

const WANGWEI = 'wangwei@valley.local';

/** A desktop on which the file of this name is refused; `sent` is what went out. */
function scene(bad: string) {
  const sent: [name: string | null, caption: string, replyTo: number | null][] = [];
  const fake = new FakeRuntime().withTeam();
  const desktop = new FakeDesktop(() => undefined);
  const handled = new DesktopFiles(async (request) => {
    if (request.type !== 'files' || request.action !== 'send') return { type: 'done' };
    if (request.name === bad) throw apiError('file-too-large');
    sent.push([request.name, request.caption, request.reply_to]);
    return { type: 'message', value: 1 };
  }, desktop);
  const rpc = new Rpc(Object.assign(fake, { files: handled }));
  const told = vi.fn();
  const composer = new Composer({
    rpc,
    account: ACCOUNT,
    conversation: WANGWEI,
    draft: '',
    here: new Here(rpc, ACCOUNT, WANGWEI, false),
    sent: told,
  });
  const names = () => composer.files.pending.map(({ name }) => name);
  return { fake, composer, sent, names, told, desktop };
}

const files = (...names: string[]) => names.map((name) => new File([name], name));

test('U47: what was handed over before a file that is refused does not go twice', async () => {
  const { fake, composer, sent, names, told } = scene('c');
  const answered = fake.talks.get(WANGWEI)!.messages[0]!;
  composer.answer(answered);
  composer.files.add(files('a', 'b', 'c', 'd'), 'see');
  await composer.sendFiles();
  expect(composer.files.problem?.code).toBe('file-too-large');
  expect(names()).toEqual(['c', 'd']);
  expect([composer.files.caption, composer.replyTo]).toEqual(['', null]);
  expect(told).toHaveBeenCalled();
  composer.files.remove(composer.files.pending[0]!.id);
  await composer.sendFiles();
  expect(names()).toEqual([]);
  expect(composer.files.problem).toBeNull();
  expect(sent).toEqual([
    ['a', 'see', answered.id],
    ['b', '', null],
    ['d', '', null],
  ]);
});

test('U47: where the first file is refused, caption and answer wait for the next', async () => {
  const { fake, composer, sent } = scene('a');
  const answered = fake.talks.get(WANGWEI)!.messages[0]!;
  composer.answer(answered);
  composer.files.add(files('a', 'b'), 'see');
  await composer.sendFiles();
  expect(sent).toEqual([]);
  composer.files.remove(composer.files.pending[0]!.id);
  await composer.sendFiles();
  expect(sent).toEqual([['b', 'see', answered.id]]);
  expect(composer.replyTo).toBeNull();
});

test('U47: what is dropped while others are handed over waits for the next time', async () => {
  const { composer, names } = scene('none');
  composer.files.add(files('a', 'b'), 'see');
  const sending = composer.sendFiles();
  composer.files.add(files('late'));
  await sending;
  expect(names()).toEqual(['late']);
});

test('U52: a text that goes as a file leaves the field when it was sent, not before', async () => {
  const { composer, sent } = scene('bad.txt');
  composer.input('far too long');
  composer.asFile('bad.txt');
  expect(composer.text).toBe('far too long');
  await composer.sendFiles();
  expect(composer.files.problem?.code).toBe('file-too-large');
  expect(composer.text).toBe('far too long');
  composer.files.cancel();
  expect(composer.text).toBe('far too long');
  composer.asFile('message.txt');
  await composer.sendFiles();
  expect(sent).toEqual([['message.txt', '', null]]);
  expect(composer.text).toBe('');
});

test('U52: a message that is being changed does not go as a file', () => {
  const { fake, composer, names } = scene('none');
  composer.input('half a sentence');
  const talk = fake.talks.get(WANGWEI)!.messages;
  composer.edit(talk.findLast(({ direction }) => direction === 'outgoing')!);
  composer.asFile('message.txt');
  expect(names()).toEqual([]);
});

test('U47: what was not handed over before a cancel is not sent', async () => {
  const { composer, sent, names, desktop } = scene('none');
  let staged: () => void = () => undefined;
  const stage = vi.spyOn(desktop, 'fileStage');
  stage.mockImplementationOnce(async () => 1);
  stage.mockImplementationOnce(() => new Promise((resolve) => (staged = () => resolve(2))));
  composer.files.add(files('a', 'b', 'c'), 'see');
  const sending = composer.sendFiles();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  await vi.waitFor(() => expect(stage).toHaveBeenCalledTimes(2));
  composer.files.cancel();
  composer.files.add(files('d'), 'for others');
  staged();
  await sending;
  expect(sent.map(([name]) => name)).toEqual(['a']);
  expect(composer.files.problem).toBeNull();
  expect([names(), composer.files.caption]).toEqual([['d'], 'for others']);
  await composer.sendFiles();
  expect(sent.map(([name]) => name)).toEqual(['a', 'd']);
});
