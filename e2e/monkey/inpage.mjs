// Runs inside the pages: reads a form as a user sees it, and finds texts that are cut off.

/** Installed in every frame before its scripts run. No helper of this module is in scope there. */
export function install() {
  const visible = (element) => Boolean(element) && element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
  const text = (element) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
  const ownText = (element) =>
    [...(element?.childNodes ?? [])]
      .filter((node) => node.nodeType === 3)
      .map((node) => node.textContent)
      .join(" ")
      .replace(/\s+/g, " ")
      .trim();
  const value = (root, selector) => root.querySelector(selector)?.value ?? "";

  /** The form as it stands on the page. */
  window.monkeyLook = () => {
    const form = document.querySelector("#invoice-form");
    // The outcome of an earlier press is not the outcome of this one.
    const fresh = (selector) => [...document.querySelectorAll(selector)].filter((element) => !element.closest("[data-monkey-old]"));
    const outcome = fresh("#outcome > *")[0] ?? null;
    const notice = fresh("[data-number]")[0];
    const seen = {
      isForm: Boolean(form),
      number: notice?.dataset.number,
      outcome: text(outcome),
      errors: fresh("[data-errors] a").map((link) => ({ field: link.hash.slice(1), text: text(link) })),
      isAsked: fresh("[data-confirm-create]").length > 0,
      question: text(fresh("[data-confirm-create]")[0]?.closest(".notice") ?? null),
      isChecking: Boolean(document.querySelector("[hx-get$='/progress']")),
      stale: text(document.querySelector("#stale")),
      refusedPage: form ? "" : text(document.querySelector("main")),
    };
    if (!form) return seen;
    const fields = {};
    for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input, select, textarea"))) {
      if (!field.name || (field.type === "hidden" && !["intent", "customer", "due_follows"].includes(field.name)) || field.closest("template")) continue;
      fields[field.name] = field.type === "checkbox" ? (field.checked ? "on" : "") : field.value;
    }
    const rows = form.querySelectorAll("tbody tr");
    const sums = [...form.querySelectorAll("#sums dt")]
      .filter((dt) => !dt.classList.contains("wide"))
      .map((dt) => ({ label: text(dt), value: text(dt.nextElementSibling) }));
    return {
      ...seen,
      fields,
      sums,
      total: text(form.querySelector("#total")),
      isBeforeTax: Boolean(form.querySelector("#sums .wide")),
      lines: [...rows].map((row, at) => ({
        item: value(row, "[name$='[item]']"),
        itemName: value(row, "[name$='[item_name]']"),
        description: value(row, "[name$='[description]']"),
        quantity: value(row, "[name$='[quantity]']"),
        price: value(row, "[name$='[unit_price]']"),
        discount: value(row, "[name$='[discount]']"),
        tax: value(row, "[name$='[tax_code]']"),
        taxes: [.../** @type {NodeListOf<HTMLOptionElement>} */ (row.querySelectorAll("[name$='[tax_code]'] option"))].map((option) => option.value),
        amount: ownText(row.querySelector("output")),
        at,
      })),
      missing: [.../** @type {NodeListOf<HTMLAnchorElement>} */ (form.querySelectorAll("#missing a[href^='#']"))].map((link) => ({
        field: link.hash.slice(1),
        text: text(link),
      })),
      excess: text(form.querySelector("#excess")),
      earlier:
        [...form.querySelectorAll(".part .notice, header .notice[data-kind=warn]")].map(text).join(" ") ||
        (rows.length === 0 ? [...form.querySelectorAll(".notice, .empty")].map(text).join(" ") : ""),
      restored: Boolean(form.querySelector("[hx-post$='/form/discard']")),
      header: text(form.querySelector("header")),
      taxMode: fields.tax_mode ?? "",
    };
  };

  /** Marks the outcomes of earlier presses. */
  window.monkeyForget = () => document.querySelectorAll("#outcome > *, [data-errors]").forEach((element) => element.setAttribute("data-monkey-old", ""));

  const press = (kind) => {
    try {
      window.monkeyPressed?.({ kind, look: window.monkeyLook() });
    } catch {
      // The frame goes away.
    }
  };
  const at = (/** @type {Event} */ event, /** @type {string} */ selector) => event.target instanceof Element && event.target.closest(selector) !== null;
  document.addEventListener("submit", (event) => at(event, "#invoice-form") && press("submit"), true);
  document.addEventListener("click", (event) => at(event, "[data-confirm-create]") && press("confirm"), true);

  /** Texts that are cut off, lists that are clipped, a page that is wider than its window. */
  window.monkeyCutOff = () => {
    /** @type {string[]} */
    const found = [];
    const name = (element) =>
      `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}${typeof element.className === "string" && element.className ? `.${element.className.trim().replace(/\s+/g, ".")}` : ""}`;
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth + 1) found.push(`the page is ${root.scrollWidth} px wide in a frame of ${root.clientWidth} px`);
    const canvas = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    for (const element of document.querySelectorAll("body *")) {
      if (!visible(element) || element.closest(".visually-hidden, template, svg") || !text(element)) continue;
      const style = getComputedStyle(element);
      if (element instanceof HTMLSelectElement) {
        const shown = element.selectedOptions[0]?.label ?? "";
        canvas.font = style.font;
        const room = element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 16;
        if (canvas.measureText(shown).width > room + 1)
          found.push(`${name(element)} shows "${shown}" in ${Math.round(room)} px, which takes ${Math.round(canvas.measureText(shown).width)} px`);
        continue;
      }
      if (element.tagName === "OPTION") continue;
      const isClipping = ["hidden", "clip"].includes(style.overflowX) || style.textOverflow === "ellipsis" || element.matches("button, .button, .badge");
      if (isClipping && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
        found.push(`${name(element)} cuts off "${text(element).slice(0, 60)}" (${element.scrollWidth} > ${element.clientWidth} px)`);
    }
    for (const list of document.querySelectorAll("[role=listbox]:not([hidden]), [popover]:popover-open")) {
      if (!visible(list) || !list.childElementCount) continue;
      const box = list.getBoundingClientRect();
      if (list.matches("[popover]") || getComputedStyle(list).position === "fixed") {
        if (box.left < -1 || box.right > innerWidth + 1 || box.top < -1 || box.bottom > innerHeight + 1)
          found.push(
            `the menu ${name(list)} reaches out of the window (${Math.round(box.left)}–${Math.round(box.right)} × ${Math.round(box.top)}–${Math.round(box.bottom)} in ${innerWidth} × ${innerHeight})`,
          );
        continue;
      }
      for (let around = list.parentElement; around && around !== document.body; around = around.parentElement) {
        const style = getComputedStyle(around);
        if (![style.overflowX, style.overflowY].some((overflow) => ["auto", "scroll", "hidden", "clip"].includes(overflow))) continue;
        const outer = around.getBoundingClientRect();
        if (box.bottom > outer.bottom + 1 || box.right > outer.right + 1)
          found.push(
            `the list ${name(list)} is clipped by ${name(around)} (${Math.round(Math.max(box.bottom - outer.bottom, 0))} px below, ${Math.round(Math.max(box.right - outer.right, 0))} px to the right)`,
          );
      }
    }
    return found;
  };

  /** Counts what changes on the page, to see whether a control does anything. */
  window.monkeyWatch = () => {
    const seen = { changes: 0 };
    const observer = new MutationObserver((changes) => (seen.changes += changes.length));
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    for (const kind of ["focusin", "input", "toggle", "invalid"]) document.addEventListener(kind, () => (seen.changes += 1), { capture: true, once: true });
    return new Promise((go) => setTimeout(() => (observer.disconnect(), go(seen.changes)), 450));
  };
}
