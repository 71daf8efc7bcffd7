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
  // The mark `helpname` tells commands from functions that a pupil passes to be called.
  function command(name, action) {
    action.helpname = name;
    Object.defineProperty(action, 'name', { value: name });
    global[name] = action;
  }
  shim.word = command;
  ('fd bk rt lt slide move jump movexy jumpxy moveto jumpto turnto home copy pen pu pd pe pf fill dot box arrow label mirror ' +
    'twist scale grow ht st hide show toggle wear saveimg drawon clip reload pause plan direct getxy pagexy direction bearing ' +
    'distance hidden shown inside enclosedby touches within notwithin nearest imagedata cell css fadeIn fadeOut fadeTo ' +
    'fadeToggle animate finish promise play tone silence say').split(' ').forEach(function (name) {
    var method = Query.prototype[name], direct = shim.direct[name];
    function general() { return Query.prototype[name].apply(turtle, arguments); }
    command(name, !direct ? general : function (a, b, c, d) {
      var args = null;
      if (typeof a === 'function' || typeof b === 'function' || typeof c === 'function' || d !== undefined) {
        args = [a, b, c, d];
        while (args[args.length - 1] === undefined) args.length--;
      } else if (Query.prototype[name] !== method || turtle.length !== 1) args = [a, b, c];
      if (args) return general.apply(null, args);
      direct(turtle[0], a, b, c);
      return turtle;
    });
  });
  function isBusy() { return shim.turtleOf(main).isBusy; }
  // Does something when the main turtle has done what was asked of it before.
  shim.inTurn = function (action) { shim.enqueue(main, 0, action); };
  // A command that needs no turtle but takes its turn; a function as last argument is called afterwards.
  function inTurn(name, action) {
    command(name, function () {
      var args = arguments, last = args[args.length - 1];
      shim.inTurn(function () { action.apply(null, args); });
      if (shim.isCallback(last)) { if (isBusy()) shim.inTurn(last); else shim.plan(0, last); }
    });
  }
  shim.turnCommand = inTurn;
  inTurn('speed', function (value) { if (value !== undefined) shim.defaultSpeed = value > 0 ? +value : Infinity; });
  global.defaultspeed = global.speed;
  command('done', function (action) {
    if (typeof action === 'function') shim.whenIdle(shim.turtles.slice(), action);
    return turtle.promise();
  });

  // Turtles among the arguments, and a function that is called at the end.
  function gather(args) {
    var all = [].slice.call(args), done = typeof all[all.length - 1] === 'function' ? all.pop() : null, elements = [];
    all.forEach(function (one) {
      if (!one) return;
      if (one instanceof Query || Array.isArray(one)) elements = elements.concat([].slice.call(one));
      else elements.push(typeof one === 'string' ? shim.find(one) : one);
    });
    return { elements: elements, done: done };
  }
  command('sync', function () {
    var found = gather(arguments);
    shim.sync(found.elements, [], found.done);
  });
  command('remove', function () {
    var found = gather(arguments), left = found.elements.length;
    found.elements.forEach(function (element) {
      if (!element || !element.shim) return;
      shim.enqueue(element, 0, function () {
        shim.wrap([element]).remove();
        if (--left === 0 && found.done) found.done();
      });
    });
  });
  Query.prototype.remove = function () {
    return this.each(function () {
      shim.turtleOf(this).isRemoved = true;
      if (this.parentNode) this.parentNode.removeChild(this);
      if (this === main) delete global.turtle;
    });
  };

  // Clearing the page, in the main turtle's turn ---------------------------------------------------------------------------
  function clearText() {
    shim.output.length = 0;
    shim.body.childNodes = [shim.field];
  }
  inTurn('cg', shim.clearDrawing);
  inTurn('ct', clearText);
  inTurn('cs', function () { shim.clearDrawing(); clearText(); });

  // Making turtles --------------------------------------------------------------------------------------------------------
  var SHAPES = { turtle: true, pencil: true, pointer: true, radius: true, dot: true, point: true };
  // Gives a turtle its look: a colour, a shape, both, a size as in `100x50`, or the address of a picture.
  shim.wear = function (turtle, look, shape, size) {
    if (typeof look === 'function') look = look.helpname || look.name;
    if (shim.isPlain(look)) {
      var side = +look.width || +look.height || 256;
      turtle.shape = 'box';
      turtle.size = [+look.width || side, +look.height || side];
      turtle.color = look.color || 'transparent';
      return;
    }
    var words = String(look).trim().split(/\s+/), last = words[words.length - 1], sides = /^(\d+)x(\d+)/.exec(last);
    if (sides || SHAPES[last] === true) words.pop();
    var color = words.join(' ');
    if (color && !shim.isColor(color)) {
      turtle.shape = 'picture';
      turtle.picture = color;
      turtle.color = null;
      turtle.size = shim.wornSize(color, size);
      return;
    }
    turtle.shape = sides || (shape === 'box' && SHAPES[last] !== true) ? 'box' : SHAPES[last] === true ? last : shape;
    if (turtle.shape === 'box') turtle.size = sides ? [+sides[1], +sides[2]] : [256, 256];
    turtle.color = color || (turtle.shape === 'box' ? 'rgba(128,128,128,0.125)' : null);
  };
  // What a turtle stands in: nothing else than an element of the page has a place for it.
  function checkContainer(container) {
    if (!container || container.nodeType || container === global || container.length) {
      if (typeof container !== 'string' || shim.find(container)) return;
    }
    if (typeof container === 'function') container.call(global.document, $);
    if (typeof container === 'string' || container instanceof Query) throw new TypeError("Cannot read properties of undefined (reading 'pageX')");
    throw new TypeError("Cannot read properties of undefined (reading 'createDocumentFragment')");
  }
  function maker(name, shape) {
    function Maker(look, container) {
      if (!(this instanceof Maker)) return new Maker(look, container);
      var isSet = look instanceof Query || (look && look.nodeType), element;
      if (isSet && name !== 'Turtle') {
        element = look.nodeType ? look : look[0];
      } else {
        if (name === 'Turtle' || name === 'Sprite') checkContainer(container);
        element = shim.hatch(shape, null);
        if (isSet) look = null;
        if (name === 'Turtle' || name === 'Sprite') shim.wear(shim.turtleOf(element), look || (shape === 'box' ? '' : 'turtle'), shape);
      }
      this.length = element ? 1 : 0;
      if (element) this[0] = element;
      if (name === 'Piano') shim.turtleOf(element).size = [422, 102];
      if (name === 'Pencil') Object.assign(shim.turtleOf(element), { speed: Infinity, visible: false });
      return undefined;
    }
    Maker.prototype = Object.create(Query.prototype, { constructor: { value: Maker, writable: true } });
    command(name, Maker);
    return Maker;
  }
  maker('Turtle', 'turtle');
  maker('Sprite', 'box');
  maker('Pencil', 'pencil');
  maker('Piano', 'piano');
  var Webcam = maker('Webcam', 'webcam');
  Webcam.prototype.capture = Webcam.prototype.cut = function () { return this; };
  Query.prototype.hatch = function (count, look) {
    if (!this.length) return undefined;
    if (look === undefined && !shim.isNumeric(count)) { look = count; count = 1; }
    var made = [];
    for (var i = 0; i < Math.min(count, 5000); i++) {
      made.push(shim.hatch('turtle', null));
      shim.wear(shim.turtleOf(made[i]), (typeof look === 'function' ? look(i) : look) || 'turtle', 'turtle');
    }
    return shim.wrap(made);
  };
  command('hatch', function (count, look) { return turtle.hatch(count, look); });
  shim.surfaceOf = function (holder) {
    var kept = holder.shim || holder;
    if (!kept.surface) {
      kept.surface = new shim.Element('canvas');
      kept.surface.width = holder === shim ? shim.pageWidth : 40;
      kept.surface.height = holder === shim ? shim.pageHeight : 48;
    }
    return kept.surface;
  };
  command('canvas', function () { return shim.surfaceOf(shim); });
  command('sizexy', function () { return [shim.pageWidth, shim.pageHeight]; });

  // Repeating ---------------------------------------------------------------------------------------------------------------
  function within(action, timer) {
    return function () {
      shim.inTick++;
      if (timer) running.push(timer);
      try {
        action();
      } finally {
        shim.inTick--;
        if (timer) running.pop();
      }
    };
  }
  // What is called must be a function; the browser names it as the shortened library does.
  function refuse(name) { return function () { throw new TypeError(name + ' is not a function'); }; }
  shim.refuse = refuse;
  var ticker = null, timers = [], running = [];
  function startTicker(rate, action) {
    if (action === undefined && typeof rate === 'function') { action = rate; rate = 1; }
    if (ticker !== null) global.clearInterval(ticker);
    if (action && typeof action !== 'function') action = refuse('t');
    ticker = action && rate ? shim.addTimer(within(action), 1000 / rate, [], true) : null;
  }
  command('tick', function (rate, action) {
    if (isBusy()) shim.enqueue(main, 0, function () { startTicker(rate, action); }, true);
    else startTicker(rate, action);
  });
  // `forever` starts when the main turtle has done what was asked of it before; there may be several of them.
  command('forever', function (rate, action) {
    if (!action && typeof rate === 'function') { action = rate; rate = 30; }
    var record = { action: action, id: null, isReady: !isBusy() };
    if (!record.isReady) shim.inTurn(function () { record.isReady = true; });
    var run = !action ? shim.nothing : within(typeof action === 'function' ? action : refuse('n'), record);
    record.id = shim.addTimer(function () { if (record.isReady) run(); }, Math.floor(1000 / Math.max(1 / 86400, rate)), [], true);
    timers.push(record);
    return record.id;
  });
  command('stop', function (which) {
    if ((which === undefined || which === null) && running.length) which = running[running.length - 1].id;
    timers = timers.filter(function (record) {
      var isMeant = which === undefined || which === null || which === record.id || which === record.action;
      if (isMeant) global.clearInterval(record.id);
      return !isMeant;
    });
  });
  command('interrupt', function (how) {
    if (how === 'reset') return undefined;
    if (how === 'test') return ticker !== null || timers.length > 0 || isBusy();
    shim.turtles.forEach(shim.clearQueue);
    if (ticker !== null) global.clearInterval(ticker);
    global.stop();
    throw new Error('interrupt(' + (how ? "'" + how + "'" : '') + ') called');
  });

  // Chance -------------------------------------------------------------------------------------------------------------------
  command('random', function (what, end) {
    if (typeof what === 'number') {
      var low = Math.ceil(what), high = typeof end === 'number' ? Math.ceil(end) : null;
      return high === null ? Math.floor(shim.random() * low) : Math.floor(shim.random() * (high - low) + low);
    }
    if (what && typeof what === 'object' && what.length && what.slice) return what[Math.floor(shim.random() * what.length)];
    if (what === 'normal') return Math.sqrt(-2 * Math.log(1 - shim.random())) * Math.cos(2 * Math.PI * shim.random());
    if (what === 'position') {
      return { pageX: Math.floor(shim.random() * (shim.pageWidth + 1)), pageY: Math.floor(shim.random() * (shim.pageHeight + 1)) };
    }
    if (what === 'color') return 'hsl(' + Math.floor(shim.random() * 360) + ',100%,50%)';
    if (what === 'gray') return 'hsl(0,0,' + Math.floor(shim.random() * 100) + '%)';
    return what === true ? shim.random() >= 0.5 : shim.random();
  });

  // Sums -----------------------------------------------------------------------------------------------------------------------
  var DEGREE = Math.PI / 180;
  ('abs acos asin ceil cos exp floor log10 max min pow round sin sqrt tan').split(' ').forEach(function (name) {
    command(name, function () { return Math[name].apply(Math, arguments); });
  });
  command('ln', function (x) { return Math.log(x); });
  function orOne(x) { return x === undefined || x === null ? 1 : x; }
  command('atan', function (y, x) { return Math.atan2(y, orOne(x)); });
  command('atand', function (y, x) { return tidy(Math.atan2(y, orOne(x)) / DEGREE); });
  ['sin', 'cos', 'tan'].forEach(function (name) {
    command(name + 'd', function (degrees) { return tidy(Math[name]((degrees % 360) * DEGREE)); });
  });
  ['asin', 'acos'].forEach(function (name) {
    command(name + 'd', function (value) { return tidy(Math[name](value) / DEGREE); });
  });
  function tidy(value) {
    if (Math.abs(value) > 1e15) return value > 0 ? Infinity : -Infinity;
    var near = Math.round(value * 2) / 2;
    return Math.abs(value - near) < 1e-12 ? near : value;
  }
  global.E = Math.E;
  global.PI = Math.PI;
})(globalThis, globalThis.__shim);
