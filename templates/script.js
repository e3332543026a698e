// Makes the form quicker; every page is whole without it.
"use strict";

const form = document.querySelector("form[data-carat-per-cubic-mm]");
const number = (name) => {
  const value = parseFloat(form.elements[name].value.replace(",", "."));
  return value > 0 ? value : null;
};

// Weight, depth and measurements are checked against each other while they are typed, by the same rules as in the answer.
function check() {
  const [carat, x, y, z, depth] = ["carat", "x", "y", "z", "depth"].map(number);
  const said = [];
  if (x && y && z) {
    const measured = Number(form.dataset.caratPerCubicMm) * x * y * z;
    if (carat && Math.abs(measured / carat - 1) > Number(form.dataset.weightTolerance)) {
      said.push(`${x} × ${y} × ${z} mm would be about ${measured.toFixed(2)} ct, not ${carat} ct.`);
    }
    const measuredDepth = (200 * z) / (x + y);
    if (depth && Math.abs(measuredDepth - depth) > Number(form.dataset.depthTolerance)) {
      said.push(`These measurements make a depth of ${measuredDepth.toFixed(1)} %, not ${depth} %.`);
    }
  }
  document.getElementById("check").textContent = said.join(" ");
}

// The margin is the same for the next stone.
function remember() {
  const margin = form.elements.margin;
  try {
    if (!margin.value) margin.value = localStorage.getItem("margin") ?? "";
    form.addEventListener("submit", () => localStorage.setItem("margin", margin.value));
  } catch {
    // a browser that keeps nothing asks again
  }
}

// Code can be copied by a button.
function addCopyButtons() {
  if (!navigator.clipboard) return;
  for (const code of document.querySelectorAll("pre.code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    });
    code.before(button);
  }
}

if (form) {
  form.addEventListener("input", check);
  check();
  remember();
}
addCopyButtons();
