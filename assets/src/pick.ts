// A field that picks from a list while one types: customers, items, fields. *Create* is the last choice.
import Combobox from "@github/combobox-nav";

/** Pixels that a pointer may move between press and release and still mean what it pressed. */
const STILL = 8;

/** Of a list that is placed by the window, in pixels. */
const [GAP, LEAST_WIDTH, LEAST_HEIGHT, MOST_HEIGHT] = [8, 280, 160, 260];

/** Whether two texts differ in case and spaces at most. */
const isSame = (one: string, other: string) => {
  const [a = "", b = ""] = [one, other].map((text) => text.trim().replace(/\s+/gu, " ").toLowerCase());
  return a !== "" && a === b;
};
const selected = (list: Element) => list.querySelector("[role=option][aria-selected=true]");

export class PickList extends HTMLElement {
  private stop: () => void = () => undefined;
  private isSetUp = false;
  /** Chooses an option, as if it was clicked. */
  pick: (option: DOMStringMap) => void = () => undefined;

  disconnectedCallback(): void {
    this.stop();
  }

  connectedCallback(): void {
    const input = this.querySelector<HTMLInputElement>("[role=combobox]");
    const list = this.querySelector<HTMLUListElement>("[role=listbox]");
    // A row that is moved is connected again.
    if (!input || !list || this.isSetUp) return;
    this.isSetUp = true;
    const combobox = new Combobox(input, list, { tabInsertsSuggestions: false });
    const show = (open: boolean) => {
      if (open === !list.hidden) return;
      list.hidden = !open;
      if (open) combobox.start();
      else combobox.stop();
      input.setAttribute("aria-expanded", String(open));
      this.stop();
      if (open) this.place(input, list);
      else list.removeAttribute("style");
      // A list that is not filled yet is asked for when it opens.
      if (open && !list.childElementCount) input.dispatchEvent(new CustomEvent("fatura:open"));
    };
    // Until the answer to what is typed now is there, options of an earlier text are shown only where they hold it.
    const filter = () => {
      const typed = input.value.trim().toLowerCase();
      const isAnswer = list.querySelector<HTMLElement>("[data-typed]")?.dataset["typed"]?.trim().toLowerCase() === typed;
      for (const option of list.querySelectorAll<HTMLElement>("[role=option]"))
        option.hidden = !isAnswer && !option.dataset["name"]?.toLowerCase().includes(typed);
    };
    /** What was selected in a list that an answer has replaced. */
    let last: HTMLElement | undefined;
    // Coming back to what is chosen already does not ask again.
    input.addEventListener("focus", () => {
      if (!this.hasAttribute("data-chosen") && !this.hasAttribute("data-quiet")) show(true);
    });
    input.addEventListener("click", () => show(true));
    input.addEventListener("input", () => {
      // What is typed is not yet chosen; and what the list still shows of an earlier text cannot be.
      this.choose({});
      last = undefined;
      filter();
      combobox.clearSelection();
      show(true);
    });
    // Leaving the field chooses the option whose name or code was typed in full.
    const isAnswered = () => list.querySelector<HTMLElement>("[data-typed]")?.dataset["typed"]?.trim() === input.value.trim();
    const offered = () => (isAnswered() ? [...list.querySelectorAll<HTMLElement>("[role=option]")].filter(({ dataset }) => dataset["id"] !== "new") : []);
    const pickExact = () => {
      if (!input.value.trim() || this.hasAttribute("data-chosen")) return;
      const exact = offered().filter(({ dataset: { name = "", code = "" } }) => [name, code].some((text) => isSame(text, input.value)));
      if (exact.length === 1 && exact[0]) pick(exact[0].dataset);
    };
    input.addEventListener("blur", pickExact);
    input.addEventListener("blur", () => setTimeout(() => document.activeElement !== input && show(false), 150));
    input.addEventListener("keydown", (event) => {
      if (list.hidden) {
        if (event.key !== "ArrowDown") return;
        event.preventDefault();
        return show(true);
      }
      if (event.key === "Escape") {
        event.stopPropagation();
        show(false);
      }
      // Enter chooses, and where nothing is selected it is no *Create* either.
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey || selected(list)) return;
      event.preventDefault();
      const [only, ...others] = offered();
      if (only && !others.length && input.value.trim()) pick(only.dataset);
      else pickExact();
    });
    // An answer that replaces the list leaves the selection where it was; htmx takes attributes away once more when it settles.
    new MutationObserver((changes) => {
      const gone = changes.flatMap(({ removedNodes }) => [...removedNodes]).filter((node) => node instanceof HTMLElement);
      last = gone.find((option) => option.ariaSelected === "true");
      filter();
      keep();
      if (document.activeElement !== input) pickExact();
    }).observe(list, { childList: true });
    const keep = () => {
      const wasLast = (option: HTMLElement) => option.dataset["id"] === last?.dataset["id"] && option.dataset["name"] === last?.dataset["name"];
      const same = [...list.querySelectorAll<HTMLElement>("[role=option]")].find(wasLast);
      if (!same || list.hidden || selected(list)) return;
      same.ariaSelected = "true";
      same.id ||= `${list.id}-selected`;
      input.setAttribute("aria-activedescendant", same.id);
    };
    list.addEventListener("htmx:after:settle", keep);
    const pick = (this.pick = (option: DOMStringMap) => {
      input.value = option["name"] ?? "";
      this.choose(option);
      show(false);
      this.dispatchEvent(new CustomEvent("fatura:picked", { bubbles: true, detail: option }));
      this.dispatchEvent(new Event("input", { bubbles: true }));
    });
    list.addEventListener("combobox-commit", (event) => pick((event.target as HTMLElement).dataset));
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      // An answer that replaces the list between press and release takes the click away; what was pressed is chosen all the same.
      const pressed = (event.target as HTMLElement).closest<HTMLElement>("[role=option]");
      const release = (up: MouseEvent) => {
        const isThere = Math.hypot(up.clientX - event.clientX, up.clientY - event.clientY) < STILL;
        if (pressed && !pressed.isConnected && isThere) pick(pressed.dataset);
      };
      document.addEventListener("mouseup", release, { once: true });
    });
  }

  /** Within a table, which scrolls sideways and would cut the list off, it is placed by the window instead: where there is more room. */
  private place(input: HTMLElement, list: HTMLElement): void {
    if (!this.closest(".scroll")) return;
    const put = () => {
      const { left, top, bottom, width } = input.getBoundingClientRect();
      const footer = document.querySelector(".foot")?.getBoundingClientRect().top ?? innerHeight;
      const below = Math.min(innerHeight, footer) - bottom - GAP;
      const isBelow = below >= LEAST_HEIGHT || below >= top - GAP;
      const wide = Math.min(Math.max(width, LEAST_WIDTH), innerWidth - 2 * GAP);
      Object.assign(list.style, {
        position: "fixed",
        left: `${Math.max(GAP, Math.min(left, innerWidth - wide - GAP))}px`,
        width: `${wide}px`,
        top: isBelow ? `${bottom + 2}px` : "auto",
        bottom: isBelow ? "auto" : `${innerHeight - top + 2}px`,
        maxHeight: `${Math.min(MOST_HEIGHT, isBelow ? below : top - GAP)}px`,
      });
    };
    this.stop = () => {
      removeEventListener("scroll", put, true);
      removeEventListener("resize", put);
      this.stop = () => undefined;
    };
    addEventListener("scroll", put, true);
    addEventListener("resize", put);
    put();
  }

  /** Fills the field with a text that is not chosen from the list. */
  type(text: string): void {
    const input = this.querySelector<HTMLInputElement>("[role=combobox]");
    if (input) input.value = text;
    this.choose({});
  }

  /** Keeps what is chosen in the hidden fields, each by the name of what it holds. */
  private choose(option: DOMStringMap): void {
    for (const field of this.querySelectorAll<HTMLInputElement>("[data-pick]")) field.value = option[field.dataset["pick"] ?? ""] ?? "";
    const id = option["id"] ?? "";
    this.toggleAttribute("data-chosen", id !== "");
    this.toggleAttribute("data-new", id === "new");
  }
}

customElements.define("pick-list", PickList);
