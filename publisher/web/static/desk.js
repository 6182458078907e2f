// What saves clicks at the desk; all of it can be done without.
"use strict";

// The preview follows what is being written.
const form = document.querySelector("form[data-preview]");
const live = document.querySelector("#live");
if (form && live) {
  let timer = 0, asked = 0;
  const look = async () => {
    const mine = ++asked;
    const fields = new FormData(form);
    fields.delete("file");
    try {
      const answer = await fetch(form.dataset.preview, {method: "POST", body: fields});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.querySelector("#live");
      if (mine === asked && made) {
        live.replaceChildren(...made.childNodes);
        live.lang = made.lang;
        live.dir = made.dir;
      }
    } catch {
      // Without a connection the preview stays as it was.
    }
    if (mine === asked) live.classList.remove("stale");
  };
  form.addEventListener("input", (event) => {
    if (event.target.name === "file") return;
    live.classList.add("stale");
    clearTimeout(timer);
    timer = setTimeout(look, 350);
  });
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
}

// How far an edition is, as it goes.
const sending = document.querySelector("[data-progress]");
if (sending) {
  const events = new EventSource(sending.dataset.progress);
  events.addEventListener("progress", (event) => {
    const told = JSON.parse(event.data);
    const bar = sending.querySelector("progress");
    bar.max = Math.max(told.total, 1);
    bar.value = told.done;
    for (const cell of sending.querySelectorAll("[data-state]")) {
      cell.textContent = (told.letters[cell.dataset.state] || 0).toLocaleString("en");
    }
    if (told.state !== sending.dataset.was) {
      events.close();
      location.replace(location.pathname);
    }
  });
}
