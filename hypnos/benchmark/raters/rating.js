(function () {
  "use strict";

  var sheet = page.sheet, $ = page.$, make = page.make, add = page.add, button = page.button, clock = page.clock;
  var KEY = "hypnos-ratings:" + sheet.sheet;
  var IDLE = 90;            // seconds without a touch after which the clock of an item stands still
  var REMIND = 8;           // finished questions after which a backup is recommended
  var UNABLE = "unable";
  var state = fresh();
  var at = 0;
  var touched = Date.now();
  var storageWorks = true;
  var silenced = 0;         // finished questions when the last reminder was put away
  var byId = {};
  sheet.questions.forEach(function (question) { byId[question.id] = question; });

  function fresh() { return { at: 0, opened: false, backedUp: 0, questions: {} }; }

  // ---- what has been filled in ----

  function scalesOf(question) {
    return sheet.indicators.filter(function (one) { return one.kinds.indexOf(question.kind) >= 0; });
  }
  function entry(question, answer) {
    var kept = state.questions[question.id];
    if (!kept) { kept = state.questions[question.id] = { seconds: 0, changed: 0, answers: {} }; }
    if (!kept.answers[answer.id]) { kept.answers[answer.id] = { scores: {}, severe: [], note: "" }; }
    return kept.answers[answer.id];
  }
  function rated(question, answer) {
    var kept = state.questions[question.id];
    var scores = kept && kept.answers[answer.id] ? kept.answers[answer.id].scores : {};
    return scalesOf(question).filter(function (one) { return scores[one.key] !== undefined; }).length;
  }
  function progress(question) {
    var done = 0, all = 0;
    question.answers.forEach(function (answer) { done += rated(question, answer); all += scalesOf(question).length; });
    return done === all ? "full" : done ? "part" : "none";
  }
  function finished() { return sheet.questions.filter(function (one) { return progress(one) === "full"; }); }

  function changed(question) {
    state.questions[question.id].changed = Date.now();
    save();
    refresh();
  }

  // ---- keeping it ----

  function save() {
    try {
      window.localStorage.setItem(KEY, JSON.stringify(state));
      storageWorks = true;
      $("saved").className = "";
      $("saved").textContent = "已自动保存 " + clock(new Date());
    } catch (error) {
      storageWorks = false;
      $("saved").className = "bad";
      $("saved").textContent = "浏览器无法自动保存";
    }
  }

  function load() {
    var text = null;
    try { text = window.localStorage.getItem(KEY); } catch (error) { storageWorks = false; }
    if (!text) { return; }
    try {
      var found = JSON.parse(text);
      take(found.questions);
      state.at = Math.min(Math.max(0, found.at | 0), sheet.questions.length - 1);
      state.opened = !!found.opened;
      state.backedUp = found.backedUp | 0;
    } catch (error) {
      say("浏览器中保存的内容已损坏，请用“读取备份”恢复。", "bad");
    }
  }

  // Of two versions of a question the one changed later stays, so an old backup never destroys newer work.
  function take(questions) {
    var taken = 0;
    Object.keys(questions || {}).forEach(function (id) {
      var question = byId[id], theirs = questions[id], mine = state.questions[id];
      if (!question || !theirs || (mine && mine.changed >= (theirs.changed || 0))) { return; }
      var clean = { seconds: +theirs.seconds || 0, changed: +theirs.changed || 1, answers: {} };
      question.answers.forEach(function (answer) {
        var given = (theirs.answers || {})[answer.id];
        if (!given) { return; }
        var kept = clean.answers[answer.id] = { scores: {}, severe: [], note: String(given.note || "") };
        scalesOf(question).forEach(function (one) {
          var value = (given.scores || {})[one.key];
          var whole = typeof value === "number" && Math.floor(value) === value;
          if (value === UNABLE || (whole && value >= sheet.low && value <= sheet.high)) { kept.scores[one.key] = value; }
        });
        sheet.severe.forEach(function (one) {
          if ((given.severe || []).indexOf(one.key) >= 0) { kept.severe.push(one.key); }
        });
      });
      state.questions[id] = clean;
      taken += 1;
    });
    return taken;
  }

  function file(kind) {
    return {
      format: sheet.ratings, sheet: sheet.sheet, rater: sheet.rater, kind: kind,
      complete: finished().length === sheet.questions.length, saved: new Date().toISOString(), questions: state.questions
    };
  }
  function download(kind) {
    page.download(file(kind), (kind === "backup" ? "备份_" : "评分结果_") + sheet.rater);
    state.backedUp = finished().length;
    save();
  }
  function backup() {
    download("backup");
    say("备份已保存到浏览器的下载文件夹。建议拷贝一份到 U 盘。", "good");
  }
  function restore(event) {
    page.read(event, function (found, name) {
      if (!found || found.format !== sheet.ratings) { say("“" + name + "”不是本页面的备份文件。", "bad"); return; }
      if (found.sheet !== sheet.sheet) { say("“" + name + "”属于另一份评分表（评分员 " + found.rater + "），未读取。", "bad"); return; }
      var taken = take(found.questions);
      save();
      show(at);
      say(taken ? "已从备份恢复 " + taken + " 题。" : "备份中没有比当前更新的内容。", "good");
    });
  }

  // ---- messages ----

  function say(text, kind, action, run) {
    var banner = $("banner");
    banner.textContent = "";
    banner.className = kind || "";
    banner.hidden = false;
    var right = make("span");
    if (action) { add(right, button(action, "main", run)); }
    add(right, button("知道了", "", function () { banner.hidden = true; silenced = finished().length; }));
    add(banner, make("span", "", text), right);
  }
  function remind() {
    var count = finished().length - state.backedUp, since = finished().length - Math.max(state.backedUp, silenced);
    if (!storageWorks) {
      say("这个浏览器不能自动保存。请经常点“保存备份”，关闭页面前必须保存。", "bad", "保存备份", backup);
    } else if (since >= REMIND && $("banner").hidden) {
      say("已有 " + count + " 题没有备份。浏览器里的内容可能被清理软件删除，建议现在保存一份。", "remind", "保存备份", backup);
    }
  }

  function dialog(fill) {
    var box = $("dialog");
    box.textContent = "";
    fill(box);
    $("cover").hidden = false;
    box.focus();
  }
  function close() {
    $("cover").hidden = true;
    if (!state.opened) { state.opened = true; save(); }
    focusFirst();
  }

  function list(items) {
    var made = make("ul");
    items.forEach(function (text) { add(made, make("li", "", text)); });
    return made;
  }
  function help() {
    dialog(function (box) {
      add(box, make("h2", "", sheet.title));
      add(box, make("p", "", "评分员：" + sheet.rater + "　共 " + sheet.questions.length + " 题，预计约 " + sheet.minutes + " 分钟，可以分多次完成。"));
      if (sheet.local) { add(box, make("p", "way lower", "含院内资料，请勿带出或上传")); }
      add(box, make("h3", "", "怎样评分"));
      add(box, list([
        "每题有若干份答案，来源已隐去，顺序已打乱。请只看内容，各答案独立评分，不必猜测出处。",
        "每项 " + sheet.low + "–" + sheet.high + " 分，标尺两端写明含义。注意方向：标“越低越好”的项目（如有害性），分数越高表示越差。",
        "超出自己专业、材料不足时选“无法判断”，不要随便给中间分。",
        sheet.severe.length ? "发现" + sheet.severe.map(function (one) { return one.name; }).join("、") + "方面的严重错误，请另外勾选，并在备注里写一句。" : "有疑问请写在备注里。",
        "先做校准题：所有评分员都评同样的题，用来统一尺度。做完可先与负责人讨论，再做正式题。",
        "评分时请不要与其他评分员讨论正式题。"
      ]));
      add(box, make("h3", "", "保存与交回"));
      add(box, list([
        "每点一次都会自动保存在本机浏览器，关闭后重新打开此文件即可继续（请用同一台电脑、同一个浏览器）。",
        "浏览器里的内容可能被清理软件删除：每次离开前请点“保存备份”；换电脑时用“读取备份”。",
        "全部完成后点“导出结果”，把得到的 .json 文件交给负责人。此页面不联网，不会上传任何内容。"
      ]));
      add(box, make("h3", "", "只用键盘"));
      var table = make("table");
      [["0–9，减号 -", "给当前项打分；减号为 10 分。打分后自动到下一项"], ["N", "无法判断"], ["↑ ↓ 或 Enter", "上一项、下一项"],
        ["← →", "减 1 分、加 1 分"], ["退格", "清除当前项"], ["1 2 3（在“严重错误”处）", "勾选或取消"], ["[ 和 ]", "上一题、下一题"]]
        .forEach(function (line) { add(table, add(make("tr"), make("td", "", line[0]), make("td", "", line[1]))); });
      add(box, table);
      add(box, add(make("div", "buttons"), button(state.opened ? "继续评分" : "开始评分", "main", close)));
    });
    $("dialog").querySelector(".main").focus();
  }

  function finish() {
    dialog(function (box) {
      var open = sheet.questions.filter(function (one) { return progress(one) !== "full"; });
      var buttons = make("div", "buttons");
      add(buttons, button("返回", "", close));
      if (!open.length) {
        add(box, make("h2", "", "全部 " + sheet.questions.length + " 题已完成，谢谢！"));
        add(box, make("p", "", "请导出结果，把文件交给负责人。导出后仍可修改，修改后请重新导出。"));
        add(buttons, button("导出结果", "main", function () { download("result"); close(); say("结果已保存到浏览器的下载文件夹，请把该文件交给负责人。", "good"); }));
      } else {
        add(box, make("h2", "", "还有 " + open.length + " 题没有完成"));
        add(box, make("p", "", "点题号前往。拿不准的项目可以选“无法判断”。"));
        var gaps = make("p", "gaps");
        open.forEach(function (one) {
          var index = sheet.questions.indexOf(one);
          add(gaps, button("第 " + (index + 1) + " 题", "", function () { close(); show(index); }));
        });
        add(box, gaps);
        add(buttons, button("仍要导出未完成的结果", "", function () { download("result"); close(); say("未完成的结果已导出。", ""); }));
      }
      add(box, buttons);
    });
  }

  // ---- the page ----

  function show(index) {
    at = state.at = Math.min(Math.max(0, index), sheet.questions.length - 1);
    var question = sheet.questions[at];
    var main = $("main");
    if ($("banner").className !== "bad" && $("banner").className !== "remind") { $("banner").hidden = true; }
    if (storageWorks) { quiet(); }
    main.textContent = "";
    var card = make("section", "card question");
    add(card, question.part === "calibration" ? make("span", "tag calibration", "校准题") : null);
    add(card, make("span", "tag", question.kind === "reading" ? "阅读理解" : "问答"));
    if (question.passage) { add(card, make("p", "label", "材料"), make("div", "text passage", question.passage)); }
    add(card, make("h2", "text", question.question));
    if (question.references.length) {
      var details = make("details");
      add(details, make("summary", "", "参考答案（供核对，点开查看）"));
      question.references.forEach(function (text) { add(details, make("div", "text", text)); });
      add(card, details);
    }
    add(main, card);
    question.answers.forEach(function (answer) { add(main, answerCard(question, answer)); });
    var turn = make("div", "turn");
    add(turn, button("← 上一题", "", function () { show(at - 1); }));
    add(turn, make("p", "", "数字键打分，减号为 10，N 无法判断，Enter 下一项"));
    add(turn, button(at + 1 < sheet.questions.length ? "下一题 →" : "完成并检查", "main", next));
    add(main, turn);
    window.scrollTo(0, 0);
    refresh();
    focusFirst();
  }
  function next() {
    if (at + 1 < sheet.questions.length) {
      var over = sheet.questions[at].part === "calibration" && sheet.questions[at + 1].part !== "calibration";
      show(at + 1);
      if (over) { say("校准题到此结束。建议先与负责人核对尺度，再继续做正式题。", "", "保存备份", backup); }
    } else { finish(); }
  }

  function answerCard(question, answer) {
    var card = make("section", "card answer");
    card.setAttribute("data-answer", answer.id);
    add(card, add(make("h3", "", "答案 " + answer.label), make("span")));
    var columns = make("div", "columns");
    add(columns, make("div", answer.text ? "text" : "text empty", answer.text || "（没有作答）"));
    var scales = make("div", "scales");
    scalesOf(question).forEach(function (one) { add(scales, scaleRow(question, answer, one)); });
    if (sheet.severe.length) { add(scales, severeRow(question, answer)); }
    var note = make("textarea");
    note.placeholder = "备注（可不填）";
    note.setAttribute("aria-label", "答案 " + answer.label + " 的备注");
    note.value = entry(question, answer).note;
    note.addEventListener("input", function () { entry(question, answer).note = note.value; changed(question); });
    add(scales, note);
    return add(card, add(columns, scales));
  }

  function row(className, label) {
    var made = make("div", "row " + className);
    made.tabIndex = 0;
    made.setAttribute("aria-label", label);
    return made;
  }
  function scaleRow(question, answer, one) {
    var made = row("scale", one.name + "，" + (one.lower_is_better ? "越低越好" : "越高越好"));
    made.setAttribute("role", "radiogroup");
    made.setAttribute("data-key", one.key);
    add(made, make("span", "name", one.name));
    add(made, make("span", one.lower_is_better ? "way lower" : "way", one.lower_is_better ? "↓ 越低越好" : "↑ 越高越好"));
    var choice = make("div", "choice");
    var values = [];
    for (var value = sheet.low; value <= sheet.high; value++) { values.push(value); }
    values.concat([UNABLE]).forEach(function (value) {
      var made2 = button(value === UNABLE ? "无法判断" : String(value), value === UNABLE ? "unable" : "", function () { set(value); made.focus(); });
      made2.tabIndex = -1;
      made2.setAttribute("role", "radio");
      made2.setAttribute("data-value", String(value));
      add(choice, made2);
    });
    add(made, choice);
    add(made, add(make("div", "ends"), make("span", "", sheet.low + "：" + one.low), make("span", "", sheet.high + "：" + one.high)));
    function paint() {
      var given = entry(question, answer).scores[one.key];
      Array.prototype.forEach.call(choice.children, function (child) {
        child.setAttribute("aria-checked", String(child.getAttribute("data-value") === String(given)));
      });
    }
    function set(value) {
      var scores = entry(question, answer).scores;
      if (value === undefined) { delete scores[one.key]; } else { scores[one.key] = value; }
      paint();
      changed(question);
    }
    made.press = function (press) {
      var given = entry(question, answer).scores[one.key];
      if (press.digit !== undefined && press.digit >= sheet.low && press.digit <= sheet.high) { set(press.digit); move(made, 1); }
      else if (press.top && sheet.high === 10) { set(10); move(made, 1); }
      else if (press.unable) { set(UNABLE); move(made, 1); }
      else if (press.clear) { set(undefined); }
      else if (press.step && typeof given === "number") { set(Math.min(sheet.high, Math.max(sheet.low, given + press.step))); }
      else { return false; }
      return true;
    };
    paint();
    return made;
  }
  function severeRow(question, answer) {
    var made = row("severe", "严重错误");
    made.setAttribute("role", "group");
    add(made, make("span", "name", "严重错误"), make("span", "hint", "有则勾选，没有请留空"));
    var choice = make("div", "choice");
    sheet.severe.forEach(function (one, index) {
      var tick = button("", "", function () { toggle(index); made.focus(); });
      tick.tabIndex = -1;
      tick.setAttribute("role", "checkbox");
      tick.setAttribute("data-value", one.key);
      add(choice, add(tick, make("kbd", "", String(index + 1)), document.createTextNode(" "), make("b", "", one.name), document.createTextNode(one.holds)));
    });
    add(made, choice);
    function paint() {
      var ticked = entry(question, answer).severe;
      sheet.severe.forEach(function (one, index) { choice.children[index].setAttribute("aria-checked", String(ticked.indexOf(one.key) >= 0)); });
    }
    function toggle(index) {
      var ticked = entry(question, answer).severe, key = sheet.severe[index].key;
      if (ticked.indexOf(key) >= 0) { ticked.splice(ticked.indexOf(key), 1); } else { ticked.push(key); }
      paint();
      changed(question);
    }
    made.press = function (press) {
      if (press.digit >= 1 && press.digit <= sheet.severe.length) { toggle(press.digit - 1); return true; }
      return false;
    };
    paint();
    return made;
  }

  function rows() { return Array.prototype.slice.call(document.querySelectorAll("#main .row")); }
  function move(from, step) {
    var all = rows(), to = all.indexOf(from) + step;
    if (to >= all.length) { next(); } else if (to >= 0) { focusRow(all[to]); }
  }
  function focusRow(made) {
    made.focus({ preventScroll: true });
    var box = made.getBoundingClientRect();
    // Below the fixed head and above the lower edge, with some room.
    if (box.top < 110) { window.scrollBy(0, box.top - 130); }
    else if (box.bottom > window.innerHeight - 20) { window.scrollBy(0, box.bottom - window.innerHeight + 90); }
  }
  function focusFirst() {
    if (!$("cover").hidden) { return; }
    var open = rows().filter(function (made) { return made.classList.contains("scale") && !made.querySelector("[aria-checked=true]"); })[0];
    var first = open || rows()[0];
    if (first === rows()[0]) { first.focus({ preventScroll: true }); } else if (first) { focusRow(first); }
  }

  function refresh() {
    var question = sheet.questions[at], done = finished().length, all = sheet.questions.length;
    $("place").textContent = "评分员 " + sheet.rater + "　第 " + (at + 1) + " / " + all + " 题";
    $("bar").style.width = (100 * done / all) + "%";
    $("done").textContent = "已完成 " + done + " / " + all + " 题";
    question.answers.forEach(function (answer) {
      var card = document.querySelector('[data-answer="' + answer.id + '"]'), count = rated(question, answer), total = scalesOf(question).length;
      card.classList.toggle("full", count === total);
      card.querySelector("h3 span").textContent = count === total ? "已评完 ✓" : "已评 " + count + " / " + total + " 项";
    });
    var squares = document.querySelectorAll("nav button");
    sheet.questions.forEach(function (one, index) {
      squares[index].className = progress(one) + (index === at ? " here" : "");
      squares[index].setAttribute("aria-current", String(index === at));
    });
    remind();
  }

  function build() {
    $("title").textContent = sheet.title;
    var part = null;
    sheet.questions.forEach(function (question, index) {
      if (question.part !== part) {
        part = question.part;
        add($("list"), make("h2", "", part === "calibration" ? "校准题" : "正式题"));
      }
      add($("list"), button(String(index + 1), "", function () { show(index); }));
    });
    var legend = make("p", "legend");
    [["", "未评"], ["part", "未评完"], ["full", "已评完"]].forEach(function (line) {
      add(legend, make("i", line[0]), document.createTextNode(line[1] + "　"));
    });
    add($("list"), legend);
    $("backup").addEventListener("click", backup);
    $("restore").addEventListener("change", restore);
    $("export").addEventListener("click", finish);
    var told = button("说明", "", help);
    told.id = "help";
    told.title = "填写说明与快捷键";
    add(document.querySelector("header .tools"), told);
  }

  // Places on the keyboard, not letters: an input method for Chinese swallows letters but not their places.
  function keys(event) {
    touched = Date.now();
    if (!$("cover").hidden) {
      if (event.key === "Escape") { close(); }
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey) { return; }
    var active = document.activeElement;
    if (active && (active.tagName === "TEXTAREA" || active.tagName === "INPUT")) {
      if (event.key === "Escape") { active.blur(); focusFirst(); }
      return;
    }
    var code = event.code || "", used = true;
    var digit = /^(?:Digit|Numpad)(\d)$/.exec(code);
    if (code === "BracketRight") { next(); }
    else if (code === "BracketLeft") { show(at - 1); }
    else if (!active || !active.press) { return; }
    else if (event.shiftKey) { return; }
    else if (code === "ArrowDown" || code === "Enter" || code === "NumpadEnter") { move(active, 1); }
    else if (code === "ArrowUp") { move(active, -1); }
    else {
      used = active.press({
        digit: digit ? +digit[1] : undefined, top: code === "Minus" || code === "NumpadSubtract", unable: code === "KeyN",
        clear: code === "Backspace" || code === "Delete", step: code === "ArrowRight" ? 1 : code === "ArrowLeft" ? -1 : 0
      });
    }
    if (used) { event.preventDefault(); }
  }

  function tick() {
    var idle = (Date.now() - touched) / 1000 > IDLE;
    if (document.hidden || idle || !$("cover").hidden) { return; }
    var question = sheet.questions[at];
    entry(question, question.answers[0]);
    state.questions[question.id].seconds += 1;
    if (state.questions[question.id].seconds % 5 === 0 && storageWorks) { quiet(); }
  }
  function quiet() { try { window.localStorage.setItem(KEY, JSON.stringify(state)); } catch (error) { storageWorks = false; } }

  build();
  load();
  show(state.at);
  if (!state.opened) { help(); }
  if (Object.keys(state.questions).length) { $("saved").textContent = "已恢复上次的内容"; }
  document.addEventListener("keydown", keys);
  ["mousedown", "mousemove", "scroll", "touchstart"].forEach(function (name) {
    window.addEventListener(name, function () { touched = Date.now(); }, { passive: true });
  });
  window.setInterval(tick, 1000);
  window.addEventListener("pagehide", quiet);
  window.addEventListener("beforeunload", function (event) {
    if (!storageWorks && finished().length > state.backedUp) { event.preventDefault(); event.returnValue = ""; }
  });
  // The same sheet in a second window: its changes are taken over, so neither window overwrites the other.
  window.addEventListener("storage", function (event) {
    if (event.key !== KEY || !event.newValue) { return; }
    try {
      if (take(JSON.parse(event.newValue).questions)) { show(at); }
      say("这份评分表在另一个窗口中也打开了，请只保留一个窗口。", "bad");
    } catch (error) { return; }
  });
})();
