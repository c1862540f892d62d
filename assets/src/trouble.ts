// What failed is shown once, above the page, and the page stays as it is: an answer that is an error replaces nothing that somebody uses.
import htmx from "htmx.org";

export interface Context {
  sourceElement: Element;
  sourceEvent?: Event;
  text?: string;
  request: { action: string; body?: unknown; signal?: AbortSignal; headers: Record<string, string> };
  response?: { status: number };
  fetch?: typeof fetch;
}
export type Swap = CustomEvent<{ ctx: Context; tasks: { type: string; target: Element | string | null; fragment: DocumentFragment }[] }>;

/** What can be asked for once more, and how. */
interface Attempt {
  source: Element;
  event: string;
}

/** Errors that are told, by what was asked for; the newest is last. */
const failures = new Map<string, { html: string; attempt?: Attempt }>();
let lost: Attempt | undefined;

/** Whether the page has no content yet. */
export const isUnread = () => !document.querySelector(".panel, #invoice-form, .settings");

/** The marker of `error.html`: a page of a proxy does not have it. */
export const isOurs = (html: string) => html.includes("data-trouble");

export const attemptOf = ({ sourceElement, sourceEvent }: Context): Attempt => ({ source: sourceElement, event: sourceEvent?.type ?? "click" });

/** Says that the server cannot be reached, until it can. */
export function offline(is: boolean, attempt?: Attempt): void {
  if (is) lost = attempt;
  document.querySelector("#offline")?.toggleAttribute("hidden", !is);
}

/** Shows an error of ours. */
export function showTrouble(about: string, html: string, attempt?: Attempt): void {
  failures.delete(about);
  failures.set(about, attempt ? { html, attempt } : { html });
  render();
}

function render(): void {
  const region = document.querySelector<HTMLElement>("#trouble");
  const newest = [...failures.values()].at(-1)?.html ?? "";
  // The same error again is not announced again; only its reference is another.
  const words = (html: string) => html.replace(/<small>.*?<\/small>/gs, "");
  if (!region || (newest && words(region.dataset["shown"] ?? "") === words(newest))) return;
  region.dataset["shown"] = newest;
  region.innerHTML = newest;
}

const addressOf = (ctx: Context) => ctx.request.action.split("?")[0] ?? "";

/** An answer came: what failed before is over. What the page asks by itself does not take away what a person has still to read. */
function settle(ctx: Context): void {
  const isByItself = ctx.sourceEvent?.type === "fatura:reload" || ctx.sourceElement.closest("pick-list") || ctx.sourceElement.id === "preview";
  if (!isByItself) failures.clear();
  failures.delete(addressOf(ctx));
  render();
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = (event as Swap).detail;
  const [status, html] = [ctx.response?.status ?? 200, ctx.text ?? ""];
  if (status === 204) return;
  // A form that is not complete is answered with 422; a question, or a panel that shows why an act was refused, with 409.
  if (status < 400 || ((status === 409 || status === 422) && !isOurs(html))) return settle(ctx);
  if (!isOurs(html)) {
    event.preventDefault();
    return offline(true, attemptOf(ctx));
  }
  const target = tasks.find(({ type }) => type === "main")?.target;
  const into = typeof target === "string" ? document.querySelector(target) : target;
  if (into?.matches("[data-holds-errors]") || (into?.id === "main" && isUnread())) return;
  event.preventDefault();
  showTrouble(addressOf(ctx), html, attemptOf(ctx));
});

/** Asks once more for what failed. */
export function retry(button: Element): void {
  const newest = [...failures.entries()].at(-1);
  const isTold = !!button.closest("#trouble");
  if (isTold) dismiss();
  const attempt = isTold ? newest?.[1].attempt : lost;
  if (isUnread()) return void document.body.dispatchEvent(new CustomEvent("fatura:ready"));
  const source = attempt?.source;
  const element = source?.isConnected ? source : source?.id ? document.getElementById(source.id) : null;
  if (!attempt || !element) return reload();
  // What is typed triggers only where it has changed.
  htmx.trigger(element, element.matches("[role=combobox]") ? "fatura:open" : element.id === "preview" ? "fatura:now" : attempt.event);
}

function reload(): void {
  const page = document.querySelector("[data-live], #preview");
  if (page) htmx.trigger(page, page.id === "preview" ? "fatura:now" : "fatura:reload");
}

/** Puts the newest error away. */
export function dismiss(): void {
  const newest = [...failures.keys()].at(-1);
  if (newest !== undefined) failures.delete(newest);
  render();
}
