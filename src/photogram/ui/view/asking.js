// What scrolling asks for: gathered for a moment, a few messages under way at a time, and what is far again by then is
// not asked for at all. What was asked is not asked again until it is answered, or was not for 5 s.
class Asking {
  constructor(send, { pauseMs = 16, againMs = 5000, lateMs = 1500, most = 10, open = 2, near = () => () => true } = {}) {
    Object.assign(this, { send, pauseMs, againMs, lateMs, most, open, near, wanted: new Set(), asked: new Map(), flights: [], timer: 0 });
  }

  want(id) {
    if (this.asked.has(id)) return;
    this.wanted.delete(id);
    this.wanted.add(id); // the last one wanted is where the reader is
    this.soon(this.pauseMs);
  }

  soon(ms) {
    const at = performance.now() + ms;
    if (this.timer && at >= this.due) return;
    clearTimeout(this.timer);
    this.due = at;
    this.timer = setTimeout(() => this.flush(), ms);
  }

  flush() {
    const now = performance.now();
    this.timer = 0;
    for (const [id, at] of this.asked) if (now - at > this.againMs) { this.asked.delete(id); this.wanted.add(id); }
    this.flights = this.flights.filter((one) => one.ids.size && now - one.at < this.lateMs);
    const isNear = this.near(), near = [...this.wanted].filter(isNear);
    this.wanted = new Set(near);
    while (near.length && this.flights.length < this.open) {
      const ids = near.splice(Math.max(0, near.length - this.most)); // the newest first
      ids.forEach((id) => { this.wanted.delete(id); this.asked.set(id, now); });
      this.flights.push({ ids: new Set(ids), at: now });
      this.send(ids);
    }
    if (near.length) this.soon(this.lateMs);
    else if (this.asked.size) this.soon(this.againMs);
  }

  expect(ids) { // they come without being asked for
    ids.forEach((id) => { this.wanted.delete(id); this.asked.set(id, performance.now()); });
  }

  got(ids) {
    for (const id of ids) {
      this.asked.delete(id);
      this.flights.forEach((one) => one.ids.delete(id));
    }
    if (this.wanted.size) this.soon(0);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
