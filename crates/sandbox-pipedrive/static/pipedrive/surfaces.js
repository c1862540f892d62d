// What Pipedrive draws on behalf of an app: dialogs, snackbars, modals of its own, and the sizes of what it embeds.
export const words = document.body.dataset;

export function element(tag, properties = {}, children = []) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** An argument that is not what the command takes: the caller's promise is rejected with these words. */
export const wrong = (text) => new Error(text);

const text = (value, name) => {
  if (typeof value !== "string" || value.trim() === "") throw wrong(`Invalid argument: ${name} is required`);
  return value;
};

const SNACKBAR_SHOWN = 8000;

export function snackbar({ message, link } = {}) {
  text(message, "message");
  const bar = element("div", { className: "snackbar", role: "status" }, [message]);
  if (link !== undefined && link !== null) {
    bar.append(element("a", { href: text(link.url, "link.url"), target: "_blank", rel: "noopener", textContent: text(link.label, "link.label") }));
  }
  const gone = element("button", { textContent: "✕", onclick: () => bar.remove() });
  gone.setAttribute("aria-label", words.close);
  bar.append(gone);
  document.querySelector(".snackbar")?.remove();
  document.body.append(bar);
  setTimeout(() => bar.remove(), SNACKBAR_SHOWN);
}

const COLORS = ["primary", "secondary", "negative"];

/** Resolves with whether the person confirmed; red and "OK"/"Cancel" unless the app says otherwise. */
export function confirmation({ title, description, okText = "OK", cancelText = "Cancel", okColor = "negative" } = {}) {
  text(title, "title");
  if (!COLORS.includes(okColor)) throw wrong(`Invalid argument: okColor must be one of ${COLORS.join(", ")}`);
  return new Promise((resolve) => {
    const dialog = element("dialog", { className: "confirm" }, [element("h2", { textContent: title })]);
    if (description) dialog.append(element("p", { textContent: description }));
    const close = (confirmed) => {
      dialog.close();
      dialog.remove();
      resolve({ confirmed });
    };
    dialog.append(element("div", { className: "acts" }, [
      element("button", { textContent: cancelText, onclick: () => close(false) }),
      element("button", { textContent: okText, className: okColor, onclick: () => close(true) }),
    ]));
    dialog.oncancel = (event) => {
      event.preventDefault();
      close(false);
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Fields of Pipedrive's own modals: the name in `prefill`, the one in the form, and its kind. */
const OWN_MODALS = {
  deal: [["title", "title", "text"], ["person", "person", "text"], ["organization", "organization", "text"]],
  person: [["name", "name", "text"], ["organization", "organization", "text"]],
  organization: [["name", "name", "text"]],
  activity: [["subject", "subject", "text"], ["dueDate", "due_date", "date"], ["dueTime", "due_time", "time"], ["duration", "duration", "text"], ["note", "note", "text"], ["deal", "deal_id", "number"], ["organization", "org_id", "number"]],
};

/** Pipedrive's own modal for a new record; resolves with its id when it was saved. */
export function ownModal(type, prefill = {}) {
  return new Promise((resolve) => {
    const fields = OWN_MODALS[type].map(([from, name, kind], at) => element("label", { textContent: from }, [element("input", { name, type: kind, value: prefill[from] ?? "", required: at === 0 })]));
    const form = element("form", { className: "new" }, fields);
    const dialog = element("dialog", { className: "modal own" }, [element("div", { className: "bar" }, [element("span", { textContent: type })]), form]);
    const close = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    form.append(element("div", { className: "acts" }, [element("button", { type: "button", textContent: words.cancel, onclick: () => close({ status: "closed" }) }), element("button", { className: "go", textContent: words.save })]));
    form.onsubmit = async (event) => {
      event.preventDefault();
      const answer = await fetch(`/create/${type}`, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)) });
      if (answer.ok && answer.headers.get("content-type")?.includes("json")) {
        close({ status: "submitted", id: (await answer.json()).id });
      } else {
        const why = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".message")?.textContent;
        form.querySelector(".error")?.remove();
        form.append(element("p", { className: "error", role: "alert", textContent: why ?? String(answer.status) }));
      }
    };
    dialog.oncancel = (event) => {
      event.preventDefault();
      close({ status: "closed" });
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

export const hasOwnModal = (type) => Object.hasOwn(OWN_MODALS, type);

/** What each kind of extension may measure: [least, most] high and wide; undefined where it cannot be changed. */
function limits(kind) {
  switch (kind) {
    case "panel": return { height: [100, 750] };
    case "modal": return { height: [120, innerHeight], width: [320, innerWidth] };
    case "floating_window": return { height: [70, 700], width: [200, 800] };
    default: return {};
  }
}

/** Sizes that are out of range are ignored, not brought into it. */
export function resize(entry, size = {}) {
  for (const side of ["height", "width"]) {
    const value = size?.[side];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(`Invalid argument: ${side} must be a number`);
    const range = limits(entry.kind)[side];
    if (range && value >= range[0] && value <= range[1]) entry.frame.style[side] = `${value}px`;
  }
}
