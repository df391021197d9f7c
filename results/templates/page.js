"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("score-table");
  const body = table.tBodies[0];
  const rows = [...body.rows];

  // Sorting: numbers by value, text by name; cells without a value stay last either way.
  const valueOf = (row, column) => row.cells[column].dataset.value;
  const compare = (a, b) => {
    const numbers = [Number(a), Number(b)];
    return numbers.some(Number.isNaN) ? a.localeCompare(b, "en") : numbers[0] - numbers[1];
  };
  const parse = (text) => (text === "inf" ? "Infinity" : text);
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest(".sort");
    if (!button) return;
    const head = button.closest("th");
    const column = head.cellIndex;
    const number = head.classList.contains("number");
    const before = head.getAttribute("aria-sort");
    const descending = before ? before === "ascending" : number;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sorted = [...rows].sort((a, b) => {
      const [left, right] = [parse(valueOf(a, column)), parse(valueOf(b, column))];
      if (left === "" || right === "") return (left === "") - (right === "");
      return compare(left, right) * (descending ? -1 : 1);
    });
    body.append(...sorted);
  });

  // Filtering: tables, answers and figures follow the same choice.
  const filters = document.querySelector(".filters");
  const chosen = {
    method: document.getElementById("filter-method"),
    protocol: document.getElementById("filter-protocol"),
    task: document.getElementById("filter-task"),
    backbone: document.getElementById("filter-backbone"),
  };
  const fits = (element, names) =>
    names.every((name) => chosen[name].value === "" || element.dataset[name] === chosen[name].value);
  const named = (element) => element.dataset.method.toLowerCase().includes(chosen.method.value.trim().toLowerCase());
  // A matrix has methods as rows and protocols as columns: the second line of its head names every column.
  const narrow = (matrix, places) => {
    const [groups, heads] = matrix.tHead.rows;
    for (const group of [...groups.cells].slice(1)) group.hidden = !fits(group, places);
    const shown = [...heads.cells].map((head, at) => at === 0 || fits(head, places));
    for (const row of [heads, ...[...matrix.tBodies].flatMap((part) => [...part.rows]), ...matrix.tFoot.rows]) {
      [...row.cells].forEach((cell, at) => { cell.hidden = !shown[at]; });
      if (row.dataset.method !== undefined) row.hidden = !named(row);
    }
  };
  const apply = () => {
    const places = ["protocol", "task", "backbone"];
    for (const row of rows) row.hidden = !(fits(row, places) && named(row));
    for (const board of document.querySelectorAll(".board")) board.hidden = !fits(board, places);
    for (const line of document.querySelectorAll(".line[data-method], .answer")) line.style.display = named(line) ? "" : "none";
    for (const matrix of document.querySelectorAll(".matrix")) narrow(matrix, places);
    const count = rows.filter((row) => !row.hidden).length;
    document.getElementById("shown").textContent = `${count} of ${rows.length} rows`;
  };
  filters.addEventListener("input", apply);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(apply));
  apply();

  // Provenance: everything is built as text nodes, so that no name in a record can become markup.
  const make = (tag, text, ...children) => {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    element.append(...children);
    return element;
  };
  const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
  const shown = (value) => {
    const plain = value !== null && typeof value === "object" && !Array.isArray(value);
    const pairs = plain ? Object.entries(value).map(([name, item]) => `${name} ${typeof item === "string" ? item : JSON.stringify(item)}`) : [];
    const text = typeof value === "string" ? value : plain ? pairs.join(", ") : JSON.stringify(value);
    return text.replace(unseen, (char) => `[U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
  };
  const list = (entries) => {
    const element = make("dl");
    for (const [name, value] of entries) {
      if (value !== undefined && value !== null && value !== "") element.append(make("dt", name), make("dd", shown(value)));
    }
    return element;
  };
  const filled = (value) => (value && Object.keys(value).length ? value : null);
  const raw = (title, value) => {
    const text = JSON.stringify(value, null, 1).split("\n").map(shown).join("\n");
    const block = make("pre", text);
    block.tabIndex = 0;
    return make("details", null, make("summary", title), block);
  };
  const manifest = (key) => {
    const { chain, ...rest } = data.subsets[key];
    return { ...rest, samples: data.chains[chain].slice(0, rest.count) };
  };
  const section = (key) => {
    const record = data.records[key];
    const provenance = data.provenances[record.provenance];
    const card = data.cards[record.weights];
    const machine = [provenance.device, provenance.device_name, provenance.machine].filter(Boolean).join(", ");
    const element = make("section", null, make("h3", `Seed ${record.seed}: ${(100 * record.metrics[record.metric]).toFixed(2)}% ${record.metric}`));
    element.append(
      list([
        ["record", `records/${key}.json`],
        ["protocol", `${record.protocol} (${record.protocol_hash})`],
        ["row", record.row && `${record.row}, named by study ${record.study}`],
        ["options", record.options],
        ["seeds", record.seeds],
        ["counts", record.counts],
        ["subset", record.subset.map((name) => `subsets/${name}.json, ${data.subsets[name].count} samples, hash ${data.subsets[name].hash}`).join("; ") || "no manifest in this store"],
        ["design", filled(record.design)],
        ["trivial score", record.trivial],
        ["tuned", filled(record.tuned)],
        ["settled", filled(record.settled)],
        ["weights", record.weights],
        ["pretraining", filled(record.pretraining)],
        ["warnings", Object.entries(record.warnings).map(([name, text]) => `${name}: ${text}`).join("; ")],
        ["code revision", provenance.revision],
        ["machine", machine],
        ["threads", provenance.threads],
        ["cost", record.cost],
      ]),
      raw("All metrics", record.metrics),
      raw("Environment", provenance),
      ...record.subset.map((name) => raw(`Subset manifest ${name}`, manifest(name))),
      ...(card ? [raw("Pretraining", card)] : []),
      raw("Whole record", { ...record, provenance, subset: undefined }),
    );
    return element;
  };
  const dialog = document.getElementById("provenance");
  document.querySelector("main").addEventListener("click", (event) => {
    const button = event.target.closest(".score");
    if (!button) return;
    const keys = button.dataset.records.split(" ");
    const row = button.closest("tr");
    const title = document.getElementById("provenance-title");
    const first = data.records[keys[0]];
    const share = first.labels ? shown(first.labels) : `${Number((100 * first.fraction).toPrecision(6))}% of the labels`;
    title.textContent = `${shown(row.dataset.method)}, ${shown(first.protocol)}, ${shown(first.backbone)}, ${share}: ${button.firstElementChild.textContent}, n = ${keys.length}`;
    document.getElementById("provenance-body").replaceChildren(...keys.map(section));
    dialog.showModal();
    title.focus();
  });
  document.getElementById("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
})();
