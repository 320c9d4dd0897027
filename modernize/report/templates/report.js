"use strict";
(() => {
  const all = (query, at = document) => [...at.querySelectorAll(query)];
  const one = (id) => document.getElementById(id);

  // Light and dark: the system's choice until the reader makes one.
  const theme = one("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = (name) => {
    if (name) document.documentElement.dataset.theme = name;
    const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
    theme.textContent = now === "dark" ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Switch to ${theme.textContent.toLowerCase()} colours`);
    return now;
  };
  theme.hidden = false;
  paint();
  dark.addEventListener("change", () => paint());
  theme.addEventListener("click", () => paint(paint() === "dark" ? "light" : "dark"));

  // Tables sort by the values behind the cells; what has no number stays at the end.
  for (const table of all("table.sortable")) {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const numeric = head.classList.contains("number") || column === 0;
        const value = (row) => row.cells[column].dataset.value;
        const compare = (a, b) => {
          if (!numeric) return a.localeCompare(b);
          const [x, y] = [Number(a), Number(b)];
          if (Number.isNaN(x) || Number.isNaN(y)) return (Number.isNaN(x) - Number.isNaN(y)) * (down ? -1 : 1);
          return x - y;
        };
        const rows = all("tbody tr", table).sort((a, b) => compare(value(a), value(b)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
    // One tab stop a table; arrow keys move between its cells.
    const cells = () => all("tbody tr", table).map((row) => [...row.cells]);
    cells().flat().forEach((cell) => { cell.tabIndex = -1; });
    const first = cells()[0];
    if (first) first[0].tabIndex = 0;
    table.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      const grid = cells();
      const row = grid.findIndex((line) => line.includes(event.target));
      if (!move || row < 0) return;
      const next = grid[row + move[0]]?.[grid[row].indexOf(event.target) + move[1]];
      if (next) { next.focus(); event.preventDefault(); }
    });
  }

  // Where a value comes from: on hover, on focus and on touch.
  const tip = one("tip");
  const show = (cell) => {
    tip.hidden = !cell;
    if (!cell) return;
    tip.textContent = cell.dataset.tip;
    const box = cell.getBoundingClientRect();
    const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${below ? box.bottom + 6 : Math.max(4, box.top - tip.offsetHeight - 6)}px`;
  };
  const over = (event) => show(event.target.closest?.("[data-tip]"));
  for (const name of ["pointerover", "focusin", "click"]) document.addEventListener(name, over);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") show(null); });
  document.addEventListener("scroll", () => show(null), true);

  // One rung at a time, chosen here or by a link: it is in the address, and stays when that leads elsewhere.
  const picker = one("picker");
  if (picker) {
    const select = one("rung");
    const [none, last] = [select.options[0].value, select.options.length - 1];
    const go = (index) => { location.hash = select.options[Math.max(0, Math.min(index, last))].value; };
    const follow = () => {
      const asked = location.hash.slice(1);
      const panel = all(".panel").find((other) => other.id === asked);
      if (panel || asked === none) {
        all(".panel").forEach((other) => other.classList.toggle("picked", other === panel));
        select.value = asked;
        if (panel && !picker.contains(document.activeElement)) panel.focus({ preventScroll: true });
      }
      one("back").disabled = select.selectedIndex === 0;
      one("on").disabled = select.selectedIndex === last;
    };
    picker.hidden = false;
    follow();
    select.addEventListener("change", () => go(select.selectedIndex));
    one("back").addEventListener("click", () => go(select.selectedIndex - 1));
    one("on").addEventListener("click", () => go(select.selectedIndex + 1));
    addEventListener("hashchange", follow);
  }

  // Read a curve at the epoch under the pointer.
  for (const figure of all(".chart")) {
    const [svg, out] = [figure.querySelector("svg"), figure.querySelector("output")];
    const [epochs, [left, right]] = [JSON.parse(svg.dataset.epochs), JSON.parse(svg.dataset.ends)];
    const read = (share) => {
      const epoch = Math.round(Math.max(0, Math.min(1, (share - left) / (right - left))) * (epochs.length - 1));
      out.textContent = epochs[epoch];
    };
    svg.addEventListener("pointermove", (event) => read((event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth));
    svg.addEventListener("pointerleave", () => read(1));
    read(1);
  }
})();
