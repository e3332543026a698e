// Makes pages quicker; every page is whole without it.
"use strict";

const stoneForm = document.getElementById("stone-form");
const buyerForm = document.getElementById("buyer-form");
const answer = document.getElementById("answer");

// What both forms say now. The margin goes only while its section is open, and in no address.
function entered(fromLine) {
  const said = new URLSearchParams();
  const add = (form) => {
    for (const [name, value] of new FormData(form)) {
      if (value && (name === "stone") === fromLine) said.append(name, value);
      else if (value && (name === "pin" || name === "view")) said.append(name, value);
    }
  };
  add(stoneForm);
  if (buyerForm?.querySelector("details").open) {
    for (const name of ["margin", "asking"]) {
      if (buyerForm.elements[name].value) said.append(name, buyerForm.elements[name].value);
    }
  }
  return said;
}

// One question is under way at a time; what is typed meanwhile is asked afterwards.
let isAsking = false;
let isChanged = false;
let line = false;
// What stands in the fields beside the price, and which of its parts are open, also while there is no price.
const kept = new Map();
const isOpen = new Map();

async function ask(fromLine) {
  line = fromLine;
  if (isAsking) {
    isChanged = true;
    return;
  }
  isAsking = true;
  try {
    const response = await fetch("/answer", { method: "POST", body: entered(fromLine), headers: { Accept: "text/html" } });
    if (response.ok && !response.redirected) show(await response.text(), fromLine);
    else stoneForm.submit();
  } catch {
    // without the server the last answer stays; the button tells what is wrong
  }
  isAsking = false;
  if (isChanged) {
    isChanged = false;
    ask(line);
  }
}

function show(html, fromLine) {
  const keep = typedBeside();
  const page = new DOMParser().parseFromString(html, "text/html");
  answer.replaceChildren(...page.body.childNodes);
  keep();
  const result = answer.querySelector(".result");
  history.replaceState(null, "", result.dataset.address);
  const price = answer.querySelector("#price");
  document.getElementById("said").textContent = price ? price.textContent : "";
  document.title = price ? `${price.textContent} · Diamonds` : `${stoneForm.dataset.title} · Diamonds`;
  const fields = JSON.parse(result.dataset.fields);
  if (fromLine) fillIn(fields);
  if (buyerForm) keepStone(fields);
  addCopyButtons(answer);
}

// What somebody has typed and opened beside the price, such as the customer of a quote, outlives a new price; the returned
// function puts it back.
function typedBeside() {
  const inputs = [...answer.querySelectorAll("input:not([type=hidden])")];
  inputs.forEach(({ name, value }) => (value ? kept.set(name, value) : kept.delete(name)));
  const summary = (one) => one.querySelector("summary").textContent;
  answer.querySelectorAll("details").forEach((one) => isOpen.set(summary(one), one.open));
  const focused = inputs.find((input) => input === document.activeElement);
  return () => {
    for (const input of answer.querySelectorAll("input:not([type=hidden])")) {
      input.value = kept.get(input.name) ?? "";
      if (input.name !== focused?.name) continue;
      input.focus();
      input.setSelectionRange(focused.selectionStart, focused.selectionEnd);
    }
    answer.querySelectorAll("details").forEach((one) => (one.open = isOpen.get(summary(one)) ?? false));
  };
}

// The line has told the stone: the form shows what was understood.
function fillIn(fields) {
  for (const input of stoneForm.elements) {
    if (input.type === "radio") input.checked = fields[input.name] === input.value;
    else if (input.inputMode === "decimal") input.value = fields[input.name] ?? "";
    if (input.value && input.closest("details")) input.closest("details").open = true;
  }
}

// The button of the other form asks about the same stone.
function keepStone(fields) {
  for (const old of buyerForm.querySelectorAll("input[type=hidden]:not([name=pin])")) old.remove();
  for (const [name, value] of Object.entries(fields)) {
    buyerForm.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
}

// The margin is the same for the next stone.
function remember() {
  const margin = buyerForm.elements.margin;
  try {
    if (!margin.value) margin.value = localStorage.getItem("margin") ?? "";
    margin.addEventListener("change", () => localStorage.setItem("margin", margin.value));
  } catch {
    // a browser that keeps nothing asks again
  }
}

// Code can be copied by a button.
function addCopyButtons(within) {
  if (!navigator.clipboard) return;
  for (const code of within.querySelectorAll("pre.code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = document.body.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = document.body.dataset.copied;
    });
    code.before(button);
  }
}

// A training says how far it is; when it has ended, the page shows its verdict.
const training = document.getElementById("training");
if (training) {
  const source = new EventSource("/training/progress");
  source.addEventListener("progress", (event) => {
    const said = JSON.parse(event.data);
    training.querySelector("progress").max = said.planned || 1;
    training.querySelector("progress").value = said.done;
    training.querySelector("p").textContent = said.words;
  });
  source.addEventListener("ended", () => {
    source.close();
    location.assign("/training");
  });
}

// A request that a developer tries, with the developer's own key; the answer is shown as it came.
function tryRequests(form) {
  const [choice, body, key, status, shown] = ["request", "body", "key", "status", "answer"].map((name) => document.getElementById(`try-${name}`));
  const fill = () => {
    body.value = choice.selectedOptions[0].dataset.body;
    body.parentElement.hidden = !body.value;
  };
  choice.addEventListener("change", fill);
  fill();
  form.hidden = false;
  document.getElementById("try-without").hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [method, path] = choice.value.split(" ");
    const headers = { Accept: "application/json" };
    if (key.value) headers.Authorization = `Bearer ${key.value}`;
    if (method === "POST") headers["Content-Type"] = "application/json";
    const started = performance.now();
    try {
      const response = await fetch(path, { method, headers, body: method === "POST" ? body.value : undefined });
      const text = await response.text();
      status.textContent = `${response.status} ${response.statusText} · ${Math.round(performance.now() - started)} ms`;
      try {
        shown.textContent = JSON.stringify(JSON.parse(text), null, 2);
      } catch {
        shown.textContent = text;
      }
      shown.hidden = false;
    } catch (error) {
      status.textContent = error.message;
      shown.hidden = true;
    }
  });
}
if (document.getElementById("try")) tryRequests(document.getElementById("try"));

if (stoneForm) {
  const lineInput = stoneForm.elements.stone;
  const changed = (event) => {
    if (event.target.name === "view") return stoneForm.requestSubmit();
    if (event.target === lineInput) return ask(true);
    // a field that is changed by hand goes before the line
    lineInput.value = "";
    return ask(false);
  };
  stoneForm.addEventListener("input", changed);
  lineInput.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  if (buyerForm) {
    buyerForm.addEventListener("input", () => ask(false));
    buyerForm.querySelector("details").addEventListener("toggle", () => ask(false));
    remember();
  }
  if (!location.search) stoneForm.elements.carat.focus();
}
addCopyButtons(document);
