// What is shown: a topic, or what a search and filters let through. What was left is kept for a moment, to be there at once.
const FILTERS = ['everywhere', 'search', 'model', 'status', 'starred'];
const STATUSES = { busy: ['pending', 'processing'] };
const KEPT_TOPICS = 12, KEPT_BATCHES = 120, KEPT_PICTURES = 400, FIRST_BATCHES = 10, NEAR_BATCHES = 8, TIDY_MS = 500;
const isSameFilter = (one, other) => FILTERS.every((name) => (one[name] || '') === (other[name] || ''));

const showing = {
  isFiltered() { return FILTERS.some((name) => this.filter[name]); },
  look(topic) {
    this.shelve();
    this.show(topic);
    this.tellLook({ activate: true });
  },
  show(topic, keep = false) { // keep: what was just pressed is on its way to this topic
    const known = this.shelf.get(topic), local = keep ? this.rows.filter((row) => row.local) : [];
    Object.assign(this, { topic, filter: {}, waiting: !known && !!topic, batches: known?.batches ?? {}, made: known?.made ?? {}, rows: mergeRows(known?.rows ?? [], local) });
  },
  shelve() { // a topic that is left is there again at once when somebody comes back; the kernel then says what changed
    if (!this.topic || this.waiting || this.isFiltered()) return;
    const rows = this.rows.filter((row) => !row.local), batches = {};
    for (const { id } of rows.slice(0, FIRST_BATCHES)) if (this.batches[id]) batches[id] = this.batches[id];
    this.shelf.delete(this.topic);
    this.shelf.set(this.topic, { rows, batches, made: this.made });
    if (this.shelf.size > KEPT_TOPICS) this.shelf.delete(this.shelf.keys().next().value);
  },
  sift(changes) { // a search or a filter is set or taken off
    const filter = Object.fromEntries(Object.entries({ ...this.filter, ...changes }).filter(([, value]) => value));
    if (isSameFilter(filter, this.filter)) return;
    this.shelve();
    if (FILTERS.some((name) => filter[name])) Object.assign(this, { filter, waiting: true });
    else this.show(this.topic, true);
    this.keepSelected(() => true);
    this.tellLook();
  },
  unfilter() { this.sift(Object.fromEntries(FILTERS.map((name) => [name, '']))); },
  openThere(row) { // a batch that was found, in its own topic
    const topic = this.batches[row.id]?.topic;
    if (!topic) return;
    this.sought = row.id;
    this.look(topic);
  },
  passes(image) {
    const { status, starred } = this.filter;
    return (!status || (STATUSES[status] ?? [status]).includes(image.status)) && (!starred || !!image.starred);
  },
  shownImages(batch) { return this.filter.status || this.filter.starred ? batch.images.filter((one) => this.passes(one)) : batch.images; },
  tellLook(more) {
    this.looked = { topic: this.topic, filter: { ...this.filter }, since: this.revision, ...more };
    this.tellBeat();
  },
  nextBeat() { // an answer that is still awaited is asked for again: what changed is of no use before it
    if (this.looked) return ['look', this.looked];
    if (!this.ready) return ['hello', { lang: navigator.language }];
    return ['beat', { since: this.revision, topic: this.topic, filter: { ...this.filter } }];
  },
  tellBeat() {
    const next = this.nextBeat();
    this.noteBeat(next);
    this.tell(...next);
  },
  noteBeat(next) { this.beaten = { said: JSON.stringify(next), at: Date.now() }; },
  isBeaten() { // the same was asked just now, and its answer is on its way
    return !!this.beaten && Date.now() - this.beaten.at < BEAT_MS && this.beaten.said === JSON.stringify(this.nextBeat());
  },
  on_skeleton(said) {
    if (!said.asked && said.topic !== this.topic) { this.shelve(); this.show(said.topic, true); this.looked = null; } // another view or a cell chose it
    if (said.topic !== this.topic || !isSameFilter(said.filter, this.filter)) return;
    const rows = mergeRows(said.rows.map(readRow), this.rows.filter((row) => row.local && !said.rows.some(([id]) => id === row.id)));
    const there = new Set(rows.map((row) => row.id));
    this.around(said);
    this.rows = isSameList(rows, this.rows) ? this.rows : rows;
    this.made = readMade(said.rows);
    for (const id of Object.keys(this.batches)) if (!there.has(id)) delete this.batches[id];
    said.batches.forEach((batch) => mergeBatch(this.batches, batch));
    Object.assign(this, { revision: said.revision, looked: null, waiting: false });
    this.stale = new Set(Object.keys(this.batches)); // what was kept may have changed meanwhile
    said.batches.forEach((batch) => this.stale.delete(batch.id));
    this.tidySoon(); this.keepSelected();
    this.seek();
  },
  seek() {
    const id = this.sought;
    if (id && this.rows.some((row) => row.id === id)) this.$nextTick(() => this.$refs.feed?.goTo(id));
    this.sought = null;
  },
  on_changes(said) {
    if (this.looked || !isSameFilter(said.filter, this.filter)) return;
    if (said.since > this.revision) return void (this.isBeaten() || this.tellBeat()); // a message was lost
    if (said.topic !== this.topic && !this.filter.everywhere) return;
    this.topic = said.topic;
    const topics = new Set(this.topics.map((one) => one.id));
    this.around(said);
    this.rows = mergeRows(this.rows, said.rows.map(readRow));
    Object.assign(this.made, readMade(said.rows));
    said.batches.forEach((batch) => mergeBatch(this.batches, batch));
    said.images.forEach((image) => this.take_image(image));
    said.others.forEach((id) => this.stale.add(id));
    if (said.others.length) this.touch(this.$refs.feed?.nearRows() ?? []);
    this.revision = Math.max(this.revision, said.revision);
    const changed = new Set(said.rows.map(([id]) => id));
    this.tidySoon(); this.keepSelected((id) => changed.has(id));
    if (this.filter.everywhere && (this.topics.length !== topics.size || this.topics.some((one) => !topics.has(one.id)))) this.tellLook();
  },
  on_batches(said) {
    this.thumbs.expect(said.coming);
    said.batches.forEach((batch) => { mergeBatch(this.batches, batch); this.stale.delete(batch.id); });
    this.keepSelected();
    this.details.got(said.ids);
  },
  on_thumbs(said, buffers) {
    said.shas.forEach((sha, at) => { this.urls[sha] ||= URL.createObjectURL(new Blob([buffers[at]], { type: 'image/webp' })); });
    said.shas.forEach((sha) => { delete this.unread[sha]; });
    Object.assign(this.unread, said.unread);
    this.thumbs.got(said.ids);
    this.tidySoon();
  },
  on_used(said) { this.used = said.models; },

  // ── What is near ──────────────────────────────────────────────────────────────────────────────────────────────────
  nearBatches() {
    const near = this.$refs.feed?.nearIds();
    return (id) => !near || near.has(id) || this.looking;
  },
  tellBatches(ids) { // what of them is on the screen comes with its pictures at once
    const seen = this.filter.status || this.filter.starred ? {} : this.$refs.feed?.seenOf(new Set(ids)) ?? {};
    this.tell('batches', { ids, seen });
  },
  nearImages() { // images by their cards; what is no image is small and always wanted
    const near = new Set([...(this.$refs.root?.querySelectorAll('.pg-feed [data-id]') ?? [])].map((one) => one.dataset.id));
    return (id) => !id.startsWith('gen_') || near.has(id) || this.looking;
  },

  // ── Memory ────────────────────────────────────────────────────────────────────────────────────────────────────────
  // The feed says what it shows. What was not shown for long is dropped, and asked for again when it comes near.
  touch(rows) {
    for (const row of rows) {
      if (!row.local && (!this.batches[row.id] || this.stale.has(row.id))) this.details.want(row.id);
      this.recent.delete(row.id);
      this.recent.add(row.id);
    }
  },
  tidySoon() { this.tidying ||= setTimeout(() => { this.tidying = 0; this.tidy(); }, TIDY_MS); },
  tidy() {
    const drawn = new Set(Object.values(this.batches).flatMap((batch) => batch.images.map((one) => one.id)));
    for (const id of Object.keys(this.glimpses)) if (!drawn.has(id)) this.forgetGlimpse(id);
    const unseen = Object.keys(this.batches).filter((id) => !this.recent.has(id)), kept = [...unseen, ...this.recent];
    const drop = kept.slice(0, Math.max(0, kept.length - KEPT_BATCHES)), open = this.looking?.batch;
    for (const id of drop) {
      if (id === open) continue;
      this.recent.delete(id);
      delete this.batches[id];
    }
    if (Object.keys(this.urls).length <= KEPT_PICTURES) return;
    const wanted = new Set(this.topics.map((one) => one.cover));
    (this.form.references ?? []).forEach((one) => wanted.add(one.sha));
    this.$refs.root?.querySelectorAll('img').forEach((img) => wanted.add(img.src));
    for (const id of [...this.recent].slice(-NEAR_BATCHES)) this.batches[id]?.images.forEach((image) => wanted.add(image.sha));
    const old = Object.keys(this.urls).filter((sha) => !wanted.has(sha) && !wanted.has(this.urls[sha]));
    for (const sha of old.slice(0, Object.keys(this.urls).length - KEPT_PICTURES)) {
      URL.revokeObjectURL(this.urls[sha]);
      delete this.urls[sha];
    }
  },
};

const isSameList = (one, other) => one.length === other.length && one.every((row, at) => row.id === other[at].id && isSameRow(row, other[at]));
