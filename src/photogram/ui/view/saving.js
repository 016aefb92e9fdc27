// Taking files out: parts are asked for a few at a time, again where one is lost, and put together in a Blob.
const FETCH_AHEAD = 5, FETCH_AGAIN_MS = 8000, FETCH_GIVE_UP_MS = 60000, FETCH_URL_MS = 60000, FETCH_SOON_MS = 400;

class Fetching {
  // ask(part) sends for a part, ask(null) for another step of what the kernel makes first.
  constructor(ask, { step = false } = {}) {
    Object.assign(this, { ask, tells: new Set(), parts: [], count: step ? 0 : 1, next: 0, got: 0, open: new Map(), heardAt: performance.now() });
    this.done = new Promise((resolve, reject) => { this.resolve = resolve; this.reject = reject; });
    this.done.catch(() => {});
    this.timer = setInterval(() => this.look(), 1000);
    if (step) this.send(null); else this.more();
  }

  send(part) {
    this.open.set(part, performance.now());
    this.ask(part);
  }

  more() {
    while (this.open.size < FETCH_AHEAD && this.next < this.count) this.send(this.next++);
  }

  tell(at) { this.tells.forEach((tell) => tell(at)); }

  take(said, buffer) {
    this.heardAt = performance.now();
    const part = said.part ?? null;
    if (!this.open.delete(part)) return; // it came twice
    this.facts = { ...this.facts, ...said };
    if (part === null) this.tell(said.made / said.of / 2); // half of the way is that it is made
    else {
      this.parts[part] = new Blob([buffer]);
      this.got++;
    }
    if (part === null && !said.parts) return void this.send(null);
    this.count = this.facts.parts;
    if (this.got) this.tell(this.got / this.count);
    if (this.got < this.count) return this.more();
    this.stop();
    const blob = new Blob(this.parts, { type: this.facts.mime ?? 'application/zip' });
    if (blob.size === this.facts.size) this.resolve({ blob, name: this.facts.name });
    else this.reject({ kind: 'cut' });
  }

  look() {
    const now = performance.now();
    if (now - this.heardAt > FETCH_GIVE_UP_MS) return this.fail({ kind: 'silent' });
    for (const [part, at] of this.open) if (now - at > FETCH_AGAIN_MS) this.send(part);
  }

  fail(error) {
    this.stop();
    this.reject(error);
  }

  stop() {
    clearInterval(this.timer);
    this.open.clear();
  }
}

const saving = {
  // Resolves to { blob, name }: an image's file, unchanged. Who asks for it while it comes gets the same.
  fetchFull(imageId, tell) {
    return this.fetching('full', imageId, tell, (part) => this.tell('full', { id: imageId, part }));
  },
  fetching(kind, id, tell, ask) {
    const key = `${kind} ${id}`, known = this.fetches.get(key);
    const fetching = known ?? new Fetching(ask, { step: kind === 'zip' });
    fetching.tells.add(tell);
    if (!known) {
      this.fetches.set(key, fetching);
      fetching.done.catch(() => {}).finally(() => this.fetches.delete(key));
    }
    return fetching.done;
  },
  leaveFull(imageId, tell) { // who asked for it does not want it any more; nobody else may either
    const fetching = this.fetches.get(`full ${imageId}`);
    if (fetching?.tells.delete(tell) && !fetching.tells.size) fetching.fail({ kind: 'left' });
  },
  on_full(said, buffers) { this.fetches.get(`full ${said.id}`)?.take(said, buffers[0]); },
  on_zip(said, buffers) { this.fetches.get(`zip ${said.id}`)?.take(said, buffers[0]); },
  stopFetches(error = { kind: 'closed' }) { this.fetches.forEach((one) => one.fail(error)); },

  download(imageId) {
    return this.save(this.t('save.image'), 'toast.downloaded', 'toast.download_failed', (tell) => this.fetchFull(imageId, tell));
  },
  download_zip(batchId) { return this.saveZip({ batch: batchId }, 'toast.zip_downloaded', 'toast.zip_failed'); },
  download_images(ids) {
    return ids.length === 1 ? this.download(ids[0]) : this.saveZip({ ids }, 'toast.images_downloaded', 'toast.images_failed', ids.length);
  },
  async saveZip(what, good, bad, n) {
    const id = newId('zip'); // what is in it is said until it is made, its parts are asked for by its id alone
    const ask = (part) => this.tell('zip', part === null ? { id, ...what } : { id, part });
    await this.save(this.t('save.zip'), good, bad, (tell) => this.fetching('zip', id, tell, ask), n);
    this.tell('zip', { id, over: true });
  },
  // One download, from the question to the toast; what takes longer than a moment is shown as it goes.
  async save(label, good, bad, fetch, n) {
    const id = newId('save'), find = () => this.saves.find((one) => one.id === id);
    this.saves = [...this.saves, { id, label, at: 0, shown: false }];
    const soon = setTimeout(() => { find().shown = true; }, FETCH_SOON_MS);
    try {
      const { blob, name } = await fetch((at) => { find().at = Math.max(find().at, at); });
      this.offer(blob, name);
      this.toast('good', this.t(good, { n: this.n(n ?? 1) }));
    } catch (error) {
      if (!this.gone) this.toast('bad', this.t(bad, { why: this.whyNot(error) }), { error: error?.message ? error : null });
    } finally {
      clearTimeout(soon);
      this.saves = this.saves.filter((one) => one.id !== id);
    }
  },
  whyNot(error) { return error?.message ? this.told(error) : this.t(error?.kind === 'silent' ? 'save.silent' : 'save.broken'); },
  offer(blob, name) { // to the browser's own downloads
    const url = URL.createObjectURL(blob), link = document.createElement('a');
    Object.assign(link, { href: url, download: name, hidden: true });
    this.$refs.root.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), FETCH_URL_MS);
  },
};
