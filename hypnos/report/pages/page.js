"use strict";

// Everything from models and data sets reaches the page through textContent: none of it is ever read as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const PER_PAGE = 10;

/** A text in the page's language; {0} and {1} stand for what follows. */
function say(text, ...parts) {
  return (data.words[text] || text).replace(/\{(\d)\}/g, (_, at) => parts[at]);
}

function make(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "text") node.textContent = value;
    else if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

// Tables of numbers: a click on a heading sorts, a second one turns the order round.

function grid(table) {
  const heat = table.key.endsWith("/by_topic");
  const body = make("tbody");
  const state = { column: null, falling: true };
  const tops = table.columns.map((column, at) =>
    column.scale === 100 ? 100 : Math.max(...table.rows.map((row) => (row.cells[at] ? row.cells[at].value : 0)), 1e-9));
  const heads = [make("th", { text: table.corner, scope: "col", class: "sorts", tabindex: 0 })];
  for (const column of table.columns) {
    heads.push(make("th", { text: heat ? column.name : column.title, scope: "col", class: "sorts", tabindex: 0 }));
  }
  const draw = () => {
    const rows = [...table.rows];
    if (state.column === 0) rows.sort((a, b) => a.label.localeCompare(b.label) * (state.falling ? -1 : 1));
    if (state.column > 0) {
      const of = (row) => (row.cells[state.column - 1] ? row.cells[state.column - 1].value : -Infinity);
      rows.sort((a, b) => (of(a) - of(b)) * (state.falling ? -1 : 1));
    }
    heads.forEach((head, at) => head.setAttribute("aria-sort",
      at !== state.column ? "none" : state.falling ? "descending" : "ascending"));
    body.replaceChildren(...rows.map((row) => make("tr", {}, make("td", { text: row.label }),
      ...row.cells.map((cell, at) => number(cell, table.best[at].includes(row.label), tops[at])))));
  };
  heads.forEach((head, at) => {
    const sort = () => {
      state.falling = state.column === at ? !state.falling : at > 0 && table.columns[at - 1].better !== "lower";
      state.column = at;
      draw();
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
    });
  });
  draw();
  const made = table.signatures.length
    ? make("details", { class: "made" }, make("summary", { text: say("How these numbers are made") }),
      make("ul", {}, ...table.signatures.map(([names, signature]) =>
        make("li", {}, `${names}: `, make("code", { text: signature })))))
    : null;
  return make("div", { class: "card" }, make("h3", { text: table.title }),
    make("div", { class: "scroll" },
      make("table", { class: heat ? "heat" : "" }, make("thead", {}, make("tr", {}, ...heads)), body)),
    make("p", { class: "small", text: [table.counts, table.note].filter(Boolean).join(". ") }), made);
}

function number(cell, best, top) {
  if (!cell) return make("td", { text: "–" });
  const node = make("td", { class: best ? "number best" : "number", title: `${cell.text} ${cell.interval}\n${cell.hint}` },
    make("span", { class: "value", text: cell.text }));
  if (cell.interval) node.append(make("span", { class: "interval", text: cell.interval }));
  const share = Math.max(0, Math.min(100, (100 * cell.value) / top));
  node.style.setProperty("--share", `${share}%`);
  node.style.setProperty("--heat", `${share * 0.85}%`);
  if (share > 66) node.classList.add("hot");
  return node;
}

function tables() {
  const tasks = [...new Set(data.grids.map((table) => table.key.split("/")[0]))];
  const place = make("div");
  const tabs = make("div", { class: "tabs" });
  const show = (task) => {
    place.replaceChildren(...data.grids.filter((table) => table.key.startsWith(`${task}/`)).map(grid));
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", tab.dataset.task === task);
  };
  tabs.append(...tasks.map((task) => make("button", {
    text: data.titles[task] || task, type: "button", "data-task": task, onclick: () => show(task) })));
  fill("tables", make("h2", { text: say("Tables") }), tabs, place);
  if (tasks.length) show(tasks[0]);
}

