import { chooseLocale, i18n } from '../i18n/i18n.svelte';
import type { Language } from '../rpc/generated/Language';
import type { Settings } from '../rpc/generated/Settings';
import type { Theme } from '../rpc/generated/Theme';
import type { Rpc } from '../rpc/client';

/** Language and colours of this device. */
export class Preferences {
  readonly #rpc: Rpc;
  #settings = $state.raw<Settings>({ language: 'system', theme: 'system' });
  #systemLocale = 'en';

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  get language(): Language {
    return this.#settings.language;
  }

  get theme(): Theme {
    return this.#settings.theme;
  }

  load(settings: Settings, systemLocale: string): void {
    this.#systemLocale = systemLocale;
    this.#use(settings);
  }

  setLanguage(language: Language): void {
    this.#change({ ...this.#settings, language });
  }

  setTheme(theme: Theme): void {
    this.#change({ ...this.#settings, theme });
  }

  #change(settings: Settings): void {
    this.#use(settings);
    // Holds for this run in any case; a disk that is full is said elsewhere.
    this.#rpc.settingsSet(settings).catch(() => undefined);
  }

  #use(settings: Settings): void {
    this.#settings = settings;
    i18n.locale = chooseLocale(settings.language, this.#systemLocale);
  }
}
