// What scrolling asks for is gathered for a moment and asked for at once; what was asked is not asked again for 5 s.
class Asking {
  constructor(send, { pauseMs = 30, againMs = 5000, most = 10 } = {}) {
    Object.assign(this, { send, pauseMs, againMs, most, wanted: new Set(), asked: new Map(), timer: 0 });
  }

  want(id) {
    if (performance.now() - (this.asked.get(id) ?? -Infinity) < this.againMs) return;
    this.wanted.add(id);
    this.timer ||= setTimeout(() => this.flush(), this.pauseMs);
  }

  flush() {
    this.timer = 0;
    const ids = [...this.wanted];
    this.wanted.clear();
    ids.forEach((id) => this.asked.set(id, performance.now()));
    for (let at = 0; at < ids.length; at += this.most) this.send(ids.slice(at, at + this.most));
  }

  got(id) {
    this.asked.delete(id);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
