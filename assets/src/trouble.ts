// An error answer does not replace any part of the page. One error message above the page shows it.
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

interface Failure {
  html: string;
  attempt?: Attempt | undefined;
}

/** What a person asked for last and did not get. */
let act: Failure | undefined;
/** What the page asked for by itself, by address; the newest is last. */
const background = new Map<string, Failure>();
let lost: Attempt | undefined;

/** Whether the page has no content yet. */
export const isUnread = () => !document.querySelector(".panel, #invoice-form, .settings");

/** The marker of `error.html`: a page of a proxy does not have it. */
export const isOurs = (html: string) => html.includes("data-trouble");

export const attemptOf = ({ sourceElement, sourceEvent }: Context): Attempt => ({ source: sourceElement, event: sourceEvent?.type ?? "click" });

/** Says that the server cannot be reached, until it can. */
export function offline(is: boolean, attempt?: Attempt): void {
  lost = is ? attempt : undefined;
  document.querySelector("#offline")?.toggleAttribute("hidden", !is);
}

/** The server has answered. What the page reads by itself does not take away that something a person asked for was lost. */
export function reached({ sourceElement, sourceEvent }: Context): void {
  const isRead = sourceEvent?.type === "fatura:reload" || sourceElement.matches("#deal, [role=combobox]");
  if (!isRead || !lost || lost.event === "fatura:reload") offline(false);
}

/** Shows an error of ours, about what a person asked for. */
export function showTrouble(html: string, attempt?: Attempt): void {
  act = { html, attempt };
  render();
}

function render(): void {
  const region = document.querySelector<HTMLElement>("#trouble");
  const newest = (act ?? [...background.values()].at(-1))?.html ?? "";
  // The same error again is not announced again; only its reference is another.
  const words = (html: string) => html.replace(/<small>.*?<\/small>/gs, "");
  if (!region || (newest && words(region.dataset["shown"] ?? "") === words(newest))) return;
  region.dataset["shown"] = newest;
  region.innerHTML = newest;
}

const addressOf = (ctx: Context) => ctx.request.action.split("?")[0] ?? "";

const isByItself = ({ sourceElement, sourceEvent }: Context) =>
  sourceEvent?.type === "fatura:reload" || sourceElement.matches("#preview, #deal") || !!sourceElement.closest("pick-list");

/** An answer came: what failed before is over. What the page asks by itself does not take away what a person has still to read. */
function settle(ctx: Context): void {
  if (!isByItself(ctx)) act = undefined;
  background.delete(addressOf(ctx));
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
  // At the end of a form, it is shown to whoever has pressed a button there.
  const form = into?.closest("form");
  const isHeld = into?.matches("[data-holds-errors]") && (!form || form.contains(ctx.sourceElement));
  if (isHeld || (into?.id === "main" && isUnread())) return;
  event.preventDefault();
  if (!isByItself(ctx)) return showTrouble(html, attemptOf(ctx));
  background.delete(addressOf(ctx));
  background.set(addressOf(ctx), { html, attempt: attemptOf(ctx) });
  render();
});

/** Asks once more for what failed. */
export function retry(button: Element): void {
  const told = [act, ...background.values()].map((failure) => failure?.attempt);
  const isTold = !!button.closest("#trouble");
  if (isTold) dismiss();
  if (isUnread()) return void document.body.dispatchEvent(new CustomEvent("fatura:ready"));
  const attempts = (isTold ? told : [lost]).filter((attempt) => attempt !== undefined);
  const repeated = attempts.map(repeat);
  if (!repeated.includes(true)) reload();
}

/** Whether it could be asked for. */
function repeat({ source, event }: Attempt): boolean {
  const element = source.isConnected ? source : source.id ? document.getElementById(source.id) : null;
  // An input event triggers a request only if the value has changed, so comboboxes and the preview have events of their own.
  if (element) htmx.trigger(element, element.matches("[role=combobox]") ? "fatura:open" : element.id === "preview" ? "fatura:now" : event);
  return !!element;
}

function reload(): void {
  const page = document.querySelector("[data-live], #preview");
  if (page) htmx.trigger(page, page.id === "preview" ? "fatura:now" : "fatura:reload");
}

/** Puts the errors away. */
export function dismiss(): void {
  act = undefined;
  background.clear();
  render();
}
