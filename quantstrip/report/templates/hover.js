// A pointer over a chart shows the day's values. The report reads the same without it.
document.querySelectorAll(".plot[data-hover]").forEach(function (plot) {
  var data = JSON.parse(plot.dataset.hover), cross, box;
  function hide() { if (cross) { cross.remove(); box.remove(); cross = box = null; } }
  function show(event) {
    var area = plot.getBoundingClientRect(), x = (event.clientX - area.left) / area.width, best = 0;
    if (x < -0.02 || x > 1.02) { hide(); return; }
    data.at.forEach(function (at, n) { if (Math.abs(at - x) < Math.abs(data.at[best] - x)) best = n; });
    if (!cross) {
      cross = plot.appendChild(document.createElement("div")); cross.className = "cross";
      box = plot.appendChild(document.createElement("div")); box.className = "box";
    }
    cross.style.left = data.at[best] * 100 + "%";
    box.textContent = "";
    box.appendChild(document.createElement("b")).textContent = data.day[best];
    data.line.forEach(function (line) {
      if (!line.text[best]) return;
      var row = box.appendChild(document.createElement("div"));
      row.className = "c" + line.colour;
      row.appendChild(document.createElement("i")).textContent = line.text[best];
      row.appendChild(document.createTextNode(line.name));
    });
    var right = data.at[best] > 0.5;
    box.style.left = right ? "auto" : "calc(" + data.at[best] * 100 + "% + 8px)";
    box.style.right = right ? "calc(" + (1 - data.at[best]) * 100 + "% + 8px)" : "auto";
  }
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", hide);
});
