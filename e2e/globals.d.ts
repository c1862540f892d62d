// Values that tests keep in the window of a page.

interface Window {
  /** form_lines.test.mjs: the listeners for scrolling and resizing. */
  watching: Set<unknown>;
  /** monkey/inpage.mjs: read the page, forget earlier outcomes, find texts that are cut off, and count changes. */
  monkeyLook(): any;
  monkeyForget(): void;
  monkeyCutOff(): string[];
  monkeyWatch(): Promise<number>;
  /** monkey/page.mjs: reports a press to the test. */
  monkeyPressed?(press: { kind: string; look: any }): void;
  /** pipedrive/sdk-page.html: the SDK has started, and a command with its answer. */
  began: Promise<void>;
  ask(command: string, args: unknown): Promise<{ data?: any; error?: string }>;
}

/** pipedrive/sdk-page.html: the SDK, and the events that it has reported. */
declare const sdk: any;
declare const events: { event: string; data: any; error?: unknown }[];
