// The invoice form's own behaviour: the due date follows the term, and leaving asks when something was typed.
import * as host from "./host";
import { showMissing } from "./errors";

let typed = false;

const field = <T extends HTMLElement>(id: string) => document.getElementById(id) as T | null;

document.addEventListener("input", (event) => {
  const from = event.target as HTMLElement;
  if (!from.closest("#invoice-form")) return;
  typed = true;
  // What is typed over does not come from Pipedrive any more.
  const of = from.matches("#city, #state, #postal_code, #country") ? field("street") : from;
  of?.closest(".field")?.querySelector("[data-source]")?.remove();
  const follows = field<HTMLInputElement>("due_follows");
  if (from.id !== "due" || !follows) return;
  follows.value = "";
  field("follow-term")?.removeAttribute("hidden");
});

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest("#follow-term");
  const follows = field<HTMLInputElement>("due_follows");
  if (!button || !follows) return;
  follows.value = "on";
  button.setAttribute("hidden", "");
  field("due")?.focus();
  follows.dispatchEvent(new Event("input", { bubbles: true }));
});

/** Takes over what the server found out about the form as it is now. */
export function derived(): void {
  const due = field("long-due")?.dataset["due"];
  const input = field<HTMLInputElement>("due");
  if (due && input && field<HTMLInputElement>("due_follows")?.value === "on") input.value = due;
  showMissing();
}

/** Puts the focus where the first decision is: the customer, else *Create*. */
export function begin(): void {
  const customer = field<HTMLInputElement>("customer_name");
  const first = customer?.closest("pick-list")?.hasAttribute("data-chosen") ? field("create") : customer;
  if (!first || document.activeElement !== document.body) return;
  first.closest("pick-list")?.toggleAttribute("data-quiet", true);
  first.focus({ preventScroll: true });
  first.closest("pick-list")?.toggleAttribute("data-quiet", false);
}

/** Closes the form; asks first when something was typed. The draft stays either way. */
export async function leave(button: HTMLElement): Promise<void> {
  const { title = "", text: description = "", ok: okText = "", cancel: cancelText = "" } = button.dataset;
  if (!typed || (await host.ask({ title, description, okText, cancelText }))) await host.close();
}
