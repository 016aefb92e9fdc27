// What the kernel says: methods of the root, one for each kind of message. Every message may come twice.
const KEYRING_MS = 500; // the keyring takes a while: what only it knows is asked for once the pictures are there
const REPEATED = ['hello', 'look', 'beat'], UNTOLD = [...REPEATED, 'thumbs', 'batches', 'models'];

const hearing = {
  on_state(said) {
    Object.assign(this, { texts: said.texts, lang: said.lang, models: said.models, form: said.form, skew: said.now - Date.now() });
    this.layout = said.layout;
    this.dragged = said.layout.height ?? null;
    if (!this.narrow) this.open = { left: true, right: true, ...said.layout };
    this.around(said);
    this.topic = said.active; this.ready = true;
    clearTimeout(this.keysDue);
    this.keysDue = setTimeout(() => this.tell('models'), KEYRING_MS);
  },
  take_image(image) {
    const batch = this.batches[image.batch];
    const mine = batch?.images.find((one) => one.id === image.id);
    if (image.status !== 'processing') this.forgetGlimpse(image.id);
    if (image.deleted) this.unselect([image.id]);
    if (image.deleted) batch && (batch.images = batch.images.filter((one) => one.id !== image.id));
    else if (mine) mergeImage(mine, image);
    else if (batch) { this.stale.add(image.batch); this.details.want(image.batch); }
  },
  on_glimpses(said, buffers) { // of images that are still being drawn
    said.ids.forEach((id, at) => {
      this.forgetGlimpse(id);
      this.glimpses[id] = URL.createObjectURL(new Blob([buffers[at]], { type: 'image/webp' }));
    });
  },
  forgetGlimpse(id) {
    if (this.glimpses[id]) URL.revokeObjectURL(this.glimpses[id]);
    delete this.glimpses[id];
  },
  on_models(said) { this.models = said.models; clearTimeout(this.keysDue); },
  on_beat(said) { this.around(said); },
  on_done(said) { this.around(said); this.answered(said.id, said.result); },
  on_form(said) {
    if (said.by === this.view && said.seq === this.seq) this.unanswered = null;
    if (said.by === this.view && said.dropped.length) this.tellDropped(said);
    if (!this.unanswered) this.switching = false;
    if (this.unanswered || Object.keys(this.pending).length) return; // its answer says all of it
    this.changing = false;
    this.form = said.form;
  },
  on_pressed(said) {
    const { form, topic } = this.sending?.message ?? {}, more = this.mores[said.id]?.n;
    if (this.topic && said.topic !== this.topic && !this.filter.everywhere) this.takeBack(said.id); // it is elsewhere
    if (this.endMore(said.id)) return this.sayGenerating(more);
    if (!this.endPress(said.id)) return;
    this.sayGenerating(form.n);
    if (this.form.prompt === form.prompt) this.form.prompt = '';
    if (!topic) this.titles.set(said.topic, ''); // it was made for this press: its title is news, also where the topic came before the answer
    this.watchTitle(said.topic); this.tellTitles();
  },
  // Whether this view still waited for that press; its answer may come twice.
  endPress(id) {
    if (this.sending?.message.id !== id) return false;
    this.sending = null; this.pressedAt = Date.now();
    return true;
  },
  endMore(id) {
    if (!this.mores[id]) return false;
    this.lastMore = { of: this.mores[id].message.of, at: Date.now() };
    return delete this.mores[id];
  },
  takeBack(id) { this.rows = this.rows.filter((row) => !(row.local && row.id === id)); }, // what a press showed at once
  on_busy(said) { this.trouble = said.error; }, // the kernel is there, and waits for the workspace
  // What is asked for again and again is refused as often: it is told once, and only where it is still waited for.
  on_refused(said) {
    const { what, id, error } = said, why = this.told(error);
    if (REPEATED.includes(what)) this.beaten = null;
    if (error.kind === 'StoreBusy' || REPEATED.includes(what)) this.trouble = error; // until something is answered
    if (what === 'press') {
      if (!this.endMore(id) && !this.endPress(id)) return;
      this.takeBack(id);
      this.complain(error.top_up ? why : this.t('toast.failed', { why }), error, 'press');
    } else if (what === 'full' || what === 'zip') this.fetches.get(`${what} ${id}`)?.fail(error);
    else if (what === 'upload') this.failUpload(id, why);
    else if (what === 'form') this.refuseForm(said.seq, why, error);
    else if (what === 'act' ? this.asked.has(id) : what === 'images' ? this.asking.has(id) : !UNTOLD.includes(what)) {
      this.answered(id); this.asking.get(id)?.([]);
      this.complain(why, error);
    }
  },
  refuseForm(seq, why, error) {
    if (seq !== this.refusedSeq) this.complain(why, error);
    this.refusedSeq = seq;
    if (seq !== this.seq) return;
    const { model, match_size: match, ...others } = this.unanswered ?? {};
    this.unanswered = null; this.switching = this.changing = false;
    if (model || match) this.sayForm(others); // without what cannot be; the answer tells what the form is now
  },
  on_closed() { this.lose('closed'); },
};
