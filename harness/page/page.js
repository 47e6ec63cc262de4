'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const page = document.getElementById('page');

// ---- Small helpers: text goes in as text, never as markup ------------------------------------

function make(space, tag, attributes, children) {
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === false || value === undefined) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  for (const child of children)
    if (child !== null && child !== undefined && child !== '')
      element.append(child instanceof Node ? child : String(child));
  return element;
}
const el = (tag, attributes, ...children) => make(null, tag, attributes, children);
const svg = (tag, attributes, ...children) =>
  make('http://www.w3.org/2000/svg', tag, attributes, children);
const grouped = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
const percent = (part, whole) => (whole ? (100 * part / whole).toFixed(2) : '0.00') + ' %';
const sum = (list, key) => list.reduce((total, entry) => total + entry[key], 0);
const plural = (count, word) => grouped(count) + ' ' + word + (count === 1 ? '' : 's');
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + '.';
const stem = (stage) => stage.replace(/^\d+_/, '');
const tone = (verdict) =>
  verdict === 'EQUIVALENT' ? 'good' : verdict === 'DIFFERENT' ? 'bad' : 'unsure';
const named = (name) => el('span', {class: 'name'}, name);

function section(id, title, remark, ...content) {
  page.append(el('section', {id}, el('div', {class: 'head'}, el('h2', {}, title),
    remark ? el('p', {}, remark) : null), ...content));
}

// ---- The top ----------------------------------------------------------------------------------

function figure(title, value, remark) {
  return el('div', {}, el('dt', {}, title),
    el('dd', {}, value, remark ? el('small', {}, remark) : null));
}

function lastAccuracy(kind) {
  for (let i = data.stages.length - 1; i >= 0; --i) if (data.stages[i][kind]) return data.stages[i][kind];
  return null;
}

function accuracyFigure(title, kind) {
  const accuracy = lastAccuracy(kind);
  if (!accuracy) return null;
  return figure(title, percent(accuracy.correct, accuracy.of),
    `${grouped(accuracy.correct)} of ${plural(accuracy.of, 'image')}` +
    (data.accuracy_means_nothing ? ', made up' : ''));
}

function slowest() {
  return data.layers.reduce((worst, layer) => !worst || layer.cycles > worst.cycles ? layer : worst, null);
}

/// Of one partition: simulated whole, or else as the token model has it.
function topFiguresOf(p, _, all) {
  const which = all.length > 1 ? `partition ${p.partition}, ` : '';
  return [
    !p.frames_per_second ? null : figure('Throughput', grouped(Math.round(p.frames_per_second)),
      `${which}frames/s at ${p.clock_mhz} MHz`),
    p.interval === null ? null : figure('Interval', grouped(p.interval), `${which}cycles per frame, ${data.rtl_top ? 'stitched' : 'token model'}`),
    p.first_frame_latency === null ? null : figure('Latency', grouped(p.first_frame_latency), `${which}cycles, first frame`),
  ];
}

function topFigures() {
  const exact = data.stages.filter((s) => s.contract === 'exact'), approximate = data.stages.filter((s) => s.contract !== 'exact');
  const compared = sum(data.stages, 'compared'), differing = sum(exact, 'differing'), worst = slowest();
  const caught = data.stages.filter((s) => s.verdict !== 'DIFFERENT').reduce((n, s) => n + s.canaries.caught, 0);
  return [
    accuracyFigure('Top-1, exact', 'exact'), accuracyFigure('Top-1, float', 'float'),
    figure('Compared', grouped(compared), `${plural(data.stages.length, 'stage')}, ${plural(data.images, 'image')}`),
    figure('Differing', grouped(differing), differing ? null : `${grouped(caught)} planted faults caught`),
    approximate.length ? figure('Approximate', grouped(sum(approximate, 'differing')),
      `changed by ${approximate.map((s) => s.stage).join(', ')}`) : null,
    worst ? figure('Slowest layer', grouped(worst.cycles), 'cycles per frame') : null,
    ...(data.rtl_top ? data.rtl_top.partitions : data.schedules).flatMap(topFiguresOf),
    data.rtl_node ? figure('RTL beats equal', grouped(data.rtl_node.compared - data.rtl_node.differing),
      `of ${grouped(data.rtl_node.predicted)}, ${plural(data.rtl_node.nodes, 'node')}`) : null,
  ];
}

