// A wall of clips on one clock (`oneClock`): prompts down, generators across.

const ROOT = ".wall";

function build(root, data) {
  root.replaceChildren();
  const head = element("div", { class: "line" });
  data.arms.forEach((name) => head.append(element("div", { class: "head" }, name)));
  root.append(head);
  const videos = [];
  const grid = data.rows.map((row) => {
    const prompt = element("p", { class: "prompt" }, row.prompt);
    if (row.seed) prompt.append(element("span", { class: "seed" }, ` · ${row.seed}`));
    const line = element("div", { class: "line" });
    const cells = row.cells.map((cell) => card(cell, `${data.link}&sample=${encodeURIComponent(row.sample)}`));
    cells.forEach((cell) => {
      line.append(cell);
      const video = cell.querySelector("video");
      if (video) videos.push(video);
    });
    root.append(prompt, line);
    return cells;
  });
  root.onkeydown = (event) => move(event, grid);
  const stop = oneClock(videos, (now) => (root.dataset.at = String(now)));
  return { signature: data.signature, stop };
}

function card(cell, link) {
  if (!cell.video && !cell.strip) {
    const missing = element("div", { class: "missing", tabindex: "0", "aria-label": `${cell.alt}: no clip` });
    missing.append(element("strong", {}, "no clip"), element("span", {}, cell.reason));
    return missing;
  }
  const made = element("a", { class: "cell", href: link, target: "_self", "aria-label": cell.alt });
  if (cell.video) {
    const video = element("video", { playsinline: "", loop: "", preload: "none", disablepictureinpicture: "" });
    video.muted = true;
    video.dataset.src = cell.video;
    made.append(video);
  } else {
    made.append(element("img", { src: cell.strip, alt: "" }));
  }
  if (cell.scores.length) {
    const list = element("ul", { class: "scores" });
    cell.scores.forEach((score) => list.append(element("li", {}, score)));
    made.append(list);
  }
  return made;
}

// Arrow keys go from clip to clip; enter opens the one that has the focus.
function move(event, grid) {
  const here = event.composedPath()[0];
  const down = grid.findIndex((row) => row.includes(here));
  if (down < 0) return;
  const across = grid[down].indexOf(here);
  const to = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  if (!to) return;
  const next = grid[down + to[0]]?.[across + to[1]];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
