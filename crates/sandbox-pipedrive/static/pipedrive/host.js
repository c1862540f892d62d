// The parent side of the App Extensions SDK: embeds the app's pages and answers their messages.
import { refresh } from "./page.js";
import { commandError, confirmation, element, hasOwnModal, ownModal, resize, snackbar, words } from "./surfaces.js";

const extensions = JSON.parse(words.extensions);
const frames = new Map(); // identifier -> { id, kind, frame, origin, selected, listeners, … }
const INITIAL_SIZE = { panel: { height: 240 }, modal: { height: 420, width: 640 }, floating_window: { height: 400, width: 320 }, settings: {} };

const extension = (id) => extensions.find((each) => each.id === id);

async function embed(holder, id, { resource = "", view = "", selected = "", data } = {}) {
  const query = new URLSearchParams({ resource, view, selected, data: data === undefined ? "" : JSON.stringify(data) });
  const answer = await fetch(`/extensions/${encodeURIComponent(id)}/frame?${query}`);
  if (!answer.ok) throw commandError(`no extension ${id}`);
  const { id: identifier, url } = await answer.json();
  const frame = element("iframe", { title: holder.dataset.title ?? id, allow: "clipboard-write" });
  const kind = extension(id).type;
  for (const [side, value] of Object.entries(INITIAL_SIZE[kind])) frame.style[side] = `${value}px`;
  const entry = { id, kind, frame, resource, selected, origin: new URL(url).origin, listeners: new Map(), focused: 0 };
  frames.set(identifier, entry);
  frame.src = url;
  holder.replaceChildren(frame);
  return entry;
}

function removeFrame(entry) {
  for (const [identifier, each] of frames) if (each === entry) frames.delete(identifier);
}

