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
    speaker.replaceChildren(...notesOf(now));
    present();
    history.replaceState(null, "", "#" + frames[now].id);
    if (overview()) frames[now].scrollIntoView({ block: "nearest" });
    fit();
  }

  function notesOf(index) {
    return [...frames[index].querySelectorAll(".notes p")].map(p => p.cloneNode(true));
  }

  // An answer stands behind its question: forward shows it first, back hides it again.
  const open = () => frames[now].querySelector(".reveal") && !frames[now].classList.contains("revealed");

  function forward() {
    if (!overview() && open()) { frames[now].classList.add("revealed"); present(); } else show(now + 1);
  }

  function back() {
    if (!overview() && frames[now].classList.contains("revealed")) { frames[now].classList.remove("revealed"); present(); }
    else show(now - 1);
  }

  let presenter = null;
  const began = Date.now();

  function present() {
    if (!presenter || presenter.closed) return;
    const page = presenter.document, next = frames[now + 1];
    const line = (kind, text) => Object.assign(page.createElement(kind), { textContent: text });
    const title = frame => frame.querySelector("section").getAttribute("aria-label");
    const minutes = Math.floor((Date.now() - began) / 60000);
    page.title = "Notes";
    page.body.replaceChildren(
      line("h1", title(frames[now])), ...notesOf(now).map(p => line("p", p.textContent)),
      line("p", open() ? "Next key: the answer." : next ? "Next: " + title(next) : "The end."), line("p", minutes + " minutes"));
    page.body.style.cssText = "font: 20px/1.45 system-ui, sans-serif; margin: 24px; max-width: 44em";
  }

  function inWindow() {
    presenter = window.open("", "modernize-notes", "width=720,height=760");
    if (presenter) present(); else if (speaker.hidden) notes();
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
    ArrowRight: forward, ArrowDown: forward, PageDown: forward, " ": forward,
    ArrowLeft: back, ArrowUp: back, PageUp: back, Backspace: back,
    Home: () => show(0), End: () => show(frames.length - 1),
    Enter: () => overview() ? toggleOverview(false) : forward(),
    Escape: () => { keys.hidden = true; toggleOverview(false); },
    s: notes, n: notes, w: inWindow, o: () => toggleOverview(!overview()), t: theme, f: fullScreen, p: () => print(),
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
      if (event.clientX < innerWidth / 3) back(); else forward();
    }
  });
  let touched = null;
  addEventListener("touchstart", event => { touched = event.changedTouches[0].clientX; }, { passive: true });
  addEventListener("touchend", event => {
    const moved = event.changedTouches[0].clientX - touched;
    if (Math.abs(moved) < 50 || overview()) return;
    event.preventDefault();
    if (moved < 0) forward(); else back();
  }, { passive: false });
  addEventListener("resize", fit);
  addEventListener("hashchange", start);

  function start() {
    const index = frames.findIndex(frame => "#" + frame.id === decodeURIComponent(location.hash));
    show(index < 0 ? 0 : index);
  }
  start();
})();
