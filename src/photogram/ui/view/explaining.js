// What went wrong, in the reader's language. The kernel's own sentences are English and say more: what is copied has them.
const explaining = {
  // { message, next } of an error as the kernel writes it: { kind, message, next_step, … }.
  explain(error) {
    const words = 'error.' + (error.kind ?? 'internal').replace(/(?!^)[A-Z]/g, '_$&').toLowerCase();
    const ours = this.lang !== 'en' || error.top_up; // a button tops up: no need to tell the code that does
    if (error.message && (!ours || !this.texts[words])) return { message: error.message, next: error.next_step ?? '' };
    const facts = Object.entries(error.facts ?? {}).map(([name, value]) => [name, this.n(value, 3)]);
    if (error.kind === 'BadParams') return { message: this.which('error.bad_params', error.message), next: '' };
    const said = { why: error.message, ...Object.fromEntries(facts) };
    return { message: this.t(words, said), next: this.t(words + '_next', said) };
  },
  told(error) {
    const { message, next } = this.explain(error);
    return [message, next].filter(Boolean).join(' ');
  },
  // A toast about an error; what it says in another language than ours can be copied as it was said.
  complain(text, error, about) {
    const copy = () => this.copy([`${error.kind}: ${error.message}`, error.next_step].filter(Boolean).join('\n'), 'toast.details_copied');
    const action = this.lang === 'en' || error.top_up ? null : { label: this.t('image.copy_details'), run: copy };
    this.toast('bad', text, { error, action, about });
  },
  // Why an image waits, or whether it may be billed; what a provider says itself is in its own words.
  note({ note, note_facts: facts }) {
    if (this.lang === 'en' || !facts) return note ?? '';
    return facts.map(([kind, at]) => this.t('note.' + kind, { at })).join(' ');
  },
  // What a parameter does: English says it for each model, another language for each name.
  help(spec) { return this.lang === 'en' ? spec.help : this.texts['help.' + spec.name] ?? spec.help; },
  // A sentence that names the settings which the kernel's own one is about.
  which(words, problem) {
    const about = this.about(problem).map((one) => this.name(one.name));
    return about.length ? this.t(words + '_of', { which: about.join(', ') }) : this.t(words);
  },
  about(problem) { return this.form.card?.controls.filter((one) => problem.match(/\w+/g)?.includes(one.name)) ?? []; },
  // What is wrong with one field of the form: a sentence of the kernel, or what its control knows to say of it.
  problem(name, problem) {
    if (!problem) return problem;
    if (this.lang === 'en') return problem.replace(/^\w+/, (first) => (this.about(first).length ? this.name(first) : first));
    if (name === 'images') return this.referenceProblem();
    const spec = this.form.card?.controls.find((one) => one.name === name);
    if (!spec || this.about(problem).length > 1) return this.which('problem.form', problem);
    const value = this.form.params[name], { min = -Infinity, max = Infinity } = spec;
    if (spec.step && value >= min && value <= max) return this.t('problem.step', { name: this.name(name), step: this.n(spec.step, 4) });
    if (['int', 'float'].includes(spec.kind)) {
      const said = { name: this.name(name), min: this.n(spec.min, 4), max: this.n(spec.max, 4), unit: spec.unit ?? '' };
      return this.t(spec.min === undefined ? (spec.max === undefined ? 'problem.value' : 'problem.most') : (spec.max === undefined ? 'problem.least' : 'problem.between'), said).trim();
    }
    if (spec.kind === 'text' && spec.max) return this.t('problem.long', { name: this.name(name), max: this.n(spec.max) });
    return this.t('problem.value', { name: this.name(name) });
  },
};
