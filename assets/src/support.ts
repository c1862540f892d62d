// Copies the details for support. If the frame may not use the clipboard, the text is selected, so that the user can copy it.

function selectText(text: HTMLElement): void {
  const range = document.createRange();
  range.selectNodeContents(text);
  const selection = getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
  text.focus();
}

async function copyText(text: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    return true;
  } catch {
    selectText(text);
    return document.execCommand("copy");
  }
}

export async function copyDetails(button: HTMLElement): Promise<void> {
  const container = button.closest(".support");
  const [text, status] = [container?.querySelector<HTMLElement>(".details"), container?.querySelector("[role=status]")];
  if (!text || !status) return;
  status.textContent = (await copyText(text)) ? (button.dataset["copied"] ?? "") : (button.dataset["selected"] ?? "");
}
