// The pages' behaviour: requests carry a bearer, events reach Pipedrive. No arithmetic and no texts here.
import htmx from "htmx.org";
import * as host from "./host";
import "./lines";
import "./customer";
import { showErrors } from "./errors";

type Asked = CustomEvent<{ ctx: { fetch?: typeof fetch; request: { headers: Record<string, string> } } }>;

/** Each request waits for a bearer; one that was refused is tried once more with a new one. */
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as Asked).detail;
  ctx.fetch = async (address, init) => {
    const send = async (fresh: boolean) => {
      const bearer = await host.token(fresh);
      if (!bearer) return new Response("", { status: 204 });
      const headers = new Headers(init?.headers);
      headers.set("Authorization", `Bearer ${bearer}`);
      headers.delete("HX-Current-URL");
      return fetch(address, { ...init, headers });
    };
    const first = await send(false);
    return first.status === 401 ? send(true) : first;
  };
});

document.addEventListener("fatura:refused", (event) => {
  const main = document.querySelector("main");
  if (main) main.innerHTML = (event as CustomEvent<string>).detail;
});

document.addEventListener("fatura:tell", (event) => {
  void host.tell((event as CustomEvent<{ message: string }>).detail.message);
});

document.addEventListener("fatura:modal-closed", () => {
  const panel = document.querySelector("[data-reload]");
  if (panel) htmx.trigger(panel, "fatura:reload");
});

document.addEventListener("htmx:after:swap", () => {
  const issued = document.querySelector<HTMLElement>("[data-issued]");
  if (issued) {
    const { message = "", url = "", label = "" } = issued.dataset;
    issued.removeAttribute("data-issued");
    void host.tell(message, url ? { url, label } : undefined).then(host.close);
  }
  showErrors();
});

document.addEventListener("click", async (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-act]");
  if (!button) return;
  switch (button.dataset["act"]) {
    case "open-form":
      return host.openForm(button.dataset["deal"] ?? "");
    case "close":
      return host.close();
    case "connect": {
      // The tab is opened at once: a browser allows it only within the click.
      const tab = window.open("about:blank", "_blank");
      const answer = await fetch("/settings/connect", { method: "POST", headers: { Authorization: `Bearer ${(await host.token()) ?? ""}` } });
      if (answer.ok && tab) tab.location.href = (await answer.json()).url;
      else tab?.close();
      return undefined;
    }
    case "disconnect": {
      const { title = "", text: description = "", ok: okText = "", cancel: cancelText = "" } = button.dataset;
      if (await host.ask({ title, description, okText, cancelText })) htmx.trigger(button, "fatura:confirmed");
      return undefined;
    }
  }
});

// What another tab has done, connecting above all, shows when the person comes back.
document.addEventListener("visibilitychange", () => {
  const page = document.querySelector("[data-reload-on-return]");
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
  if (host.surface === "form") await host.takeRoom().catch(() => undefined);
  document.body.dispatchEvent(new CustomEvent("fatura:ready"));
}

void start();
