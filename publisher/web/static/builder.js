// The page where partners choose: the preview follows each choice, and code is copied by a button.
// Without this, the form does the first by its own button.
const form = document.querySelector("form.builder");
let request;

function ready(made) {
  for (const button of made.querySelectorAll("button.copy")) button.hidden = false;
}

function renew() {
  const address = new URL(form.action);
  address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  request?.abort();
  request = new XMLHttpRequest();
  request.open("GET", address);
  request.responseType = "document";
  request.onload = ({ target }) => {
    const made = target.response?.querySelector("#made");
    if (!made) return;
    document.querySelector("#made").replaceWith(document.adoptNode(made));
    ready(made);
    history.replaceState(null, "", address);
  };
  request.send();
}

async function copy(button) {
  const code = document.getElementById(button.dataset.code);
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.nextElementSibling.textContent = button.dataset.done;
  } catch {
    getSelection().selectAllChildren(code); // then the keyboard can copy it
  }
}

form.addEventListener("change", renew);
document.addEventListener("click", ({ target }) => {
  if (target.matches?.("button.copy")) copy(target);
});
ready(document);
