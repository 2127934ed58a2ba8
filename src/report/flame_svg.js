
// Fits a flame graph to the window; zooms into the frame that is clicked; finds frames by a regular expression. Without
// this script the picture stays as it was drawn.
(function () {
  'use strict';
  const svg = document.documentElement, page = 'http://www.w3.org/1999/xhtml', name = svg.namespaceURI;
  const group = document.getElementById('frames'), head = document.getElementById('head');
  const details = document.getElementById('details');
  const margin = +group.dataset.margin, row = +group.dataset.row, top = +group.dataset.head;
  const drawn = svg.viewBox.baseVal.width - 2 * margin;
  let letter = 7.2, width = drawn, zoomed = null, found = '', input, reset;

  // Frames in the order of the file, which is that of the tree; x and width are parts of the whole.
  const frames = Array.from(group.children, function (g) {
    const lines = g.firstChild.textContent.split('\n'), rect = g.children[1], text = g.children[2];
    return {g: g, rect: rect, text: text, name: lines[0], short: text.dataset.short || lines[0], lines: lines, merged: g.classList.contains('m'),
      x: (rect.getAttribute('x') - margin) / drawn, width: rect.getAttribute('width') / drawn,
      depth: Math.round((rect.getAttribute('y') - top) / row)};
  });

  const frame_of = new Map(frames.map(function (frame) { return [frame.g, frame]; }));

  function holds(outer, inner) {
    const slack = 1e-7;
    return outer.depth <= inner.depth && outer.x <= inner.x + slack &&
      outer.x + outer.width >= inner.x + inner.width - slack;
  }

  function place(frame, x, wide, above) {
    frame.g.style.display = '';
    frame.g.classList.toggle('above', above);
    frame.rect.setAttribute('x', x);
    frame.rect.setAttribute('width', Math.max(wide - 0.5, 0.2));
    frame.text.setAttribute('x', x + 3);
    frame.text.textContent = clip(frame.short, Math.floor((wide - 6) / letter));
  }

  function draw() {
    const from = zoomed ? zoomed.x : 0, part = zoomed && zoomed.width > 0 ? zoomed.width : 1, scale = width / part;
    for (const frame of frames) {
      const x = (frame.x - from) * scale, wide = frame.width * scale;
      if (zoomed && frame.depth < zoomed.depth && holds(frame, zoomed)) place(frame, margin, width, true);
      else if ((zoomed && frame.depth < zoomed.depth) || wide < 0.3 || x + wide < -0.01 || x > width - 0.01)
        frame.g.style.display = 'none';
      else place(frame, margin + x, wide, false);
    }
    reset.style.display = zoomed ? '' : 'none';
  }

  function zoom(frame) {
    zoomed = frame && frame.depth > 0 ? frame : null;
    draw();
  }

  // Marks what is found and says which part of the whole it is: of frames within each other the outermost counts.
  function search(text) {
    const wanted = text ? expression(text) : null;
    let sum = 0, count = 0, end = -1;
    for (const frame of frames) {
      const match = !!wanted && !frame.merged && frame.depth > 0 && wanted.test(frame.name);
      frame.g.classList.toggle('found', match);
      if (!match) continue;
      count++;
      if (frame.x >= end - 1e-7) {
        sum += frame.width;
        end = frame.x + frame.width;
      }
    }
    found = wanted ? count + (count === 1 ? ' frame' : ' frames') + ' found: ' + (100 * sum).toFixed(2) + '%' : '';
    details.textContent = found;
  }

  function tell(event) {
    const frame = frame_of.get(event.target.parentNode);
    details.textContent = frame ? frame.lines.join('  ·  ') : found;
  }

  function resize() {
    width = Math.max(svg.clientWidth - 2 * margin, 200);
    reset.setAttribute('x', width + margin - 250);
    input.setAttribute('x', width + margin - 230);
    draw();
  }

  function make(parent, space, tag, attributes) {
    const element = parent.appendChild(document.createElementNS(space, tag));
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  }

  function onKey(event) {
    const field = input.firstChild, typing = document.activeElement === field;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      field.value = '';
      field.blur();
      search('');
      zoom(null);
    } else if (!typing && event.key === '/') {
      field.focus();
      event.preventDefault();
    } else if (!typing && event.key === '0') {
      zoom(null);
    }
  }

  const height = svg.viewBox.baseVal.height;
  svg.removeAttribute('viewBox');
  svg.setAttribute('width', '100%');
  svg.style.minHeight = height + 'px';
  svg.classList.add('live');
  reset = make(head, name, 'text', {y: 22, 'class': 'control', 'text-anchor': 'end'});
  reset.textContent = 'Reset zoom';
  input = make(head, name, 'foreignObject', {y: 6, width: 230, height: 26});
  make(input, page, 'input', {type: 'search', placeholder: 'Search (regexp)', 'aria-label': 'Search'});
  details.textContent = 'M'.repeat(50);
  letter = details.getComputedTextLength() / 50 || letter;
  details.textContent = '';
  group.addEventListener('click', function (event) {
    const frame = frame_of.get(event.target.parentNode);
    if (frame && !frame.merged) zoom(frame);
  });
  group.addEventListener('mouseover', tell);
  group.addEventListener('mouseout', function () { details.textContent = found; });
  reset.addEventListener('click', function () { zoom(null); });
  input.firstChild.addEventListener('input', function (event) { search(event.target.value); });
  window.addEventListener('keydown', onKey);
  window.addEventListener('resize', resize);
  window.addEventListener('scroll', function () { head.setAttribute('transform', 'translate(0,' + window.scrollY + ')'); });
  resize();
})();
