// A type-ahead field for customers, items and deal fields. The last option may be *Create*.
import Combobox from "@github/combobox-nav";

/** Pixels that a pointer may move during a click. */
const CLICK_TOLERANCE = 8;

/** Sizes of a list that is positioned in the window, in pixels. */
const [GAP, MIN_WIDTH, MIN_HEIGHT, MAX_HEIGHT] = [8, 280, 160, 260];

/** Whether two texts are equal except for case and spaces. */
const isSame = (one: string, other: string) => {
  const [a = "", b = ""] = [one, other].map((text) => text.trim().replace(/\s+/gu, " ").toLowerCase());
  return a !== "" && a === b;
};
const selectedOption = (list: Element) => list.querySelector("[role=option][aria-selected=true]");

export class PickList extends HTMLElement {
  private stopPositioning: () => void = () => undefined;
  private isSetUp = false;
  /** Chooses an option, as a click does. */
  pickOption: (option: DOMStringMap) => void = () => undefined;

  disconnectedCallback(): void {
    this.stopPositioning();
  }

  connectedCallback(): void {
    const input = this.querySelector<HTMLInputElement>("[role=combobox]");
    const list = this.querySelector<HTMLUListElement>("[role=listbox]");
    // Moving a row connects its elements again.
    if (!input || !list || this.isSetUp) return;
    this.isSetUp = true;
    const combobox = new Combobox(input, list, { tabInsertsSuggestions: false });
    const setOpen = (open: boolean) => {
      if (open === !list.hidden) return;
      list.hidden = !open;
      if (open) combobox.start();
      else combobox.stop();
      input.setAttribute("aria-expanded", String(open));
      this.stopPositioning();
      if (open) this.positionList(input, list);
      else list.removeAttribute("style");
      // An empty list is requested when it opens.
      if (open && !list.childElementCount) input.dispatchEvent(new CustomEvent("fatura:open"));
    };
    // Until the options for the current text arrive, only those of the earlier text that contain it are shown.
    const filterOptions = () => {
      const typed = input.value.trim().toLowerCase();
      const isCurrent = list.querySelector<HTMLElement>("[data-typed]")?.dataset["typed"]?.trim().toLowerCase() === typed;
      for (const option of list.querySelectorAll<HTMLElement>("[role=option]"))
        option.hidden = !isCurrent && !option.dataset["name"]?.toLowerCase().includes(typed);
    };
    /** The selected option of the list that the last response replaced. */
    let lastSelected: HTMLElement | undefined;
    // A field with a chosen option does not open its list on focus.
    input.addEventListener("focus", () => {
      if (!this.hasAttribute("data-chosen") && !this.hasAttribute("data-quiet")) setOpen(true);
    });
    input.addEventListener("click", () => setOpen(true));
    input.addEventListener("input", () => {
      // The typed text is not chosen yet, and no option of an earlier text may stay selected.
      this.setChosen({});
      lastSelected = undefined;
      filterOptions();
      combobox.clearSelection();
      setOpen(true);
    });
    // Leaving the field chooses the option whose full name or code was typed.
    const hasCurrentOptions = () => list.querySelector<HTMLElement>("[data-typed]")?.dataset["typed"]?.trim() === input.value.trim();
    const currentOptions = () =>
      hasCurrentOptions() ? [...list.querySelectorAll<HTMLElement>("[role=option]")].filter(({ dataset }) => dataset["id"] !== "new") : [];
    const pickExact = () => {
      if (!input.value.trim() || this.hasAttribute("data-chosen")) return;
      const exact = currentOptions().filter(({ dataset: { name = "", code = "" } }) => [name, code].some((text) => isSame(text, input.value)));
      if (exact.length === 1 && exact[0]) choose(exact[0].dataset);
    };
    input.addEventListener("blur", pickExact);
    input.addEventListener("blur", () => setTimeout(() => document.activeElement !== input && setOpen(false), 150));
    input.addEventListener("keydown", (event) => {
      if (list.hidden) {
        if (event.key !== "ArrowDown") return;
        event.preventDefault();
        return setOpen(true);
      }
      if (event.key === "Escape") {
        event.stopPropagation();
        setOpen(false);
      }
      // Enter chooses an option. Even if none is selected, it must not submit the form.
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey || selectedOption(list)) return;
      event.preventDefault();
      const [only, ...others] = currentOptions();
      if (only && !others.length && input.value.trim()) choose(only.dataset);
      else pickExact();
    });
    // Keeps the selection when a response replaces the list. htmx removes attributes again when it settles, so that is handled too.
    new MutationObserver((changes) => {
      const removed = changes.flatMap(({ removedNodes }) => [...removedNodes]).filter((node) => node instanceof HTMLElement);
      lastSelected = removed.find((option) => option.ariaSelected === "true");
      filterOptions();
      restoreSelection();
      if (document.activeElement !== input) pickExact();
    }).observe(list, { childList: true });
    const restoreSelection = () => {
      const wasLast = (option: HTMLElement) => option.dataset["id"] === lastSelected?.dataset["id"] && option.dataset["name"] === lastSelected?.dataset["name"];
      const same = [...list.querySelectorAll<HTMLElement>("[role=option]")].find(wasLast);
      if (!same || list.hidden || selectedOption(list)) return;
      same.ariaSelected = "true";
      same.id ||= `${list.id}-selected`;
      input.setAttribute("aria-activedescendant", same.id);
    };
    list.addEventListener("htmx:after:settle", restoreSelection);
    const choose = (this.pickOption = (option: DOMStringMap) => {
      input.value = option["name"] ?? "";
      this.setChosen(option);
      setOpen(false);
      this.dispatchEvent(new CustomEvent("fatura:picked", { bubbles: true, detail: option }));
      this.dispatchEvent(new Event("input", { bubbles: true }));
    });
    list.addEventListener("combobox-commit", (event) => choose((event.target as HTMLElement).dataset));
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      // If a response replaces the list between press and release, there is no click event. The pressed option is chosen anyway.
      const pressed = (event.target as HTMLElement).closest<HTMLElement>("[role=option]");
      const release = (up: MouseEvent) => {
        const isAtSamePlace = Math.hypot(up.clientX - event.clientX, up.clientY - event.clientY) < CLICK_TOLERANCE;
        if (pressed && !pressed.isConnected && isAtSamePlace) choose(pressed.dataset);
      };
      document.addEventListener("mouseup", release, { once: true });
    });
  }

  /** Positions a list within a table in the window, above or below the field. The table scrolls and would cut the list off. */
  private positionList(input: HTMLElement, list: HTMLElement): void {
    if (!this.closest(".scroll")) return;
    const update = () => {
      const { left, top, bottom, width } = input.getBoundingClientRect();
      const footer = document.querySelector(".foot")?.getBoundingClientRect().top ?? innerHeight;
      const below = Math.min(innerHeight, footer) - bottom - GAP;
      const isBelow = below >= MIN_HEIGHT || below >= top - GAP;
      const listWidth = Math.min(Math.max(width, MIN_WIDTH), innerWidth - 2 * GAP);
      Object.assign(list.style, {
        position: "fixed",
        left: `${Math.max(GAP, Math.min(left, innerWidth - listWidth - GAP))}px`,
        width: `${listWidth}px`,
        top: isBelow ? `${bottom + 2}px` : "auto",
        bottom: isBelow ? "auto" : `${innerHeight - top + 2}px`,
        maxHeight: `${Math.min(MAX_HEIGHT, isBelow ? below : top - GAP)}px`,
      });
    };
    this.stopPositioning = () => {
      removeEventListener("scroll", update, true);
      removeEventListener("resize", update);
      this.stopPositioning = () => undefined;
    };
    addEventListener("scroll", update, true);
    addEventListener("resize", update);
    update();
  }

  /** Fills the field with a text without choosing an option. */
  setText(text: string): void {
    const input = this.querySelector<HTMLInputElement>("[role=combobox]");
    if (input) input.value = text;
    this.setChosen({});
  }

  /** Stores the chosen option in the hidden fields. `data-pick` names the value of each. */
  private setChosen(option: DOMStringMap): void {
    for (const field of this.querySelectorAll<HTMLInputElement>("[data-pick]")) field.value = option[field.dataset["pick"] ?? ""] ?? "";
    const id = option["id"] ?? "";
    this.toggleAttribute("data-chosen", id !== "");
    this.toggleAttribute("data-new", id === "new");
  }
}

customElements.define("pick-list", PickList);