function head() {
  const model = data.model.split('/');
  const file = model.pop();
  document.title = `${data.verdict} · ${file} · Assay`;
  page.append(el('header', {},
    el('p', {class: 'eyebrow name'}, model.length ? model.join('/') + '/' : 'Assay'),
    el('div', {class: 'title'}, el('h1', {class: 'name'}, file),
      el('span', {id: 'verdict', class: 'verdict ' + tone(data.verdict)}, data.verdict)),
    el('p', {class: 'lead'}, sentence(data.reason)),
    ...data.warnings.map((warning) => el('p', {class: 'warning', 'data-warning': ''}, sentence(warning))),
    ...data.notes.map((note) => el('p', {}, note + '.')),
    data.unseen.length ? el('div', {class: 'unseen', id: 'unseen'}, el('strong', {}, 'What these images cannot see'),
      el('ul', {}, ...data.unseen.map((line) => el('li', {}, line)))) : null,
    el('dl', {class: 'figures'}, ...topFigures())));
}

// ---- Accuracy per stage -----------------------------------------------------------------------

/// Round limits around the values, so that small losses are seen.
function limits(values) {
  let low = Math.min(...values), high = Math.max(...values);
  const margin = Math.max((high - low) * 0.4, 0.02);
  low = Math.max(0, Math.floor((low - margin) * 50) / 50);
  high = Math.min(1, Math.ceil((high + margin) * 50) / 50);
  return [low, high];
}

function accuracyChart() {
  const points = data.stages.map((stage, i) => ({i, stage,
    exact: stage.exact && stage.exact.correct / stage.exact.of,
    float: stage.float && stage.float.correct / stage.float.of}));
  const values = points.flatMap((p) => [p.exact, p.float]).filter((v) => v !== null);
  if (!values.length) return el('p', {class: 'note'}, 'The images have no labels, or the network gives no answers.');
  const width = Math.max(44 * points.length + 90, page.clientWidth - 84), height = 230, left = 52, right = 22, top = 14, bottom = 62;
  const [low, high] = limits(values);
  const x = (i) => left + (points.length === 1 ? 0.5 : i / (points.length - 1)) * (width - left - right);
  const y = (v) => top + (high - v) / (high - low) * (height - top - bottom);
  const chart = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': 'Top-1 accuracy per stage'});
  for (let k = 0; k <= 4; ++k) {
    const v = low + (high - low) * k / 4;
    chart.append(svg('line', {class: 'grid', x1: left, x2: width - right, y1: y(v), y2: y(v)}),
      svg('text', {x: left - 8, y: y(v) + 4, 'text-anchor': 'end'}, (100 * v).toFixed(1)));
  }
  const exact = points.filter((p) => p.exact !== null);
  chart.append(svg('polyline', {class: 'exact', points: exact.map((p) => `${x(p.i)},${y(p.exact)}`).join(' ')}));
  for (const p of points) {
    chart.append(svg('text', {x: x(p.i), y: height - bottom + 18, 'text-anchor': 'end',
      transform: `rotate(-32 ${x(p.i)} ${height - bottom + 18})`}, stem(p.stage.stage)));
    if (p.float !== null)
      chart.append(svg('circle', {class: 'open', 'data-kind': 'float', cx: x(p.i), cy: y(p.float), r: 6.5},
        svg('title', {}, `${p.stage.stage}: float ${percent(p.stage.float.correct, p.stage.float.of)}`)));
    if (p.exact !== null)
      chart.append(svg('circle', {class: 'dot', 'data-kind': 'exact', cx: x(p.i), cy: y(p.exact), r: 3.6},
        svg('title', {}, `${p.stage.stage}: exact ${percent(p.stage.exact.correct, p.stage.exact.of)}`)));
  }
  return el('div', {class: 'chart scroll'}, chart);
}

function accuracySection() {
  const losses = data.stages.filter((s) => s.effect);
  section('accuracy', 'Accuracy per stage',
    data.accuracy_means_nothing ? 'Top-1 in percent. The images are made up, so only equality means anything.'
      : 'Top-1 in percent; filled dots exact, the ring the float reference.',
    el('div', {class: 'panel'}, accuracyChart(), ...losses.map((s) => el('p', {class: 'note'}, s.effect + '.'))));
}

// ---- The stages -------------------------------------------------------------------------------

function place(d) {
  const at = ['channel', 'row', 'column'].filter((axis) => d[axis] !== null).map((axis) => `${axis} ${d[axis]}`);
  return `checkpoint ${d.checkpoint}, node ${d.node}, image ${d.image}${at.length ? ', ' + at.join(', ') : ''}: ` +
    `expected ${d.expected}, got ${d.got}`;
}

