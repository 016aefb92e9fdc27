// Numbers of the form: methods of the root, called by its fields as `pg.nearest(spec, value)`.
const numbers = {
  nearest(spec, value) { // the allowed value that is next to this one: within the bounds, on a step
    const { min = -Infinity, max = Infinity } = spec, step = spec.step ?? (spec.kind === 'int' ? 1 : 0);
    if (!step) return Math.max(min, Math.min(max, value));
    const low = Number.isFinite(min) ? min : 0, exact = (number) => (Math.abs(number) < 1e12 ? Number(number.toPrecision(12)) : number);
    const most = Number.isFinite(max) ? Math.floor(exact((max - low) / step)) : Infinity;
    const steps = Math.max(Number.isFinite(min) ? 0 : -Infinity, Math.min(most, Math.round((value - low) / step)));
    return exact(low + steps * step);
  },
};
