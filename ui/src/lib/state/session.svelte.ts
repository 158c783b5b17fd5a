import { nextPaint } from '../a11y/painted';
import { toApiError } from '../errors/api-failure';
import type { ApiError } from '../rpc/generated/ApiError';
import type { ConnectionView } from '../rpc/generated/ConnectionView';
import type { ConversationView } from '../rpc/generated/ConversationView';
import type { Event } from '../rpc/generated/Event';
import type { SearchHit } from '../rpc/generated/SearchHit';
import type { MessageView } from '../rpc/generated/MessageView';
import type { Rpc } from '../rpc/client';
import { AllFiles } from './all-files.svelte';
import type { Attention } from './attention.svelte';
import { Calendar } from './calendar.svelte';
import type { Composer } from './composer.svelte';
import { Connection } from './connection.svelte';
import { ConnectionStatus } from './connection-status.svelte';
import { ConversationList } from './conversation-list.svelte';
import type { Desk } from './desk';
import { Devices } from './devices.svelte';
import { FindHere } from './find-here.svelte';
import { Navigation, type Place, type Section } from './navigation.svelte';
import { Habits } from './habits';
import { Recents } from './recents';
import { Search } from './search.svelte';
import { Playback } from './playback.svelte';
import { SettingsView } from './settings-view.svelte';
import { Storage } from './storage.svelte';
import { Team } from './team.svelte';
import { type Entry, Switcher } from './switcher.svelte';
import { MessageActions } from './message-actions.svelte';
import { Nudges } from './nudges.svelte';
import { TakenBack } from './taken-back.svelte';
import { Timeline } from './timeline.svelte';
import { Transfers } from './transfers.svelte';
import { Unlock } from './unlock.svelte';

/** One account that is open in the window. A switch of account drops all of it. */
export class Session {
  readonly account: string;
  readonly list: ConversationList;
  readonly connection = new Connection();
  /** How it is, for who wants to know exactly. */
  readonly status: ConnectionStatus;
  readonly team: Team;
  readonly navigation = new Navigation();
  readonly recents = new Recents();
  readonly settings = new SettingsView();
  readonly search: Search;
  readonly files: AllFiles;
  /** Files on their way. */
  readonly transfers: Transfers;
  readonly #habits: Habits;
  readonly storage: Storage;
  readonly devices: Devices;
  /** Searching in the open conversation. */
  readonly find: FindHere;
  /** The sound that is played, whatever is open. */
  readonly playback = new Playback();
  /** Going to a day of the open conversation. */
  readonly calendar: Calendar;
  /** For the password after the server has refused the saved one. */
  readonly unlock: Unlock;
  readonly #rpc: Rpc;
  readonly #attention: Attention;
  readonly #desk: Desk;
  readonly #announce: (messages: MessageView[]) => void;
  #timeline = $state.raw<Timeline | null>(null);
  #composer = $state.raw<Composer | null>(null);
  #actions = $state.raw<MessageActions | null>(null);
  readonly #takenBack = new TakenBack();
  readonly #nudges = new Nudges();
  #selected = $derived(this.#timeline?.conversation ?? null);
  /** The conversation that was asked for last, whether it is open yet or not. */
  #wanted: string | null = null;
  #problem = $state.raw<ApiError | null>(null);
  #closed = false;

