/* What has to go on in the browser by itself: clocks, keys, sound, and saying when what is shown may be old. */
(() => {
  const BEAT_MS_MAX = 4000; // the server says every second how things stand
  let beatAt = Date.now(), ahead = 0, zone = null, audio = null, sounding = "", nextTone = 0;
  const byId = (id) => document.getElementById(id);
  const now = () => Date.now() + ahead;

  function spell(ms) {
    const s = Math.floor(Math.abs(ms) / 1000), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    const two = (n) => String(n).padStart(2, "0");
    return h >= 48 ? `${Math.floor(h / 24)} d` : h ? `${h}:${two(m)}:${two(s % 60)}` : `${two(m)}:${two(s % 60)}`;
  }
  function put(element, text) { if (element.textContent !== text) element.textContent = text; }

  /* All that counts seconds changes at one moment of each: the page is laid out once a second, not once a clock. */
  const whole = (ms) => Math.floor(ms / 1000) * 1000;
  function tick() {
    const second = whole(now());
    document.querySelectorAll("[data-since]").forEach((e) => put(e, spell(second - whole(Number(e.dataset.since)))));
    document.querySelectorAll("[data-due]").forEach((e) => {
      const left = whole(Number(e.dataset.due)) - second;
      put(e, (left < 0 ? "+" : "−") + spell(left));
      e.classList.toggle("overdue", left < 0);
      e.classList.toggle("soon", left >= 0 && left < 60000);
    });
    if (zone !== null) document.querySelectorAll("[data-clock]").forEach((e) => {
      put(e, new Date(second).toLocaleTimeString("en-GB", { timeZone: zone || undefined }));
      if (e.title !== zone) e.title = zone;
    });
    const silentMs = Date.now() - beatAt, stale = window.tocsinStale || silentMs > BEAT_MS_MAX;
    document.body.classList.toggle("stale", Boolean(stale));
    document.body.classList.toggle("dim-beat", (second / 1000) % 2 === 1); // what nobody has taken is bright and dim in turn
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

  /* Called by the server, about once a second. `inZone`: IANA name; empty: the browser's own. */
  window.tocsinBeat = (serverMs, stale, silentMs, siren, inZone) => {
    beatAt = Date.now(); ahead = serverMs - beatAt; zone = inZone;
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

  /* What is drawn anew changes what has changed, and nothing else: a press that has begun on a button ends on it, the
     focus stays, and clocks do not blink. */
  const MARKS = ["data-open", "data-href", "data-act", "data-step", "data-device", "data-floor", "data-only", "data-rule", "href"];
  const keyOf = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    return node.id || MARKS.filter((name) => node.hasAttribute(name)).map((name) => name + node.getAttribute(name)).join();
  };
  const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName;

  function become(old, made) {
    if (old.nodeType !== Node.ELEMENT_NODE) { if (old.nodeValue !== made.nodeValue) old.nodeValue = made.nodeValue; return; }
    for (const { name } of [...old.attributes])
      if (!made.hasAttribute(name) && !(name === "open" && old.matches("details"))) old.removeAttribute(name);
    for (const { name, value } of [...made.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (!old.hasAttribute("data-since") && !old.hasAttribute("data-due")) becomeInside(old, made);
  }
  function becomeInside(old, made) {
    const known = new Map(), wanted = new Set([...made.children].map(keyOf));
    for (const child of old.children) if (keyOf(child)) known.set(keyOf(child), child);
    let at = old.firstChild;
    for (const child of [...made.childNodes]) {
      while (at && keyOf(at) && !wanted.has(keyOf(at))) { const gone = at; at = at.nextSibling; gone.remove(); }
      const key = keyOf(child), match = key ? known.get(key) : at && !keyOf(at) ? at : null;
      if (!match || !alike(match, child)) { old.insertBefore(child, at); continue; }
      known.delete(key);
      if (match === at) at = at.nextSibling; else old.insertBefore(match, at);
      become(match, child);
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  }
  const made = (holder, html) => { const range = document.createRange(); range.selectNodeContents(holder); return range.createContextualFragment(html); };

  /* Called by the server: the element of that id shows this now. */
  window.tocsinShow = (id, html) => {
    const element = byId(id);
    if (element) { becomeInside(element, made(element, html)); tick(); }
  };
  /* Called by the server: parts of a board that have changed, and their order (`parts.difference`). */
  window.tocsinPatch = (patch) => {
    const wall = byId("wall");
    if (!wall) return;
    if (Number(wall.dataset.number) !== patch.from) { location.reload(); return; }
    wall.dataset.number = patch.to;
    if (patch.look !== undefined) wall.className = patch.look;
    for (const [name, { pieces, order }] of Object.entries(patch.holders || {})) {
      const holder = wall.querySelector(`[data-parts="${CSS.escape(name)}"]`);
      const known = new Map([...holder.children].map((child) => [child.id, child]));
      for (const [id, html] of Object.entries(pieces)) {
        const fresh = made(holder, html).firstElementChild, old = known.get(id);
        if (old && alike(old, fresh)) become(old, fresh);
        else { if (old) old.replaceWith(fresh); else holder.append(fresh); known.set(id, fresh); }
      }
      if (!order) continue;
      let at = holder.firstElementChild;
      for (const id of order) { const child = known.get(id); if (child === at) at = at.nextElementSibling; else holder.insertBefore(child, at); }
      while (at) { const gone = at; at = at.nextElementSibling; gone.remove(); }
    }
    tick();
  };

  let focused = "";
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
