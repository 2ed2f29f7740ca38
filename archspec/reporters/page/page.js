"use strict";
(() => {
  const tip = document.getElementById("tip");
  const said = document.getElementById("said");

  // --- points: hover, focus, arrow keys ---------------------------------------------------------------------------
  const tips = new Map();
  const hide = () => {
    tip.hidden = true;
    document.querySelectorAll(".point.shown").forEach((one) => one.classList.remove("shown"));
  };
  const show = (point) => {
    hide();
    const [heading, lines] = tips.get(point);
    const name = document.createElement("strong");
    name.textContent = heading;
    tip.replaceChildren(name, ...lines.map((text) => {
      const line = document.createElement("div");
      line.textContent = text;
      return line;
    }));
    tip.hidden = false;
    point.classList.add("shown");
    const box = point.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const wide = document.documentElement.clientWidth;
    const left = Math.min(Math.max(8, box.left + box.width / 2 - own.width / 2), wide - own.width - 8);
    const above = box.top - own.height - 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
  };
  const follow = (point) => {
    const target = point.dataset.target && document.getElementById(point.dataset.target);
    if (!target) return;
    if (target instanceof HTMLDetailsElement) target.open = true;
    target.scrollIntoView({ block: "start" });
    const inside = target.querySelector("summary, button");
    if (inside) inside.focus({ preventScroll: true });
    hide();
  };
  document.querySelectorAll("svg[data-points]").forEach((chart) => {
    const points = [...chart.querySelectorAll(".point")];
    JSON.parse(document.getElementById(chart.dataset.points).textContent)
      .forEach((words, index) => tips.set(points[index], words));
    const at = (point, axis) => point[axis].baseVal.valueInSpecifiedUnits;
    const across = [...points].sort((a, b) => at(a, "cx") - at(b, "cx") || at(b, "cy") - at(a, "cy"));
    const up = [...points].sort((a, b) => at(b, "cy") - at(a, "cy") || at(a, "cx") - at(b, "cx"));
    const go = (order, point, step) => order[Math.min(Math.max(order.indexOf(point) + step, 0), order.length - 1)];
    const moves = {
      ArrowRight: (point) => go(across, point, 1), ArrowLeft: (point) => go(across, point, -1),
      ArrowUp: (point) => go(up, point, 1), ArrowDown: (point) => go(up, point, -1),
      Home: () => across[0], End: () => across[across.length - 1],
    };
    chart.addEventListener("keydown", (event) => {
      const point = event.target.closest(".point");
      if (!point) return;
      if (event.key === "Escape") hide();
      else if (event.key === "Enter") follow(point);
      else if (moves[event.key]) {
        const next = moves[event.key](point);
        point.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      } else return;
      event.preventDefault();
    });
    chart.addEventListener("focusin", (event) => event.target.closest(".point") && show(event.target));
    chart.addEventListener("focusout", hide);
    chart.addEventListener("pointerover", (event) => event.target.closest(".point") && show(event.target));
    chart.addEventListener("pointerout", hide);
    chart.addEventListener("click", (event) => {
      const point = event.target.closest(".point");
      if (point) { show(point); if (event.detail === 2 || event.pointerType === "mouse") follow(point); }
    });
  });
  addEventListener("scroll", () => { if (!document.activeElement.closest(".point")) hide(); }, { passive: true });

  // --- copy -------------------------------------------------------------------------------------------------------
  const select = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  const copy = async (node) => {
    try {
      await navigator.clipboard.writeText(node.textContent);
      return true;
    } catch {
      select(node);
      return document.execCommand("copy");
    }
  };
  document.querySelectorAll("button[data-copy]").forEach((button) => {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const done = await copy(document.getElementById(button.dataset.copy));
      button.textContent = done ? "Copied" : "Select and copy";
      said.textContent = `${button.getAttribute("aria-label")}: ${done ? "copied" : "not possible, the text is selected"}`;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  });

  // --- links into folded texts, and paper ---------------------------------------------------------------------------
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((one) => { one.open = false; }));
})();
