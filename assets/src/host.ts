// The only file that uses Pipedrive's App Extensions SDK.
import AppExtensionsSDK, { Color, Command, Event, Modal } from "@pipedrive/app-extensions-sdk";
import { isErrorPage } from "./trouble";

export const surface = document.body.dataset["surface"] as "panel" | "form" | "settings" | undefined;

/** Milliseconds to wait for an answer of Pipedrive's page. */
const HOST_TIMEOUT = 3000;
let sdk: AppExtensionsSDK | undefined;
let bearer: { value: string; until: number } | undefined;
let pending: Promise<string | undefined> | undefined;

function withTimeout<T>(answer: Promise<T>): Promise<T> {
  return Promise.race([answer, new Promise<never>((_, reject) => setTimeout(() => reject(new Error("Pipedrive does not answer")), HOST_TIMEOUT))]);
}

/** Connects to Pipedrive's page. Returns `false` outside of Pipedrive. */
export async function connect(): Promise<boolean> {
  const id = new URLSearchParams(location.search).get("id");
  if (window.parent === window || !id) return false;
  try {
    sdk = await withTimeout(new AppExtensionsSDK({ identifier: id }).initialize(initialSize()));
  } catch {
    return false;
  }
  sdk.listen(Event.USER_SETTINGS_CHANGE, ({ data }) => {
    if (data) document.documentElement.dataset["theme"] = data.theme;
  });
  if (surface === "panel") {
    sdk.listen(Event.CLOSE_CUSTOM_MODAL, () => {
      openingUntil = 0;
      document.body.dispatchEvent(new CustomEvent("fatura:modal-closed", { bubbles: true }));
    });
  }
  return true;
}

function initialSize(): { size?: { height: number } } {
  return surface === "panel" ? { size: { height: 240 } } : {};
}

/** Returns a bearer for the server. It is exchanged for a token signed by Pipedrive, and renewed before it expires. */
export async function token(fresh = false): Promise<string | undefined> {
  if (!fresh && bearer && bearer.until > Date.now()) return bearer.value;
  pending ??= exchange().finally(() => (pending = undefined));
  return pending;
}

/** Returns the current bearer, if it has not expired. */
export const currentBearer = () => (bearer && bearer.until > Date.now() ? bearer.value : undefined);

async function exchange(): Promise<string | undefined> {
  if (!sdk) return undefined;
  const signed = await withTimeout(sdk.execute(Command.GET_SIGNED_TOKEN));
  const response = await fetch(`/session/${surface}`, { method: "POST", headers: { Authorization: `Bearer ${signed.token}` } });
  if (!response.ok) {
    const text = await response.text();
    // Any other response is a temporary failure. The next request tries again.
    if (response.status !== 403 || !isErrorPage(text)) throw new Error(`/session answered ${response.status}`);
    document.body.dispatchEvent(new CustomEvent("fatura:refused", { detail: text, bubbles: true }));
    return undefined;
  }
  const { bearer: value, seconds, language, words } = await response.json();
  document.documentElement.lang = language;
  // The shell was rendered before the user's language was known.
  for (const [name, text] of Object.entries(words ?? {})) {
    for (const element of document.querySelectorAll(`[data-word="${name}"]`)) element.textContent = String(text);
  }
  bearer = { value, until: Date.now() + (seconds - 60) * 1000 };
  return value;
}

/** Keeps the frame as high as its content. Pipedrive ignores heights outside of 100 to 750 pixels, so they are clamped. */
export function fitFrameToContent(): void {
  let last = 0;
  const resize = () => {
    const height = Math.min(750, Math.max(100, Math.ceil(document.body.getBoundingClientRect().height)));
    if (height === last) return;
    last = height;
    void sdk?.execute(Command.RESIZE, { height }).catch(() => undefined);
  };
  new ResizeObserver(resize).observe(document.body);
}

/** Enlarges the frame of the form to fit the browser window. */
export async function enlargeFrame(): Promise<void> {
  if (!sdk) return;
  const { windowWidth, windowHeight } = await withTimeout(sdk.execute(Command.GET_METADATA));
  await withTimeout(sdk.execute(Command.RESIZE, { width: Math.min(980, windowWidth - 80), height: Math.min(840, windowHeight - 120) }));
}

/** Time until which a requested form may still be opening. A second click within it is ignored. */
let openingUntil = 0;

/** Opens the form. A double click opens it once. */
export async function openForm(deal: string): Promise<void> {
  if (Date.now() < openingUntil) return;
  openingUntil = Date.now() + HOST_TIMEOUT;
  await sdk?.execute(Command.OPEN_MODAL, { type: Modal.CUSTOM_MODAL, action_id: "invoice", data: { deal } });
}

export async function close(): Promise<void> {
  await sdk?.execute(Command.CLOSE_MODAL);
}

export async function showSnackbar(message: string, link?: { url: string; label: string }): Promise<void> {
  await sdk?.execute(Command.SHOW_SNACKBAR, link ? { message, link } : { message });
}

/** Asks in Pipedrive's confirmation dialog. There is no timeout, because the user may take any time. */
export async function confirm(words: { title: string; description: string; okText: string; cancelText: string }): Promise<boolean> {
  const answer = await sdk?.execute(Command.SHOW_CONFIRMATION, { ...words, okColor: Color.NEGATIVE });
  return answer?.confirmed ?? false;
}
