// The settings page: lists of rows, and the note about unsaved changes.
import htmx from "htmx.org";
import type { Context, Swap } from "./trouble";

class RepeatList extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const target = event.target as Element;
      if (target.closest("[data-add]")) this.add();
      const remove = target.closest("[data-remove]");
      if (remove) this.removeRow(remove.closest("[data-row]"));
    });
  }

  private get rows(): HTMLElement[] {
    return Array.from(this.querySelectorAll<HTMLElement>(":scope > [data-row]"));
  }

  private add(): void {
    const row = this.querySelector("template")?.content.firstElementChild?.cloneNode(true) as HTMLElement;
    this.querySelector("template")?.before(row);
    this.renumberAndNotify();
    htmx.process(row);
    row.querySelector<HTMLElement>("input")?.focus();
  }

  private removeRow(row: Element | null): void {
    row?.remove();
    this.renumberAndNotify();
    this.querySelector<HTMLElement>("[data-add]")?.focus();
  }

  private renumberAndNotify(): void {
    this.rows.forEach((row, at) => {
      for (const named of row.querySelectorAll<HTMLInputElement>("[name]")) named.name = named.name.replace(/\[\d+\]/, `[${at}]`);
      for (const attribute of ["id", "for"]) {
        for (const element of row.querySelectorAll(`[${attribute}]`))
          element.setAttribute(attribute, (element.getAttribute(attribute) ?? "").replace(/-\d+/, `-${at}`));
      }
    });
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("repeat-list", RepeatList);

let unsaved = false;
/** Number of edits so far. */
let edits = 0;
const setUnsaved = (is: boolean) => {
  unsaved = is;
  document.querySelector(".unsaved")?.toggleAttribute("hidden", !is);
  document.querySelector(".saved")?.toggleAttribute("hidden", is);
};

document.addEventListener("input", (event) => {
  const from = event.target as HTMLElement;
  if (!from.closest("#settings-form") || from.id === "deal") return;
  edits += 1;
  setUnsaved(true);
});

/** Number of edits at the time of each request. */
const editsBefore = new WeakMap<Context, number>();
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx: Context }>).detail;
  editsBefore.set(ctx, edits);
});

/** Ids of the parts of the page without input. */
const PARTS_WITHOUT_INPUT = ["connection", "attention", "settings-seen", "settings-wrong"];

// If there was input since the request, the response replaces only the parts without input.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = (event as Swap).detail;
  const page = tasks.find(({ target }) => target instanceof Element && target.id === "main")?.fragment;
  if (event.defaultPrevented || !page?.querySelector("#settings-form")) return;
  const hasNewInput = ctx.sourceElement.id === "settings-form" ? editsBefore.get(ctx) !== edits : unsaved;
  if (!hasNewInput) return;
  event.preventDefault();
  for (const id of PARTS_WITHOUT_INPUT) {
    const [current, updated] = [document.getElementById(id), page.querySelector(`#${id}`)];
    if (!current || !updated) continue;
    current.replaceWith(updated);
    htmx.process(updated);
  }
});
document.addEventListener("htmx:after:swap", () => {
  if (!document.querySelector(".unsaved:not([hidden])")) setUnsaved(false);
});
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
