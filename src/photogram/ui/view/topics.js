// Topics and what else is told beside the feed: methods of the root.
const byActivity = (one, other) => other.active_at - one.active_at || (one.id < other.id ? 1 : -1);

const topical = {
  around(said) {
    this.trouble = this.beaten = null; // the workspace was read
    for (const name of ['wallet', 'unsent']) if (name in said) this[name] = said[name];
    if (said.topics) this.takeTopics(said.topics);
    else if (said.topics_changed?.length || said.topics_gone?.length) {
      const gone = new Set([...said.topics_gone, ...said.topics_changed.map((one) => one.id)]);
      this.takeTopics([...this.topics.filter((one) => !gone.has(one.id)), ...said.topics_changed]);
    }
  },
  // What did not change stays the same object, so that only rows that did are drawn again.
  takeTopics(topics) {
    const known = new Map(this.topics.map((one) => [one.id, one]));
    const same = (one) => JSON.stringify(known.get(one.id)) === JSON.stringify(one);
    const next = topics.map((one) => (same(one) ? known.get(one.id) : Object.freeze(one))).sort(byActivity);
    if (next.length !== this.topics.length || next.some((one, at) => one !== this.topics[at])) this.topics = next;
    this.tellTitles();
  },
  // A topic that this view pressed in, and whose title then changed by itself: that is told once for each title.
  tellTitles() {
    for (const [id, before] of this.titles) {
      const topic = this.topics.find((one) => one.id === id);
      if (!topic || topic.title === before) continue;
      this.titles.set(id, topic.title);
      if (topic.by !== 'user') this.toast('', this.t('toast.titled', { title: topic.title }));
    }
  },
  watchTitle(id) {
    if (!this.titles.has(id)) this.titles.set(id, this.topics.find((one) => one.id === id)?.title ?? '');
  },
  titleOf(topic) { // an empty topic that nobody named is called so in the reader's own language
    return topic.by === 'rule' && !topic.batches ? this.t('topics.untitled') : topic.title;
  },
  // Asks for an action and waits for what it answers; undefined where it was refused, which on_refused has told, or
  // where nobody hears it.
  ask(action, body = {}) {
    if (this.closed) return Promise.resolve();
    const id = newId('ask'), message = { action, id, since: this.revision, ...body };
    return new Promise((resolve) => {
      this.asked.set(id, { resolve, message, at: Date.now() });
      this.tell('act', message);
    });
  },
  answered(id, result) {
    this.asked.get(id)?.resolve(result);
    this.asked.delete(id);
  },
  async newTopic() {
    const id = await this.ask('new_topic');
    if (!id) return;
    if (this.narrow) this.close();
    this.look(id);
    this.$nextTick(() => this.$refs.root?.querySelector('.pg-prompt textarea')?.focus());
  },
  async renameTopic(topic, title) {
    const put = (name, by) => this.takeTopics(this.topics.map((one) => (one.id === topic.id ? { ...one, title: name, by } : one)));
    if (this.titles.has(topic.id)) this.titles.set(topic.id, title); // a person's own title is no news
    put(title, 'user');
    if (!await this.ask('rename_topic', { topic: topic.id, title })) put(topic.title, topic.by);
  },
  // Resolves to true where the topic is gone. The number is what the kernel counts now, not what the list says.
  async deleteTopic(topic) {
    const found = await this.ask('count_topic', { topic: topic.id });
    if (!found) return false;
    const title = this.titleOf(topic), { images, running } = found;
    const key = images === 0 ? 'topics.delete_empty' : images === 1 ? 'topics.delete_one' : 'topics.delete_many';
    const said = await this.confirm({
      title: this.t(key, { title, n: this.n(images) }), yes: this.t('topics.delete'), danger: true,
      text: running ? this.t(running === 1 ? 'topics.delete_running_one' : 'topics.delete_running', { n: this.n(running) }) : '',
    });
    if (!said) return false;
    const shown = this.topic === topic.id;
    if (await this.ask('delete_topic', { topic: topic.id }) === undefined) return false;
    this.takeTopics(this.topics.filter((one) => one.id !== topic.id));
    const undo = async () => {
      if (await this.ask('undelete_topic', { topic: topic.id }) && shown && !this.topic) this.look(topic.id);
    };
    this.toast('good', this.t('toast.topic_deleted', { title }), { action: this.undoing(undo) });
    return true;
  },
};
