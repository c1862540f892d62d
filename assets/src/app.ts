// The pages' behaviour: requests carry a bearer, events reach Pipedrive. No arithmetic and no texts here.
import htmx from "htmx.org";
import * as host from "./host";
import "./lines";
import "./pick";
import "./settings";
import { showErrors } from "./errors";
import "./focus";
import { begin, derived, leave } from "./form";
import { live } from "./live";
import { copy } from "./support";
import { attemptOf, dismiss, isOurs, isUnread, offline, reached, retry, showTrouble, type Context } from "./trouble";

type Asked = CustomEvent<{ ctx: Context }>;

/** An answer that swaps nothing: what was typed stays. */
const nothing = () => new Response(null, { status: 204 });

/** Each request waits for a bearer; one that was refused is tried once more with a new one. */
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as Asked).detail;
  ctx.fetch = async (address, init) => {
    const send = async (fresh: boolean) => {
      try {
        const bearer = await host.token(fresh);
        if (!bearer) return nothing();
        const headers = new Headers(init?.headers);
        headers.set("Authorization", `Bearer ${bearer}`);
        headers.delete("HX-Current-URL");
        const answer = await fetch(address, { ...init, headers });
        reached(ctx);
        return answer;
      } catch (error) {
        // Given up for a newer request: htmx knows. Else no network, no answer in time, or the page is going away.
        if (error instanceof DOMException && error.name === "AbortError") throw error;
        offline(true, attemptOf(ctx));
        return nothing();
      }
    };
    const first = await send(false);
    return first.status === 401 ? send(true) : first;
  };
});

document.addEventListener("fatura:refused", (event) => {
  const [main, text] = [document.querySelector("main"), (event as CustomEvent<string>).detail];
  if (main && isUnread()) main.innerHTML = text;
  else showTrouble(text);
});

document.addEventListener("fatura:snackbar", (event) => {
  void host.tell((event as CustomEvent<{ message: string }>).detail.message);
});

document.addEventListener("fatura:modal-closed", () => {
  const panel = document.querySelector("[data-reload]");
  if (panel) htmx.trigger(panel, "fatura:reload");
});

document.addEventListener("htmx:after:swap", () => {
  const wanted = document.querySelector<HTMLElement>("[data-focus]");
  wanted?.removeAttribute("data-focus");
  wanted?.focus();
  const issued = document.querySelector<HTMLElement>("[data-issued]");
  if (issued) {
    const { message = "", url = "", label = "" } = issued.dataset;
    issued.removeAttribute("data-issued");
    void host.tell(message, url ? { url, label } : undefined).then(host.close);
  }
  const label = document.querySelector<HTMLElement>("#main > [data-label]")?.dataset["label"];
  if (label) document.querySelector("#main")?.setAttribute("aria-label", label);
  showErrors();
  derived();
  begin();
});

// An act in a row is answered by the panel as it is then.
document.addEventListener("htmx:finally:request", (event) => {
  const panel = document.querySelector("[data-live]");
  if (panel && (event as Asked).detail.ctx.sourceElement.matches("[data-then-reload]")) htmx.trigger(panel, "fatura:reload");
});

/** Opens what a link that works once leads to. The tab is opened at once: a browser allows it only within the click. */
async function openTab(button: HTMLElement): Promise<void> {
  const [address, attempt] = [button.dataset["url"] ?? "", { source: button, event: "click" }];
  const tab = window.open("about:blank", "_blank");
  const ask = async (fresh: boolean) => {
    const bearer = await host.token(fresh);
    return bearer ? fetch(address, { method: "POST", headers: { Authorization: `Bearer ${bearer}` }, signal: AbortSignal.timeout(TAB_TIMEOUT) }) : undefined;
  };
  try {
    const first = await ask(false);
    const answer = first?.status === 401 ? await ask(true) : first;
    if (answer?.ok && tab) return void (tab.location.href = (await answer.json()).url);
    tab?.close();
    const text = (await answer?.text()) ?? "";
    if (isOurs(text)) return showTrouble(text, attempt);
    // Without a bearer, the reason is shown already.
    if (answer && !answer.ok) offline(true, attempt);
  } catch {
    tab?.close();
    offline(true, attempt);
  }
}

const TAB_TIMEOUT = 20_000;
const QUESTION_DEADLINE = 5000;

/** The words of a question that the server has to look something up for; where it does not answer in time, those of the button stay. */
async function question(button: HTMLElement): Promise<Record<string, string>> {
  const address = button.dataset["question"];
  if (!address) return {};
  try {
    const headers = { Authorization: `Bearer ${(await host.token()) ?? ""}` };
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(QUESTION_DEADLINE) });
    return answer.ok ? await answer.json() : {};
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
      return leave(button);
    case "open-tab":
      return openTab(button);
    case "retry":
      return retry(button);
    case "dismiss-trouble":
      return dismiss();
    case "confirm": {
      const { title = "", text: description = "", ok: okText = "", cancel: cancelText = "" } = { ...button.dataset, ...(await question(button)) };
      // The panel may have been read anew meanwhile, and the button be another.
      if (await host.ask({ title, description, okText, cancelText }))
        htmx.trigger((button.id && document.getElementById(button.id)) || button, "fatura:confirmed");
      return undefined;
    }
    case "copy":
      return copy(button);
    case "dismiss":
      button.closest("form")?.remove();
      return document.getElementById(button.dataset["back"] ?? "")?.focus();
  }
});

// A button of a menu closes it by itself; a link, which leads to another tab, has to be helped.
document.addEventListener("click", (event) => {
  (event.target as Element).closest("[popover] a")?.closest<HTMLElement>("[popover]")?.hidePopover();
});

// What another tab has done, connecting above all, shows when the person comes back.
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
  if (host.surface === "panel") host.followContent();
  if (host.surface !== "form") live();
  if (host.surface === "form") await host.takeRoom().catch(() => undefined);
  document.body.dispatchEvent(new CustomEvent("fatura:ready"));
}

void start();
