// What a turtle is: place, direction, pen, the path it has traced, the queue of what it will do, and the drawing.
(function (global, shim) {
  'use strict';
  var PEN_WIDTH = 1.62, DEGREE = Math.PI / 180;

  shim.ops = [];           // the drawing, oldest first; drawing.py describes each kind
  shim.turtles = [];       // elements that move, in the order in which they came

  shim.turtleOf = function (element) {
    var kept = element.shim || (element.shim = Object.create(null));
    if (!kept.turtle) {
      kept.turtle = {
        x: 0, y: 0, direction: 0, scaleX: 1, scaleY: 1, unit: 1, speed: null, visible: true, color: null, shape: null, opacity: 1,
        isDown: true, style: null, strokes: [], easing: null, queue: [], at: 0, isBusy: false, waiting: [], stroke: null
      };
    }
    return kept.turtle;
  };

  // The queue -----------------------------------------------------------------------------------------------------------
  // Motion takes 1 / speed seconds, so that several turtles draw side by side in the order a pupil sees; what is asked
  // for inside `tick` and `forever` takes no time. With nothing ahead and no duration, it happens at once.
  // Programs plan motions by the thousand, so these stand in the queue as three entries, a function of (turtle, a, b) that
  // all of their kind share and its two values; anything else is one object.
  var ENTRIES = 3;
  shim.defaultSpeed = 1;   // of every turtle that has no speed of its own
  shim.inTick = 0;
  shim.enqueue = function (element, time, action, isPlan) {
    var turtle = shim.turtleOf(element), inTick = shim.inTick > 0;
    shim.count();
    if (!turtle.isBusy && duration(turtle, time, inTick) === 0) {
      action();
      return;
    }
    if (isPlan || inTick || shim.fromTimer || time !== 'speed') {
      turtle.queue[turtle.queue.length] = { time: time, action: action, isTimer: shim.fromTimer, inTick: inTick, isPlan: isPlan };
    } else addMotion(turtle.queue, action, undefined, undefined);
    if (!turtle.isBusy) next(turtle, false);
  };
  // Plans `move(turtle, a, b)`, which takes the time of a motion.
  shim.enqueueMotion = function (element, move, a, b) {
    var turtle = shim.turtleOf(element), inTick = shim.inTick > 0;
    if (turtle.isBusy ? inTick || shim.fromTimer : duration(turtle, 'speed', inTick) > 0) {
      shim.enqueue(element, 'speed', function () { return move(turtle, a, b); });
      return;
    }
    shim.count();
    if (turtle.isBusy) addMotion(turtle.queue, move, a, b); else move(turtle, a, b);
  };
  function addMotion(queue, move, a, b) {
    var end = queue.length;
    queue[end] = move;
    queue[end + 1] = a;
    queue[end + 2] = b;
  }
  // Lets the turtle wait at this point of its queue until `start` has called what it is given.
  shim.block = function (element, start) {
    var turtle = shim.turtleOf(element);
    shim.count();
    turtle.queue[turtle.queue.length] = { start: start, isTimer: shim.fromTimer };
    if (!turtle.isBusy) next(turtle, false);
  };
  function duration(turtle, time, inTick) {
    if (typeof time === 'function') time = time(turtle);
    if (time !== 'speed') return time > 0 ? time : 0;
    if (turtle.speed !== null) return 1000 / turtle.speed;
    return inTick || !(shim.defaultSpeed > 0) ? 0 : 1000 / shim.defaultSpeed;
  }
  // Starts what comes next. The clock may be moved right here where no code of the program waits for the end of this call.
  function next(turtle, mayMoveClock) {
    var queue = turtle.queue;
    turtle.isBusy = true;
    while (typeof queue[turtle.at] === 'function') {
      var at = turtle.at, wait = duration(turtle, 'speed', false);
      turtle.at += ENTRIES;
      if (!mayMoveClock || !shim.goOn(shim.now + wait)) {
        planMotion(turtle, wait, queue, at);
        return;
      }
      doMotion(turtle, queue, at);
      if (shim.ended) return;
    }
    var item = queue[turtle.at++];
    if (!item) rest(turtle);
    else if (item.start) waitFor(turtle, item);
    else planItem(turtle, item);
  }
  function planMotion(turtle, wait, queue, at) {
    shim.plan(wait, function () {
      shim.fromTimer = false;
      doMotion(turtle, queue, at);
      next(turtle, true);
    }, false).isQuiet = true;
  }
  function doMotion(turtle, queue, at) {
    try {
      queue[at](turtle, queue[at + 1], queue[at + 2]);
    } catch (error) {
      shim.uncaught(error);
    }
  }
  function planItem(turtle, item) {
    shim.plan(duration(turtle, item.time, item.inTick), function () {
      shim.fromTimer = item.isTimer;
      if (item.isPlan) runPlan(turtle, item.action); else shim.guard(item.action);
      next(turtle, false);
    }, item.isTimer);
  }
  function waitFor(turtle, item) {
    var isOver = false;
    shim.guard(item.start, null, [function () {
      if (!isOver) shim.plan(0, function () { next(turtle, false); }, item.isTimer);
      isOver = true;
    }]);
  }
  function rest(turtle) {
    var waiting = turtle.waiting;
    turtle.queue = [];
    turtle.at = 0;
    turtle.isBusy = false;
    turtle.waiting = [];
    waiting.forEach(function (action) { shim.guard(action); });
  }
  // What a planned function asks for comes before what was asked for after it was planned.
  function runPlan(turtle, action) {
    var rest = turtle.queue.slice(turtle.at);
    turtle.queue = [];
    turtle.at = 0;
    shim.guard(action);
    for (var i = 0; i < rest.length; i++) turtle.queue[turtle.queue.length] = rest[i];
  }
  shim.clearQueue = function (element) {
    var turtle = shim.turtleOf(element);
    turtle.queue.length = turtle.at;
  };
  // Calls `action` once every one of the elements has done what was asked of it.
  shim.whenIdle = function (elements, action) {
    var left = 1;
    function one() { if (--left === 0) action(); }
    elements.forEach(function (element) {
      var turtle = shim.turtleOf(element);
      if (!turtle.isBusy) return;
      left++;
      turtle.waiting[turtle.waiting.length] = one;
    });
    shim.plan(0, one);
  };

  // Pens -----------------------------------------------------------------------------------------------------------
  // A pen is null or {color, width, cap}; the word `path` gives a pen without ink that still remembers where it went.
  shim.parsePen = function (style, width) {
    var pen = { color: 'black', width: PEN_WIDTH, cap: 'round', isPath: false };
    if (typeof style === 'function') style = style.helpname || style.name;
    if (!style) return null;
    if (typeof style === 'object') {
      if (typeof style.color === 'string' || typeof style.strokeStyle === 'string') pen.color = style.color || style.strokeStyle;
      if (style.lineWidth !== undefined) width = style.lineWidth;
      if (style.lineCap) pen.cap = style.lineCap;
    } else if (/^[^\s;]+$/.test(style)) {
      pen.color = String(style);
    } else {
      var parts = String(style).split(';');
      pen.color = parts[0].trim().split(/\s+(?![^(]*\))/)[0] || 'black';
      parts.slice(1).forEach(function (part) {
        var pair = part.split(':'), key = shim.camel((pair[0] || '').trim());
        if (key === 'lineWidth' && width === undefined) width = parseFloat(pair[1]);
        if (key === 'lineCap') pen.cap = (pair[1] || '').trim();
      });
    }
    if (pen.color === 'none') return null;
    if (pen.color === 'path' || pen.color === 'fill') pen.isPath = true;
    if (+width > 0) pen.width = Math.min(+width, 1e5);
    if (pen.color === 'erase') pen.width += 1;
    return pen;
  };
  shim.setPen = function (turtle, pen) {
    turtle.style = pen;
    turtle.strokes = [];
    turtle.stroke = null;
  };

  // Drawing --------------------------------------------------------------------------------------------------------
  var toInteger = Math.round;
  function round(number) { return toInteger(number * 100) / 100; }
  shim.round = round;
  shim.draw = function (turtle, op) {
    if (turtle.surface) return shim.drawOn(turtle.surface, op);
    shim.ops[shim.ops.length] = op;
    return op;
  };
  // Adds a step to the path; `piece` is [x, y] for a line, [x, y, radius, large, clockwise] for an arc.
  shim.trace = function (turtle, fromX, fromY, piece) {
    if (!turtle.style || !turtle.isDown) {
      turtle.stroke = null;
      turtle.isBroken = true;
      return;
    }
    var open = turtle.strokes[turtle.strokes.length - 1];
    if (!open || turtle.isBroken) {
      open = turtle.strokes[turtle.strokes.length] = [[round(fromX), round(fromY)]];
      turtle.stroke = null;
    }
    turtle.isBroken = false;
    open[open.length] = piece;
    if (turtle.style.isPath) return;
    if (turtle.stroke && shim.ops[shim.ops.length - 1] === turtle.stroke) {
      turtle.stroke[4][turtle.stroke[4].length] = piece;
    } else {
      turtle.stroke = shim.draw(turtle, ['path', turtle.style.color, round(turtle.style.width * turtle.unit), turtle.style.cap,
        [[round(fromX), round(fromY)], piece]]);
    }
  };
  shim.moveTo = function (turtle, x, y, isJump) {
    x = limit(x);
    y = limit(y);
    if (x !== x || y !== y) return;
    if (isJump) turtle.isBroken = true;
    else shim.trace(turtle, turtle.x, turtle.y, [round(x), round(y)]);
    turtle.x = x;
    turtle.y = y;
  };
  function limit(number) { return Math.max(-1e7, Math.min(1e7, number)); }
  shim.forward = function (turtle, distance, isJump) {
    var angle = turtle.direction * DEGREE;
    distance *= turtle.unit;
    shim.moveTo(turtle, turtle.x + distance * Math.sin(angle), turtle.y + distance * Math.cos(angle), isJump);
  };
  // Turns to the right by `degrees` on a circle of `radius`, whose middle lies to the right.
  shim.arc = function (turtle, degrees, radius) {
    if (!isFinite(degrees) || !isFinite(radius)) return;
    radius *= turtle.unit;
    var start = turtle.direction * DEGREE;
    var middleX = turtle.x + radius * Math.cos(start), middleY = turtle.y - radius * Math.sin(start);
    var left = Math.min(Math.abs(degrees), 720), sign = degrees < 0 ? -1 : 1, size = Math.abs(radius);
    while (left > 1e-9) {
      var part = Math.min(left, 180);
      turtle.direction += sign * part;
      left -= part;
      var angle = turtle.direction * DEGREE;
      var x = limit(middleX - radius * Math.cos(angle)), y = limit(middleY + radius * Math.sin(angle));
      shim.trace(turtle, turtle.x, turtle.y, [round(x), round(y), round(size), 0, sign > 0 ? 1 : 0]);
      turtle.x = x;
      turtle.y = y;
    }
    turtle.direction = (turtle.direction + sign * (Math.abs(degrees) - Math.min(Math.abs(degrees), 720))) % 360;
  };
  shim.fill = function (turtle, color) {
    var pieces = turtle.strokes.filter(function (stroke) { return stroke.length > 1; });
    if (pieces.length && color !== 'none') shim.draw(turtle, ['fill', String(color), pieces]);
    turtle.strokes = [];
    turtle.stroke = null;
  };
  shim.clearDrawing = function () {
    shim.ops.length = 0;
    shim.turtles.forEach(function (element) { shim.turtleOf(element).stroke = null; });
  };

  // Style names by which a turtle's state can be read and set ------------------------------------------------------------
  shim.turtleStyle = function (element, key, value) {
    if (!element.shim || !element.shim.turtle) return undefined;
    var turtle = element.shim.turtle;
    if (key === 'turtleSpeed') { if (+value > 0) turtle.speed = +value; return turtle.speed === null ? 'turtle' : String(turtle.speed); }
    if (key === 'turtleRotation') { if (value !== undefined) turtle.direction = +value || 0; return turtle.direction; }
    if (key === 'turtleScale') { if (value !== undefined) turtle.scaleX = turtle.scaleY = +value || 1; return turtle.scaleX; }
    if (key === 'opacity') { if (value !== undefined) turtle.opacity = +value; return turtle.opacity; }
    if (key === 'turtlePenStyle' && value !== undefined) { shim.setPen(turtle, shim.parsePen(value)); return value; }
    if (key === 'turtlePenDown' && value !== undefined) { turtle.isDown = value !== 'up'; return value; }
    return undefined;
  };
  shim.pagePosition = function (element) {
    var turtle = shim.turtleOf(element);
    return { left: shim.pageWidth / 2 + turtle.x, top: shim.pageHeight / 2 - turtle.y };
  };

  // New turtles -------------------------------------------------------------------------------------------------------
  shim.hatch = function (kind, color) {
    shim.count();
    var element = new shim.Element(kind === 'turtle' ? 'img' : 'div');
    var turtle = shim.turtleOf(element);
    turtle.shape = kind;
    turtle.color = color;
    element.attributes['class'] = 'turtle';
    shim.field.appendChild(element);
    shim.turtles[shim.turtles.length] = element;
    return element;
  };
  shim.body.appendChild(shim.field);
  shim.field.attributes.id = 'field';
})(globalThis, globalThis.__shim);
