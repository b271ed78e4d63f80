// What pages that people fill in have in common: elements, a file that is handed in, a file that is read back.
var page = (function () {
  "use strict";

  function $(id) { return document.getElementById(id); }

  // Everything a model or a file wrote goes through textContent, never through innerHTML.
  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  }
  function add(parent) {
    for (var i = 1; i < arguments.length; i++) { if (arguments[i]) { parent.appendChild(arguments[i]); } }
    return parent;
  }
  function button(text, className, click) {
    var made = make("button", className, text);
    made.type = "button";
    made.addEventListener("click", click);
    return made;
  }

  function clock(date) { return ("0" + date.getHours()).slice(-2) + ":" + ("0" + date.getMinutes()).slice(-2); }

  // Saves `content` as "<name>_<month and day>-<hour and minute>.json".
  function download(content, name) {
    var blob = new Blob([JSON.stringify(content, null, 1)], { type: "application/json" });
    var link = make("a"), now = new Date();
    var day = ("0" + (now.getMonth() + 1)).slice(-2) + ("0" + now.getDate()).slice(-2);
    link.href = URL.createObjectURL(blob);
    link.download = name + "_" + day + "-" + clock(now).replace(":", "") + ".json";
    document.body.appendChild(link);
    link.click();
    document.body.removeChild(link);
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  // Hands the chosen file to `use(content, name)`: content is null where it is not JSON.
  function read(event, use) {
    var chosen = event.target.files[0];
    event.target.value = "";
    if (!chosen) { return; }
    var reader = new FileReader();
    reader.onload = function () {
      var content = null;
      try { content = JSON.parse(reader.result); } catch (error) { content = null; }
      use(content, chosen.name);
    };
    reader.readAsText(chosen, "utf-8");
  }

  return {
    sheet: JSON.parse($("sheet").textContent), $: $, make: make, add: add, button: button, clock: clock, download: download,
    read: read
  };
}());
