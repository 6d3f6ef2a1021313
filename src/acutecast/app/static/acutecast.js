// What the browser does for the pages: charts, colour scheme, address, lost connections, drafts.
(function () {
  "use strict";
  const root = document.documentElement;
  const themes = JSON.parse(document.getElementById("ac-themes").textContent);

  // Charts -----------------------------------------------------------------------------------
  function draw(place) {
    const script = place.querySelector(":scope > script");
    if (!script || !window.vegaEmbed) return;
    const spec = JSON.parse(script.textContent);
    const target = place.querySelector(":scope > .ac-drawing") || document.createElement("div");
    target.className = "ac-drawing";
    target.style.width = "100%";
    if (!target.parentNode) place.append(target);
    if (place.acView) { place.acView.finalize(); place.acView = null; }
    const dark = root.dataset.bsTheme === "dark";
    // Expressions are interpreted, as no text may become a script (Content-Security-Policy).
    const options = { renderer: "svg", actions: false, ast: true, config: dark ? themes.dark : themes.light };
    vegaEmbed(target, spec, options).then(
      (result) => { place.acView = result; place.dataset.drawn = "yes";
        // The description stands on the outer element; a second one would be read twice.
        target.querySelectorAll("svg").forEach((svg) => { svg.setAttribute("aria-hidden", "true"); svg.removeAttribute("role"); });
        const inner = target.querySelector(".chart-wrapper, .vega-embed"); if (inner) inner.removeAttribute("role");
      },
      (error) => { place.dataset.drawn = "failed"; console.error(error); target.textContent = "The chart could not be drawn; its figures are below."; });
  }
  const inView = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { inView.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "400px" });
  function look(node) {
    if (!(node instanceof Element)) return;
    const places = node.matches(".ac-chart") ? [node] : node.querySelectorAll(".ac-chart");
    for (const place of places) if (!place.dataset.seen) { place.dataset.seen = "yes"; inView.observe(place); }
    restore(node);
  }
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) look(node);
  }).observe(document.body, { childList: true, subtree: true });

  // Colour scheme ----------------------------------------------------------------------------
  const toggle = document.getElementById("ac-theme");
  function showTheme() {
    if (toggle) toggle.setAttribute("aria-pressed", String(root.dataset.bsTheme === "dark"));
  }
  if (toggle) toggle.addEventListener("click", () => {
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("acutecast-theme", root.dataset.bsTheme);
    showTheme();
    document.querySelectorAll(".ac-chart[data-drawn]").forEach(draw);
  });
  showTheme();

  // Buttons in lists: <button data-press="input" data-value="…"> -------------------------------
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-press]");
    if (button && window.Shiny) {
      event.preventDefault();
      Shiny.setInputValue(button.dataset.press, button.dataset.value, { priority: "event" });
    }
    const copy = event.target.closest("[data-copy-link]");
    if (copy) navigator.clipboard.writeText(location.href).then(() => announce("The link is copied.", "good"));
  });
  // Fields in lists: <input data-set="input" data-path="…"> tell path and value when they change.
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-set]");
    if (field && window.Shiny) {
      const value = field.type === "checkbox" ? field.checked : field.value;
      Shiny.setInputValue(field.dataset.set, { path: field.dataset.path, part: field.dataset.part || "", value: value }, { priority: "event" });
    }
  });

  // Drafts: what was typed and not yet saved survives a lost connection and a reload -------------
  const shelf = "acutecast-drafts:" + location.pathname + "?" + new URLSearchParams(location.search).get("page") + ":" + new URLSearchParams(location.search).get("scenario");
  const read = () => JSON.parse(sessionStorage.getItem(shelf) || "{}");
  const name = (field) => field.type === "file" ? "" : field.id || (field.dataset.path ? field.dataset.path + "|" + (field.dataset.part || "") : "");
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.closest || !field.closest("[data-draft]") || !name(field)) return;
    const drafts = read();
    const marked = field.type === "checkbox" || field.type === "radio";
    // Of radio buttons of one name only the chosen one is remembered.
    if (field.type === "radio" && field.form)
      for (const other of field.form.elements) if (other.name === field.name) delete drafts[name(other)];
    drafts[name(field)] = marked ? field.checked : field.value;
    // Which revision the row showed when the draft was begun.
    const row = field.closest("[data-base]");
    if (row) drafts[name(field) + "@"] = row.dataset.base;
    sessionStorage.setItem(shelf, JSON.stringify(drafts));
  });
  // A form that the server has taken needs no drafts any more.
  document.addEventListener("acutecast-kept", (event) => {
    const drafts = read();
    for (const field of event.target.elements) delete drafts[name(field)];
    sessionStorage.setItem(shelf, JSON.stringify(drafts));
  });
  let restoring = read();
  function restore(node) {
    if (!restoring || !Object.keys(restoring).length || !node.querySelectorAll) return;
    for (const field of node.querySelectorAll("[data-draft] input, [data-draft] textarea, [data-draft] select")) {
      const key = name(field);
      if (!(key in restoring)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = restoring[key]; else field.value = restoring[key];
      const row = field.closest("[data-row]");
      if (row && key + "@" in restoring) row.dataset.base = restoring[key + "@"];
      delete restoring[key]; delete restoring[key + "@"];
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  // Only now, as what is looked at may have drafts.
  look(document.body);

  // Messages from the server -------------------------------------------------------------------
  function announce(words, kind) {
    const place = document.getElementById("ac-messages");
    if (!place) return;
    const note = document.createElement("div");
    note.className = "ac-notice ac-" + kind;
    note.textContent = words;
    place.replaceChildren(note);
  }
  function told(handler, act) { Shiny.addCustomMessageHandler(handler, act); }
  function ready() {
    told("acutecast-address", (query) => {
      const address = new URL(location.href);
      for (const [key, value] of Object.entries(query))
        if (value === "") address.searchParams.delete(key); else address.searchParams.set(key, value);
      history.replaceState(null, "", address);
    });
    told("acutecast-saved", (message) => {
      const place = document.getElementById("ac-saved");
      // The time is the reader's own.
      const at = message.failed ? "" : " " + new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
      if (place) { place.textContent = message.words + at; place.classList.toggle("ac-failed", message.failed); }
      if (!message.failed) sessionStorage.removeItem(shelf);
    });
    told("acutecast-go", (message) => { location.href = message.address; });
    told("acutecast-reload", (_) => location.reload());
    told("acutecast-focus", (message) => {
      requestAnimationFrame(() => { const it = document.getElementById(message.id); if (it) it.focus(); });
    });
  }
  if (window.Shiny && Shiny.addCustomMessageHandler) ready();
  else document.addEventListener("DOMContentLoaded", () => (window.Shiny && Shiny.addCustomMessageHandler) ? ready() : window.jQuery(document).on("shiny:connected", ready));

  // Lost connections ---------------------------------------------------------------------------
  let leaving = false;
  addEventListener("beforeunload", () => { leaving = true; });
  function lost() {
    if (leaving || document.querySelector(".ac-lost")) return;
    const bar = document.createElement("div");
    bar.className = "ac-lost";
    bar.setAttribute("role", "alert");
    bar.textContent = "The connection to the application is lost. What was saved is safe, what you typed is kept, and runs go on. Trying to connect again…";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Load again now";
    button.addEventListener("click", () => location.reload());
    bar.append(button);
    document.body.append(bar);
    const again = setInterval(() => {
      fetch("health", { cache: "no-store" }).then((answer) => {
        if (answer.ok) { clearInterval(again); location.reload(); }
      }, () => {});
    }, 2000);
  }
  window.jQuery && window.jQuery(document).on("shiny:disconnected", lost);
  if (!window.jQuery) document.addEventListener("DOMContentLoaded", () => window.jQuery(document).on("shiny:disconnected", lost));
})();

// Parts of pages that change without being made again: lists, forms, dialogues, menus, files.
(function () {
  "use strict";
  const byId = (id) => document.getElementById(id);

  // A place takes over new content, and only what differs is touched: focus, scrolling, what is
  // open and what is typed stay. Elements with an id are the same one wherever they stand.
  const idOf = (node) => (node.nodeType === 1 ? node.id : "");
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && idOf(a) === idOf(b);
  const mine = { DETAILS: ["open"], BUTTON: ["aria-expanded"] };
  function attributes(from, to) {
    const kept = mine[from.nodeName] || [];
    for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !kept.includes(name)) from.removeAttribute(name);
    for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value && !kept.includes(name)) from.setAttribute(name, value);
  }
  function takeOver(from, to) {
    const ids = new Set([...to.children].map(idOf));
    for (const child of [...from.children]) if (child.id && !ids.has(child.id)) child.remove();
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      let same = null;
      if (idOf(next)) same = [...from.children].find((child) => alike(child, next)) || null;
      else if (at && alike(at, next)) same = at;
      if (!same) { from.insertBefore(next, at); continue; }
      if (same === at) at = at.nextSibling; else from.insertBefore(same, at);
      if (same.isEqualNode(next)) continue;
      if (same.nodeType !== 1) same.data = next.data;
      else if (same.nodeName === "TIME") { if (same.dateTime !== next.dateTime) same.replaceWith(next); }
      else { attributes(same, next); takeOver(same, next); }
    }
    while (at) { const rest = at.nextSibling; at.remove(); at = rest; }
  }
  function fresh(place, html) {
    const active = document.activeElement, id = active && active.id;
    const within = place.contains(active);
    const made = place.cloneNode(false);
    made.innerHTML = html;
    takeOver(place, made);
    if (within && document.activeElement !== active) {
      const again = active.isConnected ? active : id && byId(id);
      if (again) again.focus();
    }
    times(place);
  }

  // Times come in UTC and are read in the reader's own zone.
  const format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  function times(place) {
    for (const it of place.querySelectorAll("time[data-local]")) {
      const words = format.format(new Date(it.dateTime));
      if (it.textContent !== words) it.textContent = words;
    }
  }
  times(document);

  // Forms: <form data-form="input"> tells all its fields at once; the server answers each time.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-form]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.busy || !window.Shiny) return;
    const said = {};
    for (const field of form.elements) {
      if (!field.name || field.type === "file") continue;
      if (field.type === "radio") { if (field.checked) said[field.name] = field.value; }
      else said[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    busy(form, true);
    Shiny.setInputValue(form.dataset.form, said, { priority: "event" });
  });
  function busy(form, is) {
    const button = form.querySelector("[type=submit]");
    if (is) form.dataset.busy = "yes"; else delete form.dataset.busy;
    if (!button) return;
    button.setAttribute("aria-disabled", String(is));
    if (is) { button.dataset.words = button.textContent; button.textContent = button.dataset.busyWords || "Working…"; }
    else if (button.dataset.words) button.textContent = button.dataset.words;
  }
  function answered(message) {
    const form = document.querySelector(`[data-form="${message.form}"]`);
    if (!form) return;
    busy(form, false);
    form.querySelectorAll(".ac-field-problem").forEach((it) => it.remove());
    form.querySelectorAll("[aria-invalid]").forEach((it) => { it.removeAttribute("aria-invalid"); it.removeAttribute("aria-describedby"); if (it.dataset.help) it.setAttribute("aria-describedby", it.dataset.help); });
    const place = form.querySelector(".ac-form-problems");
    if (place) place.innerHTML = message.problems;
    let first = null;
    for (const [name, words] of Object.entries(message.fields)) {
      const found = form.elements[name];
      const field = found instanceof RadioNodeList ? found[0] : found;
      if (!field) continue;
      const note = document.createElement("p");
      note.className = "ac-field-problem";
      note.id = (field.id || field.name) + "-problem";
      note.textContent = words;
      (field.closest("fieldset[data-field]") || field.closest(".ac-field") || field).append(note);
      const help = field.getAttribute("aria-describedby");
      if (help) field.dataset.help = help;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", help ? `${help} ${note.id}` : note.id);
      first = first || field;
    }
    const told = place && place.querySelector(".ac-problems");
    if (first) first.focus(); else if (told) told.focus();
    if (!message.done) return;
    form.dispatchEvent(new CustomEvent("acutecast-kept", { bubbles: true }));
    const dialog = form.closest("dialog");
    if (message.close && dialog) dialog.close();
    if (message.empty) form.reset();
  }

  // Small files: <input type="file" data-file="input"> tells the name and what is in it (Base64).
  document.addEventListener("change", (event) => {
    const field = event.target.closest("[data-file]");
    if (!field || !window.Shiny) return;
    const chosen = field.files[0], most = Number(field.dataset.most);
    const tell = (said) => Shiny.setInputValue(field.dataset.file, said, { priority: "event" });
    if (!chosen) { tell(null); return; }
    if (chosen.size > most) { tell({ name: chosen.name, size: chosen.size, content: "" }); return; }
    const reader = new FileReader();
    reader.onload = () => tell({ name: chosen.name, size: chosen.size, content: reader.result.split(",", 2)[1] || "" });
    reader.onerror = () => tell({ name: chosen.name, size: chosen.size, content: null });
    reader.readAsDataURL(chosen);
  });

  // Dialogues: <button data-dialog="id" data-value="…" data-name="…">; what has data-fill in the
  // dialogue gets the value of the button that opens it. Focus goes back where it came from.
  function open(id, from, values) {
    const dialog = byId(id);
    if (!dialog || dialog.open) return;
    const back = from || document.activeElement, backId = back && back.id;
    const given = (from && from.dataset) || {};
    for (const place of dialog.querySelectorAll("[data-fill]")) {
      const words = given[place.dataset.fill];
      if (words === undefined) continue;
      if ("value" in place) place.value = words; else place.textContent = words;
      if (place.dataset.value !== undefined) place.dataset.value = words;
    }
    for (const [key, value] of Object.entries(given)) {
      if (!key.startsWith("choose")) continue;
      const name = key.slice(6).toLowerCase();
      const radio = dialog.querySelector(`[name="${name}"][value="${value}"]`);
      if (radio) radio.checked = true;
    }
    for (const [name, value] of Object.entries(values || {})) {
      const field = dialog.querySelector(`[name="${name}"]`);
      if (field) field.value = value;
    }
    dialog.querySelectorAll(".ac-form-problems").forEach((it) => it.replaceChildren());
    dialog.showModal();
    if (window.jQuery) window.jQuery(dialog).trigger("shown");
    const chosen = dialog.querySelector("[data-select]");
    if (chosen) chosen.select();
    dialog.addEventListener("close", () => {
      const again = back && back.isConnected ? back : backId && byId(backId);
      (again || byId("main")).focus();
      if (!dialog.dataset.forget) return;
      const address = new URL(location.href);
      for (const name of dialog.dataset.forget.split(" ")) address.searchParams.delete(name);
      history.replaceState(null, "", address);
    }, { once: true });
  }
  document.addEventListener("click", (event) => {
    const item = event.target.closest("[role=menuitem]");
    const opener = event.target.closest("[data-dialog]");
    const closer = event.target.closest("[data-close]");
    const menu = event.target.closest("[data-menu]");
    if (item) shut(item.closest("[role=menu]"));
    if (opener) open(opener.dataset.dialog, item ? byId(item.dataset.opener) : opener);
    if (closer) closer.closest("dialog").close();
    if (menu) show(menu);
  });

  // Menus: <button data-menu="id" data-value="…" data-can="rename copy …"> opens the one menu of
  // a list beside itself, with what can be done to its row.
  function items(menu) { return [...menu.querySelectorAll("[role=menuitem]")].filter((it) => !it.hidden); }
  function show(opener) {
    const menu = byId(opener.dataset.menu);
    if (!menu) return;
    if (menu.matches(":popover-open")) { shut(menu); return; }
    const can = (opener.dataset.can || "").split(" ");
    for (const item of menu.querySelectorAll("[role=menuitem]")) {
      item.hidden = !can.includes(item.dataset.item);
      item.dataset.value = opener.dataset.value;
      item.dataset.opener = opener.id;
      if (item.dataset.page) item.setAttribute("href", item.dataset.page + encodeURIComponent(opener.dataset.value));
    }
    menu.setAttribute("aria-label", opener.getAttribute("aria-label") || opener.textContent);
    menu.dataset.opener = opener.id;
    menu.showPopover();
    opener.setAttribute("aria-expanded", "true");
    const room = opener.getBoundingClientRect(), size = menu.getBoundingClientRect();
    const below = room.bottom + size.height <= innerHeight || room.top < size.height;
    menu.style.top = Math.max(0, below ? Math.min(room.bottom, innerHeight - size.height) : room.top - size.height) + "px";
    menu.style.left = Math.max(0, Math.min(room.right - size.width, innerWidth - size.width)) + "px";
    const first = items(menu)[0];
    if (first) first.focus();
  }
  function shut(menu) {
    const opener = byId(menu.dataset.opener);
    if (menu.matches(":popover-open")) menu.hidePopover();
    if (opener) { opener.setAttribute("aria-expanded", "false"); opener.focus(); }
  }
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (menu.matches && menu.matches("[role=menu]") && event.newState === "closed") {
      const opener = byId(menu.dataset.opener);
      if (opener) opener.setAttribute("aria-expanded", "false");
    }
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest && event.target.closest("[role=menu]");
    if (!menu) return;
    const all = items(menu), at = all.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); all[to % all.length].focus(); }
    if (event.key === "Tab") { event.preventDefault(); shut(menu); }
  });

  // Messages with ways on: links, and buttons as [data-press].
  function offer(message) {
    const place = byId("ac-messages");
    if (!place) return;
    const note = document.createElement("div");
    if (message.html) note.innerHTML = message.html;
    else { note.className = "ac-notice ac-" + message.kind; note.textContent = message.words + " "; }
    let first = null;
    for (const action of message.actions) {
      const way = document.createElement(action.href ? "a" : "button");
      way.textContent = action.words;
      if (action.href) way.href = action.href;
      else { way.type = "button"; way.className = "ac-quiet"; way.dataset.press = action.press; way.dataset.value = action.value; }
      note.append(way, " ");
      first = first || way;
    }
    place.replaceChildren(note);
    const told = note.querySelector(".ac-problems");
    if (message.focus && (first || told)) (first || told).focus();
  }

  // Files that the server has made out of what the person may see.
  function file(message) {
    const address = URL.createObjectURL(new Blob([message.text], { type: message.type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = message.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  function ready() {
    const told = (handler, act) => Shiny.addCustomMessageHandler(handler, act);
    told("acutecast-fresh", (places) => {
      for (const [id, html] of Object.entries(places)) { const place = byId(id); if (place) fresh(place, html); }
    });
    told("acutecast-form", answered);
    told("acutecast-fault", (message) => {
      const waiting = document.querySelectorAll("[data-form][data-busy]");
      for (const form of waiting) answered({ form: form.dataset.form, problems: message.html, fields: {}, done: false });
      if (!waiting.length) offer({ html: message.html, actions: [] });
    });
    told("acutecast-offer", offer);
    told("acutecast-file", file);
    told("acutecast-dialog", (message) => open(message.id, null, message.values));
  }
  if (window.Shiny && Shiny.addCustomMessageHandler) ready();
  else document.addEventListener("DOMContentLoaded", () => (window.Shiny && Shiny.addCustomMessageHandler) ? ready() : window.jQuery(document).on("shiny:connected", ready));
})();
