// What the buttons of the feed do: methods of the root. Everything is answered, or it is said why not.
const acting = {
  // ── A batch ───────────────────────────────────────────────────────────────────────────────────────────────────────
  async reuse(batch) {
    this.flush(); // what was typed before is overwritten, not what is typed from now on
    const lost = await this.ask('reuse', { batch });
    if (lost === undefined) return;
    this.showConfig();
    const said = [
      lost.gone && this.t('reuse.gone', { model: lost.gone }),
      lost.dropped && this.t('reuse.dropped', { names: lost.dropped.map((name) => this.name(name)).join(', ') }),
      lost.references && this.t(lost.references === 1 ? 'reuse.reference' : 'reuse.references', { n: lost.references }),
      lost.mask && this.t('reuse.mask'),
    ].filter(Boolean);
    const action = this.undoing(() => this.ask('unreuse')); // a draft may have been overwritten
    this.toast(said.length ? '' : 'good', [this.t('toast.applied'), ...said].join('\n'), { action });
  },
  showConfig() {
    if (!this.open.left) this.toggle('left');
    this.$nextTick(() => {
      const side = this.$refs.root?.querySelector('.pg-side.left');
      side?.querySelector('.pg-scroll')?.scrollTo({ top: 0, behavior: 'smooth' });
      side?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    });
  },
  more(row) { // the same again with new seeds: a press, whose batch this view names and shows at once
    if (this.isAsked(row.id)) return;
    const id = newId('bat'), batch = this.batches[row.id], n = batch?.n ?? row.images;
    if (batch && batch.topic !== this.topic) this.look(batch.topic); // where it will be
    else if (this.isFiltered()) this.unfilter();
    const placeholder = { ...row, id, images: n, created: Date.now() + this.skew, local: true, prompt: batch?.prompt, model: batch?.model };
    this.rows = [Object.freeze(placeholder), ...this.rows];
    this.$refs.root.querySelector('.pg-feed')?.scrollTo({ top: 0, behavior: 'smooth' });
    const message = { id, of: row.id };
    this.mores[id] = { message, n, at: Date.now(), busy: false };
    setTimeout(() => { if (this.mores[id]) this.mores[id].busy = true; }, BUSY_MS);
    this.tell('press', message);
  },
  isAsked(of) { // a second click of a double one, or before the first is answered, is no other press
    const { lastMore } = this, just = lastMore?.of === of && Date.now() - lastMore.at < AGAIN_MS;
    return just || Object.values(this.mores).some((one) => one.message.of === of);
  },
  async copyCode(batch) {
    const code = await this.ask('code', { batch });
    if (code !== undefined) this.copy(code, 'toast.code_copied');
  },
  async cancel(ids) { await this.ask('cancel', { ids }); },
  async retry(ids) {
    if (await this.ask('retry', { ids }) !== undefined && ids.length > 1) this.toast('', this.t('toast.retrying', { n: ids.length }));
  },
  async deleteBatch(row) {
    const n = this.batches[row.id]?.images.length ?? row.images; // all of them, also what a filter hides
    const said = await this.confirm({
      title: this.t(n === 1 ? 'batch.delete_one' : 'batch.delete_many', { n }), text: shorten(this.batches[row.id]?.prompt ?? ''),
      yes: this.t('batch.delete'), danger: true,
    });
    if (!said) return;
    const refocus = this.keepFocus();
    this.rows = mergeRows(this.rows, [{ ...row, images: 0 }]);
    this.$nextTick(refocus);
    await this.deleted([row.id], () => this.t('toast.batch_deleted'), () => { this.rows = mergeRows(this.rows, [row]); });
  },
  // ── An image ──────────────────────────────────────────────────────────────────────────────────────────────────────
  async deleteImages(ids) {
    const gone = new Set(ids), refocus = this.keepFocus(gone), back = this.takeOut(gone);
    this.$nextTick(refocus);
    this.unselect(ids);
    await this.deleted(ids, (n) => this.t(n === 1 ? 'toast.image_deleted' : 'toast.images_deleted', { n }), back);
  },
  async deleted(ids, words, back) { // what was deleted is gone from the screen already; what is refused comes back
    const told = (some) => this.toast('', words(some.length), { action: this.undoing(() => this.askAll('undelete', some)) });
    const { topic, filter } = this, toast = told(ids), refused = new Set(await this.askAll('delete', ids));
    const done = ids.filter((id) => !refused.has(id));
    this.unselect(done);
    if (!refused.size) return;
    this.dismiss(toast);
    if (filter === this.filter && (topic === this.topic || filter.everywhere)) back(refused);
    if (done.length && !this.closed) told(done);
  },
  keepFocus(ids = new Set()) { // returns what gives the focus to the next image, where what had it vanished
    const feed = this.$refs.root.querySelector('.pg-feed'), cards = [...feed.querySelectorAll('.pg-card[data-id]')];
    const at = cards.indexOf(document.activeElement?.closest('.pg-card')), stays = (card) => !ids.has(card.dataset.id);
    const next = at < 0 ? null : cards.slice(at).find(stays) ?? cards.slice(0, at).findLast(stays);
    return () => {
      if (![document.body, feed].includes(document.activeElement)) return;
      const card = next && feed.querySelector(`.pg-card[data-id="${next.dataset.id}"]`); // it may have moved to another line
      (card?.querySelector('.pg-view, .pg-steps button, .pg-stop') ?? feed).focus({ preventScroll: true });
    };
  },
  takeOut(ids) { // images vanish at once; returns what puts some of them back
    const touched = Object.values(this.batches).map((batch) => ({
      batch, before: batch.images, left: batch.images.filter((one) => !ids.has(one.id)), row: this.rows.find((row) => row.id === batch.id),
    })).filter(({ before, left, row }) => row && left.length < before.length);
    this.rows = mergeRows(this.rows, touched.map(({ row, before, left }) => Object.freeze({ ...row, images: row.images - (before.length - left.length) })));
    touched.forEach(({ batch, left }) => { batch.images = left; });
    return (some) => {
      const backs = touched.filter(({ before }) => before.some((one) => some.has(one.id)));
      for (const { batch, before } of backs) { // others of it may have changed meanwhile, or gone
        const there = new Map(batch.images.map((one) => [one.id, one]));
        batch.images = before.filter(({ id }) => there.has(id) || some.has(id)).map((one) => there.get(one.id) ?? one);
      }
      this.rows = mergeRows(this.rows, backs.map(({ row, batch }) => Object.freeze({ ...row, images: this.shownImages(batch).length })));
    };
  },
  async star(image, starred = !image.starred) {
    image.starred = starred;
    this.keepSelected();
    if (await this.ask('star', { ids: [image.id], starred }) === undefined) image.starred = !starred;
  },
  async reuseSeed(seed) {
    const takes = this.form.card?.controls.some((spec) => spec.name === 'seed');
    if (takes) this.setParams({ seed });
    const copied = await this.write(String(seed)); // to the clipboard too, if it may
    if (takes) this.toast('good', this.t('toast.seed_copied'));
    else this.toast('bad', this.t(copied ? 'toast.no_seed' : 'toast.no_seed_copy', { model: this.form.card?.title ?? this.form.model }));
  },
  async useAsReference(ids) {
    this.flush();
    const said = await this.ask('use_as_reference', { ids: ids.slice(0, PICK_MOST_ACTED) }), { card, model } = this.form;
    if (said === undefined) return;
    const { taken, most, why } = said, n = this.n(taken);
    if (taken === ids.length) return void this.toast('good', this.t(taken === 1 ? 'toast.referenced' : 'toast.referenced_more', { n }));
    const because = why ? this.told(why) : this.t(most === 1 ? 'refs.most_one' : 'refs.most', { model: card?.title ?? model, n: most });
    this.toast('bad', this.t('toast.referenced_some', { n, all: this.n(ids.length), why: because }), { error: why });
  },
  async useReference(batch, sha) { // an input image of a batch, once more
    this.flush();
    if (await this.ask('use_reference', { batch, sha }) !== undefined) this.toast('good', this.t('toast.referenced'));
  },
  async copyDetails(image) {
    const details = await this.ask('details', { image: image.id });
    if (details !== undefined) this.copy(details, 'toast.details_copied');
  },
  // ── The clipboard ─────────────────────────────────────────────────────────────────────────────────────────────────
  async copy(text, said) { // where it may not be written to, the text is shown, to be copied by hand
    if (await this.write(text)) this.toast('good', this.t(said));
    else this.popUp({ kind: 'text', title: this.t('copy.by_hand'), text, code: true });
  },
  async write(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { // a page that came without TLS has no clipboard of this kind
      return writeByHand(this.$refs.root, text);
    }
  },
};

const shorten = (text, most = 160) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function writeByHand(root, text) {
  const field = document.createElement('textarea'), before = document.activeElement;
  field.value = text;
  field.style.cssText = 'position: absolute; inset: 0 auto auto 0; width: 1px; height: 1px; opacity: 0';
  root.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  before?.focus?.({ preventScroll: true });
  return done;
}
