// The wallet: methods of the root. Coins are Photogram's own budget; topping up moves no money.
const wallet = {
  top_up() { this.topping = true; },
  async addCoins(coins) {
    const left = await this.ask('top_up', { coins }); // asked with an id: sent again, it is done once
    if (left !== undefined) this.toast('good', this.t(left === 1 ? 'toast.topped_up_one' : 'toast.topped_up', { n: this.n(left, 1) }));
  },
};
