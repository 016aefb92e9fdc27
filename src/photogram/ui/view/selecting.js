// Which images are selected: ids with their batches, in the order they were. The code sees them as `studio.selected`.
const PICK_TELL_MS = 120, PICK_MOST_ASKED = 1000, PICK_MOST_ACTED = 500, PICK_MOST = 20000, PICK_WAIT_MS = 20000;

const selecting = {
  // A card was ticked: with `range`, everything from the last one ticked to it, in the order of the feed.
  select(image, { range = false } = {}) {
    const from = this.anchor;
    this.anchor = { id: image.id, batch: image.batch };
    if (range && from && from.id !== image.id) return this.selectRange(from, this.anchor);
    if (!this.selected.delete(image.id)) this.addSelected([[image.id, image.batch]]);
    else this.tellSelected();
  },
  async selectRange(from, to) {
    const [first, last] = [from, to].map(({ batch }) => this.rows.findIndex((row) => row.id === batch)).sort((a, b) => a - b);
    if (first < 0) return this.addSelected([[to.id, to.batch]]);
    const all = await this.listImages(this.rows.slice(first, last + 1));
    const [start, end] = [from, to].map(({ id }) => all.findIndex(([one]) => one === id)).sort((a, b) => a - b);
    if (start >= 0) this.addSelected(all.slice(start, end + 1));
  },
  async selectAll() { this.addSelected(await this.listImages(this.rows)); },
  addSelected(images) {
    const there = new Set(this.rows.map((row) => row.id)); // another list may be shown by now
    const more = images.filter(([id, batch]) => there.has(batch) && !this.selected.has(id)), room = Math.max(0, PICK_MOST - this.selected.size);
    for (const [id, batch] of more.slice(0, room)) this.selected.set(id, batch);
    if (more.length > room) this.toast('bad', this.t('pick.most', { most: this.n(PICK_MOST), n: this.n(more.length - room) }));
    this.tellSelected();
  },
  // [id, batch id] of every image that is made, in order; the kernel is asked for those whose details are not here.
  async listImages(rows) {
    const known = new Map(), unknown = [];
    for (const { id } of rows) {
      const batch = this.batches[id];
      if (batch) known.set(id, this.madeImages(batch).map((one) => one.id));
      else unknown.push(id);
    }
    const pages = [];
    for (let at = 0; at < unknown.length; at += PICK_MOST_ASKED) pages.push(unknown.slice(at, at + PICK_MOST_ASKED));
    await Promise.all(pages.map(async (ids) => (await this.askImages(ids)).forEach((found, at) => known.set(ids[at], found))));
    return rows.flatMap((row) => (known.get(row.id) ?? []).map((id) => [id, row.id]));
  },
  askImages(ids) { // what does not answer in time has none
    const id = newId('ask');
    return new Promise((resolve) => {
      const answer = (images) => { clearTimeout(timer); this.asking.delete(id); resolve(images); };
      const timer = setTimeout(() => answer([]), PICK_WAIT_MS);
      this.asking.set(id, answer);
      this.tell('images', { id, ids, filter: { ...this.filter } });
    });
  },
  on_images(said) { this.asking.get(said.id)?.(said.images); },
  clearSelected() {
    if (!this.selected.size) return;
    this.selected.clear(); this.anchor = null;
    this.tellSelected();
  },
  unselect(ids) {
    let some = false;
    for (const id of ids) some = this.selected.delete(id) || some;
    if (some) this.tellSelected();
  },
  // What is not shown must not be deleted unseen. Of a batch whose details are not here, nobody can tell whether a
  // filter shows an image: it is let go of where that may have changed (`unsure`: whether it may have of a batch).
  keepSelected(unsure = () => false) {
    if (!this.selected.size) return;
    const there = new Set(this.rows.map((row) => row.id)), sifts = this.filter.status || this.filter.starred;
    const isShown = (id, batch) => {
      const image = sifts && this.batches[batch]?.images.find((one) => one.id === id);
      return there.has(batch) && (!sifts || (image ? this.passes(image) : !unsure(batch)));
    };
    this.unselect([...this.selected].filter(([id, batch]) => !isShown(id, batch)).map(([id]) => id));
  },
  tellSelected() {
    clearTimeout(this.tellingSelected);
    this.tellingSelected = setTimeout(() => this.tell('select', { ids: [...this.selected.keys()] }), PICK_TELL_MS);
  },
  on_selected(said) { // another view selects now; or a new one came, and asks who has something selected
    if (said.by === this.view) return;
    if (said.by) { this.selected.clear(); this.anchor = null; } else if (this.selected.size) this.tellSelected();
  },
  feedKey(event) {
    if (event.target.closest(TYPED_IN)) return;
    if (event.key === 'Escape' && this.selected.size) {
      event.preventDefault(); event.stopPropagation();
      this.clearSelected();
    } else if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'a') {
      event.preventDefault();
      this.selectAll();
    }
  },

  // An action on all of them, as many at once as one message takes; resolves to those for which it was refused.
  async askAll(action, ids, body = {}) {
    const pages = [];
    for (let at = 0; at < ids.length; at += PICK_MOST_ACTED) pages.push(ids.slice(at, at + PICK_MOST_ACTED));
    const done = await Promise.all(pages.map((page) => this.ask(action, { ids: page, ...body })));
    return pages.filter((_, at) => done[at] === undefined).flat();
  },
};
