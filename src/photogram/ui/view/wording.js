// Words and numbers in the reader's language: methods of the root, called by its components as `pg.t(…)`.
const wording = {
  t(key, said = {}) {
    return (this.texts[key] ?? '').replace(/\{(\w+)\}/g, (_, name) => said[name] ?? '');
  },
  n(number, digits = 0) { return Number(number).toLocaleString(this.lang, { maximumFractionDigits: digits }); },
  name(param) { return this.texts['param.' + param] ?? (param[0].toUpperCase() + param.slice(1)).replaceAll('_', ' '); },
  choice(param, value) { // one of a parameter's values
    if (typeof value === 'boolean') return this.t(value ? 'param.on' : 'param.off');
    if (typeof value !== 'string') return this.n(value, 6);
    if (this.texts['choice.' + value]) return this.t('choice.' + value);
    if (param === 'output_format') return value.toUpperCase();
    const spaced = value.replaceAll('_', ' ').replace(/([a-z])-(?=[a-z])/g, '$1 ');
    return /^[a-z]+( |$)/.test(spaced) ? spaced[0].toUpperCase() + spaced.slice(1) : spaced;
  },
  money(micros, source) {
    if (!micros) return this.t(source === 'unknown' ? 'cost.unknown' : 'cost.free');
    const usd = (micros / 1e6).toLocaleString(this.lang, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
    return this.t(source === 'reported' ? 'cost.exact' : 'cost.about', { usd });
  },
  ago(created) {
    const now = this.now + this.skew, minutes = Math.floor((now - created) / 60000), hours = Math.floor(minutes / 60);
    if (minutes < 1) return this.t('time.now');
    if (minutes < 60) return this.t('time.minutes', { n: minutes });
    const midnight = (moment) => new Date(moment).setHours(0, 0, 0, 0), days = Math.round((midnight(now) - midnight(created)) / 86400000);
    if (days === 0 || hours < 6) return this.t('time.hours', { n: hours });
    if (days === 1) return this.t('time.yesterday');
    return new Date(created).toLocaleDateString(this.lang, { day: 'numeric', month: 'short', year: 'numeric' });
  },
};