  constructor(
    rpc: Rpc,
    account: string,
    attention: Attention,
    desk: Desk,
    announce: (messages: MessageView[]) => void,
  ) {
    this.#rpc = rpc;
    this.account = account;
    this.#attention = attention;
    this.#desk = desk;
    this.#announce = announce;
    this.list = new ConversationList(rpc, account);
    this.status = new ConnectionStatus(rpc, account);
    this.team = new Team(rpc, account);
    this.unlock = new Unlock(rpc, account);
    this.files = new AllFiles(rpc, account);
    this.transfers = new Transfers(rpc, account, () => {
      if (this.navigation.section === 'files') void this.files.refresh();
    });
    this.search = new Search(rpc, account, this.list);
    this.#habits = new Habits(account);
    this.storage = new Storage(rpc, account);
    this.devices = new Devices(rpc, account);
    this.find = new FindHere({
      rpc,
      account,
      conversation: () => this.#selected,
      jumpTo: async (message) => this.#timeline?.jumpTo(message),
    });
    desk.serve((conversation) => this.#sent(conversation));
    this.calendar = new Calendar({
      rpc,
      account,
      timeline: () => this.#timeline,
    });
  }

  /** Id of the open conversation. */
  get selected(): string | null {
    return this.#selected;
  }

  get conversation(): ConversationView | undefined {
    return this.#selected === null ? undefined : this.list.find(this.#selected);
  }

  get timeline(): Timeline | null {
    return this.#timeline;
  }

  get composer(): Composer | null {
    return this.#composer;
  }

  /** What can be done with the messages of the open conversation. */
  get actions(): MessageActions | null {
    return this.#actions;
  }

  get problem(): ApiError | null {
    return this.#problem;
  }

  /** Fills the list and opens what was open last, or else what was talked about last. */
  async start(): Promise<void> {
    await this.list.refresh();
    // The list is painted first: with the conversation it would come as late as that.
    await nextPaint();
    // By now another account may be open, or the lock closed.
    if (this.#closed) return;
    void this.team.start();
    void this.transfers.refresh();
    const { conversation } = this.#desk;
    const last = conversation === null ? undefined : await this.list.reach(conversation);
    const first = last ?? this.list.rows[0];
    if (first && this.#wanted === null) await this.select(first.id);
  }

  async select(id: string): Promise<void> {
    this.#wanted = id;
    if (id === this.#selected) {
      if (this.list.find(id)?.marked_unread) this.#timeline?.takeMark();
      return;
    }
    this.find.close();
    this.calendar.close();
    const row = this.list.find(id) ?? (await this.list.reach(id));
    // Gone, or another one was asked for while it was looked for.
    if (!row || this.#closed || this.#wanted !== id || this.#selected === id) return;
    this.list.opened(id);
    this.recents.visit(id);
    this.navigation.visit({ section: this.navigation.section, conversation: id });
    // A person beside a conversation is somebody of it.
    if (this.navigation.details?.about === 'person') {
      this.navigation.showDetails({ about: 'conversation' });
    }
    this.#leave();
    const timeline = new Timeline({
      rpc: this.#rpc,
      account: this.account,
      conversation: id,
      attention: this.#attention,
      unread: () => this.list.find(id)?.unread ?? 0,
      markedUnread: row.marked_unread,
      arrived: this.#announce,
    });
    const composer = this.#desk.take(row);
    const { here } = composer;
    this.#timeline = timeline;
    this.#composer = composer;
    this.#actions = new MessageActions({
      rpc: this.#rpc,
      account: this.account,
      timeline,
      composer,
      here,
      takenBack: this.#takenBack,
      nudges: this.#nudges,
      transfers: this.transfers,
      playback: this.playback,
    });
    void here.refresh();
    await timeline.open();
  }

  /** Opens the conversation with a contact, making it if need be. */
  async startConversation(contact: string): Promise<void> {
    this.#problem = null;
    try {
      const id = await this.#rpc.startConversation(this.account, contact);
      await this.list.refreshOne(id);
      await this.go(id);
    } catch (thrown) {
      this.#problem = toApiError(thrown);
    }
  }

  /** Opens a conversation among the chats, wherever we are. */
  async go(id: string): Promise<void> {
    this.navigation.open('chats');
    await this.select(id);
  }

  async move(step: 1 | -1): Promise<void> {
    const next = this.list.neighbour(this.#selected, step);
    if (next) await this.go(next.id);
  }

  async moveUnread(step: 1 | -1): Promise<void> {
    const next = this.list.nextUnread(this.#selected, step);
    if (next) await this.go(next.id);
  }

  /** Opens the pinned conversation at this place, counted from 1. */
  async openPinned(place: number): Promise<void> {
    const row = this.list.all.filter(({ pinned }) => pinned)[place - 1];
    if (row) await this.go(row.id);
  }

  /** Goes through those that were open last, until `recents.settle()`. */
  async cycle(step: 1 | -1): Promise<void> {
    const id = this.recents.cycle(step, (one) => this.list.find(one) !== undefined);
    if (id !== undefined) await this.go(id);
  }

  /** Shows a message with what was said around it, in the section where we are. */
  async showMessage(conversation: string, message: number | null): Promise<void> {
    await this.select(conversation);
    if (message !== null && this.#selected === conversation) await this.#timeline?.jumpTo(message);
  }

  /** Shows what was found, here or on the server. */
  async showHit(hit: SearchHit): Promise<void> {
    const { conversation, message, archive_id: id, time_ms } = hit;
    await this.showMessage(conversation, message);
    if (message !== null || id === null || this.#timeline?.conversation !== conversation) return;
    await this.#timeline.seek({ at: 'archived', id, time_ms });
  }

  /** What a few keys lead to; one for each time it is opened. */
  switcher(): Switcher {
    return new Switcher({
      rpc: this.#rpc,
      account: this.account,
      list: this.list,
      habits: this.#habits,
      recent: () => this.recents.order,
      selected: () => this.#selected,
    });
  }

  async openEntry(entry: Entry): Promise<void> {
    switch (entry.kind) {
      case 'name':
        if (entry.row) await this.go(entry.id);
        else await this.startConversation(entry.id);
        break;
      case 'message':
        this.navigation.open('chats');
        await this.showHit(entry.hit);
        break;
      case 'search':
        this.open('search');
        this.search.input(entry.text);
        this.navigation.find();
        break;
    }
  }

  /** Opens the field for searching in the conversation. */
  findHere(): void {
    if (this.#selected === null) return;
    if (this.navigation.section !== 'search') this.navigation.open('chats');
    this.find.start();
  }

  /** Opens the calendar of the conversation. */
  pickDay(): void {
    if (this.#selected === null) return;
    if (this.navigation.section !== 'search') this.navigation.open('chats');
    this.calendar.start();
  }

  open(section: Section): void {
    this.navigation.open(section);
    this.navigation.visit({ section, conversation: this.#selected });
  }

  /** Back to where we were, or forward again. */
  async travel(step: 1 | -1): Promise<void> {
    let place: Place | undefined;
    do {
      place = this.navigation.travel(step);
    } while (place?.conversation != null && !this.list.find(place.conversation));
    if (!place) return;
    this.navigation.open(place.section);
    if (place.conversation !== null) await this.select(place.conversation);
  }

  async reconnect(): Promise<void> {
    // The outcome comes as a change of the connection.
    await this.#rpc.reconnectNow(this.account).catch(() => undefined);
  }

  /** Takes the key that the server has now for the right one. Throws an `ApiFailure`. */
  trustKey(fingerprint: string): Promise<void> {
    return this.#rpc.connection.trustKey(this.account, fingerprint);
  }

  /** How the connection is now. */
  connected(view: ConnectionView): void {
    const before = this.connection.times;
    this.connection.update(view);
    if (this.connection.times === before) return;
    this.team.people.pictures.again();
    this.playback.again();
  }

  handle(event: Event): void {
    this.team.handle(event);
    this.list.handle(event);
    switch (event.type) {
      case 'connection-changed':
        this.connected(event.connection);
        break;
      case 'messages-changed':
        if (event.conversation === this.#selected) void this.#timeline?.refresh();
        break;
      case 'transfers-changed':
        void this.transfers.refresh();
        break;
      case 'lagged':
        void this.#timeline?.refresh();
        void this.transfers.refresh();
        break;
      case 'room-changed':
        if (event.room === this.#selected) void this.#composer?.here.refresh();
        break;
      case 'devices-changed':
        this.devices.changed();
        break;
      case 'accounts-changed':
      case 'conversation-changed':
      case 'conversations-changed':
      case 'contacts-changed':
      case 'profile-changed':
      case 'blocked-changed':
      case 'invitations-changed':
      case 'subscription-requests-changed':
      case 'notify':
        break;
    }
  }

  /** Saves what is being written and lets go. */
  close(): void {
    this.#closed = true;
    this.#leave();
    this.#desk.serve(() => undefined);
    this.playback.close();
    this.list.close();
    this.search.close();
    this.files.close();
    this.transfers.close();
    this.find.close();
    this.connection.close();
    this.team.close();
  }

  /** A message is on disk. */
  #sent(conversation: string): void {
    if (conversation === this.#selected) {
      this.#timeline?.ownMessageSent();
      void this.#timeline?.refresh();
    }
    void this.list.refreshOne(conversation);
  }

  #leave(): void {
    const composer = this.#composer;
    if (composer) {
      void this.#desk.leave(composer, () => this.list.refreshOne(composer.conversation));
    }
    this.#timeline?.close();
    this.#composer = null;
    this.#actions = null;
    this.#timeline = null;
  }
}
