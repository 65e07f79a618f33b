// Several videos under one clock. The clock is a frame position of its own; videos follow it:
// while playing they run and are set right when they are off by more than half a frame, while
// paused each is set to the middle of its frame. Everything from a run is put in as text.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];
const ROOT = ".player";

// Text whose lines may break after a slash or an underscore.
function breakable(tag, text) {
  const made = document.createElement(tag);
  for (const part of text.split(/(?<=[/_])/)) made.append(part, document.createElement("wbr"));
  return made;
}

function build(root, data) {
  root.replaceChildren();
  root.tabIndex = 0;
  const clips = data.clips.map(card);
  const grid = element("div", { class: "grid" });
  grid.append(...clips.map((clip) => clip.card));
  const two = clips.length > 1;
  const drawn = [
    data.wipe && two ? wipeCard(data.clips, grid) : null,
    data.difference && two ? differenceCard(data.clips, grid) : null,
  ].filter(Boolean);
  const bar = controls(data.marks);
  const pad = data.held?.length ? keyPad(data.held) : null;
  root.append(bar.row, ...(pad ? [pad.row] : []), grid, element("p", { class: "hint" }, HINT));

  const fps = Math.max(...data.clips.map((clip) => clip.fps));
  const duration = Math.max(...data.clips.map((clip) => clip.frames / clip.fps));
  const frames = Math.round(duration * fps);
  const clock = { at: 0, playing: false, speed: 1, loop: true, since: 0 };
  bar.seek.max = String(frames - 1);

  const position = () =>
    clock.playing ? clock.at + ((performance.now() - clock.since) / 1000) * clock.speed : clock.at;
  const frameOf = (seconds) => Math.min(frames - 1, Math.max(0, Math.floor(seconds * fps + 1e-6)));
  const middle = (clip, seconds) => {
    const frame = Math.min(clip.frames - 1, Math.floor(seconds * clip.fps + 1e-6));
    return (frame + 0.5) / clip.fps;
  };

  function place(seconds) {
    clock.at = seconds;
    clock.since = performance.now();
    clips.forEach((clip) => {
      clip.video.currentTime = middle(clip, seconds);
    });
  }
  function play() {
    if (clock.playing) return;
    if (frameOf(clock.at) >= frames - 1) place(0);
    clock.playing = true;
    clock.since = performance.now();
  }
  function pause() {
    if (!clock.playing) return;
    const frame = frameOf(position());
    clock.playing = false;
    clips.forEach((clip) => clip.video.pause());
    place(frame / fps);
  }
  function seek(frame) {
    place(Math.min(frames - 1, Math.max(0, frame)) / fps);
  }
  function step(by) {
    pause();
    seek(frameOf(clock.at) + by);
  }
  function speed(value) {
    const now = position();
    clock.speed = value;
    clock.at = now;
    clock.since = performance.now();
    bar.speed.value = String(value);
  }
  function follow(clip, now) {
    const end = clip.frames / clip.fps;
    const video = clip.video;
    if (now >= end - 0.5 / clip.fps) {
      if (!video.paused) video.pause();
      const last = end - 0.5 / clip.fps;
      if (Math.abs(video.currentTime - last) > 0.5 / clip.fps) video.currentTime = last;
      return;
    }
    if (video.playbackRate !== clock.speed) video.playbackRate = clock.speed;
    if (video.paused) {
      video.currentTime = now;
      video.play().catch(() => pause());
    } else if (!video.seeking && Math.abs(video.currentTime - now) > 0.5 / clip.fps) {
      video.currentTime = now;
    }
  }

  // At rest, half a second after the last event, nothing is drawn: a page that stands still costs nothing.
  const events = new AbortController();
  let shown = -1;
  let awake = 0;
  for (const name of ["click", "keydown", "input", "change", "seeked", "loadeddata", "canplay", "pause"]) {
    const wake = () => (awake = performance.now() + 500);
    root.addEventListener(name, wake, { capture: true, signal: events.signal }); // of media these do not bubble
  }
  function show(frame, now) {
    shown = frame;
    root.dataset.frame = String(frame);
    root.dataset.playing = String(clock.playing);
    if (root.getRootNode().activeElement !== bar.seek || clock.playing) bar.seek.value = String(frame);
    bar.seek.setAttribute("aria-valuetext", `frame ${frame + 1} of ${frames}`);
    bar.play.textContent = clock.playing ? "Pause" : "Play";
    bar.count.textContent = `frame ${frame + 1} of ${frames}, ${(frame / fps).toFixed(2)} s`;
    clips.forEach((clip) => clip.mark(now));
    pad?.show(frame);
    drawn.forEach((draw) => draw(clips[0].video, clips[1].video));
  }

  let request = 0;
  function tick() {
    let now = position();
    if (clock.playing && now >= duration) {
      if (clock.loop) {
        clock.at = now % duration;
        clock.since = performance.now();
        now = clock.at;
      } else {
        pause();
        seek(frames - 1);
        now = clock.at;
      }
    }
    if (clock.playing) clips.forEach((clip) => follow(clip, now));
    const frame = frameOf(now);
    if (clock.playing || frame !== shown || performance.now() < awake) show(frame, now);
    request = requestAnimationFrame(tick);
  }

  bar.play.onclick = () => (clock.playing ? pause() : play());
  bar.back.onclick = () => step(-1);
  bar.on.onclick = () => step(1);
  bar.first.onclick = () => seek(0);
  bar.seek.oninput = () => {
    pause();
    seek(Number(bar.seek.value));
  };
  bar.speed.onchange = () => speed(Number(bar.speed.value));
  bar.loop.onchange = () => (clock.loop = bar.loop.checked);
  clips.forEach((clip) => {
    clip.onstrip = (share) => {
      pause();
      seek(Math.floor((share * clip.frames * fps) / clip.fps));
    };
  });
  root.onkeydown = (event) => {
    const within = event.composedPath()[0];
    if (within.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const faster = SPEEDS[Math.min(SPEEDS.length - 1, SPEEDS.indexOf(clock.speed) + 1)];
    const slower = SPEEDS[Math.max(0, SPEEDS.indexOf(clock.speed) - 1)];
    const actions = {
      " ": () => (clock.playing ? pause() : play()),
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      Home: () => seek(0),
      End: () => (pause(), seek(frames - 1)),
      l: () => bar.loop.click(),
      "+": () => speed(faster),
      "-": () => speed(slower),
    };
    const action = actions[event.key];
    if (!action || (event.key === " " && within.tagName === "BUTTON")) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  request = requestAnimationFrame(tick);
  place(0);
  return {
    signature: data.signature,
    stop: () => {
      cancelAnimationFrame(request);
      events.abort();
      clips.forEach((clip) => clip.video.pause());
    },
  };
}

const HINT = "Keys, when the player has the focus: space plays and pauses, left and right step, Home and End, L loops, + and − change the speed.";

function controls(marks) {
  const row = element("div", { class: "bar", role: "group", "aria-label": "player controls" });
  const play = element("button", { type: "button", class: "main" }, "Play");
  const first = element("button", { type: "button", "aria-label": "to the first frame" }, "|◀");
  const back = element("button", { type: "button", "aria-label": "one frame back" }, "◀");
  const on = element("button", { type: "button", "aria-label": "one frame on" }, "▶");
  const seek = element("input", { type: "range", min: "0", value: "0", "aria-label": "frame" });
  const ticks = element("datalist", { id: "marks" });
  marks.forEach((frame) => ticks.append(element("option", { value: String(frame), label: `frame ${frame + 1}` })));
  if (marks.length) {
    seek.setAttribute("list", "marks");
    seek.title = `the clips differ most in frame ${marks.map((frame) => frame + 1).join(", ")}`;
  }
  const speed = element("select", { "aria-label": "speed" });
  for (const value of SPEEDS) speed.append(element("option", { value: String(value) }, `${value}×`));
  speed.value = "1";
  const label = element("label", { class: "loop" });
  const loop = element("input", { type: "checkbox" });
  loop.checked = true;
  label.append(loop, "loop");
  const count = element("span", { class: "count" });
  row.append(play, first, back, on, seek, ticks, count, speed, label);
  return { row, play, first, back, on, seek, speed, loop, count };
}

// The keys held in the frame that is shown: those of the script, each lit while it is down.
function keyPad(held) {
  const row = element("div", { class: "held", role: "status", "aria-label": "keys held" });
  const names = [...new Set(held.flatMap(([, parts]) => parts))];
  const keys = names.map((name) => element("kbd", {}, name));
  const none = element("span", { class: "none" }, "no key held");
  row.append(element("span", {}, "held"), ...keys, none);
  let shown = null;
  return {
    row,
    show: (frame) => {
      const down = held.filter(([start]) => start <= frame).at(-1)[1];
      if (down === shown) return;
      shown = down;
      keys.forEach((key) => (key.dataset.down = String(down.includes(key.textContent))));
      none.hidden = down.length > 0;
    },
  };
}

function card(clip) {
  const figure = element("figure", { class: "clip" });
  const video = element("video", { playsinline: "", preload: "auto", disablepictureinpicture: "" });
  video.muted = true;
  video.src = clip.src;
  video.setAttribute("aria-label", clip.alt);
  video.dataset.fps = String(clip.fps);
  figure.append(video);
  const made = { card: figure, video, frames: clip.frames, fps: clip.fps, onstrip: null, mark: () => {} };
  if (clip.strip) {
    const holder = element("div", { class: "strip" });
    const image = element("img", { src: clip.strip, alt: `frames of ${clip.title}, in order of time` });
    const mark = element("span", { class: "mark" });
    holder.append(image, mark);
    holder.onclick = (event) => made.onstrip((event.clientX - holder.getBoundingClientRect().left) / holder.clientWidth);
    made.mark = (now) => (mark.style.left = `${Math.min(1, (now * clip.fps + 0.5) / clip.frames) * 100}%`);
    figure.append(holder);
  }
  const caption = element("figcaption");
  caption.append(breakable("strong", clip.title), element("span", { class: "sub" }, clip.subtitle));
  const list = element("dl");
  for (const [name, value] of clip.scores) list.append(breakable("dt", name), element("dd", {}, value));
  caption.append(list);
  figure.append(caption);
  return made;
}

// A card that is drawn from the first two videos: a canvas with its title, and whether both can be drawn.
function canvasCard(grid, title, about, alt) {
  const figure = element("figure", { class: "clip" });
  const canvas = element("canvas", { width: "256", height: "256", role: "img", "aria-label": alt });
  const caption = element("figcaption");
  caption.append(element("strong", {}, title), element("span", { class: "sub" }, about));
  figure.append(canvas, caption);
  grid.append(figure);
  const ready = (one, two) => {
    if (one.readyState < 2 || two.readyState < 2) return false;
    if (canvas.width !== one.videoWidth || canvas.height !== one.videoHeight) {
      canvas.width = one.videoWidth;
      canvas.height = one.videoHeight;
    }
    return true;
  };
  return { figure, canvas, context: canvas.getContext("2d"), ready };
}

function wipeCard(clips, grid) {
  const names = `${clips[0].title} left, ${clips[1].title} right`;
  const { figure, canvas, context, ready } = canvasCard(grid, "wipe", names, `${names} of a line that can be moved`);
  const line = element("input", { type: "range", min: "0", max: "100", value: "50", class: "wipe" });
  line.setAttribute("aria-label", "where the two meet");
  line.onkeydown = (event) => event.stopPropagation();
  canvas.after(line);
  figure.dataset.wipe = "";
  return (one, two) => {
    if (!ready(one, two)) return;
    const at = Math.round((canvas.width * Number(line.value)) / 100);
    context.drawImage(two, 0, 0, canvas.width, canvas.height);
    context.save();
    context.beginPath();
    context.rect(0, 0, at, canvas.height);
    context.clip();
    context.drawImage(one, 0, 0, canvas.width, canvas.height);
    context.restore();
    context.fillStyle = "#E69F00";
    context.fillRect(at - 0.5, 0, 1, canvas.height);
  };
}

function differenceCard(clips, grid) {
  const names = `${clips[0].title} and ${clips[1].title}`;
  const about = `${names}, absolute, four times as bright`;
  const { canvas, context, ready } = canvasCard(grid, "difference", about, `absolute difference of ${names}`);
  return (one, two) => {
    if (!ready(one, two)) return;
    context.globalCompositeOperation = "copy";
    context.drawImage(one, 0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "difference";
    context.drawImage(two, 0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "lighter";
    context.drawImage(canvas, 0, 0);
    context.drawImage(canvas, 0, 0);
  };
}
