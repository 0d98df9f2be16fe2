/* What has to go on in the browser by itself: clocks, keys, sound, and saying when what is shown may be old. */
(() => {
  const BEAT_MS_MAX = 4000; // the server says every second how things stand
  let beatAt = Date.now(), ahead = 0, audio = null, sounding = "", nextTone = 0;
  const byId = (id) => document.getElementById(id);
  const now = () => Date.now() + ahead;

  function spell(ms) {
    const s = Math.floor(Math.abs(ms) / 1000), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    const two = (n) => String(n).padStart(2, "0");
    return h >= 48 ? `${Math.floor(h / 24)} d` : h ? `${h}:${two(m)}:${two(s % 60)}` : `${two(m)}:${two(s % 60)}`;
  }
  function put(element, text) { if (element.textContent !== text) element.textContent = text; }

  function tick() {
    document.querySelectorAll("[data-since]").forEach((e) => put(e, spell(now() - Number(e.dataset.since))));
    document.querySelectorAll("[data-due]").forEach((e) => {
      const left = Number(e.dataset.due) - now();
      put(e, (left < 0 ? "+" : "−") + spell(left));
      e.classList.toggle("overdue", left < 0);
      e.classList.toggle("soon", left >= 0 && left < 60000);
    });
    document.querySelectorAll("[data-clock]").forEach((e) => put(e, new Date(now()).toLocaleTimeString("en-GB")));
    const silentMs = Date.now() - beatAt, stale = window.tocsinStale || silentMs > BEAT_MS_MAX;
    document.body.classList.toggle("stale", Boolean(stale));
    const seconds = byId("stale-seconds");
    if (seconds && stale) put(seconds, seconds.dataset.text.replace("{seconds}", Math.round((window.tocsinSilentMs || 0) / 1000 + silentMs / 1000)));
    sound();
  }

  /* Two tones for level I, one for II; until somebody has acknowledged, whatever page is open. */
  function sound() {
    const siren = byId("siren"), level = siren ? siren.dataset.level : "";
    if (level !== sounding) { sounding = level; nextTone = 0; }
    document.body.classList.toggle("muted", Boolean(level) && (!audio || audio.state !== "running"));
    window.tocsinSounding = level && audio && audio.state === "running" ? level : "";
    if (!window.tocsinSounding || performance.now() < nextTone) return;
    nextTone = performance.now() + (level === "I" ? 900 : 2500);
    const tones = level === "I" ? [880, 660] : [660];
    tones.forEach((hertz, index) => {
      const at = audio.currentTime + index * 0.25, tone = audio.createOscillator(), volume = audio.createGain();
      tone.type = "square"; tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.18, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.23);
      tone.connect(volume).connect(audio.destination); tone.start(at); tone.stop(at + 0.24);
    });
  }
  function wakeAudio() {
    audio = audio || new (window.AudioContext || window.webkitAudioContext)();
    if (audio.state !== "running") audio.resume();
  }

  /* Called by the server, about once a second. */
  window.tocsinBeat = (serverMs, stale, silentMs, siren) => {
    beatAt = Date.now(); ahead = serverMs - beatAt;
    window.tocsinStale = stale; window.tocsinSilentMs = silentMs;
    if (byId("siren")) byId("siren").dataset.level = siren;
    tick();
  };

  const writing = (e) => e.target.closest("input, textarea, select, [contenteditable=true]");

  document.addEventListener("keydown", (e) => {
    wakeAudio();
    if (e.ctrlKey || e.altKey || e.metaKey || writing(e) || document.querySelector(".q-dialog")) return;
    const rows = [...document.querySelectorAll("[data-open]:not(g), [data-href], [data-row]")];
    const at = rows.indexOf(document.activeElement);
    if (["ArrowDown", "ArrowUp", "j", "k"].includes(e.key) && rows.length) {
      const step = e.key === "ArrowDown" || e.key === "j" ? 1 : -1;
      rows[Math.max(0, Math.min(rows.length - 1, at + step))].focus();
      e.preventDefault();
    } else if (e.key === "Enter" && document.activeElement?.matches("g[data-open], [data-href]")) {
      document.activeElement.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    } else {
      const wanted = [...document.querySelectorAll("[data-key]")].find((b) => b.dataset.key === e.key && b.offsetParent);
      if (wanted) { wanted.click(); e.preventDefault(); }
    }
  });
  document.addEventListener("pointerdown", wakeAudio);
  document.addEventListener("click", (e) => {
    const opened = e.target.closest("[data-open]"), href = e.target.closest("[data-href]"), act = e.target.closest("[data-act]");
    if (act) { emitEvent("act", { ...act.dataset }); e.stopPropagation(); }
    else if (href) location.href = href.dataset.href;
    else if (opened && !e.target.closest("a[href]")) location.href = `/incidents/${opened.dataset.open}`;
  });
  setInterval(tick, 250);

  /* What is drawn anew keeps the focus where it was, and its clocks do not blink. */
  let focused = "";
  const MARKS = ["data-open", "data-href", "data-act", "data-step", "data-device", "data-floor", "data-only", "data-rule", "href"];
  document.addEventListener("focusin", (e) => {
    const marks = MARKS.filter((name) => e.target.hasAttribute?.(name));
    focused = marks.map((name) => `[${name}="${CSS.escape(e.target.getAttribute(name))}"]`).join("");
    if (focused) focused = e.target.tagName.toLowerCase() + focused;
  });
  document.addEventListener("pointerdown", () => { focused = ""; });
  const drawn = (mutation) => [...mutation.addedNodes].some((node) => node.nodeType === Node.ELEMENT_NODE);
  new MutationObserver((mutations) => {
    if (!mutations.some(drawn)) return;
    tick();
    document.querySelectorAll(".q-loading-bar:not([aria-label])").forEach((bar) => bar.setAttribute("aria-label", "…"));
    if (focused && document.activeElement === document.body) document.querySelector(focused)?.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
