// The outline of the feed: one frozen row per batch, newest first; never a deep reactive tree of thousands.
function readRow([id, images, references, ratio, created]) {
  return Object.freeze({ id, images, references, ratio, created });
}

const isNewer = (one, other) => one.created > other.created || (one.created === other.created && one.id > other.id);

// Puts rows in or takes them out (a batch without images is gone); the same rows again change nothing.
function mergeRows(rows, changed) {
  const news = new Map(changed.map((row) => [row.id, row]));
  const merged = rows.filter((row) => !news.has(row.id));
  for (const row of changed) {
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
  const images = batch.images.map((image) => {
    const mine = known.images.find((one) => one.id === image.id);
    return mine ? mergeImage(mine, image) : image;
  });
  Object.assign(known, batch, { images });
}

function mergeImage(mine, image) {
  for (const name of Object.keys(mine)) if (!(name in image)) delete mine[name];
  for (const name of Object.keys(image)) {
    if (JSON.stringify(mine[name]) !== JSON.stringify(image[name])) mine[name] = image[name];
  }
  return mine;
}