function accuracyCell(accuracy) { return accuracy ? percent(accuracy.correct, accuracy.of) : '–'; }

function stageRow(stage, i) {
  return el('tr', {class: 'pick', 'data-stage': i, onclick: () => { showGraph(i); document.getElementById('graph').scrollIntoView({behavior: 'smooth'}); }},
    el('td', {}, stage.stage), el('td', {}, stage.contract),
    el('td', {}, el('span', {class: 'mark ' + tone(stage.verdict)}, stage.verdict)),
    el('td', {class: 'n'}, grouped(stage.checkpoints)), el('td', {class: 'n'}, grouped(stage.compared)),
    el('td', {class: 'n' + (stage.differing && stage.contract === 'exact' ? ' bad' : '')}, grouped(stage.differing)),
    el('td', {class: 'n'}, stage.verdict === 'DIFFERENT' ? '–' : `${stage.canaries.caught} of ${stage.canaries.planted}`),
    el('td', {class: 'n'}, accuracyCell(stage.exact)), el('td', {class: 'n'}, accuracyCell(stage.float)));
}

function stageSection() {
  const titles = ['Stage', 'Contract', 'Verdict', 'Checkpoints', 'Elements', 'Differing', 'Faults caught', 'Exact', 'Float'];
  const first = data.stages.map((s) => s.first_difference && s.contract === 'exact' ? `${s.stage}: ${place(s.first_difference)}` : null);
  section('stages', 'Stages', 'Each executed exactly on every image and compared with the model at every checkpoint.',
    el('div', {class: 'panel scroll'}, el('table', {},
      el('thead', {}, el('tr', {}, ...titles.map((t, i) => el('th', {class: i > 2 ? 'n' : null}, t)))),
      el('tbody', {}, ...data.stages.map(stageRow))),
    ...first.filter(Boolean).map((text) => el('p', {class: 'note name'}, 'First difference: ' + text))));
}

// ---- The graph of a stage ---------------------------------------------------------------------

const kWide = 182, kHigh = 38, kAcross = 26, kDown = 30;

/// Vertices: the nodes, and one for each input and output of the graph.
function vertices(graph) {
  const list = graph.nodes.map(([name, type, ins, outs, notes], i) => ({i, name, type, ins, outs, notes, to: [], from: [], above: [], below: []}));
  for (const t of graph.inputs) list.push({name: graph.tensors[t][0], type: 'input', ins: [], outs: [t], notes: [], to: [], from: [], above: [], below: [], end: true});
  for (const t of graph.outputs) list.push({name: graph.tensors[t][0], type: 'output', ins: [t], outs: [], notes: [], to: [], from: [], above: [], below: [], end: true});
  const source = new Map();
  for (const v of list) for (const t of v.outs) source.set(t, v);
  const edges = [];
  for (const v of list) for (const t of v.ins) {
    const s = source.get(t);
    if (!s) continue;
    s.to.push(v);
    v.from.push(s);
    edges.push({s, v, t});
  }
  return {list, edges};
}

/// Each vertex one row below the lowest of those before it; sources just above their first reader.
function setRows(list) {
  const waiting = new Map(list.map((v) => [v, v.from.length]));
  const order = list.filter((v) => !v.from.length);
  for (const v of order) {
    v.row = v.from.reduce((row, s) => Math.max(row, s.row + 1), 0);
    for (const next of v.to) {
      waiting.set(next, waiting.get(next) - 1);
      if (waiting.get(next) === 0) order.push(next);
    }
  }
  // Chains that start from constants hang just above who reads them.
  const live = new Set();
  for (const v of order) if ((v.end && v.type === 'input') || v.from.some((s) => live.has(s))) live.add(v);
  for (const v of order.slice().reverse())
    if (!live.has(v) && v.to.length) v.row = Math.min(...v.to.map((next) => next.row)) - 1;
  const first = list.reduce((row, v) => Math.min(row, v.row), 0);
  for (const v of list) v.row -= first;
}

/// Edges over several rows get a place in each, so that they pass between the nodes.
function rowsOf(list, edges) {
  const rows = [];
  const put = (item) => (rows[item.row] = rows[item.row] || []).push(item);
  list.forEach(put);
  for (const e of edges) {
    e.path = [e.s];
    for (let row = e.s.row + 1; row < e.v.row; ++row) {
      e.path.push({row, bend: true, above: [], below: []});
      put(e.path[e.path.length - 1]);
    }
    e.path.push(e.v);
    for (let k = 1; k < e.path.length; ++k) {
      e.path[k - 1].below.push(e.path[k]);
      e.path[k].above.push(e.path[k - 1]);
    }
  }
  return rows.filter(Boolean);
}

