(function () {
  "use strict";

  var sheet = page.sheet, $ = page.$, make = page.make, add = page.add, button = page.button;
  var KEY = "hypnos-review:" + sheet.sheet;
  var NAMES = { system: "系统提示", instruction: "问题", input: "材料", reasoning: "思考过程", output: "回答" };
  var VERDICTS = [["accept", "1 通过"], ["mend", "2 修改"], ["reject", "3 退回"]];
  var state = { at: 0, records: {} };
  var byId = {};
  sheet.records.forEach(function (record) { byId[record.id] = record; });

  // ---- what has been decided ----

  function entry(record) {
    if (!state.records[record.id]) { state.records[record.id] = { verdict: "", reason: "", note: "", texts: {}, changed: 0 }; }
    return state.records[record.id];
  }
  function fields(record) {
    return Object.keys(NAMES).filter(function (name) { return record.texts[name] !== undefined; });
  }
  function mends(record, kept) {
    return fields(record).some(function (name) {
      return kept.texts[name] !== undefined && kept.texts[name].trim() !== record.texts[name].trim();
    });
  }
  // What is missing before a decision counts; empty where nothing is.
  function missing(record) {
    var kept = state.records[record.id];
    if (!kept || !kept.verdict) { return "还没有决定"; }
    if (kept.verdict === "mend" && !mends(record, kept)) { return "选了“修改”，但文字还没有改动"; }
    if (kept.verdict === "mend" && ["instruction", "output"].some(function (name) {
      return kept.texts[name] !== undefined && !kept.texts[name].trim();
    })) { return "问题和回答不能为空"; }
    if (kept.verdict === "reject" && !kept.reason) { return "请选择退回的原因"; }
    if (kept.verdict === "reject" && kept.reason === "other" && !kept.note.trim()) { return "请写明原因"; }
    return "";
  }
  function finished() { return sheet.records.filter(function (one) { return !missing(one); }); }
  function changed(record) {
    entry(record).changed = Date.now();
    save();
    refresh();
  }

  // ---- keeping it ----

  function save() {
    try {
      window.localStorage.setItem(KEY, JSON.stringify(state));
      $("saved").className = "";
      $("saved").textContent = "已自动保存";
    } catch (error) {
      $("saved").className = "bad";
      $("saved").textContent = "浏览器无法自动保存，请常点“保存备份”";
    }
  }
  function load() {
    var text = null;
    try { text = window.localStorage.getItem(KEY); } catch (error) { return; }
    if (!text) { return; }
    try {
      var found = JSON.parse(text);
      take(found.records);
      state.at = Math.min(Math.max(0, found.at | 0), sheet.records.length - 1);
    } catch (error) { say("浏览器中保存的内容已损坏，请用“读取备份”恢复。", "bad"); }
  }
  // Of two versions of a record the one changed later stays, so an old backup never destroys newer work.
  function take(records) {
    var taken = 0;
    Object.keys(records || {}).forEach(function (id) {
      var record = byId[id], theirs = records[id], mine = state.records[id];
      if (!record || !theirs || (mine && mine.changed >= (theirs.changed || 0))) { return; }
      var clean = { verdict: "", reason: "", note: String(theirs.note || ""), texts: {}, changed: +theirs.changed || 1 };
      VERDICTS.forEach(function (one) { if (one[0] === theirs.verdict) { clean.verdict = one[0]; } });
      sheet.reasons.forEach(function (one) { if (one.key === theirs.reason) { clean.reason = one.key; } });
      fields(record).forEach(function (name) {
        var text = (theirs.texts || {})[name];
        if (typeof text === "string") { clean.texts[name] = text; }
      });
      state.records[id] = clean;
      taken += 1;
    });
    return taken;
  }
  // Only decisions that count are handed in; a backup has everything.
  function file(kind) {
    var records = {};
    sheet.records.forEach(function (record) {
      if (state.records[record.id] && (kind === "backup" || !missing(record))) { records[record.id] = state.records[record.id]; }
    });
    return {
      format: sheet.decisions, sheet: sheet.sheet, reviewer: sheet.reviewer, kind: kind,
      complete: finished().length === sheet.records.length, saved: new Date().toISOString(), records: records
    };
  }
  function download(kind) { page.download(file(kind), (kind === "backup" ? "备份_" : "审核结果_") + sheet.reviewer); }
  function restore(event) {
    page.read(event, function (found, name) {
      if (!found || found.format !== sheet.decisions || found.sheet !== sheet.sheet) {
        say("“" + name + "”不是本页面的备份文件。", "bad");
        return;
      }
      var taken = take(found.records);
      save();
      show(state.at);
      say("已从备份恢复 " + taken + " 条。", "");
    });
  }
  function say(text, kind) {
    $("banner").textContent = text;
    $("banner").className = kind;
    $("banner").hidden = false;
  }
  function hand() {
    var open = sheet.records.length - finished().length;
    download("result");
    say(open ? "已导出；还有 " + open + " 条没有完成，未包含在内。" : "全部完成，结果已保存到下载文件夹，请交给负责人。", "");
  }

  // ---- the page ----

  function show(index) {
    state.at = Math.min(Math.max(0, index), sheet.records.length - 1);
    var record = sheet.records[state.at];
    var kept = entry(record);
    var main = $("main");
    main.textContent = "";
    var card = make("section", "card");
    if (sheet.local) { add(card, make("p", "warning", "含院内资料，请勿带出或上传")); }
    record.history.forEach(function (turn) {
      add(card, make("p", "label", "此前的对话"), make("div", "text before", "问：" + turn[0] + "\n答：" + turn[1]));
    });
    fields(record).forEach(function (name) { add(card, make("p", "label", NAMES[name]), text(record, kept, name)); });
    add(main, card);
    var decide = make("section", "card");
    var choice = make("div", "choice");
    VERDICTS.forEach(function (one) {
      var made = button(one[1], one[0], function () { choose(one[0]); });
      made.setAttribute("aria-pressed", String(kept.verdict === one[0]));
      add(choice, made);
    });
    add(decide, choice);
    if (kept.verdict === "reject") {
      var reasons = make("select", "more");
      reasons.setAttribute("aria-label", "退回的原因");
      [{ key: "", name: "请选择原因" }].concat(sheet.reasons).forEach(function (one) {
        var option = make("option", "", one.name);
        option.value = one.key;
        add(reasons, option);
      });
      reasons.value = kept.reason;
      reasons.addEventListener("change", function () { kept.reason = reasons.value; changed(record); });
      add(decide, make("div"), reasons);
    }
    var note = make("textarea", "more");
    note.placeholder = "备注（可不填）";
    note.setAttribute("aria-label", "备注");
    note.value = kept.note;
    note.addEventListener("input", function () { kept.note = note.value; changed(record); });
    add(decide, note, make("p", "label", ""));
    decide.lastChild.id = "missing";
    add(main, decide);
    add(main, add(make("div", "turn"),
      button("← 上一条", "", function () { show(state.at - 1); }),
      button("下一条 →", "main", function () { show(state.at + 1); })));
    window.scrollTo(0, 0);
    save();
    refresh();
  }
  // A text as it is, or in a field where it is being mended.
  function text(record, kept, name) {
    if (kept.verdict !== "mend") { return make("div", "text", record.texts[name]); }
    var area = make("textarea");
    area.setAttribute("data-field", name);
    area.setAttribute("aria-label", NAMES[name]);
    area.value = kept.texts[name] !== undefined ? kept.texts[name] : record.texts[name];
    area.rows = Math.min(24, 1 + Math.ceil(area.value.length / 45) + area.value.split("\n").length);
    function paint() { area.className = area.value.trim() !== record.texts[name].trim() ? "changed" : ""; }
    area.addEventListener("input", function () { kept.texts[name] = area.value; paint(); changed(record); });
    paint();
    return area;
  }
  function choose(verdict) {
    var record = sheet.records[state.at];
    entry(record).verdict = verdict;
    entry(record).changed = Date.now();
    show(state.at);
  }
  function refresh() {
    var record = sheet.records[state.at], done = finished().length;
    $("missing").textContent = missing(record);
    $("place").textContent = "审核人：" + sheet.reviewer + "　第 " + (state.at + 1) + " / " + sheet.records.length + " 条";
    $("done").textContent = "已完成 " + done + " 条";
    $("bar").style.width = 100 * done / sheet.records.length + "%";
    Array.prototype.forEach.call($("list").children, function (child, index) {
      var one = sheet.records[index], kept = state.records[one.id];
      child.className = (kept && kept.verdict ? (missing(one) ? "part" : kept.verdict) : "") + (index === state.at ? " here" : "");
    });
  }
  function key(event) {
    var writes = /^(TEXTAREA|SELECT|INPUT)$/.test(event.target.tagName);
    if (writes || event.ctrlKey || event.metaKey || event.altKey) { return; }
    var verdict = { "1": "accept", "2": "mend", "3": "reject" }[event.key];
    if (verdict) { choose(verdict); event.preventDefault(); }
    if (event.key === "[") { show(state.at - 1); }
    if (event.key === "]") { show(state.at + 1); }
  }

  load();
  $("title").textContent = sheet.title;
  sheet.records.forEach(function (record, index) { add($("list"), button(String(index + 1), "", function () { show(index); })); });
  $("backup").addEventListener("click", function () { download("backup"); say("备份已保存到下载文件夹。", ""); });
  $("export").addEventListener("click", hand);
  $("restore").addEventListener("change", restore);
  document.addEventListener("keydown", key);
  show(state.at);
}());
