// The side panels: columns that fold, and below 900 px drawers that take the focus and give it back. And what of the
// frame is on the screen: on a laptop the frame is higher than the notebook's window, and what speaks up must be seen.
const NARROW_PX = 900, BOTH_SHUT = { left: false, right: false }, LEAST_SEEN_PX = 320, STEPS = 50;

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
  watchSight() {
    const { root } = this.$refs;
    this.hidden = { above: 0, below: 0 };
    this.sight = new IntersectionObserver((seen) => this.noteSight(seen.at(-1)), { threshold: Array.from({ length: STEPS + 1 }, (_, at) => at / STEPS) });
    this.sight.observe(root);
    this.onScroll = ({ target }) => { // a frame that is higher than the window moves without another share of it being seen
      if (!target.contains(root) || root.contains(target)) return;
      this.sight.unobserve(root);
      this.sight.observe(root);
    };
    document.addEventListener('scroll', this.onScroll, { capture: true, passive: true });
  },
  unwatchSight() {
    this.sight.disconnect();
    document.removeEventListener('scroll', this.onScroll, { capture: true });
  },
  noteSight({ boundingClientRect: frame, intersectionRect: seen, isIntersecting }) {
    if (!isIntersecting) return;
    const spare = Math.max(0, frame.height - LEAST_SEEN_PX), below = Math.min(spare, Math.max(0, frame.bottom - seen.bottom));
    const above = Math.min(spare - below, Math.max(0, seen.top - frame.top));
    this.hidden = { above, below };
    for (const [side, px] of Object.entries(this.hidden)) this.$refs.root.style.setProperty(`--pg-${side}`, `${Math.round(px)}px`);
  },
};
