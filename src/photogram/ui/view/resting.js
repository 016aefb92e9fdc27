// Where the focus goes when what had it vanishes: methods of the root. Outside of the panel keys would mean something
// else. A room says it: `data-rest` is the selector of what in it takes the focus; empty, it is the room itself.
const resting = {
  hush(event) { // Notebook 7 hears keys before this does (it captures them), and passes by only where their target says so
    event.target.dataset.lmSuppressShortcuts = 'true';
    const path = event.composedPath();
    this.focused = path.slice(0, path.indexOf(this.$refs.root));
  },
  unfocus({ target }) { // some browsers say so of what vanishes, too: that is seen after it
    queueMicrotask(() => { if (target.isConnected && this.focused[0] === target) this.focused = []; });
  },
  watchFocus() {
    this.vanishing = new MutationObserver(() => this.rest());
    this.vanishing.observe(this.$refs.root, { childList: true, subtree: true });
  },
  rest() {
    const [lost, ...rooms] = this.focused;
    if (!lost || lost.isConnected) return;
    this.focused = [];
    if (document.activeElement && document.activeElement !== document.body) return;
    const { root } = this.$refs, feed = root.querySelector(this.looking ? '.pg-light' : '.pg-feed');
    const takes = (room) => (room.dataset?.rest ? room.querySelector(room.dataset.rest) : room);
    const wanted = rooms.filter((room) => room.isConnected && room.dataset?.rest !== undefined).map(takes);
    for (const one of [...wanted, feed, root]) {
      one?.focus({ preventScroll: true });
      if (one && document.activeElement === one) return;
    }
  },
};
