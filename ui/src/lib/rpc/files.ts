/** The files of messages, as the program around the window handles them. */
export type { FileRuntime, OutgoingFile } from '../runtime/runtime';