const span = (item) => item.bend ? 18 : kWide;

/// Places a row as near to where its items want to be as their widths allow, in their order.
function settle(row) {
  let edge = -Infinity;
  for (const item of row) {
    item.x = Math.max(item.want, edge + span(item) / 2);
    edge = item.x + span(item) / 2 + kAcross;
  }
  const shift = row.reduce((total, item) => total + item.want - item.x, 0) / row.length;
  for (const item of row) item.x += shift;
}

function layOut(graph) {
  const {list, edges} = vertices(graph);
  setRows(list);
  const rows = rowsOf(list, edges);
  rows.forEach((row) => row.forEach((item, i) => { item.x = (i - (row.length - 1) / 2) * (kWide + kAcross); }));
  const mean = (items, otherwise) => items.length ? items.reduce((t, n) => t + n.x, 0) / items.length : otherwise;
  for (let sweep = 0; sweep < 8; ++sweep) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      for (const item of row) item.want = mean(down ? item.above : item.below, item.x);
      row.sort((a, b) => a.want - b.want);
      settle(row);
    }
  }
  const items = rows.flat();
  const low = Math.min(...items.map((v) => v.x - span(v) / 2)), high = Math.max(...items.map((v) => v.x + span(v) / 2));
  rows.forEach((row, r) => row.forEach((item) => { item.x -= low - 16; item.y = 16 + r * (kHigh + kDown) + kHigh / 2; }));
  return {list, edges, width: high - low + 32, height: rows.length * (kHigh + kDown) - kDown + 32};
}

const cut = (text, length) => text.length > length ? text.slice(0, length - 1) + '…' : text;
const tensorText = ([name, dtype, shape, checkpoint]) =>
  `${dtype} [${shape}] ${name}` + (checkpoint ? ` · checkpoint ${checkpoint}` : '');

function describe(graph, v) {
  const lines = [...v.ins.map((t) => 'in ' + tensorText(graph.tensors[t])), ...v.notes,
    ...v.outs.map((t) => 'out ' + tensorText(graph.tensors[t]))];
  return [el('div', {}, el('b', {class: 'name'}, v.name), ' · ' + v.type), ...lines.map((line) => el('div', {class: 'name'}, line))];
}

function path(e) {
  let x = e.path[0].x, y = e.path[0].y + kHigh / 2, d = `M${x.toFixed(1)} ${y.toFixed(1)}`;
  for (const item of e.path.slice(1)) {
    const end = item.y - kHigh / 2, middle = ((y + end) / 2).toFixed(1);
    d += `C${x.toFixed(1)} ${middle} ${item.x.toFixed(1)} ${middle} ${item.x.toFixed(1)} ${end.toFixed(1)}`;
    if (item.bend) d += `V${(item.y + kHigh / 2).toFixed(1)}`;
    x = item.x;
    y = item.y + kHigh / 2;
  }
  return d;
}

function draw(graph, detail) {
  const {list, edges, width, height} = layOut(graph);
  const drawing = svg('svg', {viewBox: `0 0 ${width.toFixed(0)} ${height}`, role: 'img', 'aria-label': 'Graph of the stage'});
  for (const e of edges) {
    e.line = svg('path', {class: 'edge', d: path(e)}, svg('title', {}, tensorText(graph.tensors[e.t])));
    drawing.append(e.line);
  }
  let chosen = null;
  const show = (v) => {
    if (chosen) chosen.box.classList.remove('on');
    for (const e of edges) e.line.classList.toggle('on', e.s === v || e.v === v);
    chosen = v;
    v.box.classList.add('on');
    detail.replaceChildren(...describe(graph, v));
  };
  for (const v of list) {
    v.box = svg('g', {class: v.end ? 'node end' : 'node', tabindex: 0, transform: `translate(${(v.x - kWide / 2).toFixed(1)} ${v.y - kHigh / 2})`,
      onmouseenter: () => show(v), onclick: () => show(v), onfocus: () => show(v)},
      svg('rect', {width: kWide, height: kHigh}),
      svg('text', {class: 'type', x: 10, y: 16}, cut(v.type, 21)), svg('text', {class: 'called', x: 10, y: 30}, cut(v.name, 27)),
      svg('title', {}, `${v.name} (${v.type})`));
    drawing.append(v.box);
  }
  return {drawing, list, show, width, height};
}

const viewer = {select: null, canvas: null, detail: null, search: null, count: null, now: null, zoom: 1};

