// The side panels: columns that fold, and below 900 px drawers that take the focus and give it back.
const NARROW_PX = 900, BOTH_SHUT = { left: false, right: false };

const framing = {
  fit(width) {
    if (!width) return; // not on screen: another tab of the notebook is
    const narrow = width < NARROW_PX;
    if (narrow !== this.narrow) this.open = narrow ? { ...BOTH_SHUT } : { left: true, right: true, ...this.layout };
    this.narrow = narrow;
    this.tight = width < 560;
  },
  toggle(side) {
    const open = !this.open[side];
    this.open = this.narrow ? { ...BOTH_SHUT, [side]: open } : { ...this.open, [side]: open };
    if (!this.narrow) this.tell('layout', { layout: (this.layout = { left: this.open.left, right: this.open.right }) });
    else if (open) this.opener = document.activeElement;
  },
  close() { // the drawers
    this.open = { ...BOTH_SHUT };
    this.$nextTick(() => this.opener?.isConnected && this.opener.focus({ preventScroll: true }));
  },
  escape() { if (this.drawer) this.close(); },
};
