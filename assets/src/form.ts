// The invoice form's own behaviour: what is typed counts as soon as it is answered, the due date follows the term, and leaving asks
// when something was typed.
import htmx from "htmx.org";
import * as host from "./host";
import { showMissing } from "./errors";
import type { Context, Swap } from "./trouble";

/** How long *Create* waits for the sums of what was typed last. */
const PREVIEW_TIMEOUT = 10_000;

let typed = false;
/** Counts what was typed, so that of two requests the server keeps the newer one. */
let version = 0;
/** The version that the sums on the page follow from. */
let answered = 0;
/** *Create* was clicked before that: until when it waits. */
let waiting = 0;
/** The request that fills the form in anew, while it is under way. */
let changing: Context | undefined;

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
  // A question about what was typed before is out of date.
  document.querySelector("[data-confirm-create]")?.closest(".notice")?.remove();
  // What is typed over does not come from Pipedrive any more.
  const of = from.matches("#city, #state, #postal_code, #country") ? field("street") : from;
  of?.closest(".field")?.querySelector("[data-source]")?.remove();
  // Lines that were changed by hand hold no part any more; one that was typed and is not in them yet comes first.
  if (from.closest("invoice-lines, .discount") && !isPartPending())
    for (const id of ["part", "part_applied"]) {
      const part = field<HTMLInputElement>(id);
      if (part) part.value = "";
    }
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

// Of two requests with one version the server answers the first alone, and what was asked again had no answer.
document.addEventListener("fatura:now", count, true);

// *Create* creates what the page shows: where sums are still to come for what was typed last, it waits for them.
document.addEventListener(
  "click",
  (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("#create, [data-confirm-create], #invoice-form button[hx-post]");
    if (!button) return;
    if (!button.matches("#create, [data-confirm-create]")) return count();
    if (answered >= version && !changing) {
      count();
      answered = version;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (Date.now() < waiting) return;
    waiting = Date.now() + PREVIEW_TIMEOUT;
    button.setAttribute("aria-busy", "true");
    if (!changing) askNow();
  },
  true,
);

const createButton = () => field<HTMLButtonElement>("create");

function endWaiting(): void {
  waiting = 0;
  createButton()?.removeAttribute("aria-busy");
}

type OfRequest = CustomEvent<{ ctx: Context }>;
const isChange = ({ request }: Context) => /\/form\/(change|unlink|discard)/.test(request.action);
/** What asking twice would do twice. */
const isOnce = ({ request }: Context) => /\/form\/(unlink|discard|change\?window=)/.test(request.action);

/** What was typed when the form was asked for anew. */
const versions = new WeakMap<Context, number>();
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = (event as OfRequest).detail;
  if (!isChange(ctx)) return;
  changing = ctx;
  versions.set(ctx, version);
  if (isOnce(ctx)) field("invoice-form")?.toggleAttribute("inert", true);
});

// The answer does not contain input typed since the request, so the form is requested again with that input. For requests that must not be
// repeated, the form is inert until the answer arrives.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = (event as Swap).detail;
  if (ctx !== changing) return;
  changing = undefined;
  field("invoice-form")?.toggleAttribute("inert", false);
  if (isOnce(ctx) && document.activeElement === document.body) (ctx.sourceElement as HTMLElement).focus();
  if (event.defaultPrevented || ctx.response?.status !== 200 || isOnce(ctx) || versions.get(ctx) === version) return;
  event.preventDefault();
  htmx.trigger(ctx.sourceElement, ctx.sourceEvent?.type ?? "click");
});

// Where what *Create* waits for cannot be had, it waits no longer: what failed is shown.
document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = (event as OfRequest).detail;
  const { sourceElement, request } = ctx;
  if (ctx === changing) changing = undefined;
  const isReplaced = request.signal?.aborted && request.signal.reason !== "timeout";
  const isNewest = request.body instanceof URLSearchParams && Number(request.body.get("version")) >= version;
  if (isReplaced || !isNewest || changing || !(sourceElement.id === "preview" || isChange(ctx))) return;
  if (waiting > 0 && answered < version) endWaiting();
});

/** Takes over what the server found out about the form as it is now. */
export function derived(): void {
  const due = field("long-due")?.dataset["due"];
  const input = field<HTMLInputElement>("due");
  if (due && input && field<HTMLInputElement>("due_follows")?.value === "on") input.value = due;
  answered = Math.max(answered, Number(field("sums")?.dataset["version"] ?? 0));
  showMissing();
  if (waiting === 0 || answered < version) return;
  const isInTime = Date.now() < waiting;
  endWaiting();
  if (isInTime) createButton()?.click();
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

const SAVE_TIMEOUT = 10_000;

/** Saves what was typed and not saved yet: for a page that goes away, which waits for no answer. Whether it is saved. */
async function saveLast(): Promise<boolean> {
  const invoice = field<HTMLFormElement>("invoice-form");
  const preview = field("preview")?.getAttribute("hx-post");
  if (!invoice || !preview || answered >= version) return true;
  const bearer = host.currentBearer();
  if (!bearer) return false;
  const body = new URLSearchParams([...new FormData(invoice)].map(([name, value]) => [name, String(value)]));
  const options = { method: "POST", keepalive: true, body, headers: { Authorization: `Bearer ${bearer}` }, signal: AbortSignal.timeout(SAVE_TIMEOUT) };
  try {
    return (await fetch(`${preview}?only=save`, options)).ok;
  } catch {
    return false;
  }
}

addEventListener("pagehide", () => void saveLast());

/** Whether a part is typed that the lines do not hold yet. */
function isPartPending(): boolean {
  const [part, kind, applied] = ["part", "part_kind", "part_applied"].map((id) => field<HTMLInputElement>(id)?.value.trim() ?? "");
  return !!part && `${part} ${kind}` !== applied;
}

/** Closes the form; asks first when something was typed, and says what becomes of it. */
export async function leave(button: HTMLElement): Promise<void> {
  const { title: plainTitle = "", text = "", staleTitle = "", staleText = "", lostText = "", ok: okText = "", cancel: cancelText = "" } = button.dataset;
  const isStale = !!field("stale")?.childElementCount;
  if (answered < version) await host.token().catch(() => undefined);
  const isSaved = isStale || (await saveLast());
  const [title, description] = isStale ? [staleTitle, staleText] : isSaved ? [plainTitle, text] : [staleTitle, lostText];
  if (typed && !(await host.ask({ title, description, okText, cancelText }))) return;
  await host.close();
}