// What the report says first: what is missing, then models by tasks.

function opening() {
  const { warnings, opening: note } = data;
  const warned = warnings.length
    ? make("ul", { class: "card warnings" }, ...warnings.map((text) => make("li", { text }))) : null;
  if (!note) {
    document.querySelector('nav a[href="#opening"]').remove();
    fill("opening", ...(warned ? [warned] : []));
    return;
  }
  // A cell holds a value, perhaps its interval, and perhaps a rank in brackets.
  const cell = (text, at) => {
    const parts = at ? text.match(/^(\S+)(?: (\[[^\]]*\]))?(?: (\([^)]*\)))?$/) : null;
    if (!parts || !(parts[2] || parts[3])) return make("td", { text });
    return make("td", { class: "stated" }, make("span", { class: "value", text: parts[1] }),
      parts[3] ? make("span", { class: "rank", text: ` ${parts[3]}` }) : null,
      parts[2] ? make("span", { class: "interval", text: parts[2] }) : null);
  };
  fill("opening", make("h2", { text: note.title }), ...(warned ? [warned] : []),
    make("div", { class: "card" }, noteTable(note, "opening", cell), make("p", { class: "small", text: note.text })));
}

function figures() {
  const nodes = data.figures.map((figure) => make("figure", { class: figure.width > 2.4 * figure.height ? "wide" : "" },
    make("img", { src: figure.source, alt: figure.title, width: figure.width, height: figure.height })));
  fill("figures", make("h2", { text: say("Figures") }), make("div", { class: "figures" }, ...nodes));
}

function noteTable(note, kind, cell) {
  return make("div", { class: "scroll" }, make("table", { class: kind },
    make("thead", {}, make("tr", {}, ...note.head.map((text) => make("th", { text })))),
    make("tbody", {}, ...note.rows.map((row) => make("tr", {}, ...row.map(cell))))));
}

function notes() {
  const cell = (text) => make("td", { text, class: text.length < 32 ? "plain" : "" });
  const nodes = data.notes.map((note) => make("div", { class: "card" }, make("h3", { text: note.title }),
    note.head.length ? noteTable(note, "text", cell) : null,
    note.text ? make("p", { class: "small", text: note.text }) : null));
  fill("notes", make("h2", { text: say("Tests and notes") }), ...nodes);
}

// Answers of all models side by side.

function marked(text, marks) {
  const signs = Array.from(text); // places are counted in characters, and JavaScript counts in halves of some
  const nodes = [];
  let at = 0;
  for (const [start, end, kind] of marks) {
    if (start > at) nodes.push(signs.slice(at, start).join(""));
    const title = say(kind === "drug" ? "drug" : `dose: ${kind.slice(5)}`);
    nodes.push(make("mark", { class: kind, title, text: signs.slice(start, end).join("") }));
    at = end;
  }
  nodes.push(signs.slice(at).join(""));
  return nodes;
}

function chip(task, question, answer, at) {
  const { name, label, better, share } = task.chips[at];
  const value = answer.scores[at];
  if (value === null) return null;
  const whole = value === 0 || value === 1;
  if (better === "lower" && value === 0) return null;
  const good = better === "higher" ? value === 1 : value === 0;
  const text = task.kind === "choice" && name === "accuracy" && whole ? say(value ? "right" : "wrong")
    : better === "lower" && value === 1 ? label : `${label} ${share ? (value * 100).toFixed(0) : value.toFixed(1)}`;
  const sort = better === "lower" || (task.kind === "choice" && whole) ? (good ? "right" : "wrong") : "";
  return make("span", { class: `chip ${sort}`, text });
}

