// Entry point of the pages' script: adds the bearer to requests and passes events to Pipedrive. It contains no arithmetic and no texts.
import htmx from "htmx.org";
import * as host from "./host";
import "./lines";
import "./pick";
import "./settings";
import { showErrors } from "./errors";
import "./focus";
import { applyDerived, focusFirstField, leaveForm } from "./form";
import { startLiveUpdates } from "./live";
import { copyDetails } from "./support";
import { attemptOf, dismissErrors, hasContent, isErrorPage, markReachable, retryFailed, setOffline, showTrouble, type Context } from "./trouble";

type RequestEvent = CustomEvent<{ ctx: Context }>;

/** A response that swaps nothing, so that input stays. */
const noContent = () => new Response(null, { status: 204 });

// Each request waits for a bearer. After a 401 it is sent once more with a new one.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as RequestEvent).detail;
  ctx.fetch = async (address, init) => {
    const send = async (fresh: boolean) => {
      try {
        const bearer = await host.token(fresh);
        if (!bearer) return noContent();
        const headers = new Headers(init?.headers);
        headers.set("Authorization", `Bearer ${bearer}`);
        headers.delete("HX-Current-URL");
        const response = await fetch(address, { ...init, headers });
        markReachable(ctx);
        return response;
      } catch (error) {
        // An abort for a newer request is handled by htmx. Other errors: no network, a timeout, or the page is closing.
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        setOffline(true, attemptOf(ctx));
        return noContent();
      }
    };
    const first = await send(false);
    return first.status === 401 ? send(true) : first;
  };
});

document.addEventListener("fatura:refused", (event) => {
  const [main, text] = [document.querySelector("main"), (event as CustomEvent<string>).detail];
  if (main && !hasContent()) main.innerHTML = text;
  else showTrouble(text);
});

document.addEventListener("fatura:snackbar", (event) => {
  void host.showSnackbar((event as CustomEvent<{ message: string }>).detail.message);
});

document.addEventListener("fatura:modal-closed", () => {
  const panel = document.querySelector("[data-reload]");
  if (panel) htmx.trigger(panel, "fatura:reload");
});

document.addEventListener("htmx:after:swap", () => {
  const focusTarget = document.querySelector<HTMLElement>("[data-focus]");
  focusTarget?.removeAttribute("data-focus");
  focusTarget?.focus();
  const issued = document.querySelector<HTMLElement>("[data-issued]");
  if (issued) {
    const { message = "", url = "", label = "" } = issued.dataset;
    issued.removeAttribute("data-issued");
    void host.showSnackbar(message, url ? { url, label } : undefined).then(host.close);
  }
  const label = document.querySelector<HTMLElement>("#main > [data-label]")?.dataset["label"];
  if (label) document.querySelector("#main")?.setAttribute("aria-label", label);
  showErrors();
  applyDerived();
  focusFirstField();
});

// After an action in a row, the whole panel reloads.
document.addEventListener("htmx:finally:request", (event) => {
  const panel = document.querySelector("[data-live]");
  if (panel && (event as RequestEvent).detail.ctx.sourceElement.matches("[data-then-reload]")) htmx.trigger(panel, "fatura:reload");
});

/** Opens a one-time link in a new tab. The tab opens before the link is requested, because browsers allow that only during the click. */
async function openTab(button: HTMLElement): Promise<void> {
  const [address, attempt] = [button.dataset["url"] ?? "", { source: button, event: "click" }];
  const tab = window.open("about:blank", "_blank");
  const requestLink = async (fresh: boolean) => {
    const bearer = await host.token(fresh);
    return bearer ? fetch(address, { method: "POST", headers: { Authorization: `Bearer ${bearer}` }, signal: AbortSignal.timeout(TAB_TIMEOUT) }) : undefined;
  };
  try {
    const first = await requestLink(false);
    const response = first?.status === 401 ? await requestLink(true) : first;
    if (response?.ok && tab) return void (tab.location.href = (await response.json()).url);
    tab?.close();
    const text = (await response?.text()) ?? "";
    if (isErrorPage(text)) return showTrouble(text, attempt);
    // Without a bearer there is no response, and the reason is shown already.
    if (response && !response.ok) setOffline(true, attempt);
  } catch {
    tab?.close();
    setOffline(true, attempt);
  }
}

/** Milliseconds to wait for a one-time link, and for the texts of a question. */
const TAB_TIMEOUT = 20_000;
const QUESTION_TIMEOUT = 5000;

/** Loads the current texts of a question. If the server does not answer in time, the texts of the button are used. */
async function loadQuestion(button: HTMLElement): Promise<Record<string, string>> {
  const address = button.dataset["question"];
  if (!address) return {};
  try {
    const headers = { Authorization: `Bearer ${(await host.token()) ?? ""}` };
    const response = await fetch(address, { headers, signal: AbortSignal.timeout(QUESTION_TIMEOUT) });
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

document.addEventListener("click", async (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-act]");
  if (!button) return;
  switch (button.dataset["act"]) {
    case "open-form":
      return host.openForm(button.dataset["deal"] ?? "");
    case "close":
      return host.close();
    case "leave":
      return leaveForm(button);
    case "open-tab":
      return openTab(button);
    case "retry":
      return retryFailed(button);
    case "dismiss-trouble":
      return dismissErrors();
    case "confirm": {
      const { title = "", text: description = "", ok: okText = "", cancel: cancelText = "" } = { ...button.dataset, ...(await loadQuestion(button)) };
      // The panel may have been reloaded in the meantime, so the button is looked up again.
      if (await host.confirm({ title, description, okText, cancelText }))
        htmx.trigger((button.id && document.getElementById(button.id)) || button, "fatura:confirmed");
      return undefined;
    }
    case "copy":
      return copyDetails(button);
    case "dismiss":
      button.closest("form")?.remove();
      return document.getElementById(button.dataset["back"] ?? "")?.focus();
  }
});

// Buttons close their menu themselves. A link opens another tab, so its menu is closed here.
document.addEventListener("click", (event) => {
  (event.target as Element).closest("[popover] a")?.closest<HTMLElement>("[popover]")?.hidePopover();
});

// Shows changes made in another tab, such as connecting, when the user returns.
document.addEventListener("visibilitychange", () => {
  const page = document.querySelector("[data-reload-on-return]:not(:has(.unsaved:not([hidden])))");
  if (!document.hidden && page) htmx.trigger(page, "fatura:reload");
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.querySelector<HTMLElement>("#create")?.click();
});

async function start(): Promise<void> {
  if (!host.surface) return;
  if (!(await host.connect())) {
    document.querySelector("#outside")?.removeAttribute("hidden");
    document.querySelector("main")?.setAttribute("hidden", "");
    return;
  }
  if (host.surface === "panel") host.fitFrameToContent();
  if (host.surface !== "form") startLiveUpdates();
  if (host.surface === "form") await host.enlargeFrame().catch(() => undefined);
  document.body.dispatchEvent(new CustomEvent("fatura:ready"));
}

void start();
