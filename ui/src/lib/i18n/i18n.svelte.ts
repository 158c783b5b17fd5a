import type { Language } from '../rpc/generated/Language';
import en from './en.json';
import type { CatalogueKey, Locale, MessageKey, PluralKey, Values } from './keys';
import zh from './zh-CN.json';

const catalogues: Record<Locale, Partial<Record<CatalogueKey, string>>> = { en, 'zh-CN': zh };

const KEYS: Values = { commandKey: 'Ctrl', command: 'Ctrl+', commandShift: 'Ctrl+Shift+' };
const MAC_KEYS: Values = { commandKey: '⌘', command: '⌘', commandShift: '⇧⌘' };

const placeholder = /\{(\w+)\}/g;

/** The language of the window; a change re-renders everything that shows text. */
class I18n {
  #locale = $state<Locale>('en');
  #mac = $state(false);
  #plurals = $derived(new Intl.PluralRules(this.#locale));
  #numbers = $derived(new Intl.NumberFormat(this.#locale));

  get locale(): Locale {
    return this.#locale;
  }

  set locale(locale: Locale) {
    this.#locale = locale;
  }

  /** Whether keys are written as on the keyboards of macOS. */
  set mac(mac: boolean) {
    this.#mac = mac;
  }

  t(key: MessageKey, values: Values = {}): string {
    return fill(this.#text(key), { ...this.#keys, ...values });
  }

  /** A sentence with a number in it; `{count}` is the number. */
  count(key: PluralKey, count: number, values: Values = {}): string {
    const form = `${key}#${this.#plurals.select(count)}` as CatalogueKey;
    const text = catalogues[this.#locale][form] ?? this.#text(`${key}#other` as CatalogueKey);
    return fill(text, { ...this.#keys, count: this.#numbers.format(count), ...values });
  }

  /** Whether all that the sentence names is there. */
  canFill(key: MessageKey, values: Values): boolean {
    return [...this.#text(key).matchAll(placeholder)].every(([, name]) =>
      Boolean(values[name ?? '']),
    );
  }

  /** Values that any sentence may name: the key of commands, alone or before another. */
  get #keys(): Values {
    return this.#mac ? MAC_KEYS : KEYS;
  }

  // A missing translation falls back to English, never to nothing.
  #text(key: CatalogueKey): string {
    return catalogues[this.#locale][key] ?? en[key];
  }
}

function fill(text: string, values: Values): string {
  return text.replace(placeholder, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

export const i18n = new I18n();

/** Which catalogue a setting and the system's language lead to. */
export function chooseLocale(language: Language, systemLocale: string): Locale {
  if (language !== 'system') return language;
  return /^zh(?![a-z])/i.test(systemLocale) ? 'zh-CN' : 'en';
}
