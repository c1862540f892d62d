// Keeps an open panel as QuickBooks is: a stream says "something has changed", and the panel asks again. Where the
// stream cannot be had, and for what changes by the clock alone, it asks once a minute.
import * as host from "./host";
import { isUnread } from "./trouble";

const PAUSES = [500, 1000, 3000, 10_000, 30_000];
const ONCE_A_MINUTE = 60_000;
let stream: AbortController | undefined;

/** What somebody is typing into is not swapped away beneath them; what was missed shows with the next answer. */
function reload(): void {
  const panel = document.querySelector("[data-live]");
  if (!panel && isUnread() && !document.hidden) document.body.dispatchEvent(new CustomEvent("fatura:ready"));
  // It does not bubble: around what is live there may be a form.
  if (panel && !document.hidden && !panel.querySelector("form")) panel.dispatchEvent(new CustomEvent("fatura:reload"));
}

type Swapped = CustomEvent<{ ctx: { sourceElement: Element; sourceEvent?: Event } }>;

// The same for an answer that was on its way when the form was opened.
document.addEventListener("htmx:before:swap", (event) => {
  const { sourceElement, sourceEvent } = (event as Swapped).detail.ctx;
  if (sourceEvent?.type === "fatura:reload" && sourceElement.matches("[data-live]") && sourceElement.querySelector("form")) event.preventDefault();
});

async function listen(signal: AbortSignal): Promise<void> {
  const bearer = await host.token();
  if (!bearer) throw new Error("not signed in");
  const answer = await fetch("/live", { headers: { Authorization: `Bearer ${bearer}` }, signal });
  if (!answer.ok || !answer.body) throw new Error(`the stream answered ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (part.value.includes("changed")) reload();
  }
}

async function follow(signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await listen(signal);
      failures = 0;
    } catch {
      failures += 1;
    }
    // All pages lose their stream together when the service restarts; they do not come back together.
    const pause = PAUSES[Math.min(failures, PAUSES.length - 1)] ?? 0;
    await new Promise((go) => setTimeout(go, pause * (0.5 + Math.random())));
  }
}

function start(): void {
  stream?.abort();
  stream = new AbortController();
  void follow(stream.signal);
}

/** Follows while the page can be seen; coming back, it looks at once. */
export function live(): void {
  start();
  setInterval(reload, ONCE_A_MINUTE);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return stream?.abort();
    reload();
    return start();
  });
  addEventListener("pagehide", () => stream?.abort());
}
