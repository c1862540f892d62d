// Where the focus goes when an answer has replaced what had it: to the invoice that the answer is about, not to the top of the page.
import type { Context } from "./trouble";

type OfRequest = CustomEvent<{ ctx: Context }>;

/** The invoice that a person has something done to, until that is answered. Its button may be replaced meanwhile. */
let acted: { ctx: Context; row: string } | undefined;
/** The invoice that had the focus before the swap. */
let focused: string | undefined;

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as OfRequest).detail;
  const row = ctx.sourceElement.closest(".invoice")?.id;
  if (row) acted = { ctx, row };
});
document.addEventListener("htmx:finally:request", (event) => {
  if ((event as OfRequest).detail.ctx === acted?.ctx) acted = undefined;
});

document.addEventListener("htmx:before:swap", () => {
  // A background update must not move the focus while the user works elsewhere in Pipedrive.
  focused = document.hasFocus() ? document.activeElement?.closest(".invoice")?.id : undefined;
});

document.addEventListener("htmx:after:swap", () => {
  const row = acted?.row ?? focused;
  if (row === undefined || document.activeElement !== document.body) return;
  const invoice = document.getElementById(row);
  const next = invoice?.querySelector<HTMLElement>(".dots") ?? invoice ?? document.getElementById("more");
  if (next === invoice) invoice?.setAttribute("tabindex", "-1");
  next?.focus({ preventScroll: true });
});
