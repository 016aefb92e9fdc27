// What holds a view and its kernel together: what is sent again, and what ends when nobody hears it any more.
const BEAT_MS = 5000;

const beating = {
  beat() {
    this.wake();
    this.awaiting ||= Date.now();
    this.tellBeat();
    for (const one of [this.sending, ...Object.values(this.mores), ...this.asked.values()]) { // an id is done once, however often it comes
      if (one && this.isLost(one.at)) { one.at = Date.now(); this.tell(one.message.action ? 'act' : 'press', one.message); }
    }
    if (this.unanswered && this.isLost(this.saidAt)) { this.saidAt = Date.now(); this.tell('form', { changes: this.unanswered, seq: this.seq }); }
    if (this.ready && this.keyless()) this.tell('models'); // a key may have come since
  },
  comeBack() { if (!this.isBeaten()) this.beat(); }, // to the front: a tab says so by two events
  // Whether what was said then may have been lost: it is not answered, and something was since. A kernel that answers
  // nothing at all has it in its line, and would only find more of the same behind it.
  isLost(at) { return Date.now() - at > BEAT_MS && this.heardAt >= at; },
  lose(why) { // nobody hears this view any more: another run of the cell draws one that is heard
    const inside = this.$refs.root?.contains(document.activeElement);
    clearInterval(this.clock); // nothing goes on that could be seen here
    Object.assign(this, { closed: why, sending: null, mores: {}, trouble: null, looking: null, popup: null, topping: false });
    this.question?.answer(false);
    this.toasts = this.toasts.filter((one) => !one.action && !one.error?.top_up); // nobody would do what their buttons say
    this.rows = this.rows.filter((row) => !row.local);
    for (const id of [...this.asked.keys()]) this.answered(id);
    if (inside) this.$nextTick(() => this.$refs.root?.focus({ preventScroll: true })); // outside of it keys mean something else
  },
  // A key that is held down presses a button once, and so it is with Ctrl+Enter.
  pressOnce(event) {
    if (!event.repeat || event.key !== 'Enter' || !(event.ctrlKey || event.metaKey || event.target.closest('button'))) return;
    event.preventDefault(); event.stopPropagation();
  },
};
