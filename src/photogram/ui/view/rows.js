// The outline of the feed: one frozen row per batch, newest first; never a deep reactive tree of thousands.
function readRow([id, images, references, ratio, created]) {
  return Object.freeze({ id, images, references, ratio, created });
}

// How many images of each batch are made: not in the rows, which stay as they are while images land.
const readMade = (rows) => Object.fromEntries(rows.map((row) => [row[0], row[5]]));

const isNewer = (one, other) => one.created > other.created || (one.created === other.created && one.id > other.id);
const isSameRow = (one, other) => !other.local === !one.local && ['images', 'references', 'ratio', 'created'].every((name) => one[name] === other[name]);

// Puts rows in or takes them out (a batch without images is gone). The same rows again change nothing: it returns the
// very list that it was given, so that nothing is drawn.
function mergeRows(rows, changed) {
  if (!changed.length) return rows;
  const known = new Map(rows.map((row) => [row.id, row]));
  const news = changed.filter((row) => (row.images ? !known.has(row.id) || !isSameRow(known.get(row.id), row) : known.has(row.id)));
  if (!news.length) return rows;
  const ids = new Set(news.map((row) => row.id));
  const merged = rows.filter((row) => !ids.has(row.id));
  for (const row of news) {
    if (!row.images) continue;
    let low = 0;
    let high = merged.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isNewer(merged[middle], row)) low = middle + 1;
      else high = middle;
    }
    merged.splice(low, 0, row);
  }
  return merged;
}

// Updates in place: a component that shows one image is drawn again only if that image changed.
function mergeBatch(batches, batch) {
  const known = batches[batch.id];
  if (!known) {
    batches[batch.id] = batch;
    return;
  }
  const mine = new Map(known.images.map((image) => [image.id, image]));
  const images = batch.images.map((image) => (mine.has(image.id) ? mergeImage(mine.get(image.id), image) : image));
  const same = images.length === known.images.length && images.every((image, at) => image.id === known.images[at].id);
  mergeImage(known, { ...batch, images: same ? known.images : images }, ['images']);
  if (!same) known.images = images;
}

function mergeImage(mine, image, apart = []) {
  for (const name of Object.keys(mine)) if (!(name in image)) delete mine[name];
  for (const name of Object.keys(image)) {
    if (!apart.includes(name) && !isSame(mine[name], image[name])) mine[name] = image[name];
  }
  return mine;
}

const isSame = (one, other) => one === other || (typeof one === 'object' && typeof other === 'object' && JSON.stringify(one) === JSON.stringify(other));