/** Sends an event to the matching frames that listen for it. */
function postEvent(event, data, matches = () => true) {
  for (const entry of frames.values()) {
    if (!matches(entry)) continue;
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
      if (entry) removeFrame(entry);
      dialog.close();
      dialog.remove();
      postEvent("close_custom_modal");
      resolve({ status: "closed" });
    };
    const closeButton = element("button", { textContent: "✕", onclick: close });
    closeButton.setAttribute("aria-label", words.close);
    dialog.append(element("div", { className: "bar" }, [element("span", { textContent: words.app }), closeButton]), holder);
    dialog.oncancel = (event) => event.preventDefault();
    document.body.append(dialog);
    dialog.showModal();
    embed(holder, id, context).then((embedded) => {
      entry = embedded;
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
  if (type !== "custom_modal" && type !== "json_modal") throw commandError("Invalid argument: type is not one of the modals");
  if (!action) throw commandError("Invalid argument: action_id is required");
  if (type === "json_modal") throw commandError(`No JSON modal ${action} is registered`);
  const modal = extensions.find((each) => each.type === "modal" && (each.id === action || each.name === action));
  if (!modal) throw commandError(`No custom modal ${action} is registered`);
  return customModal(modal.id, { resource: from.resource, view: from.view ?? "details", selected: from.selected, data });
}

// The only floating window. The dock or a command opens it.
const dock = document.querySelector("[data-floating]");
const floating = { box: null, entry: null };

async function toggleFloatingWindow(visible, context, invoker) {
  if (!dock) throw commandError("The app has no floating window");
  if (!floating.box) {
    const holder = element("div");
    holder.dataset.title = extension(dock.dataset.floating).name;
    const closeButton = element("button", { className: "x", textContent: "✕", onclick: () => toggleFloatingWindow(false, undefined, "user") });
    closeButton.setAttribute("aria-label", words.close);
    floating.box = element("section", { className: "floating", hidden: true }, [element("div", { className: "bar" }, [element("span", { textContent: words.app }), closeButton]), holder]);
    document.body.append(floating.box);
    floating.entry = await embed(holder, dock.dataset.floating);
  }
  floating.box.hidden = !visible;
  dock.setAttribute("aria-expanded", String(visible));
  sessionStorage.setItem("floating", visible ? "1" : "");
  postEvent("visibility", { is_visible: visible, context: { ...context, invoker } }, (entry) => entry === floating.entry);
}
if (dock) {
  dock.onclick = () => toggleFloatingWindow(floating.box?.hidden ?? true, undefined, "user");
  if (sessionStorage.getItem("floating")) toggleFloatingWindow(true, undefined, "user");
}

function setNotification({ number = 0 } = {}) {
  if (typeof number !== "number" || number < 0 || !Number.isInteger(number)) throw commandError("Invalid argument: number must be a number that is not negative");
  if (!dock) throw commandError("The app has no floating window");
  const badge = dock.querySelector(".badge");
  badge.textContent = String(number);
  badge.hidden = number === 0;
}

function setFocusMode(isOn) {
  if (typeof isOn !== "boolean") throw commandError("Invalid argument: the focus mode is true or false");
  if (!floating.box || floating.box.hidden) throw commandError("The floating window is not visible");
  floating.box.querySelector(".x").hidden = isOn;
}

const VIEWS = { deals: ["/deals", "/deal/"], organizations: ["/organizations", "/organization/"], contacts: ["/persons", "/person/"], settings: ["/settings/marketplace"], leads: ["/leads"], campaigns: ["/campaigns"], projects: ["/projects"] };

function redirectTo({ view, id, context } = {}) {
  const to = Object.hasOwn(VIEWS, view) && VIEWS[view];
  if (!to) throw commandError(`Invalid argument: view must be one of ${Object.keys(VIEWS).join(", ")}`);
  const settings = extensions.find((each) => each.type === "settings");
  if (view === "settings" && settings) {
    location.href = `/settings/marketplace/app/${encodeURIComponent(words.client)}/app-settings${context ? `?${new URLSearchParams(context)}` : ""}`;
  } else {
    location.href = id !== undefined && to[1] ? `${to[1]}${encodeURIComponent(id)}` : to[0];
  }
}

async function signedToken(entry) {
  const answer = await fetch(`/extensions/${encodeURIComponent(entry.id)}/token`);
  if (!answer.ok) throw commandError("no token: the app is not installed for this user");
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
    if (!entry.close) throw commandError("Only a custom modal can be closed");
    entry.close();
  },
  redirect_to: (_, args) => redirectTo(args),
  show_floating_window: (_, args) => toggleFloatingWindow(true, args?.context, "command"),
  hide_floating_window: (_, args) => toggleFloatingWindow(false, args?.context, "command"),
  set_notification: (_, args) => setNotification(args ?? {}),
  set_focus_mode: (_, args) => setFocusMode(args),
};

addEventListener("message", async (message) => {
  const { payload, id } = message.data ?? {};
  const entry = frames.get(id);
  if (!payload || !entry || message.source !== entry.frame.contentWindow || message.origin !== entry.origin) return;
  const port = message.ports[0];
  if (payload.type === "command" && port) {
    try {
      if (!Object.hasOwn(COMMANDS, payload.command)) throw commandError(`Unknown command: ${payload.command}`);
      port.postMessage({ data: await COMMANDS[payload.command](entry, payload.args) });
    } catch (error) {
      port.postMessage({ error: error.message });
    }
  } else if (payload.type === "listener" && port) {
    entry.listeners.set(payload.event, [...(entry.listeners.get(payload.event) ?? []), port]);
  } else if (payload.type === "track" && payload.event === "focused") {
    // Pipedrive counts how often a user focuses an app. Here the frame has the count as a data attribute.
    entry.focused += 1;
    entry.frame.dataset.focused = String(entry.focused);
    for (const menu of document.querySelectorAll("[popover]:popover-open")) menu.hidePopover();
  }
});

for (const holder of document.querySelectorAll("[data-surface]")) {
  const { surface, resource, selected } = holder.dataset;
  embed(holder, surface, resource ? { resource, view: "details", selected } : settingsContext()).catch(() => holder.replaceChildren(element("p", { className: "muted", textContent: words.app })));
}

/** Returns the context that the app passed when it redirected to its settings page. */
function settingsContext() {
  const params = Object.fromEntries(new URLSearchParams(location.search));
  return Object.keys(params).length ? { data: params } : {};
}

document.addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-open-modal]");
  if (opener) openModal({ type: "custom_modal", action_id: opener.dataset.openModal }, opener.dataset);
  const creator = target.closest("[data-new]");
  if (creator) ownModal(creator.dataset.new).then(({ id }) => id && (location.href = `/${creator.dataset.new}/${id}`));
});

for (const select of document.querySelectorAll("[data-theme-switch]")) {
  select.onchange = async () => {
    document.documentElement.dataset.theme = select.value;
    postEvent("user_settings_change", { theme: select.value });
    await fetch("/preferences", { method: "POST", body: new URLSearchParams({ theme: select.value, back: "/deals" }), redirect: "manual" });
  };
}
