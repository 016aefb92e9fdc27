// What the kernel says: methods of the root, one for each kind of message. Every message may come twice.
const hearing = {
  on_state(said) {
    Object.assign(this, { texts: said.texts, lang: said.lang, models: said.models, form: said.form, skew: said.now - Date.now() });
    this.layout = said.layout;
    this.dragged = said.layout.height ?? null;
    if (!this.narrow) this.open = { left: true, right: true, ...said.layout };
    this.around(said);
    this.topic = said.active; this.ready = true;
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
  on_models(said) { this.models = said.models; },
  on_beat(said) { this.around(said); },
  on_done(said) { this.around(said); this.answered(said.id, said.result); },
  on_form(said) {
    if (said.by === this.view && said.seq === this.seq) this.unanswered = null;
    if (said.by === this.view && said.dropped.length) this.tellDropped(said);
    if (!this.unanswered && !Object.keys(this.pending).length) this.form = said.form; // else the answer says all of it
  },
  on_pressed(said) {
    delete this.mores[said.id];
    if (said.id !== this.sending?.message.id) return;
    if (this.form.prompt === this.sending.message.form.prompt) this.form.prompt = '';
    this.sending = null;
    if (said.topic) { this.watchTitle(said.topic); this.tellTitles(); }
  },
  on_refused(said) {
    if (said.what === 'press') {
      this.rows = this.rows.filter((row) => !(row.local && row.id === said.id));
      if (this.mores[said.id]) delete this.mores[said.id];
      else this.sending = null;
      const why = this.told(said.error);
      this.complain(said.error.top_up ? why : this.t('toast.failed', { why }), said.error);
    } else {
      if (['full', 'zip'].includes(said.what)) { this.fetches.get(`${said.what} ${said.id}`)?.fail(said.error); return; }
      if (said.what === 'upload') { this.failUpload(said.id, this.told(said.error)); return; }
      if (said.what === 'act') this.answered(said.id);
      if (said.what === 'form') this.unanswered = null;
      this.complain(this.told(said.error), said.error);
    }
  },
  on_closed() { this.lose('closed'); },
};
