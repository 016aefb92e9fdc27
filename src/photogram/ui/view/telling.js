// What the user is told and asked: methods of the root, called by its components as `pg.toast(…)` and `await pg.confirm(…)`.
const MOST_TOASTS = 4, TYPED_IN = 'input:not([type=checkbox], [type=range]), textarea, select';

const telling = {
  // kind: '', 'good' or 'bad'. What carries an error or an action (`{ label, run }`, such as Undo) stays longer; what it
  // is about may be settled before its time is over.
  toast(kind, text, { error = null, action = null, about = '' } = {}) {
    const toast = Object.freeze({ id: newId('toast'), kind, text, error, action, about });
    const others = this.toasts.filter((one) => action || one.action || one.kind !== kind || one.text !== text); // said again is said once
    this.toasts = [...others.slice(1 - MOST_TOASTS), toast];
    return toast.id;
  },
  dismiss(id) { this.toasts = this.toasts.filter((one) => one.id !== id); },
  settle(about) { this.toasts = this.toasts.filter((one) => one.about !== about); },
  runToast(toast) { this.dismiss(toast.id); toast.action.run(); },
  undoing(run) { return { label: this.t('toast.undo'), run, undoes: true }; }, // the action of a toast, for the key too
  undoByKey(event) { // Ctrl+Z: a toast is far from where one reads, and soon gone
    const keys = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'z';
    if (!keys || this.question || this.topping || event.target.closest(TYPED_IN)) return;
    const toast = this.toasts.findLast((one) => one.action?.undoes);
    if (!toast) return;
    event.preventDefault();
    this.runToast(toast);
  },
  onMac() { return /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform); },
  // Resolves to true only where the user says yes; a second question answers the first with no.
  confirm({ title, text = '', yes, danger = false }) {
    this.question?.answer(false);
    const before = document.activeElement;
    return new Promise((resolve) => {
      const question = { title, text, yes, danger, before, answer: (said) => {
        if (this.question?.answer === question.answer) this.question = null;
        resolve(said);
      } };
      this.question = question;
    });
  },
};

// Keeps Tab inside a box: `@keydown.tab="keepFocusIn($el, $event)"` through `pg.keepFocusIn`.
const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex="-1"])';

function listFocusable(box) {
  return [...box.querySelectorAll(FOCUSABLE)].filter((one) => one.getClientRects().length && one.tabIndex >= 0);
}

telling.keepFocusIn = function keepFocusIn(box, event) {
  const all = listFocusable(box), at = all.indexOf(document.activeElement);
  const next = event.shiftKey ? (at <= 0 ? all.length - 1 : at - 1) : (at + 1) % all.length;
  event.preventDefault();
  (all[next] ?? box).focus();
};
