// The words of a program: every turtle method for the main turtle, and the commands that need no turtle.
(function (global, shim) {
  'use strict';
  var Query = shim.Query, $ = shim.$;
  var main = shim.hatch('turtle', null);
  main.attributes.id = 'turtle';
  var turtle = shim.wrap([main]);
  global.turtle = turtle;
  Object.setPrototypeOf(turtle, Query.prototype);

  // Methods of the main turtle as words -------------------------------------------------------------------------------
  ('fd bk rt lt forward back right left jump slide movexy jumpxy moveto jumpto turnto home pen pu pd pe pf penup pendown ' +
    'fill dot box arrow label speed scale grow mirror twist ht st hide show toggle wear drawon pause plan getxy pagexy ' +
    'direction bearing distance hidden shown inside touches within notwithin nearest canvas imagedata sizexy cell clip ' +
    'fadeIn fadeOut animate finish hatch play tone silence').split(' ').forEach(function (name) {
    global[name] = function () {
      var self = shim.selected || turtle;
      return Query.prototype[name].apply(self, arguments);
    };
    Object.defineProperty(global[name], 'name', { value: name });
  });
  global.done = function done(action) {
    if (typeof action === 'function') shim.whenIdle(shim.turtles.slice(), action);
    return undefined;
  };
  global.sync = function sync() { return undefined; };
  global.remove = function remove(what) {
    var set = what instanceof Query ? what : what && what.shim ? shim.wrap([what]) : turtle;
    set.remove();
    if (set[0] === main) delete global.turtle;
  };
  Query.prototype.remove = (function (later) {
    return function () {
      this.each(function () {
        if (shim.turtleOf(this).isBusy) later.call(shim.wrap([this]));
        else { shim.turtleOf(this).isRemoved = true; if (this.parentNode) this.parentNode.removeChild(this); }
      });
      return this;
    };
  })(Query.prototype.remove);

  // Clearing the page, in the main turtle's turn ---------------------------------------------------------------------------
  function inTurn(action) {
    return function () {
      var args = arguments;
      shim.enqueue(main, 0, function () { action.apply(null, args); });
    };
  }
  global.cg = inTurn(shim.clearDrawing);
  function clearText() {
    shim.output.length = 0;
    shim.body.childNodes = [shim.field];
  }
  global.ct = inTurn(clearText);
  global.cs = inTurn(function () { shim.clearDrawing(); clearText(); });

  // Making turtles --------------------------------------------------------------------------------------------------------
  function maker(kind) {
    function Maker(look, size) {
      if (!(this instanceof Maker)) return new Maker(look, size);
      var color = typeof look === 'string' ? look : null, element;
      if (look && typeof look === 'object' && !(look instanceof Query)) color = look.color || null;
      element = shim.hatch(kind, kind === 'turtle' ? color : color || 'transparent');
      var state = shim.turtleOf(element);
      if (kind === 'box') state.size = boxSize(look, size);
      if (color && !shim.isColor(color)) { state.picture = color; state.color = null; }
      this.length = 1;
      this[0] = element;
      return undefined;
    }
    Maker.prototype = Object.create(Query.prototype, { constructor: { value: Maker, writable: true } });
    Object.defineProperty(Maker, 'name', { value: kind });
    return Maker;
  }
  function boxSize(look, size) {
    if (look && typeof look === 'object') return [+look.width || 100, +look.height || 100];
    var match = typeof look === 'string' && /^(\d+)x(\d+)/.exec(look);
    return match ? [+match[1], +match[2]] : [+size || +look || 100, +size || +look || 100];
  }
  global.Turtle = maker('turtle');
  global.Sprite = maker('box');
  global.Pencil = maker('pencil');
  global.Webcam = maker('webcam');
  global.Piano = maker('piano');
  global.Piano.prototype.draw = function () { return this; };
  global.hatch = function hatch(count, color) {
    if (typeof count !== 'number') { color = count; count = 1; }
    var made = [];
    for (var i = 0; i < Math.min(count, 1000); i++) made.push(shim.hatch('turtle', typeof color === 'string' ? color : null));
    return shim.wrap(made);
  };
  shim.canvas = function () {
    if (!shim.surface) {
      shim.surface = new shim.Element('canvas');
      shim.surface.width = shim.pageWidth;
      shim.surface.height = shim.pageHeight;
    }
    return shim.surface;
  };

  // Repeating ---------------------------------------------------------------------------------------------------------------
  var ticker = null;
  function repeat(name) {
    return function (rate, action) {
      if (typeof rate === 'function') { action = rate; rate = 30; }
      if (ticker) { ticker.cancelled = true; ticker = null; }
      if (typeof action !== 'function' || !(rate > 0)) return;
      var mine = { cancelled: false };
      ticker = mine;
      // Each round waits until the main turtle has done what was asked of it before.
      function wait() {
        if (mine.cancelled) return;
        if (shim.turtleOf(main).isBusy) shim.whenIdle([main], function () { shim.plan(0, run, true); });
        else run();
      }
      function run() {
        if (mine.cancelled) return;
        shim.plan(1000 / rate, wait, true);
        var speed = shim.turtleOf(main).speed;
        shim.turtleOf(main).speed = Infinity;
        try {
          action.call(turtle);
        } finally {
          shim.turtleOf(main).speed = speed;
        }
      }
      shim.plan(Math.max(1000 / rate, 1), wait, true);
    };
  }
  global.tick = repeat('tick');
  global.forever = repeat('forever');
  global.stop = function stop() { if (ticker) ticker.cancelled = true; };
  global.interrupt = function interrupt(how) {
    if (ticker) ticker.cancelled = true;
    if (how !== 'reset') throw new Error('interrupt() called');
  };

  // Chance -------------------------------------------------------------------------------------------------------------------
  global.random = function random(what, end) {
    if (typeof what === 'number' && typeof end === 'number') {
      var low = Math.ceil(what), high = Math.floor(end);
      return low + Math.floor(shim.random() * (high - low));
    }
    if (what === undefined || what === null) return shim.random();
    if (typeof what === 'number') return Math.floor(shim.random() * what);
    if (typeof what === 'string') return randomWord(what);
    if (typeof what === 'function') return what.call(null, shim.random);
    if (typeof what.length === 'number' || what.length) {
      var at = Math.floor(shim.random() * what.length);
      return what instanceof Query ? what.eq(at) : what[at];
    }
    return shim.random();
  };
  function normal() {
    return Math.sqrt(-2 * Math.log(1 - shim.random())) * Math.cos(2 * Math.PI * shim.random());
  }
  function randomWord(word) {
    if (word === 'color') return shim.randomColor(false);
    if (word === 'gray' || word === 'grey') return shim.randomColor(true);
    if (word === 'normal') return normal();
    if (word === 'uniform') return shim.random();
    if (word === 'position' || word === 'point') {
      return { pageX: Math.floor(shim.random() * shim.pageWidth), pageY: Math.floor(shim.random() * shim.pageHeight) };
    }
    var number = parseFloat(word);
    return isNaN(number) ? word[Math.floor(shim.random() * word.length)] : Math.floor(shim.random() * number);
  }

  // Sums -----------------------------------------------------------------------------------------------------------------------
  var DEGREE = Math.PI / 180;
  ('abs acos asin atan atan2 ceil cos exp floor log10 log2 max min pow round sign sin sqrt tan').split(' ')
    .forEach(function (name) { global[name] = function () { return Math[name].apply(Math, arguments); }; });
  global.ln = Math.log;
  ['sin', 'cos', 'tan'].forEach(function (name) {
    global[name + 'd'] = function (degrees) { return tidy(Math[name](degrees * DEGREE)); };
    global['a' + name + 'd'] = function (value) { return tidy(Math['a' + name](value) / DEGREE); };
  });
  global.atan = function atan(y, x) { return x === undefined ? Math.atan(y) : Math.atan2(y, x); };
  function tidy(value) {
    var near = Math.round(value * 2) / 2;
    return Math.abs(value - near) < 1e-12 ? near : value;
  }
  global.E = Math.E;
  global.PI = Math.PI;
})(globalThis, globalThis.__shim);
