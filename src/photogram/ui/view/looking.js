// Looking at one image after the other: which one is open, and the way from it through the feed.
const LOOK_AT_ONCE = 10, LOOK_LOAD_MS = 10000;

const looking = {
  open_image(imageId) {
    const batch = Object.values(this.batches).find((one) => one.images.some((image) => image.id === imageId));
    if (batch) this.looking = { id: imageId, batch: batch.id };
  },
  closeImage() {
    const was = this.looking;
    this.looking = null;
    if (was) this.$nextTick(() => this.focusImage(was));
  },
  // The focus goes to the card of the image that was looked at last, which may have left the screen since.
  async focusImage({ id, batch }) {
    const find = () => this.$refs.root?.querySelector(`.pg-feed [data-id="${id}"] button`);
    if (!find()) await this.$refs.feed?.reveal(batch, Math.max(0, this.batches[batch] ? this.shownImages(this.batches[batch]).findIndex((one) => one.id === id) : 0));
    (find() ?? this.$refs.root?.querySelector('.pg-feed'))?.focus({ preventScroll: !!find() });
  },
  madeImages(batch) { return this.shownImages(batch).filter((one) => one.status === 'success'); }, // those that can be looked at
  countMade(row) { // as its details say, or the outline where they are not here, or not any more
    const batch = this.stale.has(row.id) ? null : this.batches[row.id];
    return batch ? this.madeImages(batch).length : this.made[row.id] ?? 0;
  },
  // The next image that is made (by: 1) or the one before it (-1), in the order of the feed; null at its ends.
  async findImage({ id, batch, idx }, by) {
    const { rows } = this;
    let at = rows.findIndex((row) => row.id === batch);
    if (at < 0) return null;
    const beside = (image) => (by > 0 ? image.idx > idx : image.idx < idx);
    let images = (await this.loadImages(rows, at, by)).filter((image) => image.id !== id && beside(image));
    while (!images.length) {
      at += by;
      if (!rows[at]) return null;
      images = await this.loadImages(rows, at, by);
    }
    const found = images.at(by > 0 ? 0 : -1);
    return { id: found.id, batch: found.batch };
  },
  // The made images of a batch; where its details are not here, they come with those of the batches beyond it.
  loadImages(rows, at, by) {
    const { id } = rows[at], made = () => this.batches[id] && this.madeImages(this.batches[id]);
    if (this.batches[id] || rows[at].local) return Promise.resolve(made() ?? []);
    this.touch(Array.from({ length: LOOK_AT_ONCE }, (_, n) => rows[at + n * by]).filter(Boolean).reverse()); // the next one last: it is asked for first
    return new Promise((resolve) => {
      const end = () => { clearTimeout(timer); stop(); resolve(made() ?? []); };
      const timer = setTimeout(end, LOOK_LOAD_MS);
      const stop = this.$watch(() => !!this.batches[id], (there) => there && end(), { flush: 'sync' });
    });
  },
};
