// The parent side of the App Extensions SDK: embeds the app's pages and answers their messages.
import { refresh } from "./page.js";
import { confirmation, element, hasOwnModal, ownModal, resize, snackbar, words, wrong } from "./surfaces.js";

const extensions = JSON.parse(words.extensions);
const frames = new Map(); // identifier -> { id, kind, frame, origin, selected, listeners, … }
const FIRST_SIZE = { panel: { height: 240 }, modal: { height: 420, width: 640 }, floating_window: { height: 400, width: 320 }, settings: {} };

const extension = (id) => extensions.find((each) => each.id === id);

async function embed(holder, id, { resource = "", view = "", selected = "", data } = {}) {
  const query = new URLSearchParams({ resource, view, selected, data: data === undefined ? "" : JSON.stringify(data) });
  const answer = await fetch(`/extensions/${encodeURIComponent(id)}/frame?${query}`);
  if (!answer.ok) throw wrong(`no extension ${id}`);
  const { id: identifier, url } = await answer.json();
  const frame = element("iframe", { title: holder.dataset.title ?? id, allow: "clipboard-write" });
  const kind = extension(id).type;
  for (const [side, value] of Object.entries(FIRST_SIZE[kind])) frame.style[side] = `${value}px`;
  const entry = { id, kind, frame, resource, selected, origin: new URL(url).origin, listeners: new Map(), focused: 0 };
  frames.set(identifier, entry);
  frame.src = url;
  holder.replaceChildren(frame);
  return entry;
}

function forget(entry) {
  for (const [identifier, each] of frames) if (each === entry) frames.delete(identifier);
}

/** Tells an event to those frames that listen for it. */
function tell(event, data, fits = () => true) {
  for (const entry of frames.values()) {
    if (!fits(entry)) continue;
    for (const port of entry.listeners.get(event) ?? []) port.postMessage({ data });
  }
}

function customModal(id, context) {
  return new Promise((resolve, reject) => {
    const holder = element("div");
    holder.dataset.title = extension(id).name;
    const dialog = element("dialog", { className: "modal" });
    let entry;
    const close = () => {
      if (entry) forget(entry);
      dialog.close();
      dialog.remove();
      tell("close_custom_modal");
      resolve({ status: "closed" });
    };
    const x = element("button", { textContent: "✕", onclick: close });
    x.setAttribute("aria-label", words.close);
    dialog.append(element("div", { className: "bar" }, [element("span", { textContent: words.app }), x]), holder);
    dialog.oncancel = (event) => event.preventDefault();
    document.body.append(dialog);
    dialog.showModal();
    embed(holder, id, context).then((made) => {
      entry = made;
      entry.close = close;
    }, (error) => {
      dialog.remove();
      reject(error);
    });
  });
}

function openModal({ type, action_id: action, data, prefill } = {}, from = {}) {
  if (hasOwnModal(type)) return ownModal(type, prefill).then((answer) => {
    refresh();
    return answer;
  });
  if (type !== "custom_modal" && type !== "json_modal") throw wrong("Invalid argument: type is not one of the modals");
  if (!action) throw wrong("Invalid argument: action_id is required");
  if (type === "json_modal") throw wrong(`No JSON modal ${action} is registered`);
  const modal = extensions.find((each) => each.type === "modal" && (each.id === action || each.name === action));
  if (!modal) throw wrong(`No custom modal ${action} is registered`);
  return customModal(modal.id, { resource: from.resource, view: from.view ?? "details", selected: from.selected, data });
}

// The floating window: one, opened from the dock or by a command, there until it is closed.
const dock = document.querySelector("[data-floating]");
const floating = { box: null, entry: null };

async function floatingWindow(visible, context, invoker) {
  if (!dock) throw wrong("The app has no floating window");
  if (!floating.box) {
    const holder = element("div");
    holder.dataset.title = extension(dock.dataset.floating).name;
    const x = element("button", { className: "x", textContent: "✕", onclick: () => floatingWindow(false, undefined, "user") });
    x.setAttribute("aria-label", words.close);
    floating.box = element("section", { className: "floating", hidden: true }, [element("div", { className: "bar" }, [element("span", { textContent: words.app }), x]), holder]);
    document.body.append(floating.box);
    floating.entry = await embed(holder, dock.dataset.floating);
  }
  floating.box.hidden = !visible;
  dock.setAttribute("aria-expanded", String(visible));
  sessionStorage.setItem("floating", visible ? "1" : "");
  tell("visibility", { is_visible: visible, context: { ...context, invoker } }, (entry) => entry === floating.entry);
}
if (dock) {
  dock.onclick = () => floatingWindow(floating.box?.hidden ?? true, undefined, "user");
  if (sessionStorage.getItem("floating")) floatingWindow(true, undefined, "user");
}

