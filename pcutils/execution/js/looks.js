// How a turtle looks, how it waits, and what it can be asked.
(function (global, shim) {
  'use strict';
  var method = shim.method, command = shim.command, number = shim.number, DEGREE = Math.PI / 180;

  // Looks -----------------------------------------------------------------------------------------------------------------
  command('speed', 1, function (turtle, e, value) {
    return function () { if (+value > 0) turtle.speed = +value; };
  }, 0);
  // `scale` changes how far the turtle goes, `grow` only how large it looks; neither gives the turtle back.
  function grower(isScale) {
    var name = isScale ? 'scaled' : 'grown';
    command(name, 1, function (turtle, e, x, y) {
      if (y === undefined) y = x;
      if (!x || !y) x = y = 1;
      x = number(x, 1);
      y = number(y, 1);
      return function () {
        if (isScale) turtle.unit *= y;
        turtle.scaleX *= x;
        turtle.scaleY *= y;
      };
    }, 'speed');
    var grow = shim.Query.prototype[name];
    delete shim.Query.prototype[name];
    return function () { grow.apply(this, arguments); };
  }
  method('scale', grower(true));
  method('grow', grower(false));
  command('mirror', 1, function (turtle, e, isMirrored) {
    return function () { turtle.isMirrored = !!isMirrored; };
  }, 0);
  command('twist', 1, function (turtle, e, degrees) {
    return function () { turtle.twist = number(degrees, 0); };
  }, 0);
  command('ht', 0, function (turtle) { return function () { turtle.visible = false; }; }, 0);
  command('st', 0, function (turtle) { return function () { turtle.visible = true; }; }, 0);
  command('wear', 1, function (turtle, e, look, size) {
    if ((typeof look === 'object' || typeof look === 'number') && typeof size === 'string') look = size;
    return look ? function () { shim.wear(turtle, look, 'turtle', size); } : false;
  }, 'speed');
  command('clip', 1, function () { return shim.nothing; }, 0);
  command('reload', 0, function () { return shim.nothing; }, 0);
  command('saveimg', 1, function () { return shim.nothing; }, 0);
  // Where the turtle draws from now on: the page, or a sprite, which takes its marks along where it goes.
  method('drawon', function (canvas) {
    var target = canvas instanceof shim.Query ? canvas[0] : canvas;
    if (typeof canvas === 'string') return shim.sync([target], this.get());
    this.each(function () {
      var turtle = shim.turtleOf(this);
      shim.enqueue(this, 0, function () {
        turtle.surface = target && target.shim && target !== global.document ? target : null;
        turtle.stroke = null;
      });
    });
    return this;
  });
  // The marks on a sprite are one entry of the drawing, with the sprite's number among the turtles; where it stands when
  // marks are made comes before them. No mark is given back, since the next piece of a line may find the sprite elsewhere.
  // A mark that is made on the surface itself, not by a turtle, has its place on it wherever the sprite stands.
  shim.drawOn = function (surface, op, isInside) {
    var number = 0;
    while (number < shim.turtles.length && shim.turtles[number] !== surface && shim.turtles[number].shim.surface !== surface) number++;
    if (number === shim.turtles.length) return null;
    var kept = shim.turtles[number].shim, turtle = kept.turtle;
    if (!kept.marks) kept.marks = shim.ops[shim.ops.length] = ['sprite', number, []];
    var stand = isInside ? ['at', 0, 0, 0, 1] : ['at', shim.round(turtle.x), shim.round(turtle.y), shim.round(turtle.direction), shim.round(turtle.scaleX)];
    var marks = kept.marks[2];
    if (shim.stringify(stand) !== kept.stand) marks[marks.length] = stand;
    kept.stand = shim.stringify(stand);
    marks[marks.length] = op;
    return null;
  };
  shim.clearDrawing = (function (clear) {
    return function () {
      var kept = shim.ops.filter(function (op) { return op[0] === 'sprite' || op[0] === 'page'; });
      clear();
      kept.forEach(function (op) { shim.ops[shim.ops.length] = op; });
    };
  })(shim.clearDrawing);
  method('copy', function () {
    var done = arguments[arguments.length - 1];
    return this.map(function () {
      var from = shim.turtleOf(this), element = shim.hatch(from.shape, from.color), to = shim.turtleOf(element);
      to.visible = false;
      shim.sync([element, this]);
      shim.enqueue(this, 0, function () {
        ['x', 'y', 'direction', 'scaleX', 'scaleY', 'unit', 'speed', 'color', 'shape', 'size', 'opacity', 'isDown', 'style', 'picture']
          .forEach(function (key) { to[key] = from[key]; });
        to.visible = true;
        if (shim.isCallback(done)) shim.plan(0, done);
      });
      return element;
    });
  });

  // Waiting ---------------------------------------------------------------------------------------------------------------
  method('pause', function (seconds) {
    var last = arguments[arguments.length - 1], done = arguments.length > 1 && shim.isCallback(last) ? last : shim.nothing;
    var waitFor = seconds && typeof seconds.done === 'function' ? function (go) { seconds.done(go); }
      : typeof seconds === 'function' ? function (go) { seconds(go); } : null;
    var time = seconds === undefined || seconds === null ? 'speed' : 1000 * seconds;
    return this.each(function () {
      if (waitFor) shim.block(this, waitFor); else shim.enqueue(this, time, shim.nothing);
      if (done !== shim.nothing) shim.enqueue(this, 0, done);
    });
  });
  // Lets the queues of some elements wait for each other.
  shim.sync = function (elements, more, done) {
    var all = elements.concat(more || []).filter(function (e, i, list) { return list.indexOf(e) === i; }), ready = [];
    all.forEach(function (element) {
      if (!element || !element.shim) return;
      shim.block(element, function (go) {
        ready[ready.length] = go;
        if (ready.length < all.length) return;
        if (done) done();
        ready.forEach(function (one) { one(); });
      });
    });
  };
  method('plan direct', function (action, args) {
    if (typeof action !== 'function' && typeof args === 'function') { action = args; args = null; }
    var isFunction = typeof action === 'function';
    return this.each(function (i) {
      var element = this;
      shim.enqueue(element, 0, function () {
        if (!isFunction) throw new TypeError("Cannot read properties of undefined (reading 'call')");
        if (args) action.apply(shim.wrap([element]), args); else action.call(shim.wrap([element]), i, element);
      }, true);
    });
  });
  method('done', function (action) {
    if (typeof action === 'function') shim.whenIdle([].slice.call(this), action);
    return this.promise();
  });

  // Questions about the present, not about what is still waiting in the queue ------------------------------------------------
  function first(set) { return set.length ? shim.turtleOf(set[0]) : null; }
  function tidy(value) { return Math.round(value * 1e9) / 1e9; }
  method('getxy', function () { var t = first(this); return t ? [tidy(t.x / t.unit), tidy(t.y / t.unit)] : undefined; });
  method('pagexy', function () {
    var t = first(this);
    return t ? { pageX: shim.pageWidth / 2 + t.x, pageY: shim.pageHeight / 2 - t.y } : undefined;
  });
  method('direction bearing', function (x, y) {
    var t = first(this), place = x === undefined ? null : shim.place(x, y, t);
    if (!t) return undefined;
    if (x !== undefined && !place) return NaN;
    var degrees = tidy((place ? Math.atan2(place[0] - t.x, place[1] - t.y) / DEGREE : t.direction) % 360);
    if (degrees > 180) degrees -= 360;
    if (degrees <= -180) degrees += 360;
    return degrees;
  });
  method('distance', function (x, y) {
    var t = first(this), place = t && shim.place(x, y, t);
    if (!t) return undefined;
    return place ? Math.sqrt(Math.pow(place[0] - t.x, 2) + Math.pow(place[1] - t.y, 2)) : NaN;
  });
  method('hidden', function () { var t = first(this); return !t || !t.visible; });
  method('shown', function () { var t = first(this); return t ? t.visible : undefined; });
  // What can stand where an object is asked for; numbers and truth values have no place on the page.
  function checkObject(what) {
    if (typeof what === 'number' || typeof what === 'boolean') {
      throw new TypeError("Cannot use 'in' operator to search for 'getBoundingClientRect' in " + what);
    }
  }
  method('inside enclosedby', function (what) {
    if (!what) return false;
    checkObject(what);
    return shim.isInside(this[0], typeof what === 'string' ? global.$(what)[0] : what instanceof shim.Query ? what[0] : what);
  });
  method('touches', function (what, y) {
    var t = first(this);
    if (!t || !t.visible) return false;
    if (typeof what === 'function') what = what.helpname;
    if (what === 'color' || shim.isColor(what)) return shim.inkUnder(this[0], what);
    if (shim.isNumeric(what) && shim.isNumeric(y)) what = [what, y];
    if (Array.isArray(what) && what.length === 2 && shim.isNumeric(what[0])) return shim.isUnder(this[0], shim.place(what, undefined, t));
    if (!what) return false;
    checkObject(what);
    if (typeof what === 'string') what = global.$(what);
    if (shim.isNumeric(what.pageX)) return shim.isUnder(this[0], shim.place(what));
    var others = what instanceof shim.Query || Array.isArray(what) ? [].slice.call(what) : [what];
    return others.some(function (other) { return shim.overlap(this[0], other); }, this);
  });
  function near(keep) {
    return function (distance, x, y) {
      if (x === undefined && y === undefined) return within(this, distance, keep);
      var place = shim.place(x, y, first(this));
      return this.filter(function () {
        var t = shim.turtleOf(this);
        return (!!place && Math.hypot(place[0] - t.x, place[1] - t.y) <= distance) === keep;
      });
    };
  }
  function within(set, container, keep) {
    var element = global.$(container)[0];
    if (element === undefined) return [];
    checkObject(element);
    if (!element.nodeType && element !== global) {
      throw new TypeError("Failed to execute 'getComputedStyle' on 'Window': parameter 1 is not of type 'Element'.");
    }
    return set.filter(function () { return shim.isInside(this, element) === keep; });
  }
  method('within', near(true));
  method('notwithin', near(false));
  method('nearest', function (x) {
    var place = shim.place(x, undefined, first(this)), best = null, least = Infinity;
    if (!place && this.length) {
      var isNothing = x === undefined || x === null || x !== x || (typeof x === 'string' && shim.find(x) === undefined);
      throw new TypeError('Cannot read properties of ' + (isNothing ? 'undefined' : 'null') + " (reading 'pageX')");
    }
    this.each(function () {
      var t = shim.turtleOf(this), away = place ? Math.hypot(place[0] - t.x, place[1] - t.y) : 0;
      if (away < least) { least = away; best = this; }
    });
    return shim.wrap(best ? [best] : []);
  });
  method('canvas', function () { return this[0] && this[0].shim.turtle ? shim.surfaceOf(this[0]) : undefined; });
  method('imagedata', function (value) {
    if (!value && this[0]) return this.canvas().getContext('2d').getImageData(0, 0, 40, 48);
  });
  method('cell', function (row, column) {
    var table = this, cells = table.find('td');
    if (row === undefined) return cells;
    var rows = table.find('tr');
    if (column === undefined) return row === null ? cells : rows.eq(row).find('td');
    return row === null ? shim.wrap(rows.get().map(function (r) { return shim.$(r).find('td').get(column); }).filter(Boolean))
      : rows.eq(row).find('td').eq(column);
  });
})(globalThis, globalThis.__shim);