function setZoom(zoom) {
  if (!viewer.now) return;
  viewer.zoom = Math.min(3, Math.max(0.1, zoom));
  viewer.now.drawing.setAttribute('width', viewer.now.width * viewer.zoom);
  viewer.now.drawing.setAttribute('height', viewer.now.height * viewer.zoom);
}

function fit() {
  if (viewer.now) setZoom(Math.min(1, (viewer.canvas.clientWidth - 4) / viewer.now.width));
}

function find() {
  if (!viewer.now) return;
  const text = viewer.search.value.toLowerCase();
  let first = null;
  for (const v of viewer.now.list) {
    const hit = text !== '' && (v.name + ' ' + v.type).toLowerCase().includes(text);
    v.box.classList.toggle('found', hit);
    if (hit && !first) first = v;
  }
  if (!first) return;
  viewer.now.show(first);
  viewer.canvas.scrollTo({left: first.x * viewer.zoom - viewer.canvas.clientWidth / 2, top: first.y * viewer.zoom - viewer.canvas.clientHeight / 2});
}

function showGraph(i) {
  const stage = data.stages[i];
  viewer.select.value = i;
  for (const row of document.querySelectorAll('tr.pick')) row.classList.toggle('on', Number(row.dataset.stage) === i);
  viewer.now = stage.graph ? draw(stage.graph, viewer.detail) : null;
  viewer.detail.replaceChildren('Point at a node or an edge to see its tensors.');
  viewer.count.textContent = stage.graph ? plural(stage.graph.nodes.length, 'node') : '';
  viewer.canvas.replaceChildren(viewer.now ? viewer.now.drawing : el('p', {class: 'note'}, `${stage.graph_note}; open stages/${stage.stage}.onnx in Netron.`));
  fit();
  viewer.canvas.scrollTo(0, 0);
  find();
}

function graphSection() {
  viewer.select = el('select', {id: 'stage', 'aria-label': 'Stage', onchange: () => showGraph(Number(viewer.select.value))},
    ...data.stages.map((stage, i) => el('option', {value: i}, stage.stage)));
  viewer.search = el('input', {type: 'search', placeholder: 'Find a node', 'aria-label': 'Find a node', oninput: find});
  viewer.count = el('span', {id: 'nodes', class: 'eyebrow'});
  viewer.canvas = el('div', {class: 'canvas', id: 'canvas'});
  viewer.detail = el('div', {class: 'detail', id: 'detail'});
  section('graph', 'Graph', null, el('div', {class: 'panel'},
    el('div', {class: 'tools'}, viewer.select, viewer.count, el('span', {class: 'space'}), viewer.search,
      el('button', {onclick: () => setZoom(viewer.zoom / 1.25), 'aria-label': 'Smaller'}, '−'),
      el('button', {onclick: fit}, 'Fit'),
      el('button', {onclick: () => setZoom(viewer.zoom * 1.25), 'aria-label': 'Larger'}, '+')),
    viewer.canvas, viewer.detail));
  showGraph(data.stages.length - 1);
}

// ---- Cycles -----------------------------------------------------------------------------------

/// A labelled bar; `rule` is a marked value on the same scale.
function bar(options) {
  const track = el('div', {class: 'track'});
  const fill = el('div', {class: 'fill' + (options.over ? ' over' : options.hot ? ' hot' : '')});
  fill.style.width = (100 * options.value / options.most).toFixed(3) + '%';
  track.append(fill);
  if (options.rule !== null && options.rule !== undefined && options.rule <= options.most) {
    const rule = el('div', {class: 'rule'});
    rule.style.left = (100 * options.rule / options.most).toFixed(3) + '%';
    track.append(rule);
  }
  return el('div', {class: 'bar' + (options.hot ? ' hot' : ''), title: options.title},
    el('div', {class: 'what name'}, options.name, options.small ? el('small', {}, options.small) : null),
    track, el('div', {class: 'n'}, options.text));
}

const foldingText = (folding) => Object.entries(folding).map(([key, value]) => `${key} ${value}`).join(', ');

