// Restores the focus after a swap has removed the focused element: to the invoice that the response is about, not to the top of the page.
import type { Context } from "./trouble";

type RequestEvent = CustomEvent<{ ctx: Context }>;

/** The invoice of a running request. Its button may be replaced in the meantime. */
let pending: { ctx: Context; row: string } | undefined;
/** The invoice that had the focus before the swap. */
let focused: string | undefined;

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as RequestEvent).detail;
  const row = ctx.sourceElement.closest(".invoice")?.id;
  if (row) pending = { ctx, row };
});
document.addEventListener("htmx:finally:request", (event) => {
  if ((event as RequestEvent).detail.ctx === pending?.ctx) pending = undefined;
});

document.addEventListener("htmx:before:swap", () => {
  // A background update must not move the focus while the user works elsewhere in Pipedrive.
  focused = document.hasFocus() ? document.activeElement?.closest(".invoice")?.id : undefined;
});

document.addEventListener("htmx:after:swap", () => {
  const row = pending?.row ?? focused;
  if (row === undefined || document.activeElement !== document.body) return;
  const invoice = document.getElementById(row);
  const next = invoice?.querySelector<HTMLElement>(".dots") ?? invoice ?? document.getElementById("more");
  if (next === invoice) invoice?.setAttribute("tabindex", "-1");
  next?.focus({ preventScroll: true });
});
