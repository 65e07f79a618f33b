// A wall of clips on one clock: prompts down, generators across. A video plays while it is in view and
// is set right when it is off by more than half a frame. Everything from a run is put in as text.

const SLACK_S = 1 / 16;
const mounted = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".wall");
  const before = mounted.get(root);
  if (before && before.signature === data.signature) return;
  if (before) before.stop();
  mounted.set(root, build(root, data));
  return () => {
    const now = mounted.get(root);
    if (now) now.stop();
    mounted.delete(root);
  };
}

function element(tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

function build(root, data) {
  root.replaceChildren();
  const head = element("div", { class: "line" });
  data.arms.forEach((name) => head.append(element("div", { class: "head" }, name)));
  root.append(head);
  const videos = [];
  const watch = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting && !target.src) {
        target.preload = "auto";
        target.src = target.dataset.src;
      }
      target.dataset.seen = String(isIntersecting);
      if (!isIntersecting) target.pause();
    }
  });
  const grid = data.rows.map((row) => {
    const prompt = element("p", { class: "prompt" }, row.prompt);
    if (row.seed) prompt.append(element("span", { class: "seed" }, ` · ${row.seed}`));
    const line = element("div", { class: "line" });
    const cells = row.cells.map((cell) => card(cell, `${data.link}&sample=${encodeURIComponent(row.sample)}`));
    cells.forEach((cell) => {
      line.append(cell);
      const video = cell.querySelector("video");
      if (video) {
        videos.push(video);
        watch.observe(video);
      }
    });
    root.append(prompt, line);
    return cells;
  });
  root.onkeydown = (event) => move(event, grid);
  const began = performance.now();
  let request = 0;
  const tick = () => {
    const now = (performance.now() - began) / 1000;
    root.dataset.at = String(now);
    for (const video of videos) {
      if (video.dataset.seen !== "true" || video.readyState < 2) continue;
      if (video.paused) video.play().catch(() => {});
      const due = now % video.duration;
      const off = Math.abs(video.currentTime - due);
      if (!video.seeking && Math.min(off, video.duration - off) > SLACK_S) video.currentTime = due;
    }
    request = requestAnimationFrame(tick);
  };
  request = requestAnimationFrame(tick);
  return {
    signature: data.signature,
    stop: () => {
      cancelAnimationFrame(request);
      watch.disconnect();
      videos.forEach((video) => video.pause());
    },
  };
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