function cycleSection() {
  if (!data.layers.length) return;
  const worst = slowest(), options = data.inputs.options || {};
  const goal = data.folding && data.folding.goal ? data.folding.goal.target_cycles : options.target_cycles;
  const target = goal === undefined ? null : goal;
  const most = Math.max(worst.cycles, target !== null && target < 4 * worst.cycles ? target : 0);
  const hottest = data.layers.filter((layer) => layer.cycles === worst.cycles).length;
  const measured = data.layers.filter((layer) => layer.measured !== null);
  const wrong = measured.filter((layer) => layer.measured !== layer.cycles).length;
  const remark = `Cycles per frame of ${plural(data.layers.length, 'layer')}` +
    (measured.length ? `; ${wrong ? `${wrong} of ${measured.length} measured otherwise` : `all ${measured.length} measured equal in simulation`}.` : ', by formula.');
  section('cycles', 'Cycles per layer', remark, el('div', {class: 'panel bars'},
    ...data.layers.map((layer) => bar({name: layer.node, small: foldingText(layer.folding), value: layer.cycles, most, rule: target,
      hot: layer.cycles === worst.cycles, over: layer.measured !== null && layer.measured !== layer.cycles, text: grouped(layer.cycles),
      title: `${layer.node} (${layer.operator}) ${foldingText(layer.folding)}`})),
    el('div', {class: 'legend'}, el('span', {}, el('i', {class: 'hot'}), hottest > 1 ? `slowest, ${hottest} layers` : 'bottleneck'),
      target !== null ? el('span', {}, target <= most ? el('i', {class: 'rule'}) : null, `target ${grouped(target)}`) : null)));
}

// ---- What the inputs of the nodes could tell --------------------------------------------------

const kCovered = [['thresholds', 'Thresholds straddled'], ['weight_bits', 'Weight bits distinguished'],
  ['sum_bits', 'Accumulator bits toggled'], ['rows', 'Table rows used']];

/// Seen of what inputs can show; below it what the images show alone, and what no input can.
function coverageCell(all, images) {
  if (!all.all) return el('td', {class: 'n'}, '–');
  const reachable = all.all - all.unreachable;
  return el('td', {class: 'n' + (all.seen < reachable ? ' bad' : '')}, `${grouped(all.seen)} of ${grouped(reachable)}`,
    el('small', {}, ` ${grouped(images.seen)} by images` + (all.unreachable ? `, ${grouped(all.unreachable)} unreachable` : '')));
}

function coverageRow(name, frames, all, images) {
  return el('tr', {'data-coverage': ''}, el('td', {class: 'name'}, name), el('td', {class: 'n'}, grouped(frames)),
    ...kCovered.map(([key]) => coverageCell(all[key], images[key])));
}

function coverageSum(nodes, which) {
  const total = {};
  for (const [key] of kCovered)
    total[key] = Object.fromEntries(['all', 'unreachable', 'seen'].map((part) => [part, nodes.reduce((n, node) => n + node[which][key][part], 0)]));
  return total;
}

function coverageSection() {
  const nodes = data.rtl_node ? data.rtl_node.coverage.filter((node) => kCovered.some(([key]) => node.coverage[key].all)) : [];
  if (!nodes.length) return;
  section('coverage', 'Coverage', 'What could be wrong in a node and would have changed an output, with images and directed frames.',
    el('div', {class: 'panel scroll'}, el('table', {},
      el('thead', {}, el('tr', {}, el('th', {}, 'Node'), el('th', {class: 'n'}, 'Directed frames'), ...kCovered.map(([, title]) => el('th', {class: 'n'}, title)))),
      el('tbody', {}, ...nodes.map((node) => coverageRow(node.node, node.directed_frames, node.coverage, node.coverage_of_images)),
        coverageRow('In all', sum(nodes, 'directed_frames'), coverageSum(nodes, 'coverage'), coverageSum(nodes, 'coverage_of_images'))))));
}

// ---- Folding ----------------------------------------------------------------------------------

function foldingSection() {
  if (!data.folding) return;
  const kinds = Object.keys(data.folding.estimates), share = (value) => (100 * value).toFixed(1) + ' %';
  const has = data.folding.device && data.folding.device.has;
  const over = (kind) => has && data.folding.estimates[kind] > has[kind];
  const row = (name, entry, remark) => el('tr', {'data-folding': ''}, el('td', {class: 'name' + (entry.reached === false ? ' bad' : '')}, name), el('td', {}, remark),
    el('td', {class: 'n'}, entry.efficiency ? share(entry.efficiency) : '–'),
    ...kinds.map((kind) => el('td', {class: 'n' + (entry === data.folding && over(kind) ? ' bad' : '')}, grouped(entry.estimates[kind]))));
  section('folding', 'Folding', 'Share of the multipliers\u2019 cycles in use, and estimated resources' +
      (data.folding.device ? ` for ${data.folding.device.name}.` : '.'),
    el('div', {class: 'panel scroll'}, el('table', {},
      el('thead', {}, el('tr', {}, el('th', {}, 'Layer'), el('th', {}, 'Folding'), el('th', {class: 'n'}, 'Efficiency'),
        ...kinds.map((kind) => el('th', {class: 'n'}, kind.toUpperCase())))),
      el('tbody', {}, ...data.folding.nodes.map((node) => row(node.node, node, foldingText(node.folding))),
        row('In all', data.folding, has ? 'of the device ' + kinds.map((k) => `${k.toUpperCase()} ${has[k] ? share(data.folding.estimates[k] / has[k]) : '–'}`).join(', ') : '')))));
}

