// The parent side of the App Extensions SDK: embeds the app's pages and answers their messages.
"use strict";

const frames = new Map(); // identifier -> { frame, surface, selected, listeners, close }
const PANEL = { low: 100, high: 750 };
const MODAL = { low: 120, narrow: 320 };

async function embed(holder, surface, selected, data) {
  const query = new URLSearchParams({ selected: selected ?? "", data: data ?? "" });
  const answer = await fetch(`/extensions/${surface}/frame?${query}`);
  if (!answer.ok) throw new Error(`no ${surface}`);
  const { id, url } = await answer.json();
  const frame = document.createElement("iframe");
  frame.title = holder.dataset.title ?? surface;
  frame.allow = "clipboard-write";
  frame.style.height = surface === "panel" ? "240px" : "";
  const entry = { frame, surface, selected, origin: new URL(url).origin, listeners: new Map(), close: null };
  frames.set(id, entry);
  frame.src = url;
  holder.replaceChildren(frame);
  return entry;
}

function resize(entry, { height, width } = {}) {
  const inRange = (value, low, high) => Number.isFinite(value) && value >= low && value <= high;
  if (entry.surface === "panel") {
    if (inRange(height, PANEL.low, PANEL.high)) entry.frame.style.height = `${height}px`;
  } else if (entry.surface === "modal") {
    if (inRange(height, MODAL.low, innerHeight)) entry.frame.style.height = `${height}px`;
    if (inRange(width, MODAL.narrow, innerWidth)) entry.frame.style.width = `${width}px`;
  }
  return {};
}

function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function snackbar({ message, link } = {}) {
  if (typeof message !== "string" || message === "") throw new Error("message is required");
  const bar = element("div", { className: "snackbar", role: "status" }, [message]);
  if (link?.url) bar.append(element("a", { href: link.url, target: "_blank", rel: "noopener", textContent: link.label ?? link.url }));
  document.querySelector(".snackbar")?.remove();
  document.body.append(bar);
  setTimeout(() => bar.remove(), 8000);
  return {};
}

function confirmation({ title, description, okText, cancelText, okColor } = {}) {
  if (typeof title !== "string" || title === "") throw new Error("title is required");
  return new Promise((resolve) => {
    const dialog = element("dialog", { className: "confirm" }, [element("h2", { textContent: title })]);
    if (description) dialog.append(element("p", { textContent: description }));
    const button = (text, confirmed, kind) =>
      element("button", { textContent: text, className: kind, onclick: () => { resolve({ confirmed }); dialog.close(); dialog.remove(); } });
    dialog.append(element("div", { className: "acts" }, [button(cancelText ?? "Cancel", false, ""), button(okText ?? "OK", true, okColor ?? "primary")]));
    dialog.oncancel = () => { resolve({ confirmed: false }); dialog.remove(); };
    document.body.append(dialog);
    dialog.showModal();
  });
}

function openModal({ type, action_id, data } = {}, selected) {
  if (type !== "custom_modal") throw new Error(`this simulation opens custom modals only, not ${type}`);
  if (!action_id) throw new Error("action_id is required");
  return new Promise((resolve) => {
    const holder = element("div");
    holder.dataset.title = action_id;
    const dialog = element("dialog", { className: "modal" });
    const done = (status) => {
      for (const [id, entry] of frames) if (entry.surface === "modal") frames.delete(id);
      dialog.remove();
      tell("panel", "close_custom_modal", undefined);
      resolve({ status });
    };
    const x = element("button", { textContent: "✕", onclick: () => done("closed") });
    x.setAttribute("aria-label", document.body.dataset.close);
    dialog.append(element("div", { className: "bar" }, [element("span", { textContent: "Fatura" }), x]), holder);
    dialog.oncancel = (event) => event.preventDefault();
    document.body.append(dialog);
    dialog.showModal();
    embed(holder, "modal", selected, data === undefined ? "" : JSON.stringify(data)).then((entry) => {
      entry.close = () => done("closed");
      entry.frame.style.width = "640px";
      entry.frame.style.height = "420px";
    });
  });
}

// Commands that belong to surfaces which this page does not have; answered all the same.
const NOTHING = new Set(["show_floating_window", "hide_floating_window", "set_notification", "set_focus_mode"]);

async function command(entry, name, args) {
  switch (name) {
    case "initialize": return resize(entry, args?.size);
    case "resize": return resize(entry, args);
    case "get_metadata": return { windowHeight: innerHeight, windowWidth: innerWidth };
    case "get_signed_token": return (await fetch(`/extensions/${entry.surface}/token`)).json();
    case "show_snackbar": return snackbar(args);
    case "show_confirmation": return confirmation(args);
    case "open_modal": return openModal(args, entry.selected);
    case "close_modal": entry.close?.(); return {};
    case "redirect_to": {
      const pages = { deals: "/deals", settings: "/settings/marketplace" };
      location.href = args?.view === "deals" && args.id ? `/deal/${args.id}` : pages[args?.view] ?? "/deals";
      return {};
    }
    default:
      if (NOTHING.has(name)) return {};
      throw new Error(`unknown command: ${name}`);
  }
}

addEventListener("message", async (message) => {
  const { payload, id } = message.data ?? {};
  const entry = frames.get(id);
  if (!payload || !entry || message.source !== entry.frame.contentWindow || message.origin !== entry.origin) return;
  const port = message.ports[0];
  if (payload.type === "command" && port) {
    try {
      port.postMessage({ data: await command(entry, payload.command, payload.args) });
    } catch (error) {
      port.postMessage({ error: error.message });
    }
  } else if (payload.type === "listener" && port) {
    entry.listeners.set(payload.event, [...(entry.listeners.get(payload.event) ?? []), port]);
  }
});

function tell(surface, event, data) {
  for (const entry of frames.values()) {
    if (surface && entry.surface !== surface) continue;
    for (const port of entry.listeners.get(event) ?? []) port.postMessage({ data });
  }
}

addEventListener("visibilitychange", () => tell(null, "visibility", { is_visible: !document.hidden, context: { invoker: "user" } }), true);

for (const holder of document.querySelectorAll("[data-surface]")) embed(holder, holder.dataset.surface, holder.dataset.selected);
for (const button of document.querySelectorAll("[data-open-modal]")) {
  button.onclick = () => openModal({ type: "custom_modal", action_id: button.dataset.openModal }, button.dataset.selected);
}
for (const select of document.querySelectorAll("[data-submit]")) select.onchange = () => select.form.submit();
for (const select of document.querySelectorAll("[data-theme-switch]")) {
  select.onchange = async () => {
    document.documentElement.dataset.theme = select.value;
    tell(null, "user_settings_change", { theme: select.value });
    await fetch("/preferences", { method: "POST", body: new URLSearchParams({ theme: select.value, back: "/deals" }), redirect: "manual" });
  };
}
