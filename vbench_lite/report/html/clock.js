// Clips of a page on one clock: loaded and played while in view, set right when off by half a frame.
const SLACK_S = 1 / 16;

// Keeps videos (with their address in data-src) together until the function that it returns is called;
// `tell` hears the time in seconds at each step.
function oneClock(videos, tell = () => {}) {
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
  videos.forEach((video) => watch.observe(video));
  const began = performance.now();
  let request = 0;
  const tick = () => {
    const now = (performance.now() - began) / 1000;
    tell(now);
    for (const video of videos) {
      if (video.dataset.seen !== "true" || video.readyState < 2) continue;
      if (video.paused) video.play().catch(() => {});
      const due = now % video.duration;
      const off = Math.abs(video.currentTime - due);
      if (!video.seeking && Math.min(off, video.duration - off) > SLACK_S) video.currentTime = due;
    }
    request = requestAnimationFrame(tick);
  };
  tick();
  return () => {
    cancelAnimationFrame(request);
    watch.disconnect();
    videos.forEach((video) => video.pause());
  };
}
