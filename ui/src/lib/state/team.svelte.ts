import type { Event } from '../rpc/generated/Event';
import type { Rpc } from '../rpc/client';
import { NewRoom } from './new-room.svelte';
import { OwnPresence } from './own-presence.svelte';
import { OwnProfile } from './own-profile.svelte';
import { Directory } from './directory.svelte';
import { People } from './people.svelte';
import { Profile } from './profile.svelte';
import { Room } from './room.svelte';
import { RoomFinder, Rooms } from './rooms.svelte';

/** Something on screen that events concern. */
interface Follower {
  handle(event: Event): void;
}

/** The people and rooms of one account, and what is open of them. */
export class Team {
  readonly people: People;
  readonly rooms: Rooms;
  readonly presence: OwnPresence;
  readonly #rpc: Rpc;
  readonly #account: string;
  readonly #followers = new Set<Follower>();

  constructor(rpc: Rpc, account: string) {
    this.#rpc = rpc;
    this.#account = account;
    this.people = new People(rpc, account);
    this.rooms = new Rooms(rpc, account);
    this.presence = new OwnPresence(rpc, account);
  }

  async start(): Promise<void> {
    await Promise.all([this.people.refresh(), this.rooms.refresh(), this.presence.load()]);
  }

  profile(address: string): Profile {
    return new Profile(this.#rpc, this.#account, address);
  }

  room(address: string): Room {
    return new Room(this.#rpc, this.#account, this.people, address);
  }

  newRoom(myName: string): NewRoom {
    return new NewRoom(this.#rpc, this.#account, myName);
  }

  roomFinder(): RoomFinder {
    return new RoomFinder(this.#rpc, this.#account);
  }

  directory(): Directory {
    return new Directory(this.#rpc, this.#account);
  }

  ownProfile(address: string): OwnProfile {
    return new OwnProfile(this.#rpc, this.#account, address, this.people.pictures);
  }

  /** Tells it what happens, until the function that is returned is called. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  handle(event: Event): void {
    this.people.handle(event);
    this.rooms.handle(event);
    for (const follower of this.#followers) follower.handle(event);
  }

  close(): void {
    this.people.close();
    this.presence.close();
  }
}
