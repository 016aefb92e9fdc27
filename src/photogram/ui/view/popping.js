// What stands over the panel for a moment: a menu, or a long text. Drawn by the root, so that no scroll box cuts it off.
const popping = {
  // `{ kind: 'menu', label, items: [{ icon, label, run, danger }] }`, or `{ kind: 'text', title, text, code, copied }`; at: the button.
  popUp(popup, at = document.activeElement) {
    if (this.popup?.at === at && this.popup.kind === popup.kind) return this.popDown(); // the same button once more
    const root = this.$refs.root, frame = root.getBoundingClientRect();
    const box = (root.contains(at) ? at : root).getBoundingClientRect();
    const anchor = { left: box.left - frame.left, right: box.right - frame.left, top: box.top - frame.top, bottom: box.bottom - frame.top };
    this.popup = Object.freeze({ ...popup, at, anchor, id: newId('pop'), frame: { width: root.clientWidth, top: this.hidden.above, bottom: root.clientHeight - this.hidden.below } });
  },
  popDown({ focus = true } = {}) {
    const at = this.popup?.at;
    this.popup = null;
    if (!focus || !at) return;
    const back = at.isConnected ? at : this.$refs.root?.querySelector('.pg-feed'); // its line may have left the screen
    back?.focus({ preventScroll: true });
  },
};

// Where a box of this size goes beside its button, inside what is seen of the frame: below, or above where there is more room.
function placeBox({ anchor, frame }, width, height, edge = 8) {
  const below = frame.bottom - anchor.bottom - edge, above = anchor.top - frame.top - edge;
  const under = below >= height || below >= above;
  const most = Math.max(80, (under ? below : above) - 4), tall = Math.min(height, most);
  const left = Math.max(edge, Math.min(anchor.right - width, frame.width - width - edge));
  return { left: `${left}px`, top: `${under ? anchor.bottom + 4 : anchor.top - 4 - tall}px`, maxHeight: `${most}px` };
}
popping.placeBox = placeBox;
