// The customer field: type-ahead over QuickBooks' customers, with *Create* as the last choice.
import Combobox from "@github/combobox-nav";

class CustomerPicker extends HTMLElement {
  connectedCallback(): void {
    const input = this.querySelector<HTMLInputElement>("[role=combobox]");
    const list = this.querySelector<HTMLUListElement>("[role=listbox]");
    if (!input || !list) return;
    const combobox = new Combobox(input, list, { tabInsertsSuggestions: false });
    const show = (open: boolean) => {
      if (open === !list.hidden) return;
      list.hidden = !open;
      if (open) combobox.start();
      else combobox.stop();
      input.setAttribute("aria-expanded", String(open));
    };
    // Coming back to a customer that is chosen already does not ask again.
    input.addEventListener("focus", () => {
      if (!this.hasAttribute("data-chosen")) show(true);
    });
    input.addEventListener("click", () => show(true));
    input.addEventListener("input", () => {
      // What is typed is not yet chosen.
      this.choose("", "");
      show(true);
    });
    input.addEventListener("blur", () => setTimeout(() => show(false), 150));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        show(false);
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("combobox-commit", (event) => {
      const { id = "", name = "", currency = "" } = (event.target as HTMLElement).dataset;
      input.value = name;
      this.choose(id, currency);
      show(false);
      this.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  private choose(id: string, currency: string): void {
    const set = (name: string, value: string) => {
      const field = this.querySelector<HTMLInputElement>(`[name=${name}]`);
      if (field) field.value = value;
    };
    set("customer", id);
    set("customer_currency", currency);
    this.toggleAttribute("data-chosen", id !== "");
    this.toggleAttribute("data-new", id === "new");
  }
}

customElements.define("customer-picker", CustomerPicker);
