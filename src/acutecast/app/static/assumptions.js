// The page of assumptions: rows of fields that save themselves, the table of TPMAs, bulk edits.
(function () {
  "use strict";
  const root = document.getElementById("ac-assumptions");
  if (!root) return;
  const by = (id) => document.getElementById(id);
  // The newest revision of which the page has heard.
  let heardOf = 0;
  const revision = () => Math.max(heardOf, Number(by("ac-body")?.dataset.revision || 0));
  function tell(name, value) {
    if (window.Shiny && Shiny.setInputValue) Shiny.setInputValue(name, value, { priority: "event" });
  }

  // Rows -------------------------------------------------------------------------------------
  const rowOf = (node) => node.closest("[data-row]");
  const controls = (row) => row.querySelectorAll("[data-part]");
  const held = (field) => (field.type === "checkbox" ? (field.checked ? "yes" : "no") : field.value);
  const rowsOf = (key) => [...root.querySelectorAll("[data-row]")].filter((row) => row.dataset.row === key);
  function put(field, value) {
    if (field.type === "checkbox") field.checked = value === "yes"; else field.value = value;
  }
  function initial(field) {
    if (field.type === "checkbox") return field.defaultChecked ? "yes" : "no";
    if (field.tagName !== "SELECT") return field.defaultValue;
    const chosen = [...field.options].find((option) => option.defaultSelected) || field.options[0];
    return chosen ? chosen.value : "";
  }
  const saved = (field) => ("saved" in field.dataset ? field.dataset.saved : initial(field));
  const dirty = (row) => [...controls(row)].some((field) => held(field) !== saved(field));

  function send(row, changed, more) {
    const parts = {};
    for (const field of controls(row)) if (!field.readOnly || field.dataset.part === changed) parts[field.dataset.part] = held(field);
    tell("ac_edit", { row: row.dataset.row, parts, changed, base: Number(row.dataset.base || revision()), ...more });
  }
  // What is typed is compared with what stood here when it was begun, also after a reload.
  root.addEventListener("input", (event) => {
    const row = event.target.dataset.part && rowOf(event.target);
    if (row && !row.dataset.base) row.dataset.base = revision();
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.dataset || !field.dataset.part || !root.contains(field)) return;
    const row = rowOf(field);
    shape(row);
    send(row, field.dataset.part);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clear],[data-mine],[data-theirs]");
    if (!button || !root.contains(button)) return;
    const row = rowOf(button);
    if ("theirs" in button.dataset) tell("ac_theirs", row.dataset.row);
    else if ("mine" in button.dataset) send(row, row.dataset.changed || "", { force: true });
    else {
      for (const field of controls(row)) if (field.tagName !== "SELECT") put(field, "");
      send(row, "", { clear: true });
    }
  });

  // Fields that a distribution or a time profile needs.
  function shape(row) {
    if (!row || !("full" in row.dataset)) return;
    for (const [name, part] of [["forKind", "kind"], ["forProfile", "profile"]]) {
      const select = row.querySelector(`[data-part=${part}]`);
      const attribute = part === "kind" ? "data-for-kind" : "data-for-profile";
      if (select) for (const node of row.querySelectorAll(`[${attribute}]`))
        node.hidden = !node.dataset[name].split(" ").includes(select.value);
    }
  }

  function note(row, ...content) {
    const place = row.querySelector(".ac-row-notes");
    if (place) place.replaceChildren(...content);
  }
  function says(words, kind) {
    const line = document.createElement("p");
    line.className = kind;
    line.textContent = words;
    return line;
  }
  function button(words, name) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "ac-quiet";
    made.dataset[name] = "";
    made.textContent = words;
    return made;
  }
  function fill(row, message, skipFocused) {
    for (const field of controls(row)) {
      const value = (message.parts || {})[field.dataset.part];
      if (value === undefined) continue;
      const kept = skipFocused && field === document.activeElement && held(field) !== message.sent?.[field.dataset.part];
      field.dataset.saved = value;
      if (!kept) put(field, value);
    }
    const said = row.querySelector(".ac-said");
    if (said && message.words !== undefined) said.textContent = message.words || said.dataset.none || "";
    const remaining = row.querySelector(".ac-remaining");
    if (remaining && message.remaining !== undefined) remaining.textContent = message.remaining;
    if (message.set !== undefined) row.dataset.stated = message.set ? "yes" : "";
    const cell = row.querySelector("[data-sort-set]");
    if (cell && message.order !== undefined) cell.dataset.sort = message.order;
    shape(row);
  }
  function invalid(row, parts) {
    row.classList.toggle("ac-invalid", parts.length > 0);
    for (const field of controls(row)) {
      const wrong = parts.includes(field.dataset.part);
      if (wrong) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
    }
  }
  function answer(row, message) {
    if (message.state === "problem") {
      invalid(row, message.wrong && message.wrong.length ? message.wrong : ["*"]);
      return note(row, says(message.note, "ac-field-problem"));
    }
    if (message.state === "hint") { invalid(row, []); return note(row, says(message.note, "ac-help")); }
    if (message.state === "same") { delete row.dataset.base; invalid(row, []); return note(row); }
    if (message.state === "conflict") {
      row.dataset.changed = message.changed;
      const panel = document.createElement("div");
      panel.className = "ac-notice ac-warning ac-conflict";
      panel.setAttribute("role", "group");
      panel.setAttribute("aria-label", "Two people changed this");
      panel.append(says(message.note, "ac-conflict-words"), button("Keep theirs", "theirs"), button("Use mine", "mine"));
      return note(row, panel);
    }
    // Somebody is at it: what they type is compared with what stood here when they began.
    if (message.state === "update" && (dirty(row) || row.querySelector(".ac-conflict"))) {
      if (!row.dataset.base) row.dataset.base = message.before;
      return;
    }
    delete row.dataset.base;
    invalid(row, []);
    fill(row, message, message.state === "saved");
    note(row, ...(message.note ? [says(message.note, "ac-help")] : []));
  }
  function heard(message) {
    for (const told of message.rows || []) for (const row of rowsOf(told.row)) answer(row, { before: revision(), ...told });
    heardOf = Math.max(heardOf, message.revision || 0);
    for (const [section, count] of Object.entries(message.counts || {})) {
      const place = root.querySelector(`[data-count="${section}"]`);
      if (place) place.textContent = count;
    }
    if (message.others) others(message.others);
    // What is typed and not saved goes back on the shelf, which saving something else cleared.
    for (const row of root.querySelectorAll("[data-row]")) if (dirty(row))
      for (const field of controls(row)) if (held(field) !== saved(field)) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function others(told) {
    const place = by("ac-others");
    if (!place) return;
    const box = document.createElement("details");
    box.className = "ac-notice";
    const title = document.createElement("summary");
    title.textContent = `${told.words}: show`;
    const list = document.createElement("ul");
    for (const line of told.lines) { const item = document.createElement("li"); item.textContent = line; list.append(item); }
    box.append(title, list);
    place.replaceChildren(box);
  }

  // The table of TPMAs ---------------------------------------------------------------------------
  const filters = () => [...root.querySelectorAll("[data-sift]")];
  const marks = () => [...root.querySelectorAll("[data-mark]")];
  function matches(row, wishes) {
    return wishes.every(([name, wanted]) => {
      if (name === "find") return wanted.split(/\s+/).every((word) => row.dataset.find.includes(word));
      if (name === "only") return wanted === "set" ? row.dataset.stated === "yes" : wanted === "unset" ? row.dataset.stated !== "yes" : row.dataset[wanted] === "yes";
      return (row.dataset[name] || "").toLowerCase() === wanted;
    });
  }
  function sift() {
    const rows = [...root.querySelectorAll("tr[data-find]")];
    if (!rows.length) return;
    const wishes = filters().map((field) => [field.dataset.sift, field.value.trim().toLowerCase()]).filter(([, wanted]) => wanted);
    let shown = 0;
    for (const row of rows) { row.hidden = !matches(row, wishes); if (!row.hidden) shown += 1; }
    for (const group of root.querySelectorAll("[data-sift-group]")) {
      const left = [...group.querySelectorAll("tr[data-find]")].some((row) => !row.hidden);
      group.hidden = !left;
      if (left && wishes.length) group.open = true;
    }
    const place = by("ac-sifted");
    if (place) place.textContent = shown === rows.length ? `All ${rows.length} are shown.` : `${shown} of ${rows.length} are shown.`;
    chosen();
  }
  function recall() {
    for (const field of filters()) {
      const told = new URL(location.href).searchParams.get(field.dataset.sift);
      if (told !== null) field.value = told;
    }
  }
  function remember() {
    const address = new URL(location.href);
    for (const field of filters()) {
      if (field.value) address.searchParams.set(field.dataset.sift, field.value); else address.searchParams.delete(field.dataset.sift);
    }
    history.replaceState(null, "", address);
  }
  function sortBy(head) {
    const index = [...head.parentNode.children].indexOf(head);
    const now = head.getAttribute("aria-sort");
    const up = now ? now === "descending" : head.dataset.first === "up";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const key = (row) => { const cell = row.cells[index]; return "sort" in cell.dataset ? cell.dataset.sort : cell.textContent.trim(); };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : Number(a) - Number(b);
      return up ? order : -order;
    });
    body.append(...rows.map(([, row]) => row));
  }
  root.addEventListener("input", (event) => {
    if (event.target.matches("[data-sift]")) { sift(); remember(); }
    else if (event.target.closest("#ac-bulk")) chosen();
  });
  root.addEventListener("change", (event) => {
    if (event.target.matches("[data-mark-all]")) {
      for (const mark of marks()) if (!mark.closest("tr").hidden) mark.checked = event.target.checked;
      chosen();
    } else if (event.target.matches("[data-mark]")) chosen();
  });
  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-sorts]");
    if (pressed) sortBy(pressed.closest("th"));
    if (event.target.closest("[data-set-all]")) {
      const shown = [...root.querySelectorAll("tr[data-hrg]")].filter((row) => !row.hidden).map((row) => row.dataset.hrg);
      tell("ac_hrgs", { choice: by("ac-hrg-choice").value, hrgs: shown });
    }
    if (event.target.closest("[data-clear-all]")) tell("ac_hrgs", { choice: "", all: true });
    const adding = event.target.closest("[data-add-button]");
    if (adding) {
      const form = adding.closest("[data-add]");
      const parts = {};
      for (const field of form.querySelectorAll("[data-add-part]")) parts[field.dataset.addPart] = field.value;
      tell("ac_add", { what: form.dataset.add, of: form.dataset.addOf, parts });
    }
    if (event.target.closest("#ac-bulk-apply")) tell("ac_bulk", request());
    const link = event.target.closest("[data-keep]");
    // Links from the table keep its filters, so that the way back leads to the same rows.
    if (link) link.href = new URL(link.href, location.href).search + [...new URL(location.href).searchParams].filter(([name]) => link.dataset.keep.split(" ").includes(name)).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("");
  });

  // Bulk edits -------------------------------------------------------------------------------------
  const marked = () => marks().filter((mark) => mark.checked);
  function request() {
    const said = { keys: marked().map((mark) => mark.value) };
    for (const field of by("ac-bulk").querySelectorAll("[data-bulk]")) said[field.dataset.bulk] = held(field);
    return said;
  }
  let asking = 0;
  function chosen() {
    const bulk = by("ac-bulk");
    if (!bulk) return;
    const all = marked();
    const hidden = all.filter((mark) => mark.closest("tr").hidden).length;
    by("ac-chosen").textContent = all.length ? `${all.length} chosen${hidden ? `, ${hidden} of them not shown now` : ""}.` : "None is chosen.";
    for (const node of bulk.querySelectorAll("[data-when-chosen]")) node.hidden = !all.length;
    const how = bulk.querySelector("[data-bulk=how]").value;
    for (const node of bulk.querySelectorAll("[data-for-how]")) node.hidden = !node.dataset.forHow.split(" ").includes(how);
    clearTimeout(asking);
    asking = setTimeout(() => tell("ac_bulk_ask", request()), 150);
  }
  function planned(message) {
    const place = by("ac-planned");
    if (!place) return;
    place.textContent = message.words;
    place.className = message.wrong ? "ac-field-problem" : "";
    by("ac-bulk-apply").disabled = !message.count;
    by("ac-bulk-apply").textContent = message.count ? `Change ${message.count}` : "Change";
    if (message.done) {
      by("ac-bulk-done").textContent = message.words;
      place.textContent = ""; for (const mark of marks()) mark.checked = false; const all = root.querySelector("[data-mark-all]"); if (all) all.checked = false; chosen(); }
  }
  function notAdded(message) {
    for (const form of root.querySelectorAll("[data-add]"))
      if (form.dataset.add === message.what && form.dataset.addOf === message.of) form.querySelector("[data-add-problem]").textContent = message.words;
  }
  function cells(message) {
    for (const [key, columns] of Object.entries(message.rows))
      for (const row of rowsOf(key)) for (const [name, cell] of Object.entries(columns)) {
        const place = row.querySelector(`[data-cell="${name}"]`);
        if (place) { place.textContent = cell.text; if (cell.sort !== undefined) place.dataset.sort = cell.sort; }
      }
  }

  // Beginning --------------------------------------------------------------------------------------
  function arrived() {
    const keys = [...new Set([...root.querySelectorAll("[data-row]")].map((row) => row.dataset.row))];
    tell("ac_rows", keys);
    root.querySelectorAll("[data-full]").forEach(shape);
    if ("readonly" in root.dataset) for (const field of root.querySelectorAll("[data-part],[data-bulk],[data-mark],[data-add-part],[data-clear],[data-add-button],[data-set-all],[data-clear-all],[data-press]")) field.disabled = true;
    recall();
    sift();
    // What was being typed when the section was made anew goes on being typed.
    for (const field of root.querySelectorAll("[data-part]")) {
      const row = rowOf(field);
      const key = row && `${row.dataset.row}|${field.dataset.part}`;
      if (key in unsaved) { put(field, unsaved[key].value); row.dataset.base = unsaved[key].base; }
      if (key && key === focused && (!document.activeElement || document.activeElement === document.body)) field.focus();
    }
    const kept = unsaved;
    unsaved = {};
    // What the browser kept of an earlier visit was never saved.
    for (const row of root.querySelectorAll("[data-row]")) {
      const field = [...controls(row)].find((one) => held(one) !== saved(one));
      if (field && !(`${row.dataset.row}|${field.dataset.part}` in kept)) send(row, field.dataset.part);
    }
  }
  let unsaved = {}, focused = "";
  root.addEventListener("focusin", (event) => {
    const row = event.target.dataset.part && rowOf(event.target);
    focused = row ? `${row.dataset.row}|${event.target.dataset.part}` : "";
  });
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.removedNodes)
      if (node.nodeType === 1 && node.querySelector("#ac-body")) for (const field of node.querySelectorAll("[data-row] [data-part]"))
        if (held(field) !== saved(field)) {
          const row = rowOf(field);
          unsaved[`${row.dataset.row}|${field.dataset.part}`] = { value: held(field), base: row.dataset.base || node.querySelector("#ac-body").dataset.revision };
        }
    const added = changes.flatMap((change) => [...change.addedNodes]);
    if (added.some((node) => node.nodeType === 1 && (node.id === "ac-body" || node.querySelector("#ac-body")))) arrived();
  }).observe(root, { childList: true, subtree: true });
  window.jQuery(document).one("shiny:sessioninitialized", () => {
    Shiny.addCustomMessageHandler("assumptions", heard);
    Shiny.addCustomMessageHandler("assumptions-cells", cells);
    Shiny.addCustomMessageHandler("assumptions-bulk", planned);
    Shiny.addCustomMessageHandler("assumptions-add", notAdded);
  });
})();
