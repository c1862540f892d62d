// Surfaces that Pipedrive draws for an app: dialogs, snackbars, its own modals. Also the sizes of embedded frames.
export const words = document.body.dataset;

export function element(tag, properties = {}, children = []) {
  const created = Object.assign(document.createElement(tag), properties);
  created.append(...children);
  return created;
}

/** Creates the error for an invalid command. The caller's promise is rejected with its message. */
export const commandError = (text) => new Error(text);

const requiredText = (value, name) => {
  if (typeof value !== "string" || value.trim() === "") throw commandError(`Invalid argument: ${name} is required`);
  return value;
};

const SNACKBAR_DURATION_MS = 8000;

export function snackbar({ message, link } = {}) {
  requiredText(message, "message");
  const bar = element("div", { className: "snackbar", role: "status" }, [message]);
  if (link !== undefined && link !== null) {
    bar.append(element("a", { href: requiredText(link.url, "link.url"), target: "_blank", rel: "noopener", textContent: requiredText(link.label, "link.label") }));
  }
  const closeButton = element("button", { textContent: "✕", onclick: () => bar.remove() });
  closeButton.setAttribute("aria-label", words.close);
  bar.append(closeButton);
  document.querySelector(".snackbar")?.remove();
  document.body.append(bar);
  setTimeout(() => bar.remove(), SNACKBAR_DURATION_MS);
}

const COLORS = ["primary", "secondary", "negative"];

/** Shows a confirmation dialog, and resolves with `confirmed`. The default button is red. */
export function confirmation({ title, description, okText = "OK", cancelText = "Cancel", okColor = "negative" } = {}) {
  requiredText(title, "title");
  if (!COLORS.includes(okColor)) throw commandError(`Invalid argument: okColor must be one of ${COLORS.join(", ")}`);
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

/** Fields of Pipedrive's own modals: name in `prefill`, name in the form, and input type. */
const OWN_MODALS = {
  deal: [["title", "title", "text"], ["person", "person", "text"], ["organization", "organization", "text"]],
  person: [["name", "name", "text"], ["organization", "organization", "text"]],
  organization: [["name", "name", "text"]],
  activity: [["subject", "subject", "text"], ["dueDate", "due_date", "date"], ["dueTime", "due_time", "time"], ["duration", "duration", "text"], ["note", "note", "text"], ["deal", "deal_id", "number"], ["organization", "org_id", "number"]],
};

/** Opens Pipedrive's own modal for a new record. Resolves with the record's id once it is saved. */
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
        const message = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".message")?.textContent;
        form.querySelector(".error")?.remove();
        form.append(element("p", { className: "error", role: "alert", textContent: message ?? String(answer.status) }));
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

/** Returns the minimum and maximum height and width of a type of extension. A side without limits has a fixed size. */
function sizeLimits(kind) {
  switch (kind) {
    case "panel": return { height: [100, 750] };
    case "modal": return { height: [120, innerHeight], width: [320, innerWidth] };
    case "floating_window": return { height: [70, 700], width: [200, 800] };
    default: return {};
  }
}

/** Resizes a frame. Ignores sizes that are out of range. */
export function resize(entry, size = {}) {
  for (const side of ["height", "width"]) {
    const value = size?.[side];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) throw commandError(`Invalid argument: ${side} must be a number`);
    const range = sizeLimits(entry.kind)[side];
    if (range && value >= range[0] && value <= range[1]) entry.frame.style[side] = `${value}px`;
  }
}
