// The invoice form: *Create* waits for the preview of the latest input, the due date follows the term, and closing asks if there was input.
import htmx from "htmx.org";
import * as host from "./host";
import { showMissing } from "./errors";
import type { Context, Swap } from "./trouble";

/** Milliseconds that *Create* waits for the totals of the latest input. */
const PREVIEW_TIMEOUT = 10_000;

let hasInput = false;
/** Increases with each input, so that the server keeps the newer one of two requests. */
let version = 0;
/** The version that the totals on the page were computed from. */
let previewedVersion = 0;
/** Time until which a clicked *Create* waits for the preview; 0 if it does not wait. */
let waitDeadline = 0;
/** The running request that fills in the form again. */
let pendingChange: Context | undefined;

const field = <T extends HTMLElement>(id: string) => document.getElementById(id) as T | null;

function increaseVersion(): void {
  const input = field<HTMLInputElement>("version");
  if (input) input.value = String(++version);
}

const inForm = (event: Event) => (event.target as Element).closest("#invoice-form");

// In the capture phase, before htmx reads the form.
document.addEventListener("input", (event) => inForm(event) && increaseVersion(), true);
document.addEventListener("change", (event) => inForm(event) && increaseVersion(), true);

document.addEventListener("input", (event) => {
  const from = event.target as HTMLElement;
  if (!inForm(event)) return;
  hasInput = true;
  // A question about earlier input is out of date.
  document.querySelector("[data-confirm-create]")?.closest(".notice")?.remove();
  // A value that was typed over no longer comes from Pipedrive.
  const sourced = from.matches("#city, #state, #postal_code, #country") ? field("street") : from;
  sourced?.closest(".field")?.querySelector("[data-source]")?.remove();
  // Lines that were changed by hand no longer hold a part of the deal. A typed part that is not applied yet is kept.
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

// Enter in a field does not create the invoice. It only requests the preview immediately.
document.addEventListener("keydown", (event) => {
  const from = event.target as HTMLElement;
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !inForm(event) || !from.matches("input, select")) return;
  if (!event.defaultPrevented) event.preventDefault();
  if (previewedVersion < version) requestPreview();
});

const requestPreview = () => {
  const preview = field("preview");
  if (preview) htmx.trigger(preview, "fatura:now");
};

// The server answers only the first of two requests with the same version, so a repeated preview needs a new one.
document.addEventListener("fatura:now", increaseVersion, true);

// *Create* creates what the page shows. If the totals of the latest input are still missing, it waits for them.
document.addEventListener(
  "click",
  (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("#create, [data-confirm-create], #invoice-form button[hx-post]");
    if (!button) return;
    if (!button.matches("#create, [data-confirm-create]")) return increaseVersion();
    if (previewedVersion >= version && !pendingChange) {
      increaseVersion();
      previewedVersion = version;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (Date.now() < waitDeadline) return;
    waitDeadline = Date.now() + PREVIEW_TIMEOUT;
    button.setAttribute("aria-busy", "true");
    if (!pendingChange) requestPreview();
  },
  true,
);

const createButton = () => field<HTMLButtonElement>("create");

function endWaiting(): void {
  waitDeadline = 0;
  createButton()?.removeAttribute("aria-busy");
}

type RequestEvent = CustomEvent<{ ctx: Context }>;
const isChange = ({ request }: Context) => /\/form\/(change|unlink|discard)/.test(request.action);
/** Whether the request must not be repeated. */
const isNotRepeatable = ({ request }: Context) => /\/form\/(unlink|discard|change\?window=)/.test(request.action);

/** The version at the time of each request. */
const versions = new WeakMap<Context, number>();
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = (event as RequestEvent).detail;
  if (!isChange(ctx)) return;
  pendingChange = ctx;
  versions.set(ctx, version);
  if (isNotRepeatable(ctx)) field("invoice-form")?.toggleAttribute("inert", true);
});

