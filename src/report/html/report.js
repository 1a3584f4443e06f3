"use strict";
// Sorts and filters tables, and tells which trial a point is. Without it the page says the same.
(() => {
  const tables = [...document.querySelectorAll("table.results")];
  const value = (row, at) => {
    const cell = row.cells[at];
    if (!cell) return "";
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = Number(text.split(" ")[0]);
    return text !== "" && Number.isFinite(number) ? number : text;
  };
  const compare = (a, b) => {
    const numbers = [typeof a, typeof b].map((kind) => kind === "number");
    if (numbers[0] && numbers[1]) return a - b;
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  };
  for (const table of tables) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    if (original.length < 2) continue;
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent || "cell";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const now = was === "ascending" ? "descending" : was === "descending" ? "none" : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        const rows = [...original];
        if (now !== "none") {
          head.setAttribute("aria-sort", now);
          const sign = now === "ascending" ? 1 : -1;
          rows.sort((a, b) => sign * compare(value(a, at), value(b, at)));
        }
        body.append(...rows);
      });
    });
  }

  const count = tables.reduce((sum, table) => sum + table.tBodies[0].rows.length, 0);
  if (count > 8) {
    const label = document.createElement("label");
    label.className = "filter";
    label.textContent = "Show only cells with";
    const input = document.createElement("input");
    input.type = "search";
    label.append(input);
    tables[0].parentElement.before(label);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const table of tables) {
        const heading = table.caption.textContent.toLowerCase();
        let some = false;
        for (const row of table.tBodies[0].rows) {
          const text = heading + " " + row.textContent.toLowerCase();
          row.hidden = !words.every((word) => text.includes(word));
          some ||= !row.hidden;
        }
        table.parentElement.hidden = !some;
      }
    });
  }

  const readout = document.createElement("div");
  readout.className = "readout";
  readout.hidden = true;
  readout.setAttribute("role", "status");
  document.body.append(readout);
  let here = null;
  const hide = () => {
    readout.hidden = true;
    if (here) here.classList.remove("here");
    here = null;
  };
  const show = (point) => {
    const title = point.querySelector("title");
    if (!title || !title.textContent) return;
    hide();
    here = point;
    here.classList.add("here");
    readout.textContent = title.textContent;
    readout.hidden = false;
    const box = point.getBoundingClientRect();
    const own = readout.getBoundingClientRect();
    const left = Math.max(4, Math.min(box.left + box.width / 2 - own.width / 2, innerWidth - own.width - 4));
    const top = box.top - own.height - 8;
    readout.style.left = left + "px";
    readout.style.top = (top < 4 ? box.bottom + 8 : top) + "px";
  };
  const points = ".d,.p,.hollow";
  for (const figure of document.querySelectorAll("svg.fig")) {
    const all = [...figure.querySelectorAll(points)];
    if (all.length === 0) continue;
    figure.tabIndex = 0;
    figure.addEventListener("pointerover", (event) => {
      const point = event.target.closest(points);
      if (point) show(point);
    });
    figure.addEventListener("pointerout", hide);
    figure.addEventListener("blur", hide);
    figure.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      const at = all.indexOf(here);
      show(all[(at + step + all.length) % all.length]);
    });
  }
  addEventListener("scroll", hide, { passive: true });
})();
