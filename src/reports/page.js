"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  theme.addEventListener("click", () => {
    const dark = getComputedStyle(root).colorScheme === "dark";
    root.dataset.theme = dark ? "light" : "dark";
  });

  const clips = [...document.querySelectorAll(".clip")];
  if (clips.length === 0) return;
  const play = document.getElementById("play");
  const scrub = document.getElementById("frame");
  const now = document.getElementById("now");
  const speed = document.getElementById("speed");
  const zoom = document.getElementById("zoom");
  const frames = Math.max(...clips.map((clip) => Number(clip.dataset.frames)));
  let frame = 0;
  let timer = null;

  const show = (wanted) => {
    frame = (wanted + frames) % frames;
    for (const clip of clips) {
      const t = Math.min(frame, Number(clip.dataset.frames) - 1);
      clip.style.setProperty("--t", t);
      clip.classList.toggle("predicted", t >= Number(clip.dataset.context));
    }
    const predicted = frame >= Number(clips[0].dataset.context);
    scrub.value = frame;
    now.textContent = `frame ${frame + 1} of ${frames}, ${predicted ? "predicted" : "given"}`;
    scrub.setAttribute("aria-valuetext", now.textContent);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };
  const start = () => {
    clearInterval(timer);
    timer = setInterval(() => show(frame + 1), 1000 / Number(speed.value));
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
  };
  const toggle = () => (timer === null ? start() : stop());

  scrub.max = frames - 1;
  play.addEventListener("click", toggle);
  scrub.addEventListener("input", () => {
    stop();
    show(Number(scrub.value));
  });
  speed.addEventListener("change", () => {
    if (timer !== null) start();
  });
  const sequences = document.getElementById("sequences");
  zoom.addEventListener("change", () => sequences.style.setProperty("--zoom", zoom.value));
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("button, select, input, a, summary") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === " ") toggle();
    else if (step !== undefined && !event.target.closest(".wide")) {
      stop();
      show(frame + step);
    } else return;
    event.preventDefault();
  });
  addEventListener("beforeprint", () => {
    stop();
    show(frames - 1);
  });

  show(0);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start();
})();
