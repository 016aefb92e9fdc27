// The wallet: methods of the root. Coins are Photogram's own budget; topping up moves no money.
const COINS_PER_USD = 1000, MICROS_PER_COIN = 1000;

const wallet = {
  top_up() { this.topping = true; },
  async addCoins(coins) {
    const left = await this.ask('top_up', { coins }); // asked with an id: sent again, it is done once
    if (left !== undefined) this.toast('good', this.t(left === 1 ? 'toast.topped_up_one' : 'toast.topped_up', { n: this.n(left, 1) }));
  },
  usd(coins) { return this.t('cost.exact', { usd: (coins / COINS_PER_USD).toLocaleString(this.lang, { minimumFractionDigits: 2, maximumFractionDigits: 3 }) }); },
  worth(coins) { return `${this.t(coins === 1 ? 'wallet.coins_one' : 'wallet.coins', { n: this.n(coins, 1) })} · ${this.usd(coins)}`; },
  // ── What the form's batch would take ──────────────────────────────────────────────────────────────────────────────
  batchCoins() { return (this.form.cost ?? 0) / MICROS_PER_COIN; },
  batchCost() { // in words
    const { cost, problems } = this.form;
    return cost === null && Object.keys(problems).length ? '–' : this.money(cost, cost === null ? 'unknown' : 'estimated'); // what cannot be sent has no price
  },
  isShort() { return this.batchCoins() > this.wallet; },
};
