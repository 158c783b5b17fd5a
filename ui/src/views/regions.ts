import type { Component } from 'svelte';
import FilesMain from '../components/all-files/FilesMain.svelte';
import FilesSide from '../components/all-files/FilesSide.svelte';
import ConversationPane from '../components/frame/ConversationPane.svelte';
import Sidebar from '../components/conversation-list/Sidebar.svelte';
import DetailsPanel from '../components/details/DetailsPanel.svelte';
import ContactsMain from '../components/people/ContactsMain.svelte';
import ContactsSide from '../components/people/ContactsSide.svelte';
import SearchSide from '../components/search/SearchSide.svelte';
import SettingsMain from '../components/settings/SettingsMain.svelte';
import SettingsSide from '../components/settings/SettingsSide.svelte';
import type { AccountView } from '../lib/rpc/generated/AccountView';
import type { Section } from '../lib/state/navigation.svelte';
import type { Session } from '../lib/state/session.svelte';

export interface RegionProps {
  session: Session;
  account: AccountView;
}

/** What a section of the rail fills the window with. */
export interface Region {
  side: Component<RegionProps>;
  main: Component<RegionProps>;
}

/** A section is in the rail as soon as it has a row here. */
export const regions: Partial<Record<Section, Region>> & { chats: Region } = {
  chats: { side: Sidebar, main: ConversationPane },
  contacts: { side: ContactsSide, main: ContactsMain },
  search: { side: SearchSide, main: ConversationPane },
  files: { side: FilesSide, main: FilesMain },
  settings: { side: SettingsSide, main: SettingsMain },
};

/** The panel at the end of the window, about `session.navigation.details`. */
export const detailsPanel: Component<RegionProps> = DetailsPanel;
