
// Moves and scales the element "viewport" of an SVG document: drag or arrow keys, wheel or + and -, two fingers;
// double click or 0 shows all of it again.
(function () {
  'use strict';
  var svg = (document.currentScript && document.currentScript.ownerSVGElement) || document.documentElement;
  var view, x = 0, y = 0, scale = 1, least = 0.01, most = 20, fingers = {};

  function show() {
    view.setAttribute('transform', 'matrix(' + [scale, 0, 0, scale, x, y].join(' ') + ')');
  }

  // Shows the whole picture in the middle, at most as large as it was drawn.
  function reset() {
    var box = view.getBBox(), width = svg.clientWidth || innerWidth, height = svg.clientHeight || innerHeight;
    if (!box.width || !box.height || !width || !height) return;
    scale = Math.min(1, 0.98 * width / box.width, 0.98 * height / box.height);
    least = scale / 4;
    x = (width - scale * box.width) / 2 - scale * box.x;
    y = (height - scale * box.height) / 2 - scale * box.y;
    show();
  }

  function move(right, down) {
    x += right;
    y += down;
    show();
  }

  // Scales by a factor; the point of the window stays where it is.
  function zoom(factor, px, py) {
    var to = Math.max(least, Math.min(most, scale * factor));
    x = px - (px - x) * to / scale;
    y = py - (py - y) * to / scale;
    scale = to;
    show();
  }

  // A position in the window as one in the picture.
  function at(event) {
    var frame = svg.getBoundingClientRect();
    return {x: event.clientX - frame.left, y: event.clientY - frame.top};
  }

  function onWheel(event) {
    var p = at(event), unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1;
    zoom(Math.pow(event.ctrlKey ? 0.99 : 0.998, event.deltaY * unit), p.x, p.y);
    event.preventDefault();
  }

  function onDown(event) {
    if (event.button !== 0) return;
    fingers[event.pointerId] = at(event);
    svg.style.cursor = 'grabbing';
  }

  function onMove(event) {
    var from = fingers[event.pointerId], p = at(event), ids = Object.keys(fingers);
    if (!from) return;
    if (event.pointerType === 'mouse' && !event.buttons) return onUp(event);
    fingers[event.pointerId] = p;
    move((p.x - from.x) / ids.length, (p.y - from.y) / ids.length);
    if (ids.length === 2) {
      var other = fingers[ids[ids[0] === String(event.pointerId) ? 1 : 0]];
      var before = Math.hypot(from.x - other.x, from.y - other.y), now = Math.hypot(p.x - other.x, p.y - other.y);
      if (before > 0) zoom(now / before, (p.x + other.x) / 2, (p.y + other.y) / 2);
    }
    event.preventDefault();
  }

  function onUp(event) {
    delete fingers[event.pointerId];
    if (Object.keys(fingers).length === 0) svg.style.cursor = 'grab';
  }

  function onKey(event) {
    var step = 60, cx = svg.clientWidth / 2, cy = svg.clientHeight / 2;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    switch (event.key) {
    case '+': case '=': zoom(1.25, cx, cy); break;
    case '-': case '_': zoom(0.8, cx, cy); break;
    case '0': case 'Home': case 'Escape': reset(); break;
    case 'ArrowLeft': move(step, 0); break;
    case 'ArrowRight': move(-step, 0); break;
    case 'ArrowUp': move(0, step); break;
    case 'ArrowDown': move(0, -step); break;
    default: return;
    }
    event.preventDefault();
  }

  function start() {
    view = svg.getElementById('viewport');
    if (!view) return;
    svg.style.cursor = 'grab';
    svg.style.touchAction = 'none';
    svg.style.userSelect = 'none';
    svg.addEventListener('wheel', onWheel, {passive: false});
    svg.addEventListener('pointerdown', onDown);
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('pointercancel', onUp);
    svg.addEventListener('dblclick', reset);
    window.addEventListener('keydown', onKey);
    reset();
  }

  if (document.readyState === 'complete') start();
  else window.addEventListener('load', start);
})();