function card(task, question) {
  const tags = [make("span", { text: question.id })];
  if (question.topic) tags.push(make("span", { class: "tag", text: data.topics[question.topic] || question.topic }));
  if (question.level) tags.push(make("span", { class: "tag", text: say("level {0}", question.level) }));
  if (question.multiple) tags.push(make("span", { class: "tag", text: say("several right answers") }));
  if (question.negative) tags.push(make("span", { class: "tag negative", text: say("negative stem") }));
  const parts = [make("div", { class: "head" }, ...tags)];
  if (question.passage) {
    parts.push(question.passage.length < 160 ? make("p", { class: "passage", text: question.passage })
      : make("details", {}, make("summary", { text: say("Passage") }), make("p", { class: "passage", text: question.passage })));
  }
  parts.push(make("p", { class: "stem", text: question.question }));
  if (question.options.length) {
    const right = question.references[0] || "";
    parts.push(make("ul", { class: "options" }, ...question.options.map(([letter, text]) =>
      make("li", { class: right.includes(letter) ? "right" : "", text: `${letter}. ${text}` }))));
  } else {
    question.references.forEach((text, at) =>
      parts.push(make("div", { class: "reference", title: say("reference") }, ...marked(text, question.marks[at]))));
  }
  if (question.explanation) {
    parts.push(make("details", {}, make("summary", { text: say("Explanation") }), make("p", { class: "passage", text: question.explanation })));
  }
  parts.push(make("div", { class: "answers" }, ...question.answers.map((answer) => {
    const chips = task.chips.map((_, at) => chip(task, question, answer, at));
    const head = make("h4", {}, make("span", { class: "name", text: answer.model }));
    if (task.kind === "choice") head.append(make("span", { class: "chip", text: answer.choice || say("no letter read") }));
    head.append(...chips.filter(Boolean));
    const body = answer.text.trim() ? make("div", { class: "body" }, ...marked(answer.text, answer.marks))
      : make("div", { class: "body empty", text: say("(empty answer)") });
    return make("div", { class: "answer" }, head, body,
      answer.rule ? make("div", { class: "rule", text: say("read by: {0}", answer.rule) }) : null);
  })));
  return make("article", { class: "card question" }, ...parts);
}

function differ(task, question) {
  const said = question.answers.map((answer) => (task.kind === "choice" ? answer.choice || "" : answer.text.trim()));
  return new Set(said).size > 1;
}

function gap(task, question) {
  const at = Math.max(0, task.chips.findIndex((found) => found.name === task.headline));
  const values = question.answers.map((answer) => answer.scores[at]).filter((value) => value !== null && value !== undefined);
  return values.length ? Math.max(...values) - Math.min(...values) : 0;
}

const hasFault = (question) => question.answers.some((answer) => answer.marks.some((mark) => mark[2] === "dose-fault"));

