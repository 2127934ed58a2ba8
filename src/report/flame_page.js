
(function () {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = function (id) { return document.getElementById(id); };
  const canvas = $('graph'), pen = canvas.getContext('2d'), scroll = $('scroll'), tip = $('tip');
  const row = 20, font = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';
  const n = data.name.length, root = document.documentElement;

  // --- The tree: columns over boxes, which stand in the order of a walk from the root ---

  const x = new Float64Array(n), width = new Float64Array(n), self = new Float64Array(n), depth = new Int32Array(n);
  const parent = new Int32Array(n), end = new Int32Array(n);
  const levels = [];  // per depth: its boxes from left to right

  function build() {
    const open = [], next = [];  // the boxes around the current one; where the next box of a depth begins
    for (let i = 0; i < n; i++) {
      const level = i === 0 ? 0 : depth[i - 1] + 1 - data.up[i];
      while (open.length > level) end[open.pop()] = i;
      depth[i] = level;
      parent[i] = i === 0 ? -1 : open[level - 1];
      width[i] = Math.abs(data.plus[i]) + (data.minus ? Math.abs(data.minus[i]) : 0);
      self[i] = width[i];
      x[i] = i === 0 ? 0 : next[level];
      next[level] = x[i] + width[i];
      next[level + 1] = x[i];
      if (i > 0) self[parent[i]] -= width[i];
      open.push(i);
      (levels[level] = levels[level] || []).push(i);
    }
    while (open.length) end[open.pop()] = n;
  }

  function isMerged(i) { return data.name[i] < 0; }

  function fullName(i) {
    if (i === 0) return 'all';
    return isMerged(i) ? -data.name[i] + ' narrow frame' + (data.name[i] < -1 ? 's' : '') : data.names[data.name[i]][0];
  }

  function shortName(i) {
    return i === 0 || isMerged(i) ? fullName(i) : data.names[data.name[i]][1] || data.names[data.name[i]][0];
  }

  // --- Amounts ---

  function amount(value) {
    if (value === 0) return '0';
    let unit = data.units[0];
    for (const other of data.units) if (Math.abs(value) * other[0] >= 1) unit = other;
    return (value * unit[0]).toFixed(2).replace(/\.00$/, '') + unit[1];
  }

  function share(value) {
    return (data.total ? 100 * value / data.total : 0).toFixed(2) + '%';
  }

  function worth(i) {
    const sum = data.plus[i] - (data.minus ? data.minus[i] : 0);
    return data.mean && data.count[i] ? Math.trunc(sum / data.count[i]) : sum;
  }

  function rows(i) {
    const value = worth(i), list = [[data.compared ? 'Difference' : data.mean ? 'Mean' : 'Total', amount(value), share(value)]];
    if (data.compared) {
      list.push([data.base ? 'Was' : 'Less', amount(data.minus[i]), share(data.minus[i])]);
      list.push([data.base ? 'Is' : 'More', amount(data.plus[i]), share(data.plus[i])]);
    } else if (!data.mean && !isMerged(i)) {
      const own = Math.max(0, Math.round(self[i]));
      list.push(['Self', amount(own), share(own)]);
    }
    if (focus > 0 && !data.mean) list.push(['Of zoomed', (100 * width[i] / width[focus]).toFixed(2) + '%', '']);
    return list;
  }

  // --- Colours ---

  let dark = matchMedia('(prefers-color-scheme: dark)').matches;
  let paints = [];  // per name

  function changePaint(i) {
    const change = width[i] > 0 ? worthOfChange(i) / width[i] : 0, part = Math.min(1, Math.abs(change));
    const light = dark ? 26 + 26 * part : 94 - 34 * part;
    return 'hsl(' + (change < 0 ? 210 : 5) + ' ' + (part > 0 ? (dark ? 60 : 80) : 0) + '% ' + light + '%)';
  }

  function worthOfChange(i) { return data.plus[i] - data.minus[i]; }

  function modulePaint(hue, shade) {
    const grey = hue >= 360, light = dark ? 34 + 1.4 * shade : 69 + 1.7 * shade;
    return 'hsl(' + hue % 360 + ' ' + (grey ? 0 : dark ? 38 : 62) + '% ' + light + '%)';
  }

  function repaint() {
    root.classList.toggle('dark', dark);
    paints = data.names.map(function (name) { return modulePaint(data.modules[name[2]][1], name[3]); });
  }

  function paint(i) {
    if (found && !isMerged(i) && i > 0 && found[data.name[i]]) return dark ? '#a21caf' : '#e879f9';
    if (isMerged(i)) return dark ? '#2a2e35' : '#e6e6e6';
    if (data.compared) return changePaint(i);
    return i === 0 ? (dark ? '#454a52' : '#d1d1d1') : paints[data.name[i]];
  }

  // --- Drawing: only what can be seen, and of boxes narrower than half a pixel one for each half ---

  let focus = 0, hovered = -1, selected = -1, found = null, only = -1;
  let left = 0, right = 1, wide = 0, high = 0, letter = 7.2, frame = 0, moving = 0;

  function isFaint(i) {
    if (only >= 0) return i === 0 || isMerged(i) || data.names[data.name[i]][2] !== only;
    if (found) return i === 0 || isMerged(i) || !found[data.name[i]];
    return depth[i] < depth[focus];
  }

  function drawBox(i, px, pw, top) {
    const from = Math.max(px, 0), to = Math.min(px + pw, wide), gap = to - from > 3 ? 1 : 0;
    const faint = isFaint(i);
    pen.globalAlpha = faint ? 0.4 : 1;
    pen.fillStyle = paint(i);
    pen.fillRect(from, top, Math.max(to - from - gap, 0.5), row - 1);
    const text = clip(shortName(i), Math.floor((to - from - 8) / letter));
    if (text) {
      pen.globalAlpha = faint ? 0.75 : 1;
      pen.fillStyle = dark ? '#f2f2f2' : '#1c1c1c';
      pen.fillText(text, from + 4, top + 14);
    }
    if (i === hovered || i === selected) {
      pen.globalAlpha = 1;
      pen.strokeStyle = dark ? '#ffffff' : '#111111';
      pen.strokeRect(from + 0.5, top + 0.5, Math.max(to - from - 1 - gap, 1), row - 2);
    }
  }

  function draw() {
    frame = 0;
    const ratio = window.devicePixelRatio || 1, scale = wide / (right - left || 1), up = scroll.scrollTop;
    const narrow = [];  // per depth: where the last narrow box was drawn
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, wide, high);
    pen.font = font;
    for (let i = 0; i < n;) {
      const px = (x[i] - left) * scale, pw = width[i] * scale, top = depth[i] * row - up;
      const column = Math.floor(2 * px), crowded = pw < 0.4 && narrow[depth[i]] === column;
      if (px + pw <= 0 || px >= wide || crowded || top > high) {
        i = end[i];
        continue;
      }
      if (pw < 0.4) narrow[depth[i]] = column;
      if (top > -row) drawBox(i, px, i === 0 && width[0] === 0 ? wide : pw, top);
      i++;
    }
  }

  function redraw() {
    if (!frame) frame = requestAnimationFrame(draw);
  }

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    wide = Math.max(scroll.clientWidth - 14, 50);
    high = Math.max(scroll.clientHeight, row);
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    canvas.style.width = wide + 'px';
    canvas.style.height = high + 'px';
    pen.font = font;
    letter = pen.measureText('M'.repeat(50)).width / 50;
    draw();
  }

  // --- Zoom ---

  function deepest(i) {
    let most = 0;
    for (let j = i; j < end[i]; j++) if (depth[j] > most) most = depth[j];
    return most;
  }

  function zoom(i) {
    const from = [left, right], to = [x[i], x[i] + width[i]], began = performance.now(), calm =
      matchMedia('(prefers-reduced-motion: reduce)').matches;
    focus = i;
    $('space').style.height = (deepest(i) + 2) * row + 'px';
    $('up').disabled = $('reset').disabled = i === 0;
    cancelAnimationFrame(moving);
    function step(now) {
      const part = calm ? 1 : Math.min(1, Math.max(0, (now - began) / 180)), eased = 1 - Math.pow(1 - part, 3);
      left = from[0] + (to[0] - from[0]) * eased;
      right = from[1] + (to[1] - from[1]) * eased;
      draw();
      if (part < 1) moving = requestAnimationFrame(step);
    }
    step(calm ? began + 180 : began);
  }

  // --- Search ---

  // Of frames within each other the outermost counts.
  function search(text) {
    const wanted = text ? expression(text) : null;
    found = wanted && data.names.map(function (name) { return wanted.test(name[0]); });
    let sum = 0, count = 0;
    for (let i = 1; found && i < n;) {
      const match = !isMerged(i) && found[data.name[i]];
      if (match) {
        sum += width[i];
        count++;
      }
      i = match ? end[i] : i + 1;
    }
    $('search').classList.toggle('found', count > 0);
    $('matched').textContent = !found ? '' : count === 0 ? 'nothing found' :
      (100 * sum / (width[0] || 1)).toFixed(2) + '% matched';
    redraw();
  }

  // --- Modules ---

  function legend() {
    const sums = data.modules.map(function (module, i) { return [0, i]; }), most = 12;
    for (let i = 1; i < n; i++) if (!isMerged(i)) sums[data.names[data.name[i]][2]][0] += Math.max(0, self[i]);
    sums.sort(function (a, b) { return b[0] - a[0] || a[1] - b[1]; });
    for (const [sum, module] of sums.slice(0, most)) {
      if (sum <= 0.0005 * width[0]) break;
      const button = document.createElement('button'), dot = document.createElement('i');
      const name = data.modules[module][0] || 'unknown';
      dot.dataset.hue = data.modules[module][1];
      button.append(dot, name.split('/').slice(-2).join('/') + ' ' + (100 * sum / (width[0] || 1)).toFixed(1) + '%');
      button.title = 'What ' + name + ' did itself';
      button.setAttribute('aria-pressed', 'false');
      button.addEventListener('click', function () {
        only = only === module ? -1 : module;
        for (const other of $('legend').children) other.setAttribute('aria-pressed', other === button && only >= 0);
        redraw();
      });
      $('legend').append(button);
    }
    $('legend').hidden = data.compared || !$('legend').children.length;
    $('legend').style.display = $('legend').hidden ? 'none' : '';
  }

  function paintLegend() {
    for (const dot of document.querySelectorAll('#legend i'))
      dot.style.background = modulePaint(+dot.dataset.hue, 0);
  }

  // --- Telling ---

  function line(i) {
    return fullName(i) + ' · ' + rows(i).map(function (r) { return r[0].toLowerCase() + ' ' + r[1] + (r[2] ? ' ' + r[2] : ''); }).join(', ');
  }

  function tell(i) {
    $('details').textContent = i < 0 ? 'Click zooms, / searches, ? lists the keys' : line(i);
    $('details').classList.toggle('hint', i < 0);
  }

  function showTip(i, px, py) {
    if (i < 0) {
      tip.style.display = 'none';
      return;
    }
    const name = document.createElement('b'), table = document.createElement('table');
    name.textContent = fullName(i);
    for (const cells of rows(i)) {
      const tr = table.insertRow();
      for (const cell of cells) tr.insertCell().textContent = cell;
    }
    tip.replaceChildren(name);
    if (i > 0 && !isMerged(i)) {
      const module = document.createElement('div');
      module.className = 'module';
      module.textContent = data.modules[data.names[data.name[i]][2]][0];
      tip.append(module);
    }
    tip.append(table);
    tip.style.display = 'block';
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(px + 14, innerWidth - box.width - 8)) + 'px';
    tip.style.top = (py + 18 + box.height < innerHeight ? py + 18 : Math.max(4, py - box.height - 12)) + 'px';
  }

  // --- Hands ---

  function boxAt(event) {
    const frame = canvas.getBoundingClientRect(), level = Math.floor((event.clientY - frame.top + scroll.scrollTop) / row);
    const at = left + (event.clientX - frame.left) / wide * (right - left), list = levels[level] || [];
    let low = 0, top = list.length - 1;
    while (low < top) {
      const middle = (low + top + 1) >> 1;
      if (x[list[middle]] <= at) low = middle;
      else top = middle - 1;
    }
    const i = list.length ? list[low] : -1;
    return i >= 0 && at >= x[i] && at < x[i] + width[i] ? i : -1;
  }

  function hover(event) {
    const i = boxAt(event);
    if (i !== hovered) {
      hovered = i;
      redraw();
    }
    tell(i);
    showTip(i, event.clientX, event.clientY);
  }

  function leave() {
    hovered = -1;
    showTip(-1);
    tell(selected);
    redraw();
  }

  function sibling(i, step) {
    const list = levels[depth[i]], at = list.indexOf(i) + step;
    return at >= 0 && at < list.length ? list[at] : i;
  }

  function select(i) {
    selected = i;
    tell(i);
    const top = depth[i] * row;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + row > scroll.scrollTop + high) scroll.scrollTop = top + row - high;
    redraw();
  }

  function toggleTheme() {
    dark = !dark;
    repaint();
    paintLegend();
    redraw();
  }

  function clear() {
    $('search').value = '';
    only = -1;
    for (const button of $('legend').children) button.setAttribute('aria-pressed', 'false');
    search('');
    selected = -1;
    zoom(0);
  }

  const keys = {
    'Enter': function () { if (selected >= 0 && !isMerged(selected)) zoom(selected); },
    'Backspace': function () { if (focus > 0) zoom(parent[focus]); },
    'Escape': clear,
    '0': clear,
    '/': function () { $('search').focus(); $('search').select(); },
    'd': toggleTheme,
    '?': function () { $('keys').showModal(); },
    'ArrowUp': function () { select(selected < 0 ? focus : Math.max(parent[selected], 0)); },
    'ArrowDown': function () { select(selected < 0 ? focus : end[selected] > selected + 1 ? selected + 1 : selected); },
    'ArrowLeft': function () { select(selected < 0 ? focus : sibling(selected, -1)); },
    'ArrowRight': function () { select(selected < 0 ? focus : sibling(selected, 1)); },
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $('keys').open) return;
    if (event.target === $('search')) {
      if (event.key === 'Escape') clear();
      if (event.key === 'Escape' || event.key === 'Enter') scroll.focus();
      return;
    }
    if (event.target.tagName === 'BUTTON' && event.key === 'Enter') return;
    if (keys[event.key]) {
      keys[event.key]();
      event.preventDefault();
    }
  }

  function start() {
    build();
    right = width[0] || 1;
    $('type').textContent = data.type;
    $('program').textContent = data.program;
    $('merged').textContent = data.merged;
    for (const text of data.header.split('\n')) {
      if (!text || /^(File|Type): /.test(text)) continue;
      const part = document.createElement('span');
      part.textContent = text.trim();
      $('header').append(part);
    }
    legend();
    repaint();
    paintLegend();
    canvas.addEventListener('mousemove', hover);
    canvas.addEventListener('mouseleave', leave);
    canvas.addEventListener('click', function (event) {
      const i = boxAt(event);
      if (i < 0 || isMerged(i)) return;
      selected = -1;
      zoom(i);
    });
    scroll.addEventListener('scroll', redraw);
    $('search').addEventListener('input', function () { search($('search').value); });
    $('up').addEventListener('click', keys.Backspace);
    $('reset').addEventListener('click', clear);
    $('theme').addEventListener('click', toggleTheme);
    $('help').addEventListener('click', keys['?']);
    $('keys').addEventListener('click', function () { $('keys').close(); });
    window.addEventListener('keydown', onKey);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function (event) {
      if (dark !== event.matches) toggleTheme();
    });
    new ResizeObserver(resize).observe(scroll);
    resize();
    zoom(0);
    tell(-1);
  }

  start();
})();
