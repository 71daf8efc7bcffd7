// The surface on which a program draws without a turtle. It keeps lines, areas and words as marks, in places from the
// middle of the surface with y upwards; pixels, pictures and shadows are not kept.
(function (global, shim) {
  'use strict';
  var MOST_MARKS = 4000, MOST_PIECES = 20000, LONGEST_TEXT = 200, TURN = 2 * Math.PI, CURVE_PIECES = 12;
  var STYLES = ['fillStyle', 'strokeStyle', 'lineWidth', 'lineCap', 'font', 'textAlign'];

  function Context2D(canvas) {
    this.canvas = canvas;
    Object.assign(this, { fillStyle: '#000000', strokeStyle: '#000000', lineWidth: 1, lineCap: 'butt', font: '10px sans-serif',
      textAlign: 'start' });
    Object.defineProperty(this, 'shim', { value: { matrix: [1, 0, 0, 1, 0, 0], saved: [], strokes: [], pieces: 0 } });
  }
  // Every call counts as a command, and a place that is no number makes it one that does nothing.
  function call(name, needed, action) {
    Context2D.prototype[name] = function () {
      shim.count();
      for (var i = 0; i < needed; i++) if (!isFinite(arguments[i])) return undefined;
      return action ? action.apply(this, arguments) : undefined;
    };
  }
  'clip drawImage putImageData setLineDash'.split(' ').forEach(function (name) { call(name, 0, null); });

  // Where marks go -------------------------------------------------------------------------------------------------
  // The turtle to which a surface belongs.
  function ownerOf(canvas) { return shim.turtles.filter(function (element) { return element.shim.surface === canvas; })[0]; }
  function sizeOf(canvas) {
    var owner = ownerOf(canvas), size = owner && shim.turtleOf(owner).size;
    return size ? [size[0], size[1]] : [+canvas.width || 300, +canvas.height || 150];
  }
  function put(context, op) {
    var canvas = context.canvas;
    if (canvas === shim.surface) shim.ops[shim.ops.length] = op;
    else if (canvas.shim.marks) canvas.shim.marks[canvas.shim.marks.length] = op;
    else shim.drawOn(canvas, op, true);
    var marks = marksOn(canvas);
    if (marks.length > MOST_MARKS && marks !== shim.ops) drop(canvas, marks, MOST_MARKS / 4);
  }
  function marksOn(canvas) {
    if (canvas === shim.surface) return shim.ops;
    if (canvas.shim.marks) return canvas.shim.marks;
    var owner = ownerOf(canvas);
    return owner && owner.shim.marks ? owner.shim.marks[2] : [];
  }
  // Takes the oldest marks away; the next one says again where it stands.
  function drop(canvas, marks, count) {
    var owner = ownerOf(canvas);
    marks.splice(0, count);
    if (owner) owner.shim.stand = null;
  }
  function place(context, x, y) {
    var m = context.shim.matrix, size = sizeOf(context.canvas);
    return [shim.round(m[0] * x + m[2] * y + m[4] - size[0] / 2), shim.round(size[1] / 2 - m[1] * x - m[3] * y - m[5])];
  }
  function scaleOf(m) { return Math.sqrt(Math.abs(m[0] * m[3] - m[1] * m[2])); }
  function isEven(m) { return Math.abs(m[0] - m[3]) < 1e-9 && Math.abs(m[1] + m[2]) < 1e-9; }
  // A gradient has the colour of its beginning.
  function ink(style) { return String(style && style.shim ? style.shim.color : style).slice(0, 100); }

  // The path ---------------------------------------------------------------------------------------------------------
  function begin(context, x, y) {
    context.shim.strokes[context.shim.strokes.length] = [place(context, x, y)];
  }
  function step(context, piece) {
    var strokes = context.shim.strokes, open = strokes[strokes.length - 1];
    if (context.shim.pieces++ < MOST_PIECES) open[open.length] = piece;
  }
  function lineTo(context, x, y) {
    if (!context.shim.strokes.length) begin(context, x, y); else step(context, place(context, x, y));
  }
  function arc(context, x, y, radiusX, radiusY, turn, from, to, isLeft) {
    var sweep = to - from, cos = Math.cos(turn), sin = Math.sin(turn);
    if (Math.abs(sweep) >= TURN && sweep > 0 === !isLeft) sweep = isLeft ? -TURN : TURN;
    else sweep = isLeft ? -((((-sweep) % TURN) + TURN) % TURN) : ((sweep % TURN) + TURN) % TURN;
    function point(angle) {
      var dx = radiusX * Math.cos(angle), dy = radiusY * Math.sin(angle);
      return [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
    }
    var start = point(from), isRound = radiusX === radiusY && isEven(context.shim.matrix);
    lineTo(context, start[0], start[1]);
    var count = isRound ? 2 : Math.max(2, Math.ceil(32 * Math.abs(sweep) / TURN));
    for (var i = 1; i <= count && sweep; i++) {
      var next = point(from + sweep * i / count), piece = place(context, next[0], next[1]);
      if (isRound) piece = piece.concat([shim.round(radiusX * scaleOf(context.shim.matrix)), 0, sweep > 0 ? 1 : 0]);
      step(context, piece);
    }
  }
  function curve(context, points) {
    for (var i = 1; i <= CURVE_PIECES; i++) {
      var t = i / CURVE_PIECES, all = points;
      while (all.length > 1) all = all.slice(1).map(function (p, k) {
        return [all[k][0] + t * (p[0] - all[k][0]), all[k][1] + t * (p[1] - all[k][1])];
      });
      step(context, [shim.round(all[0][0]), shim.round(all[0][1])]);
    }
  }
  function last(context) {
    var open = context.shim.strokes[context.shim.strokes.length - 1];
    return open && open[open.length - 1];
  }
  function rectangle(context, x, y, width, height) {
    begin(context, x, y);
    [[x + width, y], [x + width, y + height], [x, y + height], [x, y]].forEach(function (p) { lineTo(context, p[0], p[1]); });
  }
  function close(context) {
    var open = context.shim.strokes[context.shim.strokes.length - 1];
    if (open && open.length > 1) step(context, [open[0][0], open[0][1]]);
  }
  call('beginPath', 0, function () { this.shim.strokes = []; this.shim.pieces = 0; });
  call('moveTo', 2, function (x, y) { begin(this, +x, +y); });
  call('lineTo', 2, function (x, y) { lineTo(this, +x, +y); });
  call('closePath', 0, function () { close(this); });
  call('rect', 4, function (x, y, width, height) { rectangle(this, +x, +y, +width, +height); });
  call('arc', 5, function (x, y, r, from, to, isLeft) { arc(this, +x, +y, +r, +r, 0, +from, +to, !!isLeft); });
  call('ellipse', 7, function (x, y, rx, ry, turn, from, to, isLeft) { arc(this, +x, +y, +rx, +ry, +turn, +from, +to, !!isLeft); });
  call('arcTo', 4, function (x, y) { lineTo(this, +x, +y); });
  call('quadraticCurveTo', 4, function (a, b, x, y) {
    if (!last(this)) begin(this, +a, +b);
    curve(this, [last(this), place(this, +a, +b), place(this, +x, +y)]);
  });
  call('bezierCurveTo', 6, function (a, b, c, d, x, y) {
    if (!last(this)) begin(this, +a, +b);
    curve(this, [last(this), place(this, +a, +b), place(this, +c, +d), place(this, +x, +y)]);
  });

  // Marks ------------------------------------------------------------------------------------------------------------
  function fill(context, color) {
    var areas = context.shim.strokes.filter(function (one) { return one.length > 2; });
    if (areas.length) put(context, ['fill', color, areas.map(function (one) { return one.slice(); })]);
  }
  function stroke(context) {
    context.shim.strokes.forEach(function (one) {
      var width = shim.round(Math.min(+context.lineWidth || 1, 1e5) * scaleOf(context.shim.matrix));
      if (one.length > 1) put(context, ['path', ink(context.strokeStyle), width, String(context.lineCap).slice(0, 9), one.slice()]);
    });
  }
  // Does something with a rectangle that is not part of the path.
  function apart(context, args, action) {
    var kept = context.shim.strokes, pieces = context.shim.pieces;
    context.shim.strokes = [];
    context.shim.pieces = 0;
    rectangle(context, +args[0], +args[1], +args[2], +args[3]);
    action();
    context.shim.strokes = kept;
    context.shim.pieces = pieces;
  }
  call('fill', 0, function () { fill(this, ink(this.fillStyle)); });
  call('stroke', 0, function () { stroke(this); });
  call('fillRect', 4, function () { var self = this; apart(this, arguments, function () { fill(self, ink(self.fillStyle)); }); });
  call('strokeRect', 4, function () { var self = this; apart(this, arguments, function () { stroke(self); }); });
  call('clearRect', 4, function () {
    var self = this, size = sizeOf(this.canvas), marks = marksOn(this.canvas);
    apart(this, arguments, function () {
      var corner = self.shim.strokes[0][0], other = self.shim.strokes[0][2];
      if (marks !== shim.ops && corner[0] <= -size[0] / 2 && corner[1] >= size[1] / 2 && other[0] >= size[0] / 2 && other[1] <= -size[1] / 2) {
        drop(self.canvas, marks, marks.length);
      } else fill(self, 'erase');
    });
  });
  function text(words, x, y) {
    var m = this.shim.matrix, height = (parseFloat((/([\d.]+)px/.exec(this.font) || [])[1]) || 10) * scaleOf(m);
    var side = { center: 'center', right: 'end', end: 'end' }[this.textAlign] || 'start';
    var at = place(this, +x, +y), turn = Math.atan2(m[1], m[0]);
    put(this, ['label', shim.round(at[0] + 0.35 * height * Math.sin(turn)), shim.round(at[1] + 0.35 * height * Math.cos(turn)),
      shim.round(turn * 180 / Math.PI), shim.round(height), ink(this.fillStyle), side, String(words).slice(0, LONGEST_TEXT)]);
  }
  call('fillText', 0, text);
  call('strokeText', 0, text);

  // Where the surface lies ---------------------------------------------------------------------------------------------
  function turned(name, needed, matrixOf) {
    call(name, needed, function () {
      var m = this.shim.matrix, n = matrixOf.apply(null, [].map.call(arguments, Number));
      this.shim.matrix = [m[0] * n[0] + m[2] * n[1], m[1] * n[0] + m[3] * n[1], m[0] * n[2] + m[2] * n[3], m[1] * n[2] + m[3] * n[3],
        m[0] * n[4] + m[2] * n[5] + m[4], m[1] * n[4] + m[3] * n[5] + m[5]];
    });
  }
  turned('translate', 2, function (x, y) { return [1, 0, 0, 1, x, y]; });
  turned('scale', 2, function (x, y) { return [x, 0, 0, y, 0, 0]; });
  turned('rotate', 1, function (angle) { return [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0]; });
  turned('transform', 6, function (a, b, c, d, e, f) { return [a, b, c, d, e, f]; });
  call('resetTransform', 0, function () { this.shim.matrix = [1, 0, 0, 1, 0, 0]; });
  call('setTransform', 0, function () {
    var told = [].slice.call(arguments, 0, 6).map(Number);
    this.shim.matrix = told.length === 6 && told.every(isFinite) ? told : [1, 0, 0, 1, 0, 0];
  });
  call('save', 0, function () {
    var self = this, saved = this.shim.saved;
    saved[saved.length] = [this.shim.matrix, STYLES.map(function (name) { return self[name]; })];
  });
  call('restore', 0, function () {
    var self = this, saved = this.shim.saved.pop();
    if (!saved) return;
    this.shim.matrix = saved[0];
    STYLES.forEach(function (name, i) { self[name] = saved[1][i]; });
  });

  // What it can be asked ---------------------------------------------------------------------------------------------
  Context2D.prototype.getImageData = function (x, y, width, height) {
    if (!width || !height) {
      throw shim.error('IndexSizeError', "Failed to execute 'getImageData' on 'CanvasRenderingContext2D': The source " +
        (width ? 'height' : 'width') + ' is 0.');
    }
    return { width: width, height: height, data: new Uint8ClampedArray(Math.min(4 * width * height, 1 << 24)) };
  };
  Context2D.prototype.createImageData = Context2D.prototype.getImageData;
  Context2D.prototype.measureText = function (text) { return { width: 8 * String(text).length }; };
  Context2D.prototype.createLinearGradient = Context2D.prototype.createRadialGradient = function () {
    var made = { addColorStop: function (at, color) { if (made.shim.color === 'transparent') made.shim.color = color; } };
    Object.defineProperty(made, 'shim', { value: { color: 'transparent' } });
    return made;
  };
  Context2D.prototype.isPointInPath = function () { return false; };
  shim.Element.prototype.getContext = function (kind) {
    if (this.tagName !== 'CANVAS' || kind !== '2d') return null;
    if (!this.shim.context) {
      this.shim.context = new Context2D(this);
      if (!ownerOf(this) && this !== shim.surface) show(this);
    }
    return this.shim.context;
  };
  // A surface of its own is shown among what is written, once it stands on the page.
  function show(canvas) {
    var marks = canvas.shim.marks = [], item = { kind: 'picture', text: '', element: canvas };
    Object.defineProperty(item, 'size', { get: function () {
      try { var size = sizeOf(canvas); return [size[0], size[1], '', marks]; } catch (hostile) { return [0, 0, '']; }
    } });
    shim.output[shim.output.length] = item;
  }
  shim.Element.prototype.toDataURL = function () { return 'data:,'; };
})(globalThis, globalThis.__shim);
