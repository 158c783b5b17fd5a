import { createContext } from 'svelte';
import type { App } from './app.svelte';

/** The app of the window, for components below `App.svelte`. */
export const [useApp, provideApp] = createContext<App>();
