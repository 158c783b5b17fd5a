declare module 'virtual:emoji' {
  /** Emoji, group, words in English, words in Chinese; words are apart by `|`, the name first. */
  const rows: [string, number, string, string][];
  export default rows;
}
