// The only file that knows Pipedrive's SDK. Every answer of the host is waited for three seconds at most.
import AppExtensionsSDK, { Color, Command, Event, Modal } from "@pipedrive/app-extensions-sdk";
import { isOurs } from "./trouble";

export const surface = document.body.dataset["surface"] as "panel" | "form" | "settings" | undefined;

const PATIENCE = 3000;
let sdk: AppExtensionsSDK | undefined;
let bearer: { value: string; until: number } | undefined;
let pending: Promise<string | undefined> | undefined;

function within<T>(answer: Promise<T>, patience = PATIENCE): Promise<T> {
  return Promise.race([answer, new Promise<never>((_, no) => setTimeout(() => no(new Error("Pipedrive does not answer")), patience))]);
}

/** Connects with Pipedrive; false outside of it. */
export async function connect(): Promise<boolean> {
  const id = new URLSearchParams(location.search).get("id");
  if (window.parent === window || !id) return false;
  try {
    sdk = await within(new AppExtensionsSDK({ identifier: id }).initialize(await firstSize()));
  } catch {
    return false;
  }
  sdk.listen(Event.USER_SETTINGS_CHANGE, ({ data }) => {
    if (data) document.documentElement.dataset["theme"] = data.theme;
  });
  if (surface === "panel") {
    sdk.listen(Event.CLOSE_CUSTOM_MODAL, () => {
      opening = 0;
      document.body.dispatchEvent(new CustomEvent("fatura:modal-closed", { bubbles: true }));
    });
  }
  return true;
}

async function firstSize(): Promise<{ size?: { height: number } }> {
  return surface === "panel" ? { size: { height: 240 } } : {};
}

/** A bearer for our own server: made of a token that Pipedrive signs, renewed before it ends. */
export async function token(fresh = false): Promise<string | undefined> {
  if (!fresh && bearer && bearer.until > Date.now()) return bearer.value;
  pending ??= exchange().finally(() => (pending = undefined));
  return pending;
}

/** The bearer that is there now, if it is still good. */
export const currentBearer = () => (bearer && bearer.until > Date.now() ? bearer.value : undefined);

async function exchange(): Promise<string | undefined> {
  if (!sdk) return undefined;
  const signed = await within(sdk.execute(Command.GET_SIGNED_TOKEN));
  const answer = await fetch(`/session/${surface}`, { method: "POST", headers: { Authorization: `Bearer ${signed.token}` } });
  if (!answer.ok) {
    const text = await answer.text();
    // Anything else is a failure on the way: it is tried again with the next request.
    if (answer.status !== 403 || !isOurs(text)) throw new Error(`the session answered ${answer.status}`);
    document.body.dispatchEvent(new CustomEvent("fatura:refused", { detail: text, bubbles: true }));
    return undefined;
  }
  const { bearer: value, seconds, language, words } = await answer.json();
  document.documentElement.lang = language;
  // The shell was written before it was known who looks at it.
  for (const [name, text] of Object.entries(words ?? {})) {
    for (const element of document.querySelectorAll(`[data-word="${name}"]`)) element.textContent = String(text);
  }
  bearer = { value, until: Date.now() + (seconds - 60) * 1000 };
  return value;
}

/** Makes the frame as high as its content; sizes out of range are ignored by Pipedrive, so they are clamped here. */
export function followContent(): void {
  let last = 0;
  const resize = () => {
    const height = Math.min(750, Math.max(100, Math.ceil(document.body.getBoundingClientRect().height)));
    if (height === last) return;
    last = height;
    void sdk?.execute(Command.RESIZE, { height }).catch(() => undefined);
  };
  new ResizeObserver(resize).observe(document.body);
}

/** Gives the form the room that the browser has. */
export async function takeRoom(): Promise<void> {
  if (!sdk) return;
  const { windowWidth, windowHeight } = await within(sdk.execute(Command.GET_METADATA));
  await within(sdk.execute(Command.RESIZE, { width: Math.min(980, windowWidth - 80), height: Math.min(840, windowHeight - 120) }));
}

/** Until when a form that was asked for may still be opening: a second click opens no second one. */
let opening = 0;

/** Opens the form, once: also where the button is clicked twice. */
export async function openForm(deal: string): Promise<void> {
  if (Date.now() < opening) return;
  opening = Date.now() + PATIENCE;
  await sdk?.execute(Command.OPEN_MODAL, { type: Modal.CUSTOM_MODAL, action_id: "invoice", data: { deal } });
}

export async function close(): Promise<void> {
  await sdk?.execute(Command.CLOSE_MODAL);
}

export async function tell(message: string, link?: { url: string; label: string }): Promise<void> {
  await sdk?.execute(Command.SHOW_SNACKBAR, link ? { message, link } : { message });
}

/** Asks in Pipedrive's own dialogue. The person may think as long as they like. */
export async function ask(words: { title: string; description: string; okText: string; cancelText: string }): Promise<boolean> {
  const answer = await sdk?.execute(Command.SHOW_CONFIRMATION, { ...words, okColor: Color.NEGATIVE });
  return answer?.confirmed ?? false;
}
