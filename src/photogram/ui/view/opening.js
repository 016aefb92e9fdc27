// All of the panel that a widget's state holds, and so a saved notebook: it asks the kernel for the rest, and keeps what
// the kernel says meanwhile. `this.say` and `jupyter_take` are ipyvue's.
//@include view/ids.js
const OPENING = {opening}, AGAIN_MS = 5000, LATE_MS = 1000, SILENT_MS = 10000;
let panel = null; // its component, for all views of a page

async function unpack(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const url = URL.createObjectURL(new Blob([await new Response(stream).text()], { type: 'text/javascript' }));
  try { panel = (await import(url)).default; } finally { URL.revokeObjectURL(url); }
}

export default {
  template: `<component v-if="there" :is="panel" ref="panel" :view="view" :frame_height="frame_height" :say="say" :wake="wake" @vue:mounted="handOver"></component>
    <div v-else-if="heard" :style="{ height: frame_height + 'px', padding: '1em' }">{{ told }}</div>`,
  data: () => ({ view: newId('view'), there: !!panel, heard: true, told: '' }),
  computed: { panel() { return this.there && panel; } },
  created() {
    this.early = []; this.waits = [];
    this.heard = this.viewCtx?.getView().model.comm_live !== false; // not where a file was opened without its kernel
    if (!this.heard) return;
    this.ask(AGAIN_MS);
    const [opening, silent] = OPENING[navigator.language.slice(0, 2)] ?? OPENING.en;
    const tell = (text, ms) => this.waits.push(setTimeout(() => { this.told = text; }, ms));
    tell(opening, LATE_MS);
    tell(silent, SILENT_MS);
  },
  beforeUnmount() { this.waits.forEach(clearTimeout); this.early = null; }, // ipyvue goes on calling
  methods: {
    ask(again) { // less and less often: a kernel that is busy has it in its line
      this.say({ kind: 'hello', view: this.view, lang: navigator.language, code: !panel });
      this.waits.push(setTimeout(() => this.ask(again * 2), again));
    },
    wake() { // JupyterLab gives a lost connection up after seven tries, which may all be over in seconds
      const kernel = this.viewCtx?.getView().model.widget_manager?.kernel;
      if (kernel?.connectionStatus === 'disconnected') kernel.reconnect().catch(() => {});
    },
    async jupyter_take(message, buffers) {
      if (message.kind !== 'code') this.early ? this.early.push([message, buffers]) : this.$refs.panel?.take(message, buffers);
      else if (message.view === this.view && !this.there) {
        if (!panel) await unpack(buffers[0]);
        this.there = true;
      }
    },
    handOver() {
      this.waits.forEach(clearTimeout);
      for (const [message, buffers] of this.early) this.$refs.panel.take(message, buffers);
      this.early = null;
    },
  },
};
