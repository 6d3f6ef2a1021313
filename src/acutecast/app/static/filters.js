// Filters of results: one form whose fields stay where they are while views change, so that the
// one in use keeps the focus. It tells the server the whole selection, as an address has it.
(function () {
  "use strict";
  const all = (node, what) => Array.from(node.querySelectorAll(what));
  const form = () => document.querySelector("form[data-filters]");
  const escaped = (value) => value.replaceAll("%", "%25").replaceAll(",", "%2C");

  // What is chosen ---------------------------------------------------------------------------
  function query() {
    const chosen = {};
    for (const field of all(form(), "select[data-name]"))
      chosen[field.dataset.name] = field.value === field.dataset.default ? "" : field.value;
    for (const list of all(form(), "[data-list]"))
      chosen[list.dataset.list] = all(list, "input:checked").map((box) => escaped(box.value)).join(",");
    return chosen;
  }
  function tell() {
    words();
    busy();
    Shiny.setInputValue("filters", query(), { priority: "event" });
  }
  function busy() {
    const shown = document.getElementById("ac-shown");
    if (shown) shown.setAttribute("aria-busy", "true");
  }
  function words() {
    for (const list of all(form(), "[data-list], [data-every-site]")) {
      const place = list.closest("details") && list.closest("details").querySelector("[data-chosen]");
      if (!place) continue;
      const boxes = all(list.closest("details"), "fieldset:not([hidden]) input[type=checkbox]:not([data-apart])");
      const names = [...new Set(boxes.filter((box) => box.checked).map((box) => box.parentNode.textContent.trim()))];
      place.textContent = names.length === 0 ? "all" : names.length <= 2 ? names.join(", ") : names.length + " chosen";
    }
    const clear = document.querySelector("[data-clear]");
    if (clear) clear.disabled = Object.values(query()).every((value) => !value);
  }

  // Sites: one list for all activity, or one for each type ----------------------------------
  const siteBoxes = (site) => all(form(), "[data-site-list] input").filter((box) => box.value === site);
  function apart(on) {
    for (const list of all(form(), "[data-site-list]")) list.hidden = !on;
    const every = form().querySelector("[data-every-site]");
    if (every) every.hidden = on;
  }
  function spread() {
    for (const box of all(form(), "[data-every-site] input"))
      for (const other of siteBoxes(box.value)) other.checked = box.checked;
  }
  function gathered() {
    for (const box of all(form(), "[data-every-site] input"))
      box.checked = siteBoxes(box.value).some((other) => other.checked);
  }

  document.addEventListener("change", (event) => {
    if (!form() || !form().contains(event.target)) return;
    const field = event.target;
    if (field.matches("[data-apart]")) {
      if (!field.checked) { gathered(); spread(); }
      apart(field.checked);
    } else if (field.closest("[data-every-site]")) spread();
    tell();
  });
  document.addEventListener("submit", (event) => {
    if (event.target === form()) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-clear]")) {
      for (const box of all(form(), "input[type=checkbox]")) if (!box.matches("[data-apart]")) box.checked = false;
      for (const field of all(form(), "select[data-name]")) field.value = field.dataset.default;
      tell();
      // A disabled button cannot keep the focus.
      const next = form().querySelector("[data-filter]:not([hidden]) select, [data-filter]:not([hidden]) summary");
      if (next) next.focus();
      return;
    }
    const link = event.target.closest("a[data-view]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link);
  });
  function open(link) {
    for (const other of document.querySelectorAll("a[data-view]")) {
      if (other === link) other.setAttribute("aria-current", "page");
      else other.removeAttribute("aria-current");
    }
    fit(link);
    busy();
    Shiny.setInputValue("view", link.dataset.view, { priority: "event" });
    const shown = document.getElementById("ac-shown");
    if (narrow.matches && shown) shown.scrollIntoView();
  }
  // Only the filters that a view uses are shown; the others keep what they say.
  function fit(link) {
    const used = link.dataset.uses.split(" ");
    for (const filter of all(form(), "[data-filter]")) filter.hidden = !used.includes(filter.dataset.filter);
    const none = form().querySelector("[data-no-filters]");
    if (none) none.hidden = all(form(), "[data-filter]:not([hidden])").length > 0;
  }

  // Runs to compare -----------------------------------------------------------------------------
  const runs = () => document.querySelector("form[data-runs]");
  document.addEventListener("submit", (event) => {
    if (!runs() || event.target !== runs()) return;
    event.preventDefault();
    const reference = runs().querySelector("input[type=radio]:checked");
    const own = (box) => reference && box.value === reference.value;
    const others = all(runs(), "input[type=checkbox]:checked").filter((box) => !own(box));
    const chosen = reference && all(runs(), "input[type=checkbox]").find(own);
    let problem = "";
    if (!reference) problem = "Choose the reference.";
    else if (!others.length) problem = "Choose at least one other run to compare with the reference.";
    else if (others.some((box) => box.dataset.dataset !== chosen.dataset.dataset))
      problem = "Choose runs of one provider: those of different providers cannot be compared.";
    else if (others.length >= Number(runs().dataset.most))
      problem = "Choose fewer: more than " + runs().dataset.most + " runs cannot be read side by side.";
    runs().querySelector("[data-runs-problem]").textContent = problem;
    if (problem) return;
    const address = new URL(location.href);
    address.searchParams.set("page", "compare");
    address.searchParams.set("runs", [reference.value, ...others.map((box) => box.value)].join(","));
    location.href = address.search;
  });

  // What to take away ---------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const take = event.target.closest("form[data-take]");
    if (!take) return;
    event.preventDefault();
    const ticked = (name) => all(take, `[name="${name}"]:checked`).map((field) => field.value).join(",");
    Shiny.setInputValue("take", {
      form: ticked("form"), others: ticked("others"), suppress: take.querySelector("[data-suppress]").value,
    }, { priority: "event" });
  });

  // Ways on take the selection with them ------------------------------------------------------
  function carry(event) {
    const link = event.target.closest && event.target.closest("a[data-carry]");
    if (!link || !form()) return;
    const address = new URL(link.href);
    for (const [name, value] of Object.entries(query()))
      if (value) address.searchParams.set(name, value); else address.searchParams.delete(name);
    link.href = address.search;
  }
  for (const kind of ["mousedown", "focusin", "click"]) document.addEventListener(kind, carry, true);

  // On narrow pages the side is folded up at first, so that the figures are near.
  const narrow = matchMedia("(max-width: 60rem)");
  if (narrow.matches) for (const part of document.querySelectorAll("details[data-fold]")) part.open = false;

  // What the server says ----------------------------------------------------------------------
  // Lists that depend on other filters are filled anew; what is chosen and still there stays so.
  function fill(field, options) {
    const before = all(field, "option").map((o) => [o.value, o.textContent]);
    if (JSON.stringify(before) === JSON.stringify(options)) return;
    const chosen = field.value;
    field.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
    field.value = options.some(([value]) => value === chosen) ? chosen : field.dataset.default;
    if (field.selectedIndex < 0) field.selectedIndex = 0;
  }
  function only(list, options) {
    const have = new Set(options.map(([value]) => value));
    for (const box of all(list, "input")) {
      const there = have.has(box.value);
      box.parentNode.hidden = !there;
      if (!there) box.checked = false;
    }
  }
  function ready() {
    Shiny.addCustomMessageHandler("acutecast-choices", (choices) => {
      if (!form()) return;
      for (const [name, options] of Object.entries(choices)) {
        const field = form().querySelector(`select[data-name="${name}"]`);
        const list = form().querySelector(`[data-list="${name}"]`);
        if (field) fill(field, options);
        else if (list) only(list, options);
      }
      words();
    });
    Shiny.addCustomMessageHandler("acutecast-download", (message) => {
      // The link and its address come with the answers that this message precedes.
      const go = (left) => {
        const link = document.getElementById(message.id);
        if (link && link.getAttribute("href")) {
          // Opened in a new tab, as the link does it, a browser may take it for an unwanted window.
          const taken = document.createElement("a");
          taken.href = link.href;
          taken.download = "";
          document.body.append(taken);
          taken.click();
          taken.remove();
        } else if (left) setTimeout(() => go(left - 1), 100);
      };
      go(100);
    });
    // A button that was pressed makes room for another one: the focus goes there, unless it has
    // already been moved elsewhere.
    Shiny.addCustomMessageHandler("acutecast-refocus", (message) => {
      const go = (left) => {
        const it = document.getElementById(message.id);
        const lost = !document.activeElement || document.activeElement === document.body;
        if (it && lost) it.focus();
        else if (left) requestAnimationFrame(() => go(left - 1));
      };
      go(60);
    });
    // Comes after the figures themselves.
    Shiny.addCustomMessageHandler("acutecast-shown", (_) => {
      const shown = document.getElementById("ac-shown");
      if (shown) shown.removeAttribute("aria-busy");
    });
    if (form()) words();
  }
  if (window.Shiny && Shiny.addCustomMessageHandler) ready();
  else document.addEventListener("DOMContentLoaded", () => (window.Shiny && Shiny.addCustomMessageHandler) ? ready() : window.jQuery(document).on("shiny:connected", ready));
})();
