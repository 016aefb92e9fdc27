// What the user does: methods of the root, called by its components as `pg.…`.
const TYPING_MS = 300, BUSY_MS = 1000, PART_BYTES = 1 << 20;

const doing = {
  set(changes) {
    Object.assign(this.form, changes); Object.assign(this.pending, changes);
    clearTimeout(this.typing);
    this.typing = setTimeout(this.flush, TYPING_MS);
  },
  setParams(changes) { // null takes a parameter out: its default is meant
    const params = { ...this.form.params, ...changes };
    for (const name of Object.keys(params)) if (params[name] === null) delete params[name];
    this.set({ params });
  },
  choose(model) {
    this.flush();
    this.sayForm({ model });
  },
  flush() {
    clearTimeout(this.typing);
    if (Object.keys(this.pending).length) this.sayForm(this.pending);
    this.pending = {};
  },
  sayForm(changes) { // until it is answered, it is kept: a connection that was cut may have lost it
    const { params, ...others } = this.unanswered ?? {};
    this.unanswered = { ...others, ...(params && !changes.model ? { params } : {}), ...changes };
    this.saidAt = Date.now();
    this.tell('form', { changes, seq: ++this.seq });
  },
  press() {
    if (this.sending) return;
    if (!this.form.prompt?.trim()) { this.toast('bad', this.t('prompt.empty')); return; }
    this.flush();
    this.unanswered = null; // the press carries all of it; said again after the press, it would bring the prompt back
    if (this.isFiltered()) this.unfilter(); // what is made now must be seen
    const { model, params, prompt, n, references } = this.form;
    const id = newId('bat'), ratio = this.form.size ? this.form.size[0] / this.form.size[1] : 1;
    const form = { model, params, prompt, n, references: references.map((one) => one.sha) };
    if (this.topic) this.watchTitle(this.topic);
    this.sending = { message: { id, form }, at: Date.now(), busy: false };
    setTimeout(() => { if (this.sending?.message.id === id) this.sending.busy = true; }, BUSY_MS);
    const row = Object.freeze({ id, images: n, references: references.length, ratio, created: Date.now() + this.skew, local: true, prompt, model });
    this.rows = [row, ...this.rows];
    this.toast('', this.t(n === 1 ? 'toast.generating_one' : 'toast.generating', { n }));
    this.tell('press', { id, form });
  },
};
