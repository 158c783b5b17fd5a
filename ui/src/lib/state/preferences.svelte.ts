import { setHours, systemHours } from '../i18n/format';
import { chooseLocale, i18n } from '../i18n/i18n.svelte';
import type { Language } from '../rpc/generated/Language';
import type { DesktopSettings } from '../rpc/generated/DesktopSettings';
import type { NotificationSettings } from '../rpc/generated/NotificationSettings';
import type { SettingProblem } from '../rpc/generated/SettingProblem';
import type { Settings } from '../rpc/generated/Settings';
import type { Theme } from '../rpc/generated/Theme';
import type { Rpc } from '../rpc/client';
import { keep, readKept } from './kept';
import { isQuiet } from './quiet';
import { clampSide, nextZoom, readView, USUAL_VIEW, type ViewSettings } from './view-settings';
import { USUAL_SETTINGS } from './usual-settings';

/** What the person likes, on this device. */
export class Preferences {
  readonly #rpc: Rpc;
  #settings = $state.raw<Settings>(USUAL_SETTINGS);
  #problems = $state.raw<readonly SettingProblem[]>([]);
  #view = $state.raw<ViewSettings>(USUAL_VIEW);
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

  get view(): ViewSettings {
    return this.#view;
  }

  /** Off by itself where the interface is Chinese. */
  get spelling(): boolean {
    return this.#view.spelling ?? i18n.locale !== 'zh-CN';
  }

  get desktop(): DesktopSettings {
    return this.#settings.desktop;
  }

  get notifications(): NotificationSettings {
    return this.#settings.notifications;
  }

  /** What of the last change could not be carried out. */
  get problems(): readonly SettingProblem[] {
    return this.#problems;
  }

  /** Whether notifications are off at this time, by the person's own choice. */
  isQuiet(now: number): boolean {
    return isQuiet(this.notifications, now);
  }

  /** All that the shell keeps; `change` takes effect at once. */
  get settings(): Settings {
    return this.#settings;
  }

  change(change: Partial<Settings>): void {
    this.#change({ ...this.#settings, ...change });
  }

  /** Changed outside the window, as from the tray. */
  changed(settings: Settings): void {
    this.#use(settings);
  }

  load(settings: Settings, systemLocale: string): void {
    this.#systemLocale = systemLocale;
    this.#view = readKept('view', readView);
    if (this.#view.zoom !== USUAL_VIEW.zoom) this.#zoom();
    this.#use(settings);
  }

  /** Takes effect at once. */
  setView(change: Partial<ViewSettings>): void {
    const zoom = this.#view.zoom;
    this.#view = { ...this.#view, ...change };
    keep('view', this.#view);
    if (this.#view.zoom !== zoom) this.#zoom();
  }

  setSideWidth(width: number): void {
    this.setView({ sideWidth: clampSide(width) });
  }

  /** One step larger or smaller; 0 is back to the usual size. */
  zoom(step: 1 | -1 | 0): void {
    this.setView({ zoom: step === 0 ? USUAL_VIEW.zoom : nextZoom(this.#view.zoom, step) });
  }

  setLanguage(language: Language): void {
    this.#change({ ...this.#settings, language });
  }

  setDesktop(change: Partial<DesktopSettings>): void {
    this.#change({ ...this.#settings, desktop: { ...this.desktop, ...change } });
  }

  setNotifications(change: Partial<NotificationSettings>): void {
    this.#change({ ...this.#settings, notifications: { ...this.notifications, ...change } });
  }

  setTheme(theme: Theme): void {
    this.#change({ ...this.#settings, theme });
  }

  #change(settings: Settings): void {
    this.#use(settings);
    this.#problems = [];
    this.#rpc
      .settingsSet(settings)
      .then((problems) => {
        if (this.#settings === settings) this.#problems = problems;
      })
      // Holds for this run in any case; a disk that is full is said elsewhere.
      .catch(() => undefined);
  }

  #zoom(): void {
    this.#rpc.zoomSet(this.#view.zoom).catch(() => undefined);
  }

  #use(settings: Settings): void {
    this.#settings = settings;
    setHours(systemHours(this.#systemLocale));
    i18n.locale = chooseLocale(settings.language, this.#systemLocale);
  }
}
