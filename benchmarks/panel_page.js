// What the page itself measures, for panel.py. Nothing here knows the panel but by what it draws.
const frame = () => new Promise(requestAnimationFrame), rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const feed = () => document.querySelector('.pg-feed');
const find = (where, text) => [...document.querySelectorAll(where)].find((one) => text.test(one.getAttribute('aria-label') ?? one.textContent));

window.seen = () => { // places for pictures that are on the screen
  const box = feed().getBoundingClientRect();
  return [...document.querySelectorAll('.pg-feed .pg-cell')].filter((cell) => {
    const { top, bottom } = cell.getBoundingClientRect();
    return bottom > box.top + 1 && top < box.bottom - 1;
  });
};
window.isDrawn = (cell) => cell.querySelector('img')?.complete && cell.querySelector('img').naturalWidth > 0;
window.settled = async (limit = 20000) => { // milliseconds until every one has its picture
  const started = performance.now();
  for (;;) {
    const took = performance.now() - started, cells = feed() ? window.seen() : [];
    if (cells.length && cells.every(window.isDrawn)) return took;
    if (took > limit) return null;
    await frame();
  }
};

// How long a place stays without its picture while something scrolls; a skeleton is a blank.
window.blanks = () => {
  const open = new Map();
  let worst = 0, cells = 0, on = true;
  const place = (cell) => { // in the list, not on the screen: the same place may be drawn anew
    const { left, top } = cell.getBoundingClientRect(), list = document.querySelector('.pg-lines').getBoundingClientRect();
    return `${Math.round(left - list.left)} ${Math.round(top - list.top)}`;
  };
  const look = () => {
    const now = performance.now(), blank = new Set(window.seen().filter((cell) => !window.isDrawn(cell)).map(place));
    cells = Math.max(cells, document.querySelectorAll('.pg-feed .pg-cell').length);
    for (const one of blank) if (!open.has(one)) open.set(one, now);
    for (const [one, since] of [...open]) {
      worst = Math.max(worst, now - since);
      if (!blank.has(one)) open.delete(one);
    }
    if (on) requestAnimationFrame(look);
  };
  look();
  return () => { on = false; return { worst, cells }; };
};
window.jump = async (part) => { // to a part of the list's height
  const end = window.blanks();
  feed().scrollTop = part * feed().scrollHeight;
  for (let frames = 0; frames < 4; frames++) await frame();
  await window.settled();
  await frame();
  return end();
};
window.walk = async ({ steps, pause, by }) => {
  const end = window.blanks();
  for (let step = 0; step < steps; step++) { feed().scrollTop += by; await rest(pause); }
  await window.settled();
  return end();
};
window.roam = async (times) => {
  for (let at = 0; at < times; at++) { feed().scrollTop = ((at * 7919) % 100) / 100 * feed().scrollHeight; await rest(120); }
  feed().scrollTop = 0;
  await window.settled();
  await rest(1000);
};

window.star = async (number) => { // how many cards are drawn again for it
  const cards = new Set(), card = document.querySelectorAll('.pg-feed .pg-card[data-id]')[number];
  const watcher = new MutationObserver((all) => all.forEach(({ target }) => {
    const one = (target.closest ? target : target.parentElement).closest('.pg-card');
    if (one) cards.add(one);
  }));
  watcher.observe(feed(), { subtree: true, childList: true, attributes: true, characterData: true });
  [...card.querySelectorAll('button')].find((one) => /star/i.test(one.getAttribute('aria-label'))).click();
  await rest(900);
  watcher.disconnect();
  return cards.size;
};
window.switchTo = async (title) => { // milliseconds until other rows are drawn
  const first = () => document.querySelector('.pg-feed .pg-said')?.textContent, before = first(), started = performance.now();
  [...document.querySelectorAll('.pg-topics button')].find((one) => one.textContent.includes(title)).click();
  while ((!first() || first() === before) && performance.now() - started < 5000) await frame();
  return performance.now() - started;
};
window.press = async () => { // milliseconds until there are placeholders
  const waits = () => document.querySelectorAll('.pg-feed .pg-wait').length, before = waits(), started = performance.now();
  find('.pg-prompt button', /^\s*Generate/).click();
  while (waits() === before) await frame();
  return performance.now() - started;
};
window.clickAway = async () => { // folds and unfolds the topics until it is told to stop
  const isOpen = () => !!document.querySelector('.pg-side.right');
  window.latencies = [];
  window.clicking = true;
  while (window.clicking) {
    const before = isOpen(), started = performance.now();
    find('.pg-prompt button', /topics/i).click();
    while (isOpen() === before && performance.now() - started < 3000) await frame();
    await frame(); // painted
    window.latencies.push(performance.now() - started);
    await rest(100);
  }
};