// The answer does not contain input typed since the request, so the form is requested again with that input. For requests that must not be
// repeated, the form is inert until the answer arrives.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = (event as Swap).detail;
  if (ctx !== pendingChange) return;
  pendingChange = undefined;
  field("invoice-form")?.toggleAttribute("inert", false);
  if (isNotRepeatable(ctx) && document.activeElement === document.body) (ctx.sourceElement as HTMLElement).focus();
  if (event.defaultPrevented || ctx.response?.status !== 200 || isNotRepeatable(ctx) || versions.get(ctx) === version) return;
  event.preventDefault();
  htmx.trigger(ctx.sourceElement, ctx.sourceEvent?.type ?? "click");
});

// If the request that *Create* waits for has failed, it stops waiting. The error is shown elsewhere.
document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = (event as RequestEvent).detail;
  const { sourceElement, request } = ctx;
  if (ctx === pendingChange) pendingChange = undefined;
  const isReplaced = request.signal?.aborted && request.signal.reason !== "timeout";
  const isNewest = request.body instanceof URLSearchParams && Number(request.body.get("version")) >= version;
  if (isReplaced || !isNewest || pendingChange || !(sourceElement.id === "preview" || isChange(ctx))) return;
  if (waitDeadline > 0 && previewedVersion < version) endWaiting();
});

/** Applies the values that the server has derived from the form, and clicks *Create* if it was waiting for them. */
export function applyDerived(): void {
  const due = field("long-due")?.dataset["due"];
  const input = field<HTMLInputElement>("due");
  if (due && input && field<HTMLInputElement>("due_follows")?.value === "on") input.value = due;
  previewedVersion = Math.max(previewedVersion, Number(field("sums")?.dataset["version"] ?? 0));
  showMissing();
  if (waitDeadline === 0 || previewedVersion < version) return;
  const isInTime = Date.now() < waitDeadline;
  endWaiting();
  if (isInTime) createButton()?.click();
}

/** Focuses the customer, or *Create* if a customer is chosen. */
export function focusFirstField(): void {
  const customer = field<HTMLInputElement>("customer_name");
  const first = customer?.closest("pick-list")?.hasAttribute("data-chosen") ? field("create") : customer;
  if (!first || document.activeElement !== document.body) return;
  first.closest("pick-list")?.toggleAttribute("data-quiet", true);
  first.focus({ preventScroll: true });
  first.closest("pick-list")?.toggleAttribute("data-quiet", false);
}

/** Milliseconds to wait for the draft to be saved. */
const SAVE_TIMEOUT = 10_000;

/** Saves unsaved input while the page closes. Returns whether everything is saved. */
async function saveInput(): Promise<boolean> {
  const form = field<HTMLFormElement>("invoice-form");
  const preview = field("preview")?.getAttribute("hx-post");
  if (!form || !preview || previewedVersion >= version) return true;
  const bearer = host.currentBearer();
  if (!bearer) return false;
  const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const options = { method: "POST", keepalive: true, body, headers: { Authorization: `Bearer ${bearer}` }, signal: AbortSignal.timeout(SAVE_TIMEOUT) };
  try {
    return (await fetch(`${preview}?only=save`, options)).ok;
  } catch {
    return false;
  }
}

addEventListener("pagehide", () => void saveInput());

/** Whether a typed part of the deal is not applied to the lines yet. */
function isPartPending(): boolean {
  const [part, kind, applied] = ["part", "part_kind", "part_applied"].map((id) => field<HTMLInputElement>(id)?.value.trim() ?? "");
  return !!part && `${part} ${kind}` !== applied;
}

/** Closes the form. If there was input, asks first and tells the user whether the draft is saved. */
export async function leaveForm(button: HTMLElement): Promise<void> {
  const { title: plainTitle = "", text = "", staleTitle = "", staleText = "", lostText = "", ok: okText = "", cancel: cancelText = "" } = button.dataset;
  const isStale = !!field("stale")?.childElementCount;
  if (previewedVersion < version) await host.token().catch(() => undefined);
  const isSaved = isStale || (await saveInput());
  const [title, description] = isStale ? [staleTitle, staleText] : isSaved ? [plainTitle, text] : [staleTitle, lostText];
  if (hasInput && !(await host.confirm({ title, description, okText, cancelText }))) return;
  await host.close();
}
