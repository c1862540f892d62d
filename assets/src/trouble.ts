// Error responses do not replace any part of the page. A message above the page shows them.
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

/** A request that can be repeated: the event that triggers it, and its source. */
interface Attempt {
  source: Element;
  event: string;
}

interface Failure {
  html: string;
  attempt?: Attempt | undefined;
}

/** The last failed request of the user. */
let userFailure: Failure | undefined;
/** Failed requests that the page sent by itself, by path; the newest is last. */
const backgroundFailures = new Map<string, Failure>();
/** The last request that did not reach the server. */
let lostAttempt: Attempt | undefined;

/** Whether the content of the page has been loaded. */
export const hasContent = () => !!document.querySelector(".panel, #invoice-form, .settings");

/** Whether a response is an error fragment of the service, and not, for example, an error page of a proxy. */
export const isErrorPage = (html: string) => html.includes("data-trouble");

export const attemptOf = ({ sourceElement, sourceEvent }: Context): Attempt => ({ source: sourceElement, event: sourceEvent?.type ?? "click" });

/** Shows or hides the message that the server cannot be reached. */
export function setOffline(is: boolean, attempt?: Attempt): void {
  lostAttempt = is ? attempt : undefined;
  document.querySelector("#offline")?.toggleAttribute("hidden", !is);
}

/** Hides the offline message after a response. A background read does not hide it if a request of the user was lost. */
export function markReachable({ sourceElement, sourceEvent }: Context): void {
  const isBackgroundRead = sourceEvent?.type === "fatura:reload" || sourceElement.matches("#deal, [role=combobox]");
  if (!isBackgroundRead || !lostAttempt || lostAttempt.event === "fatura:reload") setOffline(false);
}

/** Shows the error of a request of the user. */
export function showTrouble(html: string, attempt?: Attempt): void {
  userFailure = { html, attempt };
  render();
}

function render(): void {
  const region = document.querySelector<HTMLElement>("#trouble");
  const newest = (userFailure ?? [...backgroundFailures.values()].at(-1))?.html ?? "";
  // The same error is not announced twice. Its reference differs each time, so it is not compared.
  const withoutReference = (html: string) => html.replace(/<small>.*?<\/small>/gs, "");
  if (!region || (newest && withoutReference(region.dataset["shown"] ?? "") === withoutReference(newest))) return;
  region.dataset["shown"] = newest;
  region.innerHTML = newest;
}

const pathOf = (ctx: Context) => ctx.request.action.split("?")[0] ?? "";

const isBackground = ({ sourceElement, sourceEvent }: Context) =>
  sourceEvent?.type === "fatura:reload" || sourceElement.matches("#preview, #deal") || !!sourceElement.closest("pick-list");

/** Clears the failures that a successful response resolves. A background request does not clear the user's error. */
function clearResolved(ctx: Context): void {
  if (!isBackground(ctx)) userFailure = undefined;
  backgroundFailures.delete(pathOf(ctx));
  render();
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = (event as Swap).detail;
  const [status, html] = [ctx.response?.status ?? 200, ctx.text ?? ""];
  if (status === 204) return;
  // 422 is an incomplete form. 409 is a question, or a panel that shows why an action was refused.
  if (status < 400 || ((status === 409 || status === 422) && !isErrorPage(html))) return clearResolved(ctx);
  if (!isErrorPage(html)) {
    event.preventDefault();
    return setOffline(true, attemptOf(ctx));
  }
  const target = tasks.find(({ type }) => type === "main")?.target;
  const targetElement = typeof target === "string" ? document.querySelector(target) : target;
  // An element that shows errors itself. Within a form, only for requests from that form.
  const form = targetElement?.closest("form");
  const showsErrors = targetElement?.matches("[data-holds-errors]") && (!form || form.contains(ctx.sourceElement));
  if (showsErrors || (targetElement?.id === "main" && !hasContent())) return;
  event.preventDefault();
  if (!isBackground(ctx)) return showTrouble(html, attemptOf(ctx));
  backgroundFailures.delete(pathOf(ctx));
  backgroundFailures.set(pathOf(ctx), { html, attempt: attemptOf(ctx) });
  render();
});

/** Repeats the failed requests whose error or offline message contains the button. */
export function retryFailed(button: Element): void {
  const failed = [userFailure, ...backgroundFailures.values()].map((failure) => failure?.attempt);
  const isInError = !!button.closest("#trouble");
  if (isInError) dismissErrors();
  if (!hasContent()) return void document.body.dispatchEvent(new CustomEvent("fatura:ready"));
  const attempts = (isInError ? failed : [lostAttempt]).filter((attempt) => attempt !== undefined);
  const repeated = attempts.map(repeatAttempt);
  if (!repeated.includes(true)) reload();
}

/** Repeats a request. Returns `false` if its element no longer exists. */
function repeatAttempt({ source, event }: Attempt): boolean {
  const element = source.isConnected ? source : source.id ? document.getElementById(source.id) : null;
  // An input event triggers a request only if the value has changed, so comboboxes and the preview have events of their own.
  if (element) htmx.trigger(element, element.matches("[role=combobox]") ? "fatura:open" : element.id === "preview" ? "fatura:now" : event);
  return !!element;
}

function reload(): void {
  const page = document.querySelector("[data-live], #preview");
  if (page) htmx.trigger(page, page.id === "preview" ? "fatura:now" : "fatura:reload");
}

/** Removes all error messages. */
export function dismissErrors(): void {
  userFailure = undefined;
  backgroundFailures.clear();
  render();
}
