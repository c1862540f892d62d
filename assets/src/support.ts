// Copies the details for support. A frame may be refused the clipboard: then the text is selected, and the person presses the keys.

function select(text: HTMLElement): void {
  const range = document.createRange();
  range.selectNodeContents(text);
  const selection = getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
  text.focus();
}

async function isCopied(text: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    return true;
  } catch {
    select(text);
    return document.execCommand("copy");
  }
}

export async function copy(button: HTMLElement): Promise<void> {
  const place = button.closest(".support");
  const [text, status] = [place?.querySelector<HTMLElement>(".details"), place?.querySelector("[role=status]")];
  if (!text || !status) return;
  status.textContent = (await isCopied(text)) ? (button.dataset["copied"] ?? "") : (button.dataset["selected"] ?? "");
}
