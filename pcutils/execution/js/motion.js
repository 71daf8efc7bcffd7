// What every turtle (and every other element) can be told: where to go and what to draw.
(function (global, shim) {
  'use strict';
  var method = shim.method, DEGREE = Math.PI / 180, DOT_SIZE = 8.8, PEN = 1.62;

  shim.command = command;
  shim.number = number;

  // Defines a command that each turtle of the set does in its turn; returns the set. A function as last argument, behind
  // the arguments that the command needs, is called when all of them have done it.
  // `shim.direct` does the same for one element and plain values, without making a list of what it was called with.
  shim.direct = Object.create(null);
  function command(names, needed, prepare, time) {
    names.split(' ').forEach(function (name) {
      shim.direct[name] = function (element, a, b, c) {
        var run = prepare(shim.turtleOf(element), element, a, b, c);
        if (run) shim.enqueue(element, time, run);
      };
    });
    method(names, function (a, b, c) {
      var count = arguments.length;
      if (count > needed && isCallback(arguments[count - 1])) return followedBy(this, [].slice.call(arguments));
      for (var i = 0; i < this.length; i++) {
        var run = prepare(shim.turtleOf(this[i]), this[i], a, b, c);
        if (run) shim.enqueue(this[i], time, run);
      }
      return this;
    });
    function followedBy(set, args) {
      var done = args.pop(), left = set.length;
      function finished() { if (--left === 0) done(); }
      for (var i = 0; i < set.length; i++) {
        var run = prepare(shim.turtleOf(set[i]), set[i], args[0], args[1], args[2]);
        if (run) shim.enqueue(set[i], time, followed(run, finished));
      }
      if (!set.length) shim.plan(0, done);
      return set;
    }
  }
  // What is called afterwards is never called at once.
  function followed(run, finished) {
    return function () { if (run() !== false) shim.plan(0, finished); };
  }
  // Defines a motion: `move(turtle, a, b)` with the two arguments as `readA` and `readB` understand them.
  function motion(names, readA, readB, move) {
    command(names, 1, function (turtle, e, a, b) {
      a = readA(a);
      b = readB(b);
      return function () { return move(turtle, a, b); };
    }, 'speed');
    names.split(' ').forEach(function (name) {
      shim.direct[name] = function (element, a, b) { shim.enqueueMotion(element, move, readA(a), readB(b)); };
    });
  }
  // Commands that stand where a callback could stand, as in `pen tan`, are meant as names.
  function isCallback(value) { return typeof value === 'function' && !value.helpname; }
  shim.isCallback = isCallback;
  function number(value, otherwise) {
    if (typeof value === 'number') return value === value ? value : 0;
    if (value === undefined || value === null || typeof value === 'function') return otherwise;
    var n = parseFloat(value);
    return n !== n ? 0 : n;
  }
  function isNumeric(value) {
    if (typeof value === 'number') return isFinite(value);
    return !Array.isArray(value) && typeof value !== 'object' && value - parseFloat(value) + 1 >= 0;
  }
  shim.isNumeric = isNumeric;

  // A place: two numbers, a list of two, another turtle, an event or page position, or the name of a place.
  shim.place = function (x, y, turtle) {
    var unit = turtle ? turtle.unit : 1;
    if (isNumeric(x) && isNumeric(y)) x = [+x, +y];
    if (Array.isArray(x)) return [number(x[0], 0) * unit, number(x[1], 0) * unit];
    if (typeof x === 'string') x = shim.find(x);
    if (x && typeof x === 'object') {
      if (isNumeric(x.pageX) && isNumeric(x.pageY)) return [x.pageX - shim.pageWidth / 2, shim.pageHeight / 2 - x.pageY];
      if (x instanceof shim.Query) x = x[0];
      if (x && x.shim) return [shim.turtleOf(x).x, shim.turtleOf(x).y];
      if (x === global || x === global.document) return [0, 0];
    }
    return null;
  };
  shim.find = function (selector) {
    try { return global.$(selector)[0]; } catch (error) { return null; }
  };
  function isPlain(value) {
    return value !== null && typeof value === 'object' && !value.nodeType && value !== global && !(value instanceof shim.Query);
  }
  shim.isPlain = isPlain;

  // Motion ----------------------------------------------------------------------------------------------------------
  function asGiven(value) { return value; }
  function distance(value) { return number(value, 100); }
  function angle(value) { return number(value, 90); }
  function radius(value) { return number(value, 0); }
  function opposite(read) { return function (value) { return -read(value); }; }
  function turn(turtle, degrees, radius) {
    if (radius) shim.arc(turtle, degrees, radius); else turtle.direction = (turtle.direction + degrees) % 360;
  }
  function forward(turtle, distance) { shim.forward(turtle, distance); }
  motion('fd', distance, asGiven, forward);
  motion('bk', opposite(distance), asGiven, forward);
  motion('rt', angle, radius, turn);
  motion('lt', opposite(angle), opposite(radius), turn);

  // A step to the side and ahead, or along the page's axes.
  function step(x, y) { return Array.isArray(x) ? [number(x[0], 0), number(x[1], 0)] : [number(x, 0), number(y, 0)]; }
  function slide(isJump) {
    return function (turtle, e, x, y) {
      var by = step(x, y);
      return function () {
        var angle = turtle.direction * DEGREE, sin = Math.sin(angle), cos = Math.cos(angle), unit = turtle.unit;
        shim.moveTo(turtle, turtle.x + unit * (by[0] * cos + by[1] * sin), turtle.y + unit * (by[1] * cos - by[0] * sin), isJump);
      };
    };
  }
  function move(isJump) {
    return function (turtle, e, x, y) {
      var by = step(x, y);
      return function () { shim.moveTo(turtle, turtle.x + by[0], turtle.y + by[1], isJump); };
    };
  }
  function go(isJump) {
    return function (turtle, x, y) {
      var place = shim.place(x, y, turtle);
      if (place) shim.moveTo(turtle, place[0], place[1], isJump);
      return isJump || place !== null;
    };
  }
  command('slide move', 1, slide(false), 'speed');
  command('jump', 1, slide(true), 'speed');
  command('movexy', 1, move(false), 'speed');
  command('jumpxy', 1, move(true), 'speed');
  motion('moveto', asGiven, asGiven, go(false));
  motion('jumpto', asGiven, asGiven, go(true));
  command('turnto', 1, function (turtle, e, x, y) {
    return function () {
      if (isNumeric(x) && !isNumeric(y)) {
        turtle.direction = +x % 360;
        return;
      }
      var place = shim.place(x, y, turtle);
      if (place && (place[0] !== turtle.x || place[1] !== turtle.y)) {
        turtle.direction = Math.atan2(place[0] - turtle.x, place[1] - turtle.y) / DEGREE;
      }
    };
  }, 'speed');
  // The errors are those of what the page says when it looks for the middle of something that has none.
  function checkContainer(container) {
    if (!container) return;
    if (typeof container === 'string') container = global.$(container)[0];
    else if (container instanceof shim.Query) container = container[0];
    if (!container) throw new TypeError("Cannot read properties of undefined (reading 'pageX')");
    if (!container.nodeType && container !== global) throw new TypeError("Cannot read properties of undefined (reading 'transform')");
  }
  command('home', 0, function (turtle, e, container) {
    return function () {
      checkContainer(container);
      turtle.x = turtle.y = turtle.direction = 0;
      turtle.scaleX = turtle.scaleY = 1;
      turtle.isBroken = true;
    };
  }, 0);

  // Pen and marks -------------------------------------------------------------------------------------------------------
  // Reads what a pen is told, in any order: caps and joins by name, a width by being a number, else the colour.
  var ENDS = { __proto__: null, butt: 'cap', square: 'cap', round: 'cap', bevel: 'join', miter: 'join' };
  function readPen(args) {
    var told = { style: undefined, width: undefined, cap: undefined, pen: null, isSwitch: false };
    for (var i = 0; i < args.length; i++) {
      var arg = args[i], isText = typeof arg === 'string';
      if (isText && told.cap === undefined && ENDS[arg] === 'cap') told.cap = arg;
      else if (isText && ENDS[arg] === 'join') continue;
      else if (told.width === undefined && isNumeric(arg)) told.width = +arg;
      else if (told.style === undefined) told.style = arg;
    }
    if (told.width === 0 || told.style === null) told.style = 'none';
    if (told.style === undefined) told.style = 'black';
    told.isSwitch = told.style === true || told.style === false || told.style === 'up' || told.style === 'down';
    if (!told.isSwitch) told.pen = shim.parsePen(told.style, told.width);
    if (told.pen && told.cap) told.pen.cap = told.cap;
    return told;
  }
  function usePen(turtle, told) {
    if (told.isSwitch) {
      turtle.isDown = told.style === true || told.style === 'down';
      turtle.isBroken = true;
      return;
    }
    shim.setPen(turtle, told.pen);
    turtle.isDown = told.style !== 'none';
  }
  function penBy(turtle, told) {
    return function () { usePen(turtle, told); };
  }
  // A pen that comes, goes or changes its colour is shown for the time of a move.
  function penTime(told) {
    return function (turtle) {
      var old = turtle.style, was = old && turtle.isDown;
      var is = told.isSwitch ? old && (told.style === true || told.style === 'down') : told.pen;
      if (!turtle.visible || (!was === !is && (told.isSwitch || !told.pen || !old || told.pen.color === old.color))) return 0;
      return 'speed';
    };
  }
  method('pen', function () {
    var args = [].slice.call(arguments), left = this.length, done = null;
    if (args.length > 1 && isCallback(args[args.length - 1])) done = args.pop();
    var told = readPen(args), time = penTime(told);
    function finished() { if (--left === 0) done(); }
    for (var i = 0; i < this.length; i++) {
      var run = penBy(shim.turtleOf(this[i]), told);
      shim.enqueue(this[i], time, done ? followed(run, finished) : run);
    }
    return this;
  });
  [['pu', false], ['pd', true], ['pe', 'erase'], ['pf', 'path']].forEach(function (pair) {
    method(pair[0], function () {
      var last = arguments[arguments.length - 1];
      return isCallback(last) ? this.pen(pair[1], last) : this.pen(pair[1]);
    });
  });
  command('fill', 0, function (turtle, e, style) {
    var pen = shim.parsePen(style || 'none');
    return function () { shim.fill(turtle, pen ? pen.color : 'none'); };
  }, 0);

  // Colour and size in either order, both optional; without a colour it is the pen's.
  function mark(draw) {
    return function (turtle, e, style, size) {
      if (isNumeric(style)) { var swap = style; style = size; size = swap; }
      return function () {
        var pen = turtle.style, told = style ? shim.parsePen(style) : pen && !pen.isPath ? pen : { color: 'black', width: PEN };
        if (!told) throw new TypeError("Cannot read properties of null (reading 'eraseMode')");
        var length = size === undefined || size === null ? DOT_SIZE : +size;
        if (length !== length) return;
        draw(turtle, told.color, Math.min(Math.abs(length), 1e5) * turtle.unit, pen && pen.width || PEN);
      };
    };
  }
  function place(turtle) { return [shim.round(turtle.x), shim.round(turtle.y)]; }
  command('dot', 0, mark(function (turtle, color, size) {
    shim.draw(turtle, ['dot'].concat(place(turtle), [color, shim.round(size)]));
  }), 'speed');
  command('box', 0, mark(function (turtle, color, size) {
    shim.draw(turtle, ['box'].concat(place(turtle), [shim.round(turtle.direction), color, shim.round(size)]));
  }), 'speed');
  command('arrow', 0, mark(function (turtle, color, size, width) {
    shim.draw(turtle, ['arrow'].concat(place(turtle), [shim.round(turtle.direction), color, shim.round(size), shim.round(width)]));
  }), 'speed');

  command('label', 1, function (turtle, e, html, side, style) {
    if ((!style || typeof style === 'string') && (isNumeric(side) || isPlain(side))) {
      var swap = style;
      style = side;
      side = swap;
    }
    style = isNumeric(style) ? { fontSize: +style } : style && typeof style === 'object' ? style : {};
    if (side === undefined || side === null) side = style.labelSide || style['label-side'] || 'rotated scaled';
    side = String(side);
    var text = html === undefined || html === null ? '' : shim.textOf(html);
    return function () {
      var size = parseFloat(style.fontSize || style['font-size'] || (/[\d.]+(?=px)/.exec(style.font) || [])[0]) || 16;
      shim.write({ kind: 'label', text: text });
      if (style.id) {
        var element = new shim.Element('div');
        element.attributes.id = String(style.id);
        element.textContent = text;
        shim.field.appendChild(element);
      }
      var turn = /\brotated\b/.test(side) ? shim.round(turtle.direction) : 0, scale = /\bscaled\b/.test(side) ? turtle.scaleX : 1;
      shim.draw(turtle, ['label'].concat(place(turtle), [turn, shim.round(size * scale), String(style.color || 'black'),
        (/\b(left|right|top|bottom)\b/.exec(side) || ['center'])[0], text]));
    };
  }, 'speed');
})(globalThis, globalThis.__shim);
