// The whole file of the image that is looked at, and of those beside it: methods of the lightbox.
const fullFiles = {
  tell(at) { this.at = at; },
  async load() {
    const { id } = this.looking;
    this.failed = '';
    if (this.files[id]) return;
    this.fetching = id;
    try {
      const { blob } = await this.pg.fetchFull(id, this.tell);
      if (!this.gone && this.looking.id === id) this.files = { ...this.files, [id]: { url: URL.createObjectURL(blob), size: blob.size } };
    } catch (error) {
      if (!this.gone && this.looking.id === id) this.fail(error);
    } finally {
      if (this.fetching === id) this.fetching = null;
    }
  },
  fail(error) { this.failed = this.pg.t(this.pg.urls[this.image?.sha] ? 'look.failed' : 'look.unseen', { why: this.pg.whyNot(error) }); },
  forget() { // of what was seen only the image itself and those beside it are kept
    if (this.fetching && this.fetching !== this.looking.id) this.pg.leaveFull(this.fetching, this.tell);
    const near = this.near();
    for (const [id, { url }] of Object.entries(this.files)) if (!near.has(id)) URL.revokeObjectURL(url);
    this.files = Object.fromEntries(Object.entries(this.files).filter(([id]) => near.has(id)));
  },
  near() {
    const at = this.row, rows = this.pg.rows.slice(Math.max(0, at - 1), at + 2);
    const ids = rows.flatMap((row) => this.pg.batches[row.id]?.images ?? []).filter((one) => one.status === 'success').map((one) => one.id);
    const here = ids.indexOf(this.looking.id);
    return new Set(here < 0 ? [this.looking.id] : ids.slice(Math.max(0, here - 1), here + 2));
  },
};
