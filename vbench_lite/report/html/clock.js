// All clips of the page on one clock: loaded and played while in view, set right when off by half a frame.
const SLACK_S = 1 / 16;
const began = performance.now();
const videos = [...document.querySelectorAll("video[data-src]")];
const watch = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (isIntersecting && !target.src) target.src = target.dataset.src;
    target.dataset.seen = String(isIntersecting);
    if (!isIntersecting) target.pause();
  }
});
videos.forEach((video) => watch.observe(video));
(function tick() {
  const now = (performance.now() - began) / 1000;
  for (const video of videos) {
    if (video.dataset.seen !== "true" || video.readyState < 2) continue;
    if (video.paused) video.play().catch(() => {});
    const due = now % video.duration;
    const off = Math.abs(video.currentTime - due);
    if (!video.seeking && Math.min(off, video.duration - off) > SLACK_S) video.currentTime = due;
  }
  requestAnimationFrame(tick);
})();
