// What colour lies at a place: the drawing is looked through from the newest mark to the oldest.
(function (global, shim) {
  'use strict';
  var RGB = { aqua: 'cyan', fuchsia: 'magenta', grey: 'gray' };
  function same(a, b) {
    a = String(a).toLowerCase();
    b = String(b).toLowerCase();
    return (RGB[a] || a) === (RGB[b] || b);
  }
  function nearSegment(x, y, ax, ay, bx, by, reach) {
    var dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
    var t = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
    return Math.hypot(x - ax - t * dx, y - ay - t * dy) <= reach;
  }
  // Replaces each arc by short lines; the middle follows from the ends, the radius and the side.
  function flatten(stroke) {
    var points = [stroke[0]];
    for (var i = 1; i < stroke.length; i++) {
      var from = points[points.length - 1], to = stroke[i];
      if (to.length > 2) arcPoints(from, to, points);
      points[points.length] = to;
    }
    return points;
  }
  function arcPoints(from, to, points) {
    var dx = to[0] - from[0], dy = to[1] - from[1], half = Math.hypot(dx, dy) / 2;
    if (!half) return;
    var height = Math.sqrt(Math.max(0, to[2] * to[2] - half * half)), sign = to[4] ? 1 : -1;
    var cx = (from[0] + to[0]) / 2 + sign * height * dy / (2 * half);
    var cy = (from[1] + to[1]) / 2 - sign * height * dx / (2 * half);
    var start = Math.atan2(from[1] - cy, from[0] - cx), end = Math.atan2(to[1] - cy, to[0] - cx);
    var sweep = end - start;
    if (to[4] && sweep > 0) sweep -= 2 * Math.PI;
    if (!to[4] && sweep < 0) sweep += 2 * Math.PI;
    for (var k = 1; k < 8; k++) {
      var angle = start + sweep * k / 8;
      points[points.length] = [cx + to[2] * Math.cos(angle), cy + to[2] * Math.sin(angle)];
    }
  }
  function onStroke(x, y, stroke, width) {
    var points = flatten(stroke);
    for (var i = 1; i < points.length; i++) {
      if (nearSegment(x, y, points[i - 1][0], points[i - 1][1], points[i][0], points[i][1], width / 2)) return true;
    }
    return false;
  }
  function insideFill(x, y, strokes) {
    var inside = false;
    strokes.forEach(function (stroke) {
      var p = flatten(stroke);
      for (var i = 0, j = p.length - 1; i < p.length; j = i++) {
        if ((p[i][1] > y) !== (p[j][1] > y) &&
            x < (p[j][0] - p[i][0]) * (y - p[i][1]) / (p[j][1] - p[i][1]) + p[i][0]) inside = !inside;
      }
    });
    return inside;
  }
  function covers(op, x, y) {
    if (op[0] === 'path') return onStroke(x, y, op[4], op[2]);
    if (op[0] === 'fill') return insideFill(x, y, op[2]);
    if (op[0] === 'dot') return Math.hypot(x - op[1], y - op[2]) <= op[4] / 2;
    if (op[0] === 'box') {
      var angle = op[3] * Math.PI / 180, dx = x - op[1], dy = y - op[2];
      return Math.max(Math.abs(dx * Math.cos(angle) - dy * Math.sin(angle)),
        Math.abs(dx * Math.sin(angle) + dy * Math.cos(angle))) <= op[5] / 2;
    }
    return false;
  }
  function colorOf(op) { return op[0] === 'path' || op[0] === 'fill' ? op[1] : op[0] === 'dot' ? op[3] : op[4]; }

  // True where the turtle stands on ink of a colour; the word `color` asks for any ink.
  // The turtle's body is looked at in its middle and on two rings.
  var SAMPLES = [[0, 0]];
  for (var k = 0; k < 8; k++) {
    SAMPLES.push([4 * Math.cos(k * Math.PI / 4), 4 * Math.sin(k * Math.PI / 4)]);
    SAMPLES.push([9 * Math.cos(k * Math.PI / 4), 9 * Math.sin(k * Math.PI / 4)]);
  }
  shim.inkUnder = function (turtle, color) {
    if (!turtle) return false;
    var size = Math.min(Math.abs(turtle.scaleX), 20);
    return SAMPLES.some(function (by) {
      return inkAt(turtle.x + size * by[0], turtle.y + size * by[1], color);
    });
  };
  function inkAt(x, y, color) {
    for (var i = shim.ops.length - 1; i >= 0; i--) {
      if (!covers(shim.ops[i], x, y)) continue;
      var ink = colorOf(shim.ops[i]);
      if (ink === 'transparent' || ink === 'none') continue;
      if (ink === 'erase') return same(color, 'transparent');
      return color === 'color' || same(ink, color);
    }
    return same(color, 'transparent');
  }
})(globalThis, globalThis.__shim);
