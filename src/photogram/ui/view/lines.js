// The feed's lines: every height is known from the outline, so only what is near is drawn, and the scroll bar is right.
const CELL_PX = 208, GAP_PX = 8, HEAD_PX = 54, BETWEEN_PX = 16, TALLEST_PX = 300, FLATTEST_PX = 110, WIDEST_PX = 320;
const MOST_CELLS = 54, AHEAD_PX = 1400, BEHIND_PX = 350;
const countCells = (line) => (line.head ? 0 : line.to - line.from);

function countColumns(width) {
  return Math.max(2, Math.floor((width + GAP_PX) / (CELL_PX + GAP_PX)), Math.ceil(width / WIDEST_PX));
}

// { lines, height of all, at: where each batch's own line is }; nothing where there is no width yet.
function layLines(rows, width) {
  const lines = [], at = new Map(), columns = countColumns(width), cell = (width - GAP_PX * (columns - 1)) / columns;
  let top = 0;
  for (const row of width ? rows : []) {
    at.set(row.id, lines.length);
    lines.push({ key: row.id, head: true, row, top, height: HEAD_PX, from: -1, to: 0 });
    top += HEAD_PX;
    const height = Math.round(Math.min(TALLEST_PX, Math.max(FLATTEST_PX, cell / row.ratio))), cells = row.references + row.images;
    for (let from = 0; from < cells; from += columns) {
      lines.push({ key: `${row.id}-${from}`, row, from, to: Math.min(cells, from + columns), width: cell, top, height });
      top += height + GAP_PX;
    }
    top += BETWEEN_PX - GAP_PX;
  }
  return { lines, height: top, at };
}

function findLine(lines, y) { // the first one that ends below y
  let low = 0, high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].top + lines[middle].height < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

// From the first line to the one after the last that is drawn: what is seen, more ahead, a little behind.
function findBand(lines, top, end, down) {
  let from = findLine(lines, top), to = Math.min(lines.length, findLine(lines, end) + 1), cells = 0;
  for (let at = from; at < to; at++) cells += countCells(lines[at]);
  const grow = (after, px) => {
    for (;;) {
      const next = lines[after ? to : from - 1];
      if (!next || cells + countCells(next) > MOST_CELLS || (after ? next.top > end + px : next.top + next.height < top - px)) return;
      cells += countCells(next);
      if (after) to++;
      else from--;
    }
  };
  grow(down, AHEAD_PX);
  grow(!down, BEHIND_PX);
  return { from, to };
}
