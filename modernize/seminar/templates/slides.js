"use strict";
(() => {
  const frames = [...document.querySelectorAll(".frame")];
  const body = document.body, root = document.documentElement;
  const speaker = document.getElementById("speaker"), keys = document.getElementById("keys");
  const bar = document.querySelector("#progress i");
  let now = 0;

  const overview = () => body.classList.contains("overview");

  function fit() {
    const below = speaker.hidden ? 0 : speaker.offsetHeight;
    const scale = Math.min(innerWidth / 1280, (innerHeight - below) / 720);
    root.style.setProperty("--scale", scale);
    root.style.setProperty("--left", (innerWidth - 1280 * scale) / 2 + "px");
    root.style.setProperty("--top", Math.max(0, (innerHeight - below - 720 * scale) / 2) + "px");
  }

  function show(index) {
    frames[now].classList.remove("current");
    now = Math.max(0, Math.min(frames.length - 1, index));
    frames[now].classList.add("current");
    bar.style.width = 100 * (now + 1) / frames.length + "%";
    speaker.replaceChildren(...[...frames[now].querySelectorAll(".notes p")].map(p => p.cloneNode(true)));
    history.replaceState(null, "", "#" + frames[now].id);
    if (overview()) frames[now].scrollIntoView({ block: "nearest" });
    fit();
  }

  function toggleOverview(on) {
    body.classList.toggle("overview", on);
    show(now);
  }

  function notes() {
    speaker.hidden = !speaker.hidden;
    fit();
  }

  function theme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }

  function fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen(); else root.requestFullscreen();
  }

  const actions = {
    ArrowRight: () => show(now + 1), ArrowDown: () => show(now + 1), PageDown: () => show(now + 1), " ": () => show(now + 1),
    ArrowLeft: () => show(now - 1), ArrowUp: () => show(now - 1), PageUp: () => show(now - 1), Backspace: () => show(now - 1),
    Home: () => show(0), End: () => show(frames.length - 1),
    Enter: () => overview() ? toggleOverview(false) : show(now + 1),
    Escape: () => { keys.hidden = true; toggleOverview(false); },
    s: notes, n: notes, o: () => toggleOverview(!overview()), t: theme, f: fullScreen, p: () => print(),
    "?": () => { keys.hidden = !keys.hidden; },
  };

  addEventListener("keydown", event => {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  addEventListener("click", event => {
    if (String(getSelection())) return;
    const frame = event.target.closest(".frame");
    if (overview()) {
      if (frame) { now = 0; frames.forEach(f => f.classList.remove("current")); toggleOverview(false); show(frames.indexOf(frame)); }
    } else if (!event.target.closest("#speaker, #keys")) {
      show(now + (event.clientX < innerWidth / 3 ? -1 : 1));
    }
  });
  let touched = null;
  addEventListener("touchstart", event => { touched = event.changedTouches[0].clientX; }, { passive: true });
  addEventListener("touchend", event => {
    const moved = event.changedTouches[0].clientX - touched;
    if (Math.abs(moved) < 50 || overview()) return;
    event.preventDefault();
    show(now + (moved < 0 ? 1 : -1));
  }, { passive: false });
  addEventListener("resize", fit);
  addEventListener("hashchange", start);

  function start() {
    const index = frames.findIndex(frame => "#" + frame.id === decodeURIComponent(location.hash));
    show(index < 0 ? 0 : index);
  }
  start();
})();
