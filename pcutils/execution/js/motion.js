// What every turtle (and every other element) can be told: where to go and what to draw.
(function (global, shim) {
  'use strict';
  var method = shim.method, DEGREE = Math.PI / 180, DOT_SIZE = 8.8;

  shim.command = command;
  shim.number = number;

  // Defines a command that each turtle of the set does in its turn; returns the set.
  function command(names, prepare, time) {
    method(names, function () {
      var args = arguments, set = this;
      for (var i = 0; i < this.length; i++) {
        (function (element) {
          var run = prepare.apply(set, [shim.turtleOf(element), element].concat([].slice.call(args)));
          if (run) shim.enqueue(element, time || 0, run);
        })(this[i]);
      }
      // A function as last argument is called when the command has been done.
      var last = args[args.length - 1];
      if (args.length && typeof last === 'function' && last.isContinuation !== false && time !== undefined) {
        shim.whenIdle([].slice.call(this), last);
      }
      return this;
    });
  }
  function number(value, otherwise) {
    if (value === undefined || value === null || typeof value === 'function') return otherwise;
    var n = parseFloat(value);
    return n !== n ? 0 : n;
  }

  // A place: two numbers, a list of two, another turtle, an event or page position, or the name of a place.
  shim.place = function (x, y) {
    if (Array.isArray(x)) { y = x[1]; x = x[0]; }
    if (x && typeof x === 'object') {
      if (typeof x.pageX === 'number') return [x.pageX - shim.pageWidth / 2, shim.pageHeight / 2 - x.pageY];
      if (x instanceof shim.Query) x = x[0];
      if (x && x.shim) return [shim.turtleOf(x).x, shim.turtleOf(x).y];
      if (x === global || x === global.document) return [0, 0];
      return null;
    }
    if (x === undefined && y === undefined) return null;
    return [number(x, 0), number(y, 0)];
  };

  // Motion ----------------------------------------------------------------------------------------------------------
  command('fd forward', function (turtle, e, distance) {
    distance = number(distance, 100);
    return function () { shim.forward(turtle, distance); };
  }, 'speed');
  command('bk back', function (turtle, e, distance) {
    distance = number(distance, 100);
    return function () { shim.forward(turtle, -distance); };
  }, 'speed');
  command('jump', function (turtle, e, x, y) {
    var place = y === undefined && !Array.isArray(x) ? null : shim.place(x, y);
    return function () {
      if (place) slide(turtle, place, true); else shim.forward(turtle, number(x, 0), true);
    };
  }, 'speed');
  function turn(sign) {
    return function (turtle, e, degrees, radius) {
      degrees = number(degrees, 90);
      radius = number(radius, 0);
      return function () {
        if (radius) shim.arc(turtle, sign * degrees, sign * radius);
        else turtle.direction = (turtle.direction + sign * degrees) % 360;
      };
    };
  }
  command('rt right', turn(1), 'speed');
  command('lt left', turn(-1), 'speed');
  function slide(turtle, by, isJump) {
    var angle = turtle.direction * DEGREE, sin = Math.sin(angle), cos = Math.cos(angle);
    shim.moveTo(turtle, turtle.x + by[0] * cos + by[1] * sin, turtle.y - by[0] * sin + by[1] * cos, isJump);
  }
  command('slide', function (turtle, e, x, y) {
    var by = shim.place(x, y) || [0, 0];
    return function () { slide(turtle, by); };
  }, 'speed');
  function step(isJump) {
    return function (turtle, e, x, y) {
      var by = shim.place(x, y) || [0, 0];
      return function () { shim.moveTo(turtle, turtle.x + by[0], turtle.y + by[1], isJump); };
    };
  }
  command('movexy', step(false), 'speed');
  command('jumpxy', step(true), 'speed');
  function go(isJump) {
    return function (turtle, e, x, y) {
      return function () {
        var place = shim.place(x, y);
        if (place) shim.moveTo(turtle, place[0], place[1], isJump);
      };
    };
  }
  command('moveto', go(false), 'speed');
  command('jumpto', go(true), 'speed');
  command('turnto', function (turtle, e, x, y) {
    return function () {
      if ((typeof x === 'number' || (typeof x === 'string' && !isNaN(x))) && typeof y !== 'number') {
        turtle.direction = number(x, 0) % 360;
        return;
      }
      var place = shim.place(x, y);
      if (place && (place[0] !== turtle.x || place[1] !== turtle.y)) {
        turtle.direction = Math.atan2(place[0] - turtle.x, place[1] - turtle.y) / DEGREE;
      }
    };
  }, 'speed');
  command('home', function (turtle, e, container) {
    var target = typeof container === 'string' ? global.$(container)[0] : container;
    if (target instanceof shim.Query) target = target[0];
    if (target !== undefined && target !== null && typeof target !== 'function' && !target.nodeType && target !== global) {
      throw new TypeError("Cannot read properties of undefined (reading 'transform')");
    }
    return function () {
      turtle.x = turtle.y = turtle.direction = 0;
      turtle.isBroken = true;
    };
  }, 0);

  // Pen and marks -------------------------------------------------------------------------------------------------------
  command('pen', function (turtle, e, style, width) {
    if (typeof style === 'function') style = undefined;
    return function () {
      if (style === undefined) return;
      if (style === 'up' || style === 'down') { turtle.isDown = style === 'down'; turtle.isBroken = true; return; }
      if (style === true || style === false) { turtle.isDown = style; if (style && turtle.style) return; }
      if (typeof style === 'number' && width === undefined && turtle.style) {
        shim.setPen(turtle, Object.assign({}, turtle.style, { width: style }));
        return;
      }
      var pen = shim.parsePen(style, typeof width === 'function' ? undefined : width);
      shim.setPen(turtle, pen);
      turtle.isDown = pen !== null;
    };
  }, 0);
  command('pu penup', function (turtle) {
    return function () { turtle.isDown = false; turtle.isBroken = true; };
  }, 0);
  command('pd pendown', function (turtle) {
    return function () {
      turtle.isDown = true;
      turtle.isBroken = true;
      if (!turtle.style) shim.setPen(turtle, shim.parsePen('black'));
    };
  }, 0);
  command('pe', function (turtle) {
    return function () { shim.setPen(turtle, shim.parsePen('erase', turtle.style ? turtle.style.width : 12)); };
  }, 0);
  command('pf', function (turtle) {
    return function () { shim.setPen(turtle, shim.parsePen('path')); turtle.isDown = true; };
  }, 0);
  command('fill', function (turtle, e, color) {
    if (typeof color === 'function' || color === undefined || color === null) color = 'black';
    return function () { shim.fill(turtle, shim.parsePen(color) ? shim.parsePen(color).color : 'none'); };
  }, 0);

  // Colour and size in either order, both optional.
  function colorAndSize(turtle, a, b) {
    var color = a, size = b;
    if (typeof a === 'number' || (typeof a === 'string' && a !== '' && !isNaN(a))) { size = a; color = b; }
    if (typeof color === 'function') color = undefined;
    if (typeof size === 'function') size = undefined;
    var pen = color === undefined || color === null ? null : shim.parsePen(color);
    if (!pen) pen = color === null ? { color: 'transparent' } : null;
    return function () {
      var ink = pen ? pen.color : turtle.style && !turtle.style.isPath ? turtle.style.color : 'black';
      return [ink, Math.min(Math.abs(number(size, DOT_SIZE)), 1e5)];
    };
  }
  command('dot', function (turtle, e, color, size) {
    var how = colorAndSize(turtle, color, size);
    return function () {
      var is = how();
      shim.draw(['dot', shim.round(turtle.x), shim.round(turtle.y), is[0], shim.round(is[1])]);
    };
  }, 0);
  command('box', function (turtle, e, color, size) {
    var how = colorAndSize(turtle, color, size);
    return function () {
      var is = how();
      shim.draw(['box', shim.round(turtle.x), shim.round(turtle.y), shim.round(turtle.direction), is[0], shim.round(is[1])]);
    };
  }, 0);
  command('arrow', function (turtle, e, color, size) {
    var how = colorAndSize(turtle, color, size);
    return function () {
      var is = how();
      shim.draw(['arrow', shim.round(turtle.x), shim.round(turtle.y), shim.round(turtle.direction), is[0], shim.round(is[1])]);
    };
  }, 'speed');
  command('label', function (turtle, e, html, style, side) {
    if (typeof style === 'string' || typeof style === 'number') {
      var swap = style;
      style = typeof side === 'object' ? side : typeof style === 'number' ? { fontSize: style + 'px' } : {};
      side = typeof swap === 'string' ? swap : side;
    }
    if (style && typeof style !== 'object') style = {};
    var text = html === undefined ? '' : shim.textOf(html);
    return function () {
      var size = parseFloat((style && (style.fontSize || style['font-size'] || style.font)) || '') || 16;
      var color = (style && style.color) || 'black';
      shim.write({ kind: 'label', text: text });
      if (style && style.id) {
        var element = new shim.Element('div');
        element.attributes.id = String(style.id);
        element.textContent = text;
        shim.field.appendChild(element);
      }
      shim.draw(['label', shim.round(turtle.x), shim.round(turtle.y), shim.round(turtle.direction),
        shim.round(size * turtle.scaleX), String(color), String(side || 'center'), text]);
    };
  }, 0);
  shim.textOf = function (html) {
    if (html && html.textContent !== undefined) return String(html.textContent);
    if (html instanceof shim.Query) return html.text();
    return shim.parseHtml(String(html)).map(function (n) { return n.textContent; }).join('');
  };
})(globalThis, globalThis.__shim);
