// The invoice form's own behaviour: what is typed counts as soon as it is answered, the due date follows the term, and leaving asks
// when something was typed.
import htmx from "htmx.org";
import * as host from "./host";
import { showMissing } from "./errors";

/** How long *Create* waits for the sums of what was typed last. */
const PREVIEW_TIMEOUT = 10_000;

let typed = false;
/** Counts what was typed, so that of two requests the server keeps the newer one. */
let version = 0;
/** The version that the sums on the page follow from. */
let answered = 0;
/** *Create* was clicked before that: until when it waits. */
let waiting = 0;

const field = <T extends HTMLElement>(id: string) => document.getElementById(id) as T | null;

function count(): void {
  const input = field<HTMLInputElement>("version");
  if (input) input.value = String(++version);
}

const inForm = (event: Event) => (event.target as Element).closest("#invoice-form");

// Before htmx reads the form.
document.addEventListener("input", (event) => inForm(event) && count(), true);
document.addEventListener("change", (event) => inForm(event) && count(), true);

document.addEventListener("input", (event) => {
  const from = event.target as HTMLElement;
  if (!inForm(event)) return;
  typed = true;
  // What is typed over does not come from Pipedrive any more.
  const of = from.matches("#city, #state, #postal_code, #country") ? field("street") : from;
  of?.closest(".field")?.querySelector("[data-source]")?.remove();
  // Lines that were changed by hand hold no part any more; one that was typed and is not in them yet comes first.
  if (from.closest("invoice-lines, .discount") && !isPartPending()) for (const id of ["part", "part_applied"]) if (field<HTMLInputElement>(id)) field<HTMLInputElement>(id)!.value = "";
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

// Enter in a field creates nothing: it only has the sums follow at once.
document.addEventListener("keydown", (event) => {
  const from = event.target as HTMLElement;
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !inForm(event) || !from.matches("input, select")) return;
  if (!event.defaultPrevented) event.preventDefault();
  if (answered < version) askNow();
});

const askNow = () => {
  const preview = field("preview");
  if (preview) htmx.trigger(preview, "fatura:now");
};

// *Create* creates what the page shows: where sums are still to come for what was typed last, it waits for them.
document.addEventListener(
  "click",
  (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("#create, [data-confirm-create], #invoice-form [hx-post]");
    if (!button) return;
    if (answered >= version || !button.matches("#create, [data-confirm-create]")) {
      count();
      answered = version;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (Date.now() < waiting) return;
    waiting = Date.now() + PREVIEW_TIMEOUT;
    button.setAttribute("aria-busy", "true");
    askNow();
  },
  true,
);

/** Takes over what the server found out about the form as it is now. */
export function derived(): void {
  const due = field("long-due")?.dataset["due"];
  const input = field<HTMLInputElement>("due");
  if (due && input && field<HTMLInputElement>("due_follows")?.value === "on") input.value = due;
  answered = Math.max(answered, Number(field("sums")?.dataset["version"] ?? 0));
  showMissing();
  if (waiting === 0 || answered < version) return;
  const isInTime = Date.now() < waiting;
  waiting = 0;
  const create = field<HTMLButtonElement>("create");
  create?.removeAttribute("aria-busy");
  if (isInTime) create?.click();
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

/** Saves what was typed and not saved yet: for a page that goes away, which waits for no answer. */
function saveLast(): Promise<unknown> | undefined {
  const invoice = field<HTMLFormElement>("invoice-form");
  const preview = field("preview")?.getAttribute("hx-post");
  const bearer = host.currentBearer();
  if (!invoice || !preview || !bearer || answered >= version) return undefined;
  answered = version;
  const body = new URLSearchParams([...new FormData(invoice)].map(([name, value]) => [name, String(value)]));
  return fetch(preview, { method: "POST", keepalive: true, body, headers: { Authorization: `Bearer ${bearer}` } }).catch(() => undefined);
}

addEventListener("pagehide", () => void saveLast());

/** Whether a part is typed that the lines do not hold yet. */
function isPartPending(): boolean {
  const [part, kind, applied] = ["part", "part_kind", "part_applied"].map((id) => field<HTMLInputElement>(id)?.value.trim() ?? "");
  return !!part && `${part} ${kind}` !== applied;
}

/** Closes the form; asks first when something was typed. The draft stays either way. */
export async function leave(button: HTMLElement): Promise<void> {
  const { title: plainTitle = "", text = "", staleTitle = "", staleText = "", ok: okText = "", cancel: cancelText = "" } = button.dataset;
  const isStale = !!field("stale")?.childElementCount;
  const [title, description] = isStale ? [staleTitle, staleText] : [plainTitle, text];
  if (typed && !(await host.ask({ title, description, okText, cancelText }))) return;
  await saveLast();
  await host.close();
}
