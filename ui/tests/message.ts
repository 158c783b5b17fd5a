import { render } from '@testing-library/svelte';
import { vi } from 'vitest';
import type { Pane } from '../src/components/timeline/pane-context';
import { Rpc } from '../src/lib/rpc/client';
import type { MessageView } from '../src/lib/rpc/generated/MessageView';
import { ACCOUNT, FakeRuntime } from '../src/lib/runtime/fake';
import { plain } from '../src/lib/runtime/fixtures';
import { Attention } from '../src/lib/state/attention.svelte';
import { Composer } from '../src/lib/state/composer.svelte';
import { Here } from '../src/lib/state/here.svelte';
import { MessageActions } from '../src/lib/state/message-actions.svelte';
import { Playback } from '../src/lib/state/playback.svelte';
import { Nudges } from '../src/lib/state/nudges.svelte';
import { TakenBack } from '../src/lib/state/taken-back.svelte';
import { Timeline } from '../src/lib/state/timeline.svelte';
import { Transfers } from '../src/lib/state/transfers.svelte';
import MessageStage from './MessageStage.svelte';

/** What can be done with the messages of a conversation, on a fake team. */
export function actionsOn(fake: FakeRuntime, conversation: string, inRoom = false) {
  const rpc = new Rpc(fake);
  const here = new Here(rpc, ACCOUNT, conversation, inRoom);
  const timeline = new Timeline({
    rpc,
    account: ACCOUNT,
    conversation,
    attention: new Attention(),
    unread: () => 0,
    arrived: () => undefined,
  });
  const composer = new Composer({
    rpc,
    account: ACCOUNT,
    conversation,
    draft: '',
    here,
    sent: () => undefined,
  });
  const takenBack = new TakenBack();
  const actions = new MessageActions({
    rpc,
    account: ACCOUNT,
    timeline,
    composer,
    here,
    takenBack,
    nudges: new Nudges(),
    transfers: new Transfers(rpc, ACCOUNT),
    playback: new Playback(),
  });
  return { actions, composer, here, timeline };
}

/** One message in a pane that does nothing by itself. */
export function showMessage(
  change: Partial<MessageView>,
  { named = false, files = false }: { named?: boolean; files?: boolean } = {},
) {
  const message: MessageView = {
    ...plain,
    id: 1,
    position: 1,
    direction: 'incoming',
    author: 'anna@valley.local',
    author_name: 'Anna',
    text: 'Hello',
    time_ms: 0,
    delivery: null,
    ...change,
  };
  const fake = new FakeRuntime().withAccount();
  if (files) fake.withFiles();
  const { actions } = actionsOn(fake, message.author);
  const pane: Pane = {
    actions,
    act: vi.fn(),
    openMenu: vi.fn(),
    pickReaction: vi.fn(),
    openLink: vi.fn(),
    showQuoted: vi.fn(),
    view: vi.fn(),
  };
  const { rerender } = render(MessageStage, { pane, message, named, head: true });
  return { fake, pane, rerender };
}