function answers() {
  if (!data.tasks.length && !data.left_out.length) {  // a sweep: its arms answered elsewhere
    document.getElementById("answers").remove();
    document.querySelector('nav a[href="#answers"]').remove();
    return;
  }
  if (!data.tasks.length) {
    fill("answers", make("h2", { text: say("Answers") }), make("p", { class: "small", text: say("No task whose texts may be shown.") }));
    return;
  }
  const state = { task: data.tasks[0], page: 0, found: [] };
  const list = make("div");
  const count = make("span", { class: "count" });
  const pager = make("div", { class: "pager" });
  const search = make("input", { type: "search", placeholder: say("Search questions and answers"), "aria-label": say("Search") });
  const different = make("input", { type: "checkbox", id: "different" });
  const fault = make("input", { type: "checkbox", id: "fault" });
  const topic = make("select", { "aria-label": say("Topic") });
  const kind = make("select", { "aria-label": say("Kind of question") });
  const order = make("select", { "aria-label": say("Order") }, make("option", { value: "file", text: say("in order") }),
    make("option", { value: "gap", text: say("widest gap first") }));
  const tabs = make("div", { class: "tabs" });

  const filter = () => {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    state.found = state.task.questions.filter((question) => {
      if (different.checked && !differ(state.task, question)) return false;
      if (fault.checked && !hasFault(question)) return false;
      if (topic.value && question.topic !== topic.value) return false;
      if (kind.value === "multiple" && !question.multiple) return false;
      if (kind.value === "negative" && !question.negative) return false;
      if (kind.value.startsWith("level ") && `level ${question.level}` !== kind.value) return false;
      if (!words.length) return true;
      const text = [question.id, question.question, question.passage, ...question.references,
        ...question.options.map(([, option]) => option), ...question.answers.map((answer) => answer.text)].join("\n").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    if (order.value === "gap") state.found.sort((a, b) => gap(state.task, b) - gap(state.task, a));
    state.page = 0;
    draw();
  };
  const draw = () => {
    const pages = Math.max(1, Math.ceil(state.found.length / PER_PAGE));
    list.replaceChildren(...state.found.slice(state.page * PER_PAGE, (state.page + 1) * PER_PAGE)
      .map((question) => card(state.task, question)));
    count.textContent = say("{0} of {1} questions", state.found.length, state.task.questions.length);
    const turn = (by) => () => { state.page += by; draw(); document.getElementById("answers").scrollIntoView(); };
    pager.replaceChildren(
      make("button", { type: "button", text: say("Back"), disabled: state.page === 0, onclick: turn(-1) }),
      make("span", { class: "small", text: say("page {0} of {1}", state.page + 1, pages) }),
      make("button", { type: "button", text: say("Next"), disabled: state.page >= pages - 1, onclick: turn(1) }));
  };
  const show = (task) => {
    state.task = task;
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", tab.dataset.task === task.name);
    const unique = (values) => [...new Set(values.filter(Boolean))];
    topic.replaceChildren(make("option", { value: "", text: say("all topics") }),
      ...data.topic_order[task.name].map((key) =>
        make("option", { value: key, text: data.topics[key] || key })));
    const levels = unique(task.questions.map((question) => question.level)).sort();
    kind.replaceChildren(make("option", { value: "", text: say("all questions") }),
      ...levels.map((level) => make("option", { value: `level ${level}`, text: say("level {0}", level) })),
      ...(task.kind === "choice" ? [make("option", { value: "multiple", text: say("several right answers") }),
        make("option", { value: "negative", text: say("negative stem") })] : []));
    topic.hidden = topic.children.length < 3;
    kind.hidden = kind.children.length < 2;
    filter();
  };
  for (const control of [different, fault, topic, kind, order]) control.addEventListener("change", filter);
  search.addEventListener("input", filter);
  tabs.append(...data.tasks.map((task) => make("button", {
    type: "button", text: task.title, "data-task": task.name, onclick: () => show(task) })));
  const legend = make("div", { class: "legend" },
    ...[["drug", "drug"], ["dose-ok", "dose within its window"], ["dose-warn", "outside the window"],
      ["dose-fault", "tenfold or wrong unit"], ["dose-unknown", "no window of this kind"]].map(([kind, text]) =>
      make("mark", { class: kind, text: say(text) })));
  fill("answers", make("h2", { text: say("Answers side by side") }), tabs,
    make("div", { class: "tools" }, search, topic, kind, order,
      make("label", { for: "different" }, different, say("where models differ")),
      make("label", { for: "fault" }, fault, say("with a dose at fault")), count),
    legend, list, pager);
  if (data.left_out.length) {
    document.getElementById("answers").append(make("p", { class: "small",
      text: say("Texts left out, because they may not leave the machine: {0}", data.left_out.join(", ")) }));
  }
  show(state.task);
}

document.querySelector("h1").textContent = document.querySelector("h1").title = data.title;
document.querySelector(".method").textContent = data.method;
for (const link of document.querySelectorAll("nav a")) link.textContent = say(link.textContent);
opening();
tables();
figures();
answers();
notes();

// A jump ends below the head, however many lines that has.
const head = document.querySelector("header");
const clear = () => { document.documentElement.style.scrollPaddingTop = `${head.offsetHeight + 12}px`; };
new ResizeObserver(clear).observe(head);
clear();
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