function notification({ number = 0 } = {}) {
  if (typeof number !== "number" || number < 0 || !Number.isInteger(number)) throw wrong("Invalid argument: number must be a number that is not negative");
  if (!dock) throw wrong("The app has no floating window");
  const badge = dock.querySelector(".badge");
  badge.textContent = String(number);
  badge.hidden = number === 0;
}

function focusMode(on) {
  if (typeof on !== "boolean") throw wrong("Invalid argument: the focus mode is true or false");
  if (!floating.box || floating.box.hidden) throw wrong("The floating window is not visible");
  floating.box.querySelector(".x").hidden = on;
}

const VIEWS = { deals: ["/deals", "/deal/"], organizations: ["/organizations", "/organization/"], contacts: ["/persons", "/person/"], settings: ["/settings/marketplace"], leads: ["/leads"], campaigns: ["/campaigns"], projects: ["/projects"] };

function redirect({ view, id, context } = {}) {
  const to = Object.hasOwn(VIEWS, view) && VIEWS[view];
  if (!to) throw wrong(`Invalid argument: view must be one of ${Object.keys(VIEWS).join(", ")}`);
  const settings = extensions.find((each) => each.type === "settings");
  if (view === "settings" && settings) {
    location.href = `/settings/marketplace/app/${encodeURIComponent(words.client)}/app-settings${context ? `?${new URLSearchParams(context)}` : ""}`;
  } else {
    location.href = id !== undefined && to[1] ? `${to[1]}${encodeURIComponent(id)}` : to[0];
  }
}

async function signedToken(entry) {
  const answer = await fetch(`/extensions/${encodeURIComponent(entry.id)}/token`);
  if (!answer.ok) throw wrong("no token: the app is not installed for this user");
  return answer.json();
}

const COMMANDS = {
  initialize: (entry, args) => resize(entry, args?.size),
  resize: (entry, args) => resize(entry, args),
  get_metadata: () => ({ windowHeight: innerHeight, windowWidth: innerWidth }),
  get_signed_token: (entry) => signedToken(entry),
  show_snackbar: (_, args) => snackbar(args),
  show_confirmation: (_, args) => confirmation(args),
  open_modal: (entry, args) => openModal(args, entry),
  close_modal: (entry) => {
    if (!entry.close) throw wrong("Only a custom modal can be closed");
    entry.close();
  },
  redirect_to: (_, args) => redirect(args),
  show_floating_window: (_, args) => floatingWindow(true, args?.context, "command"),
  hide_floating_window: (_, args) => floatingWindow(false, args?.context, "command"),
  set_notification: (_, args) => notification(args ?? {}),
  set_focus_mode: (_, args) => focusMode(args),
};

addEventListener("message", async (message) => {
  const { payload, id } = message.data ?? {};
  const entry = frames.get(id);
  if (!payload || !entry || message.source !== entry.frame.contentWindow || message.origin !== entry.origin) return;
  const port = message.ports[0];
  if (payload.type === "command" && port) {
    try {
      if (!Object.hasOwn(COMMANDS, payload.command)) throw wrong(`Unknown command: ${payload.command}`);
      port.postMessage({ data: await COMMANDS[payload.command](entry, payload.args) });
    } catch (error) {
      port.postMessage({ error: error.message });
    }
  } else if (payload.type === "listener" && port) {
    entry.listeners.set(payload.event, [...(entry.listeners.get(payload.event) ?? []), port]);
  } else if (payload.type === "track" && payload.event === "focused") {
    // Pipedrive counts how often a person turns to an app; here the frame says it, so that it can be seen.
    entry.focused += 1;
    entry.frame.dataset.focused = String(entry.focused);
    for (const menu of document.querySelectorAll("[popover]:popover-open")) menu.hidePopover();
  }
});

for (const holder of document.querySelectorAll("[data-surface]")) {
  const { surface, resource, selected } = holder.dataset;
  embed(holder, surface, resource ? { resource, view: "details", selected } : context()).catch(() => holder.replaceChildren(element("p", { className: "muted", textContent: words.app })));
}

/** What an app gave along when it led to its settings. */
function context() {
  const given = Object.fromEntries(new URLSearchParams(location.search));
  return Object.keys(given).length ? { data: given } : {};
}

document.addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-open-modal]");
  if (opener) openModal({ type: "custom_modal", action_id: opener.dataset.openModal }, opener.dataset);
  const fresh = target.closest("[data-new]");
  if (fresh) ownModal(fresh.dataset.new).then(({ id }) => id && (location.href = `/${fresh.dataset.new}/${id}`));
});

for (const select of document.querySelectorAll("[data-theme-switch]")) {
  select.onchange = async () => {
    document.documentElement.dataset.theme = select.value;
    tell("user_settings_change", { theme: select.value });
    await fetch("/preferences", { method: "POST", body: new URLSearchParams({ theme: select.value, back: "/deals" }), redirect: "manual" });
  };
}