// ---- Streams and FIFOs ------------------------------------------------------------------------

/// Depths as sized, with the fill that the stitched simulation saw where there is one.
function fifoList() {
  const seen = new Map((data.rtl_top ? data.rtl_top.partitions : []).flatMap((p) => p.fifos.map((f) => [f.name, f])));
  if (data.fifos.length) return data.fifos.map((f) => ({...f, simulated: seen.get(f.name) || null}));
  return [...seen.values()].map((f) => ({...f, simulated: f}));
}

function smallerText(smaller) {
  if (smaller.interval === null) return 'deadlock';
  return `${smaller.interval} cycles per frame${smaller.stalls_stop ? ', deadlock under stalls' : ''}`;
}

function fifoSection() {
  const list = fifoList();
  if (!list.length) return;
  const bits = data.fifos.length ? `, ${grouped(data.fifos.reduce((n, f) => n + f.depth * f.bits, 0))} bits in all` : '';
  const seen = list.some((f) => f.simulated);
  section('fifos', 'FIFOs', `Highest fill of the depth${seen ? ', in the stitched simulation' : ', in the token model'}; ${plural(list.length, 'FIFO')}${bits}.`,
    el('div', {class: 'panel bars'}, ...list.map((f) => {
      const fill = f.simulated ? f.simulated.high_water : f.high_water;
      return bar({name: f.name, small: f.bits ? `${f.bits} bits, ${f.memory}` : null, value: Math.min(fill, f.depth), most: Math.max(1, f.depth),
        hot: fill >= f.depth, text: `${grouped(fill)} of ${grouped(f.depth)}`,
        title: f.smaller ? `${f.name}: with depth ${f.smaller.depth}, ${smallerText(f.smaller)}` : f.name});
    }), el('div', {class: 'legend'}, el('span', {}, el('i', {class: 'hot'}), 'full at least once'))));
}

function streamRow(stream, most) {
  const track = el('div', {class: 'track'});
  let left = 0;
  for (const [count, kind] of [[stream.stalls, 'fill hot'], [stream.starves, 'fill']]) {
    const fill = el('div', {class: kind});
    fill.style.left = left + '%';
    fill.style.width = (100 * count / most).toFixed(3) + '%';
    left += 100 * count / most;
    track.append(fill);
  }
  return el('tr', {'data-stream': ''}, el('td', {class: 'name'}, `${stream.writer || 'input'} → ${stream.reader || 'output'}`),
    el('td', {class: 'n'}, grouped(stream.compared)),
    el('td', {class: 'n' + (stream.differing ? ' bad' : '')}, grouped(stream.differing)),
    el('td', {class: 'n'}, grouped(stream.stalls)), el('td', {class: 'n'}, grouped(stream.starves)),
    el('td', {class: 'wide'}, el('div', {class: 'bar alone'}, track)));
}

function streamSection() {
  if (!data.rtl_top) return;
  for (const p of data.rtl_top.partitions) {
    if (!p.streams.length) continue;
    const most = Math.max(1, ...p.streams.map((s) => s.stalls + s.starves));
    const titles = ['Stream', 'Beats compared', 'Differing', 'Stalled', 'Starved'];
    section('streams-' + p.partition, data.rtl_top.partitions.length > 1 ? `Streams of partition ${p.partition}` : 'Streams',
      'Cycles in which a beat waited for its reader, or a reader for its beat.',
      el('div', {class: 'panel scroll'}, el('table', {},
        el('thead', {}, el('tr', {}, ...titles.map((t, i) => el('th', {class: i ? 'n' : null}, t)),
          el('th', {}, el('div', {class: 'legend'}, el('span', {}, el('i', {class: 'hot'}), 'stalled'), el('span', {}, el('i', {}), 'starved'))))),
        el('tbody', {}, ...p.streams.map((s) => streamRow(s, most))))));
  }
}

// ---- Down to the bits -------------------------------------------------------------------------

