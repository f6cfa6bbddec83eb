/* The pages' own few lines: predictions that are revealed on a click, and fields that judge an answer as
   `minixai check` does.  `judge` follows minixai/lesson.py line by line; tests/book compares the two. */
(function () {
  "use strict";

  function remember(key, value) {
    try { window.localStorage.setItem(key, value); } catch (error) { /* a browser that keeps nothing */ }
  }

  function recall(key) {
    try { return window.localStorage.getItem(key); } catch (error) { return null; }
  }

  function page() {
    return window.location.pathname.split("/").pop().replace(/\.html$/, "");
  }

  // -- answers ------------------------------------------------------------------------------------------

  /* {shape, numbers} of the data of an answer; null for a word. */
  function fromData(value) {
    if (typeof value === "string") { return null; }
    if (!Array.isArray(value)) { return { shape: [], numbers: [Number(value.number.replace("inf", "Infinity"))] }; }
    var parts = value.map(fromData);
    var numbers = [];
    parts.forEach(function (part) { numbers = numbers.concat(part.numbers); });
    return { shape: [value.length].concat(parts.length ? parts[0].shape : []), numbers: numbers };
  }

  /* {numbers, decimals} of what was typed; null if it holds anything but numbers.  Brackets are left out: how many
     numbers there are is what counts. */
  function fromText(text, single) {
    var plain = text.replace(/[−–]/g, "-").replace(/[()[\]{}]/g, " ");
    if (single) { plain = plain.replace(/(\d)[,_   ](?=\d{3}(\D|$))/g, "$1"); }
    var parts = plain.replace(/\s*([/%])\s*/g, "$1").replace(/%/g, "% ").split(/[\s,;]+/).filter(Boolean);
    var numbers = [], decimals = [];
    for (var i = 0; i < parts.length; i++) {
      var found = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?)(?:\/(\d+\.?\d*))?(%?)$/i.exec(parts[i]);
      if (!found) { return null; }
      var number = Number(found[1].replace(/inf(inity)?/i, "Infinity"));
      var digits = decimalsOf(number);
      if (found[2]) { number /= Number(found[2]); digits = decimalsOf(number); }
      if (found[3]) { number /= 100; digits += 2; }
      numbers.push(number);
      decimals.push(digits);
    }
    return numbers.length ? { numbers: numbers, decimals: decimals } : null;
  }

  /* How many digits stand after the point in the shortest spelling of a number. */
  function decimalsOf(number) {
    var found = /^-?\d+(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(number));
    if (!found) { return 0; }
    return Math.max(0, (found[1] || "").length - Number(found[2] || 0));
  }

  function close(x, y, tol) {
    return x === y || Math.abs(x - y) <= tol + 1e-9 * Math.abs(y);
  }

  /* Whether x is y rounded to the digits that x has: at least two digits, or two after the point. */
  function isRounded(x, y, decimals, enough) {
    if (!isFinite(x) || !isFinite(y)) { return false; }
    var unit = Math.pow(10, -decimals);
    var digits = x === 0 ? 0 : Math.floor(Math.log10(Math.abs(x)) + decimals + 1e-9) + 1;
    return Math.abs(x - y) <= unit / 2 * (1 + 1e-9) && x !== 0 && (!enough || decimals >= 2 || digits >= 2);
  }

  function matches(got, right, tol, enough) {
    return got.numbers.every(function (x, i) {
      return close(x, right.numbers[i], tol) || isRounded(x, right.numbers[i], got.decimals[i], enough);
    });
  }

  function distance(a, b) {
    return Math.max.apply(null, a.numbers.map(function (x, i) {
      var off = Math.abs(x - b.numbers[i]);
      return isNaN(off) ? 0 : off;
    }));
  }

  function isNear(got, trap, right, tol) {
    return got.numbers.every(function (x, i) {
      return close(x, trap.numbers[i], Math.max(tol, 0.02 * Math.abs(trap.numbers[i]))) ||
        isRounded(x, trap.numbers[i], got.decimals[i], true);
    }) && distance(got, trap) < distance(got, right);
  }

  function plainWord(text) {
    return text.trim().toLowerCase().replace(/^["'“”‘’`]+|["'“”‘’`.!]+$/g, "").replace(/^(the|a|an) /, "").trim();
  }

  var COUNTS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

  function countOf(n) {
    return (COUNTS[n] || n) + (n === 1 ? " number" : " numbers");
  }

  /* [state, what to say] of a typed answer. */
  function judge(text, exercise) {
    var right = fromData(exercise.right);
    if (!text.trim()) { return ["open", "not tried yet"]; }
    if (right === null) { return judgeWord(text, exercise); }
    var got = fromText(text, right.numbers.length === 1);
    if (got === null) {
      return ["wrong", "the answer is " + (right.shape.length ? countOf(right.numbers.length) : "a number")];
    }
    if (got.numbers.length !== right.numbers.length) {
      return ["wrong", "the answer is " + countOf(right.numbers.length) + ", and this is " + countOf(got.numbers.length)];
    }
    if (matches(got, right, exercise.tol, true)) { return ["right", exercise.why || "right"]; }
    var nearest = null, why = "";
    exercise.traps.forEach(function (trap) {
      var wrong = fromData(trap[1]);
      if (wrong === null || wrong.numbers.length !== got.numbers.length) { return; }
      if (isNear(got, wrong, right, exercise.tol) && (nearest === null || distance(got, wrong) < nearest)) {
        nearest = distance(got, wrong);
        why = trap[0];
      }
    });
    return ["wrong", why || hint(got, right, exercise.tol)];
  }

  function judgeWord(text, exercise) {
    if (fromText(text, true) !== null) { return ["wrong", "the answer is a word"]; }
    if (plainWord(text) === plainWord(exercise.right)) { return ["right", exercise.why || "right"]; }
    var found = exercise.traps.filter(function (trap) {
      return typeof trap[1] === "string" && plainWord(trap[1]) === plainWord(text);
    });
    return ["wrong", found.length ? found[0][0] : "compare it with the recipe above"];
  }

  function sorted(numbers) {
    return numbers.slice().sort(function (a, b) { return a - b; });
  }

  /* What can be said of a wrong answer that is no known trap. */
  function hint(got, right, tol) {
    var negative = { numbers: got.numbers.map(function (x) { return -x; }), decimals: got.decimals };
    var order = sorted(got.numbers), rightOrder = sorted(right.numbers);
    if (matches(got, right, tol, false)) { return "this is right as far as it goes: give one more digit"; }
    if (matches(negative, right, tol, true)) { return "the size is right, and the sign is not"; }
    if (right.numbers.length > 1 && order.every(function (x, i) { return close(x, rightOrder[i], tol); })) {
      return "these are the right numbers, in another order";
    }
    if (right.numbers.length === 1) {
      return "it is too " + (got.numbers[0] > right.numbers[0] ? "large" : "small") + ": compare it with the recipe above";
    }
    return "compare it with the recipe above";
  }

  function startExercise(form) {
    var exercise = JSON.parse(form.dataset.exercise);
    var input = form.querySelector("input"), output = form.querySelector("output");
    var key = "minixai/" + page() + "/" + exercise.name;

    function tell() {
      var found = judge(input.value, exercise);
      form.dataset.state = found[0];
      output.textContent = "";
      if (found[0] === "open") { return; }
      var mark = document.createElement("b");
      mark.textContent = found[0] === "right" ? "Right: " : "Not yet: ";
      output.append(mark, found[1] === "right" ? "well done" : found[1]);
    }

    form.addEventListener("submit", function (event) {
      event.preventDefault();
      remember(key, input.value);
      tell();
    });
    var before = recall(key);
    if (before) { input.value = before; tell(); }
  }

  // -- predictions --------------------------------------------------------------------------------------

  function startPrediction(gate, n) {
    var article = gate.closest("article"), ends = Array.from(document.querySelectorAll(".predict-end"));
    var end = ends.find(function (each) {
      return gate.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
    });
    var key = "minixai/" + page() + "/prediction-" + n;
    if (!article || !end || recall(key)) { return; }
    var hidden = Array.from(article.querySelectorAll("*")).filter(function (each) {
      return !each.contains(gate) && !each.contains(end) && !gate.contains(each) &&
        gate.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING &&
        end.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING;
    });
    var note = document.createElement("p"), button = document.createElement("button");
    note.textContent = "What happens is hidden until you have made a guess. Write it down, on paper or in your head.";
    button.type = "button";
    button.textContent = "I have a guess: show what happens";

    function reveal() {
      hidden.forEach(function (each) { each.classList.remove("predict-hidden"); });
      gate.textContent = "";
      remember(key, "revealed");
    }

    hidden.forEach(function (each) { each.classList.add("predict-hidden"); });
    button.addEventListener("click", reveal);
    gate.append(note, button);

    /* A link into the hidden part shows it. */
    function follow() {
      var to = window.location.hash && document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
      var after = to && gate.compareDocumentPosition(to) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (after && (to.closest(".predict-hidden") || to.querySelector(".predict-hidden"))) {
        reveal();
        to.scrollIntoView();
      }
    }

    window.addEventListener("hashchange", follow);
    follow();
  }

  // -- tables -------------------------------------------------------------------------------------------

  /* A wide table of words: on a phone each row becomes a card, whose lines say what they are. */
  function stack(table) {
    var titles = Array.from(table.querySelectorAll("thead th")).map(function (cell) { return cell.textContent.trim(); });
    var cells = Array.from(table.querySelectorAll("tbody td"));
    var letters = cells.reduce(function (sum, cell) { return sum + cell.textContent.length; }, 0);
    if (titles.length < 4 || letters < 12 * cells.length) { return; }
    table.classList.add("stacks");
    cells.forEach(function (cell) { cell.dataset.label = titles[cell.cellIndex]; });
  }

  window.minixaiJudge = judge;
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("form.exercise").forEach(startExercise);
    document.querySelectorAll(".predict-gate").forEach(startPrediction);
    document.querySelectorAll("article table").forEach(stack);
  });
})();
