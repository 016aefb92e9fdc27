// What the user does: methods of the root, called by its components as `pg.…`.
const TYPING_MS = 300, BUSY_MS = 1000, AGAIN_MS = 1000, PART_BYTES = 1 << 20;

function proportionOf({ width, height, aspect_ratio: ratio, size }) {
  if (width && height) return width / height;
  const [, across, down] = /^(\d+)[:x](\d+)$/.exec(ratio ?? size ?? '') ?? [];
  return across / down || null;
}

const doing = {
  set(changes) {
    Object.assign(this.form, changes);
    this.hold(changes);
  },
  setParams(changes) { // null takes a parameter out: its default is meant. Only these leave: a cell may have set others
    const params = { ...this.form.params, ...changes };
    for (const name of Object.keys(params)) if (params[name] === null) delete params[name];
    this.form.params = params;
    this.hold({ params: changes });
  },
  hold(changes) {
    this.pending = joinChanges(this.pending, changes);
    this.changing = true;
    clearTimeout(this.typing);
    this.typing = setTimeout(this.flush, TYPING_MS);
  },
  choose(model) {
    this.settle('press');
    this.flush();
    this.switching = true;
    this.sayForm({ model });
  },
  keyless() { // the provider of the chosen model, where it needs a key and has none
    const { model, card } = this.form, find = (check) => this.models.find(check);
    const one = find(({ address }) => address === model) ?? find(({ provider }) => provider === model?.split(':')[0]);
    return one && !one.key && card ? one.provider : '';
  },
  flush() {
    clearTimeout(this.typing);
    if (Object.keys(this.pending).length) this.sayForm(this.pending);
    this.pending = {};
  },
  sayForm(changes) { // until it is answered, it is kept: a connection that was cut may have lost it
    this.unanswered = joinChanges(this.unanswered ?? {}, changes);
    this.saidAt = Date.now();
    if (this.sending) dropChanges(this.sending.message.changes, changes); // sent again, it says no old ones
    this.tell('form', { changes, seq: ++this.seq });
  },
  press() {
    if (this.sending) return;
    if (!this.form.prompt?.trim()) {
      if (Date.now() - this.pressedAt > AGAIN_MS) this.toast('bad', this.t('prompt.empty'), { about: 'press' }); // no second click
      return;
    }
    this.settle('press');
    this.flush();
    const changes = this.unanswered ?? {};
    this.unanswered = null; // the press carries it; said again after the press, it would bring the prompt back
    if (this.isFiltered()) this.unfilter(); // what is made now must be seen
    const { model, params, prompt, n, references } = this.form;
    const id = newId('bat');
    const form = { model, params, prompt, n, references: references.map((one) => one.sha) };
    const ratio = this.proportion();
    if (this.topic) this.watchTitle(this.topic);
    const message = { id, form, topic: this.topic, changes };
    this.sending = { message, at: Date.now(), busy: false };
    setTimeout(() => { if (this.sending?.message.id === id) this.sending.busy = true; }, BUSY_MS);
    const row = Object.freeze({ id, images: n, references: references.length, ratio, created: Date.now() + this.skew, local: true, prompt, model });
    this.rows = [row, ...this.rows];
    this.tell('press', message);
  },
  proportion() { // of the images that the form asks for: what was picked just now, the kernel has not settled yet
    const { params, size, card } = this.form, own = Object.fromEntries((card?.controls ?? []).map((one) => [one.name, one.default]));
    return (!this.changing && size ? size[0] / size[1] : proportionOf(params) ?? proportionOf(own)) ?? (size ? size[0] / size[1] : 1);
  },
  sayGenerating(n) { this.toast('', this.t(n === 1 ? 'toast.generating_one' : 'toast.generating', { n })); },
};

// Of the form's changes the later one stays; each of its parameters is one of its own.
function joinChanges(first, then) {
  return { ...first, ...then, ...(first.params && then.params ? { params: { ...first.params, ...then.params } } : {}) };
}

function dropChanges(changes, newer) {
  for (const name of Object.keys(newer)) if (name !== 'params') delete changes[name];
  for (const name of Object.keys(newer.params ?? {})) delete changes.params?.[name];
}
