// Files on their way to the form's references, one after the other: methods of the root.
const PARTS_AHEAD = 3, UPLOAD_AGAIN_MS = 10000, UPLOAD_END_MS = 40000;

const uploading = {
  addFiles(list) {
    const files = [...list], { card, references } = this.form;
    if (!files.length || this.closed) return;
    if (!card || !card.references) { this.toast('bad', card ? this.t('refs.none', { model: card.title }) : this.t('model.gone')); return; }
    const good = this.sortOut(files, card), active = this.uploads.filter((one) => one.status !== 'failed').length;
    const there = card.references === 1 && references.length < 2 ? 0 : references.length; // an only one is replaced
    const room = Math.max(0, card.references - there - active), left = good.slice(room);
    for (const file of good.slice(0, room)) {
      const parts = Math.ceil(file.size / PART_BYTES);
      this.uploads.push({ id: newId('upload'), file, parts, name: file.name, done: 0, status: 'waiting', why: '', slow: false, preview: URL.createObjectURL(file) });
    }
    if (left.length) this.toast('bad', this.t(card.references === 1 ? 'refs.too_many_one' : 'refs.too_many', { model: card.title, n: card.references, names: nameFiles(left) }));
    this.nextUpload();
  },
  sortOut(files, card) { // what cannot be taken is said, by reason; the others go on
    const types = nameMimes(card), mb = this.n(card.max_bytes / 1048576, 1);
    const reasons = [
      ['toast.not_image', (file) => !file.type.startsWith('image/') || !file.size],
      ['toast.wrong_type', (file) => !card.mimes.includes(file.type)],
      ['toast.too_large', (file) => file.size > card.max_bytes],
    ];
    const wrong = (file) => reasons.find(([, is]) => is(file))?.[0];
    for (const [key] of reasons) {
      const bad = files.filter((file) => wrong(file) === key);
      if (bad.length) this.toast('bad', this.t(key, { name: nameFiles(bad), types, mb }));
    }
    return files.filter((file) => !wrong(file));
  },
  nextUpload() {
    if (this.flight) return;
    const upload = this.uploads.find((one) => one.status === 'waiting');
    if (upload) {
      upload.status = 'sending';
      this.flight = { id: upload.id, next: 0, answered: new Set(), waited: 0, timer: 0 };
      this.listen();
      this.sendParts();
    } else if (this.arrived) {
      this.toast('good', this.t(this.arrived === 1 ? 'toast.uploaded' : 'toast.uploaded_more', { n: this.arrived }));
      this.arrived = 0;
    }
  },
  async sendParts() {
    const { flight } = this, upload = this.findUpload(flight.id);
    while (upload && this.flight === flight && flight.next < upload.parts && flight.next - flight.answered.size < PARTS_AHEAD) await this.sendPart(upload, flight, flight.next++);
  },
  async sendPart(upload, flight, part) {
    try {
      const data = await upload.file.slice(part * PART_BYTES, (part + 1) * PART_BYTES).arrayBuffer();
      if (this.flight === flight) this.tell('upload', { id: upload.id, part, parts: upload.parts, size: upload.file.size }, [data]);
    } catch { // the file was changed or taken away meanwhile
      if (this.flight === flight) this.failUpload(upload.id, this.t('refs.unreadable'));
    }
  },
  listen() { // no answer for long: what is not answered is sent again (a part twice is one), and at last given up
    const { flight } = this;
    clearTimeout(flight.timer);
    flight.timer = setTimeout(async () => {
      const upload = this.findUpload(flight.id);
      if (this.flight !== flight || !upload) return;
      flight.waited += UPLOAD_AGAIN_MS;
      if (flight.waited >= UPLOAD_END_MS) { this.failUpload(flight.id, this.t('refs.no_answer')); return; }
      upload.slow = true;
      this.listen();
      for (let part = 0; part < flight.next; part++) if (!flight.answered.has(part)) await this.sendPart(upload, flight, part);
    }, UPLOAD_AGAIN_MS);
  },
  on_part(said) {
    const { flight } = this, upload = this.findUpload(said.id);
    if (!upload || flight?.id !== said.id) return;
    flight.answered.add(said.part);
    Object.assign(flight, { waited: 0 });
    Object.assign(upload, { done: flight.answered.size, slow: false });
    this.listen();
    this.sendParts();
  },
  on_uploaded(said) { // it may come late, after the upload was given up, and twice
    const upload = this.findUpload(said.id), { reference } = said;
    if (!upload) return;
    if (this.previews[reference.sha] || this.urls[reference.sha]) URL.revokeObjectURL(upload.preview);
    else this.previews[reference.sha] = upload.preview;
    this.uploads = this.uploads.filter((one) => one !== upload);
    this.arrived = (this.arrived || 0) + 1;
    const others = this.form.references.filter((one) => one.sha !== reference.sha);
    this.form.references = [...(this.form.card?.references === 1 && others.length < 2 ? [] : others), reference];
    this.land(said.id);
  },
  failUpload(id, why) {
    const upload = this.findUpload(id);
    if (!upload || upload.status === 'failed') return;
    Object.assign(upload, { status: 'failed', why, slow: false });
    this.toast('bad', this.t('toast.upload_failed', { why }));
    this.land(id);
  },
  retryUpload(id) {
    Object.assign(this.findUpload(id), { status: 'waiting', done: 0, why: '' });
    this.nextUpload();
  },
  cancelUpload(id) {
    const upload = this.findUpload(id);
    if (!upload) return;
    URL.revokeObjectURL(upload.preview);
    this.uploads = this.uploads.filter((one) => one !== upload);
    if (upload.status !== 'waiting') this.tell('upload', { id, cancel: true });
    this.land(id);
  },
  land(id) {
    if (this.flight?.id === id) { clearTimeout(this.flight.timer); this.flight = null; }
    this.nextUpload();
  },
  findUpload(id) { return this.uploads.find((one) => one.id === id); },
  dropPreview(sha) { // the small picture from the kernel is there
    if (this.urls[sha]) this.forgetPreview(sha);
  },
  keepPreviews(references = []) { // a press, a reuse or another view may take references out
    const kept = new Set(references.map((one) => one.sha));
    for (const sha of Object.keys(this.previews)) if (!kept.has(sha)) this.forgetPreview(sha);
  },
  forgetPreview(sha) {
    if (this.previews[sha]) URL.revokeObjectURL(this.previews[sha]);
    delete this.previews[sha];
  },
  removeReference(sha) {
    this.flush();
    this.form.references = this.form.references.filter((one) => one.sha !== sha);
    this.sayForm({ without: [...(this.unanswered?.without ?? []), sha] });
  },
  referenceProblem() { // why the form's references cannot be sent, or nothing
    const { card, references, problems } = this.form;
    if (!card || !problems.images) return '';
    const n = references.length, { title: model, references: most, needs } = card;
    if (!most) return this.t('refs.takes_none', { model });
    if (n > most) return this.t(most === 1 ? 'refs.takes_one' : 'refs.takes_fewer', { model, most, n: n - most });
    if (n < needs) return this.t(needs === 1 ? 'refs.needs_one' : 'refs.needs', { model, n: needs });
    return this.t('refs.unfit', { model, types: nameMimes(card), mb: this.n(card.max_bytes / 1048576, 1) });
  },
  tellDropped({ dropped, form }) {
    this.toast('', this.t('toast.dropped', { model: form.card?.title ?? form.model, names: dropped.map(this.name).join(', ') }));
  },
  matchSize() {
    this.flush();
    this.sayForm({ match_size: true });
  },
  stopUploads() {
    clearTimeout(this.flight?.timer);
    this.flight = null;
    this.uploads.forEach((one) => URL.revokeObjectURL(one.preview));
    this.uploads = [];
  },

  // Anywhere in the panel: dropping files, and pasting an image (pasted text stays text).
  onPaste(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || (types.includes('text/plain') && event.target.closest('input, textarea'))) return;
    event.preventDefault(); event.stopPropagation();
    this.addFiles(files);
  },
  onDrag(event) {
    if (this.ownDrag || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault(); event.stopPropagation();
    this.dragging = !this.closed;
  },
  onDragLeave(event) { if (!this.$refs.root.contains(event.relatedTarget)) this.dragging = false; },
  onDrop(event) {
    this.dragging = false;
    if (this.ownDrag || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault(); event.stopPropagation();
    this.addFiles(event.dataTransfer.files);
  },
};

const nameMimes = (card) => card.mimes.map((mime) => mime.slice(6).toUpperCase()).join(', ');

function nameFiles(files) {
  const names = files.slice(0, 3).map((file) => file.name).join(', ');
  return files.length > 3 ? `${names} +${files.length - 3}` : names;
}
