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
  function onStroke(x, y, points, width) {
    for (var i = 1; i < points.length; i++) {
      if (nearSegment(x, y, points[i - 1][0], points[i - 1][1], points[i][0], points[i][1], width / 2)) return true;
    }
    return false;
  }
  function insideFill(x, y, strokes) {
    var inside = false;
    strokes.forEach(function (p) {
      for (var i = 0, j = p.length - 1; i < p.length; j = i++) {
        if ((p[i][1] > y) !== (p[j][1] > y) &&
            x < (p[j][0] - p[i][0]) * (y - p[i][1]) / (p[j][1] - p[i][1]) + p[i][0]) inside = !inside;
      }
    });
    return inside;
  }
  // The rectangle around a mark, kept beside it; a path is measured again where it has grown.
  function boxOf(op) {
    var strokes = op[0] === 'path' ? [op[4]] : op[0] === 'fill' ? op[2] : null, size = strokes ? strokes[0].length : 1;
    if (op.box && op.box.size === size) return op.box;
    var box = { size: size, left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
    function add(x, y, reach) {
      box.left = Math.min(box.left, x - reach);
      box.right = Math.max(box.right, x + reach);
      box.low = Math.min(box.low, y - reach);
      box.high = Math.max(box.high, y + reach);
    }
    if (!strokes) add(op[1], op[2], op[op.length - 1]);
    else {
      box.strokes = strokes.map(flatten);
      box.strokes.forEach(function (stroke) { stroke.forEach(function (p) { add(p[0], p[1], op[0] === 'path' ? op[2] / 2 : 0); }); });
    }
    return op.box = box;
  }
  var INKLESS = { label: true, arrow: true, sprite: true, page: true };
  function covers(op, x, y) {
    if (INKLESS[op[0]] === true) return false;
    var box = boxOf(op);
    if (x < box.left || x > box.right || y < box.low || y > box.high) return false;
    if (op[0] === 'path') return onStroke(x, y, box.strokes[0], op[2]);
    if (op[0] === 'fill') return insideFill(x, y, box.strokes);
    if (op[0] === 'dot') return Math.hypot(x - op[1], y - op[2]) <= op[4] / 2;
    var angle = op[3] * Math.PI / 180, dx = x - op[1], dy = y - op[2];
    return Math.max(Math.abs(dx * Math.cos(angle) - dy * Math.sin(angle)),
      Math.abs(dx * Math.sin(angle) + dy * Math.cos(angle))) <= op[5] / 2;
  }
  function colorOf(op) { return op[0] === 'path' || op[0] === 'fill' ? op[1] : op[0] === 'dot' ? op[3] : op[4]; }

  // The outline of a turtle, to the right and ahead of its middle; that of a sprite is its rectangle.
  var OUTLINES = {
    turtle: [[-2, 13], [2, 13], [8, 5], [8, -6], [0, -9], [-8, -6], [-8, 5]],
    pointer: [[0, 18], [10, -6], [-10, -6]],
    pencil: [[-3, 24], [3, 24], [3, 6], [0, 0], [-3, 6]],
    dot: [[-6, 0], [-4, -4], [0, -6], [4, -4], [6, 0], [4, 4], [0, 6], [-4, 4]]
  };
  function outline(element) {
    var t = shim.turtleOf(element), size = t.size || [40, 40], angle = t.direction * Math.PI / 180;
    var points = OUTLINES[t.shape] || [[-1, 1], [1, 1], [1, -1], [-1, -1]].map(function (p) { return [p[0] * size[0] / 2, p[1] * size[1] / 2]; });
    return points.map(function (p) {
      var right = p[0] * t.scaleX, ahead = p[1] * t.scaleY;
      return [t.x + right * Math.cos(angle) + ahead * Math.sin(angle), t.y - right * Math.sin(angle) + ahead * Math.cos(angle)];
    });
  }
  function isThere(element) {
    if (!element || !element.shim || !element.shim.turtle) return false;
    return element.shim.turtle.visible && !element.shim.turtle.isRemoved;
  }
  function contains(polygon, point) {
    var before = 0;
    return polygon.every(function (a, i) {
      var b = polygon[(i + 1) % polygon.length];
      var side = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]);
      if (side * before < 0) return false;
      before = side || before;
      return true;
    });
  }
  // Two convex outlines overlap unless an edge of one has the other on its far side.
  function separates(one, other) {
    var middle = one.reduce(function (sum, p) { return [sum[0] + p[0] / one.length, sum[1] + p[1] / one.length]; }, [0, 0]);
    return one.some(function (a, i) {
      var b = one[(i + 1) % one.length];
      function side(p) { return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]); }
      var inner = side(middle);
      return inner !== 0 && other.every(function (p) { return side(p) * inner < 0; });
    });
  }
  shim.overlap = function (element, other) {
    if (other === global || other === global.document) return true;
    if (!isThere(element) || !isThere(other)) return false;
    var one = outline(element), two = outline(other);
    return !separates(one, two) && !separates(two, one);
  };
  shim.isUnder = function (element, place) { return contains(outline(element), place); };
  shim.isInside = function (element, container) {
    if (!element) return true;
    var points = outline(element);
    if (container === global || container === global.document || container === shim.body) {
      return points.every(function (p) { return Math.abs(p[0]) <= shim.pageWidth / 2 && Math.abs(p[1]) <= shim.pageHeight / 2; });
    }
    return isThere(container) && points.every(function (p) { return contains(outline(container), p); });
  };

  // True where a turtle stands on ink of a colour; the word `color` asks for any ink. Its body is looked at in its middle
  // and on the way from there to its outline.
  shim.inkUnder = function (element, color) {
    var t = shim.turtleOf(element), all = [[t.x, t.y]];
    outline(element).forEach(function (p) { all.push(p, [(t.x + p[0]) / 2, (t.y + p[1]) / 2]); });
    return all.some(function (p) { return inkAt(p[0], p[1], color); });
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
