// What the report does beside being read: shows the numbers of a mark that is pointed at, tapped or reached with
// the arrow keys, and marks the same candidate or space wherever else it is drawn. Without scripts nothing is
// lost but that: every figure has a table.
"use strict";
(() => {
  const tip = document.getElementById("tip");
  const candidates = JSON.parse(document.getElementById("candidates").textContent);
  const kReach = 22;  // Pixels from which a small mark may be pointed at.
  let current = null;

  const textOf = (mark) => candidates[mark.dataset.c] || mark.dataset.tip || "";

  // The same thing elsewhere: in other drawings, and in tables.
  const twinsOf = (mark) => {
    if (mark.dataset.c) return document.querySelectorAll(`[data-c="${mark.dataset.c}"]`);
    if (mark.dataset.k) return document.querySelectorAll(`[data-k="${mark.dataset.k}"]`);
    return [mark];
  };

  const hide = () => {
    if (current) for (const twin of twinsOf(current)) twin.classList.remove("hot");
    current = null;
    tip.hidden = true;
  };

  // Beside the point, and inside the window.
  const place = (x, y) => {
    const box = tip.getBoundingClientRect();
    const room = { x: document.documentElement.clientWidth, y: document.documentElement.clientHeight };
    let left = x + 14;
    if (left + box.width > room.x - 6) left = Math.max(6, x - box.width - 14);
    if (left < x && left + box.width > x - 4) left = Math.max(6, room.x - box.width - 6);
    let top = y + 16;
    if (top + box.height > room.y - 6) top = Math.max(6, y - box.height - 12);
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };

  const show = (mark, x, y) => {
    if (mark !== current) {
      hide();
      current = mark;
      for (const twin of twinsOf(mark)) twin.classList.add("hot");
      const lines = textOf(mark).split("\n");
      tip.replaceChildren();
      const head = document.createElement("strong");
      head.textContent = lines[0];
      const rest = document.createElement("span");
      rest.textContent = lines.slice(1).join("\n");
      tip.append(head, rest);
      tip.hidden = lines[0] === "";
    }
    place(x, y);
  };

  // Centres of the marks of a drawing, in its own units: computed once, they do not move.
  const centres = new WeakMap();
  const centresOf = (svg) => {
    if (!centres.has(svg)) {
      centres.set(svg, Array.from(svg.querySelectorAll(".m"), (mark) => {
        const box = mark.getBBox();
        return { mark, x: box.x + box.width / 2, y: box.y + box.height / 2 };
      }));
    }
    return centres.get(svg);
  };

  const nearest = (svg, event) => {
    const matrix = svg.getScreenCTM();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    let best = null;
    let least = kReach / matrix.a;
    for (const one of centresOf(svg)) {
      const distance = Math.hypot(one.x - at.x, one.y - at.y);
      if (distance <= least) {
        least = distance;
        best = one.mark;
      }
    }
    return best;
  };

  const markUnder = (svg, event) => {
    if (svg.classList.contains("near")) return nearest(svg, event);
    return event.target.closest("[data-tip]");
  };

  const pointAt = (svg, event) => {
    const mark = markUnder(svg, event);
    if (mark) show(mark, event.clientX, event.clientY);
    else hide();
  };

  // Arrow keys go from mark to mark, from left to right, then from top to bottom.
  const step = (svg, direction) => {
    const marks = svg.querySelectorAll(".m").length > 0
      ? centresOf(svg).slice().sort((a, b) => a.x - b.x || a.y - b.y).map((one) => one.mark)
      : Array.from(svg.querySelectorAll("[data-tip]"));
    if (marks.length === 0) return;
    const from = marks.indexOf(current);
    const to = from < 0 ? (direction > 0 ? 0 : marks.length - 1)
                        : Math.min(Math.max(from + direction, 0), marks.length - 1);
    const box = marks[to].getBoundingClientRect();
    show(marks[to], box.left + box.width / 2, box.top + box.height / 2);
  };

  for (const svg of document.querySelectorAll("svg.plot")) {
    svg.addEventListener("pointermove", (event) => pointAt(svg, event));
    svg.addEventListener("pointerdown", (event) => pointAt(svg, event));
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      const direction = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (direction) {
        event.preventDefault();
        step(svg, direction);
      }
    });
  }

  for (const row of document.querySelectorAll("tr[data-c], tr[data-k]")) {
    row.addEventListener("pointerenter", () => {
      hide();
      current = row;
      for (const twin of twinsOf(row)) twin.classList.add("hot");
    });
    row.addEventListener("pointerleave", hide);
  }

  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("svg.plot")) hide(); });
  window.addEventListener("scroll", hide, { passive: true });

  // report.html#candidate-12 opens with that candidate shown.
  const followHash = () => {
    const match = /^#candidate-(\d+)$/.exec(location.hash);
    if (!match) return;
    for (const mark of document.querySelectorAll(`svg.plot [data-c="${match[1]}"]`)) {
      if (mark.getClientRects().length === 0) continue;
      mark.ownerSVGElement.scrollIntoView({ block: "center" });
      // After the scrolling, which hides.
      setTimeout(() => {
        const box = mark.getBoundingClientRect();
        show(mark, box.left + box.width / 2, box.top + box.height / 2);
      }, 100);
      return;
    }
  };
  window.addEventListener("hashchange", followHash);
  followHash();
  document.documentElement.dataset.ready = "yes";
})();
