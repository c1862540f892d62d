// Keeps an open page up to date: it reloads on each event of the stream. It also reloads once a minute, for changes that depend only on the
// time, and in case the stream is not available.
import * as host from "./host";
import { hasContent } from "./trouble";

/** Milliseconds before the stream is opened again, by the number of failures. */
const RECONNECT_DELAYS = [500, 1000, 3000, 10_000, 30_000];
/** Milliseconds between two reloads without an event. */
const RELOAD_INTERVAL = 60_000;
let stream: AbortController | undefined;

/** Reloads the page, unless the user is filling in a form in it. */
function reload(): void {
  const panel = document.querySelector("[data-live]");
  if (!panel && !hasContent() && !document.hidden) document.body.dispatchEvent(new CustomEvent("fatura:ready"));
  // The event does not bubble, because there may be a form around the live part.
  if (panel && !document.hidden && !panel.querySelector("form")) panel.dispatchEvent(new CustomEvent("fatura:reload"));
}

type SwapEvent = CustomEvent<{ ctx: { sourceElement: Element; sourceEvent?: Event } }>;

// Discards the response of a reload that was requested before the form was opened.
document.addEventListener("htmx:before:swap", (event) => {
  const { sourceElement, sourceEvent } = (event as SwapEvent).detail.ctx;
  if (sourceEvent?.type === "fatura:reload" && sourceElement.matches("[data-live]") && sourceElement.querySelector("form")) event.preventDefault();
});

async function readStream(signal: AbortSignal): Promise<void> {
  const bearer = await host.token();
  if (!bearer) throw new Error("not signed in");
  const response = await fetch("/live", { headers: { Authorization: `Bearer ${bearer}` }, signal });
  if (!response.ok || !response.body) throw new Error(`/live answered ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (part.value.includes("changed")) reload();
  }
}

async function keepStreamOpen(signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await readStream(signal);
      failures = 0;
    } catch {
      failures += 1;
    }
    // All pages lose their streams when the service restarts. Random delays keep them from reconnecting together.
    const delay = RECONNECT_DELAYS[Math.min(failures, RECONNECT_DELAYS.length - 1)] ?? 0;
    await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random())));
  }
}

function startStream(): void {
  stream?.abort();
  stream = new AbortController();
  void keepStreamOpen(stream.signal);
}

/** Keeps the page up to date while it is visible. Reloads when it becomes visible again. */
export function startLiveUpdates(): void {
  startStream();
  setInterval(reload, RELOAD_INTERVAL);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return stream?.abort();
    reload();
    return startStream();
  });
  addEventListener("pagehide", () => stream?.abort());
}
