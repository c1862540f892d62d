// The settings page's own behaviour: rows that repeat, and a word on what is not saved yet.
import htmx from "htmx.org";
import type { Context, Swap } from "./trouble";

class RepeatList extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const target = event.target as Element;
      if (target.closest("[data-add]")) this.add();
      const remove = target.closest("[data-remove]");
      if (remove) this.take(remove.closest("[data-row]"));
    });
  }

  private get rows(): HTMLElement[] {
    return Array.from(this.querySelectorAll<HTMLElement>(":scope > [data-row]"));
  }

  private add(): void {
    const made = this.querySelector("template")?.content.firstElementChild?.cloneNode(true) as HTMLElement;
    this.querySelector("template")?.before(made);
    this.changed();
    htmx.process(made);
    made.querySelector<HTMLElement>("input")?.focus();
  }

  private take(row: Element | null): void {
    row?.remove();
    this.changed();
    this.querySelector<HTMLElement>("[data-add]")?.focus();
  }

  private changed(): void {
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
/** Counts what was typed. */
let edits = 0;
const mark = (is: boolean) => {
  unsaved = is;
  document.querySelector(".unsaved")?.toggleAttribute("hidden", !is);
  document.querySelector(".saved")?.toggleAttribute("hidden", is);
};

document.addEventListener("input", (event) => {
  const from = event.target as HTMLElement;
  if (!from.closest("#settings-form") || from.id === "deal") return;
  edits += 1;
  mark(true);
});

const editsBefore = new WeakMap<Context, number>();
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx: Context }>).detail;
  editsBefore.set(ctx, edits);
});

/** What of the page holds nothing that is typed. */
const AROUND = ["connection", "attention", "settings-seen", "settings-wrong"];

// An answer that does not hold what was typed since renews only what is around it.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = (event as Swap).detail;
  const page = tasks.find(({ target }) => target instanceof Element && target.id === "main")?.fragment;
  if (event.defaultPrevented || !page?.querySelector("#settings-form")) return;
  const isTypedSince = ctx.sourceElement.id === "settings-form" ? editsBefore.get(ctx) !== edits : unsaved;
  if (!isTypedSince) return;
  event.preventDefault();
  for (const id of AROUND) {
    const [old, now] = [document.getElementById(id), page.querySelector(`#${id}`)];
    if (!old || !now) continue;
    old.replaceWith(now);
    htmx.process(now);
  }
});
document.addEventListener("htmx:after:swap", () => {
  if (!document.querySelector(".unsaved:not([hidden])")) mark(false);
});
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
