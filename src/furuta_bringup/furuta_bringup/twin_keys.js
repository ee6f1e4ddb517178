// SPDX-License-Identifier: Apache-2.0
// Keys of the twin's page: an arrow key holds its button down, Esc clicks Stop. viser's own hot keys
// know no release and turn the camera too, so these listeners come first and end the event.
(() => {
  if (window.furutaKeys) return;
  window.furutaKeys = true;
  const HOLD = { ArrowLeft: 'Hold \u25C0', ArrowRight: 'Hold \u25B6' };
  const held = new Map();
  const button = (label) => [...document.querySelectorAll('button')].find(
    (one) => one.textContent.includes(label) && !one.disabled);
  const pointer = (target, type) => target.dispatchEvent(
    new PointerEvent(type, { bubbles: true, button: 0, isPrimary: true }));
  const release = (key) => {
    const target = held.get(key);
    held.delete(key);
    if (target) pointer(target, 'pointerup');
  };
  const releaseAll = () => [...held.keys()].forEach(release);

  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') button('Stop')?.click();
    if (!(event.key in HOLD) || event.ctrlKey || event.altKey) return;
    const target = button(HOLD[event.key]);
    if (!target) return;  // nobody drives: the arrows turn the camera as ever
    event.preventDefault();
    event.stopImmediatePropagation();
    if (held.has(event.key)) return;
    releaseAll();
    held.set(event.key, target);
    pointer(target, 'pointerdown');
  }, true);
  window.addEventListener('keyup', (event) => release(event.key), true);
  window.addEventListener('blur', releaseAll);
  document.addEventListener('visibilitychange', releaseAll);
})();
