// What the list of models says of each: methods of the picker.
const modelLines = {
  model(one) {
    return { kind: 'model', key: one.address, title: one.title, hint: one.address, price: this.price(one.micros), keyless: !one.key, retiring: this.retirement(one) };
  },
  other(one, none) { // the line of a provider that takes any model's id
    const address = `${one.provider}:${this.rest}`;
    if (this.rest && (this.asked === one.provider || (none && !this.asked))) {
      if (this.models.some((known) => known.address === address)) return null;
      return { kind: 'use', key: address, title: this.pg.t('model.use', { id: this.rest, provider: one.provider }), hint: address, icon: 'mdi-arrow-right', keyless: !one.key };
    }
    if (this.asked || (this.rest && !one.provider.includes(this.rest.toLowerCase()))) return null;
    return { kind: 'ask', key: one.address, title: this.pg.t('model.other', { provider: one.provider }), icon: 'mdi-pencil-outline', provider: one.provider };
  },
  retirement({ retires }) {
    if (!retires) return '';
    const said = { on: new Date(`${retires.on}T12:00`).toLocaleDateString(this.pg.lang, { day: 'numeric', month: 'long', year: 'numeric' }), model: retires.successor };
    return [this.pg.t(retires.past ? 'model.retired' : 'model.retires', said), retires.successor && this.pg.t('model.successor', said)].filter(Boolean).join(' ');
  },
  price(micros) {
    if (micros === undefined) return '';
    if (!micros) return this.pg.t(micros === null ? 'model.no_price' : 'cost.free');
    return this.pg.t('cost.exact', { usd: (micros / 1e6).toLocaleString(this.pg.lang, { minimumFractionDigits: 2, maximumFractionDigits: micros < 10000 ? 6 : 4 }) });
  },
};