/// The levels below the stages, each with what it says and of how much.
function levelRows() {
  const rtl = [['rtl-node', data.rtl_node], ['rtl-top', data.rtl_top]].filter(([, level]) => level && level.verdict)
    .map(([level, r]) => ({level, ...r, proof: null}));
  return [...rtl, ...data.built.levels].map((r) => el('tr', {'data-level': r.level},
    el('td', {class: 'name'}, r.level), el('td', {class: tone(r.verdict)}, r.verdict),
    el('td', {class: 'n'}, grouped(r.compared)), el('td', {class: 'n' + (r.differing ? ' bad' : '')}, grouped(r.differing)),
    el('td', {class: 'n'}, r.seconds ? `${r.seconds.toFixed(1)} s` : ''),
    el('td', {class: r.proof && r.proof !== 'PROVED' ? 'bad' : null}, r.proof ? `${r.proof}, ${plural(r.functions, 'function')}` : '')));
}

/// Where the layers of a build lie on the device: the boxes around their cells, and whose they are.
function floorplan(build) {
  const placed = build.layers.filter((layer) => layer.box), tile = 10;
  if (!placed.length) return [];
  const width = Math.max(...placed.map((l) => l.box[2])) + 1, height = Math.max(...placed.map((l) => l.box[3])) + 1;
  const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg');
  const hue = (i) => Math.round(360 * i / placed.length);
  svg.setAttribute('viewBox', `0 0 ${width * tile} ${height * tile}`);
  svg.setAttribute('class', 'floorplan');
  placed.forEach((layer, i) => {
    const [left, top, right, bottom] = layer.box, box = document.createElementNS(ns, 'rect'), title = document.createElementNS(ns, 'title');
    const place = {x: left * tile, y: (height - 1 - bottom) * tile, width: (right - left + 1) * tile, height: (bottom - top + 1) * tile};
    for (const [key, value] of Object.entries({...place, fill: `hsl(${hue(i)} 60% 55% / .2)`, stroke: `hsl(${hue(i)} 60% 40%)`, 'stroke-width': 2})) box.setAttribute(key, value);
    title.textContent = layer.node;
    box.append(title);
    svg.append(box);
  });
  return [svg, el('div', {class: 'legend'}, ...placed.map((layer, i) => el('span', {}, el('i', {style: `border-color: hsl(${hue(i)} 60% 55%)`}),
    `${layer.node}, ${plural(layer.cells.lut, 'LUT')}`)))];
}

function builtSection() {
  if (!data.built.builds.length && !data.built.levels.length) return;
  const speed = (b) => !b.device ? 'synthesised only' : `${b.fmax_mhz.toFixed(1)} MHz, ${b.clock_mhz} asked for` +
    (b.frames_per_second ? `; ${grouped(Math.round(b.frames_per_second))} frames/s` : '');
  const steps = (b) => (b.steps || []).filter((s) => s.seconds).map((s) => `; ${s.step} in ${s.seconds.toFixed(1)} s`).join('');
  section('built', 'Down to the bits', 'What was built of the last stage, and what was compared of it.',
    el('div', {class: 'panel scroll'}, el('table', {},
      el('thead', {}, el('tr', {}, ...['Level', 'Verdict', 'Compared', 'Differing', 'Time', 'Proof'].map((t, i) => el('th', {class: i > 1 && i < 5 ? 'n' : null}, t)))),
      el('tbody', {}, ...levelRows()))),
    ...data.built.builds.map((b) => el('div', {class: 'panel build', 'data-build': b.target},
      el('p', {}, named(b.target), ` ${grouped(b.total.lut)} LUTs, ${grouped(b.total.ff)} flip-flops, ${grouped(b.total.bram)} block RAMs; ${speed(b)}${steps(b)}`), ...floorplan(b))));
}

// ---- The end ----------------------------------------------------------------------------------

function foot() {
  const {assay, model, data: images} = data.inputs;
  const hint = {'rtl-node.json': 'assay verify DIR', 'rtl-top.json': 'assay verify DIR --level rtl-top'};
  page.append(el('footer', {},
    ...data.missing.map((m) => el('div', {}, `reports/${m.report}: ${m.why}` + (hint[m.report] ? ` (${hint[m.report]})` : ''))),
    el('div', {}, `model ${model.sha256}`), el('div', {class: 'name'}, `images ${images.name}, ${images.sha256}`),
    el('div', {}, `Assay ${assay.version}, ${assay.sha256}`)));
}

head();
accuracySection();
stageSection();
graphSection();
cycleSection();
coverageSection();
foldingSection();
fifoSection();
streamSection();
builtSection();
foot();
