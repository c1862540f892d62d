// Two ways to use a page, with the same functions: with a mouse, or only with a keyboard.
import assert from "node:assert/strict";

/** More presses of Tab than any page needs between two fields. */
const FAR = 300;

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement && document.hasFocus());

/** With a mouse; typing goes into the clicked field. */
export const mouse = (page) => ({
  name: "mouse",
  /** A button with aria-disabled can be pressed: it says why it does nothing. */
  press: async (locator) => locator.click({ force: (await locator.getAttribute("aria-disabled")) === "true" }),
  tick: (locator) => locator.check(),
  mark: (locator) => locator.check(),
  async fill(locator, text) {
    await locator.click();
    await locator.fill(text);
  },
  choose: (locator, value) => locator.selectOption(value),
  async pick(locator, typed, option) {
    await locator.fill(typed);
    await option.click();
  },
  /** Sets another date. */
  async postpone(locator) {
    const day = await locator.inputValue();
    await locator.fill(new Date(Date.parse(day) + 31 * 86_400_000).toISOString().slice(0, 10));
  },
  closeMenu: () => page.keyboard.press("Escape"),
});

/** Only with the keyboard: elements are reached by Tab. */
export function keyboard(page) {
  const keys = page.keyboard;
  async function reach(locator) {
    await locator.waitFor();
    for (let at = 0; at < FAR; at++) {
      if (await hasFocus(locator)) return;
      await keys.press("Tab");
    }
    assert.fail(`not reached by Tab: ${locator}`);
  }
  return {
    name: "keyboard",
    async press(locator) {
      await reach(locator);
      await keys.press("Enter");
    },
    async tick(locator) {
      await reach(locator);
      if (!(await locator.isChecked())) await keys.press("Space");
      assert.ok(await locator.isChecked());
    },
    /** Radio buttons: Tab reaches the group, arrow keys choose in it. */
    async mark(locator) {
      const group = locator.page().locator(`input[name="${await locator.getAttribute("name")}"]`);
      const isInGroup = () => group.evaluateAll((radios) => radios.includes(document.activeElement));
      for (let at = 0; at < FAR && !(await isInGroup()); at++) await keys.press("Tab");
      await keys.press("Space");
      for (let at = 0; at < FAR && !(await locator.isChecked()); at++) await keys.press("ArrowDown");
    },
    async fill(locator, text) {
      await reach(locator);
      await keys.press("Control+A");
      await keys.press("Delete");
      await keys.type(text);
    },
    async choose(locator, value) {
      await reach(locator);
      const wanted = await locator.evaluate(
        (select, label) => [...select.options].findIndex((option) => option.label === (label.label ?? label) || option.value === label),
        value,
      );
      assert.ok(wanted >= 0, `${locator} offers ${JSON.stringify(value)}`);
      for (let now; (now = await locator.evaluate((select) => select.selectedIndex)) !== wanted; ) await keys.press(now < wanted ? "ArrowDown" : "ArrowUp");
    },
    async pick(locator, typed, option) {
      await this.fill(locator, typed);
      await option.waitFor();
      for (let at = 0; at < FAR && (await option.getAttribute("aria-selected")) !== "true"; at++) await keys.press("ArrowDown");
      await keys.press("Enter");
    },
    async postpone(locator) {
      const before = await locator.inputValue();
      await reach(locator);
      await keys.press("ArrowUp");
      assert.notEqual(await locator.inputValue(), before);
    },
    closeMenu: () => keys.press("Escape"),
  };
}
