import type en from './en.json';

/** Every entry of the catalogue. */
export type CatalogueKey = keyof typeof en;

/** A plain sentence. */
export type MessageKey = Exclude<CatalogueKey, `${string}#${string}`>;

type Stem<K> = K extends `${infer S}#other` ? S : never;

/** A sentence with a count: `key#one` where the language has it, and `key#other`. */
export type PluralKey = Stem<CatalogueKey>;

export type Locale = 'en' | 'zh-CN';

export type Values = Readonly<Record<string, string | number>>;
