// How a turtle looks, how it waits, and what it can be asked.
(function (global, shim) {
  'use strict';
  var method = shim.method, command = shim.command, number = shim.number, DEGREE = Math.PI / 180;

  // Looks -----------------------------------------------------------------------------------------------------------------
  command('speed', function (turtle, e, value) {
    if (value === undefined) return null;
    return function () { turtle.speed = Math.abs(number(value, turtle.speed)) || (value === Infinity ? Infinity : 0); };
  }, 0);
  command('scale', function (turtle, e, x, y) {
    x = number(x, 1);
    y = number(y, x);
    return function () { turtle.scaleX *= x; turtle.scaleY *= y; };
  }, 'speed');
  command('grow', function (turtle, e, x, y) {
    x = number(x, 1);
    y = number(y, x);
    return function () { turtle.scaleX *= x; turtle.scaleY *= y; };
  }, 'speed');
  command('mirror', function (turtle, e, isMirrored) {
    return function () { turtle.isMirrored = isMirrored === undefined ? !turtle.isMirrored : !!isMirrored; };
  }, 0);
  command('twist', function (turtle, e, degrees) {
    return function () { turtle.twist = number(degrees, 0); };
  }, 0);
  command('ht hide', function (turtle) { return function () { turtle.visible = false; }; }, 0);
  function refuseSet(what) {
    if (what instanceof shim.Query) throw new TypeError('this.each is not a function');
  }
  command('st', function (turtle) { return function () { turtle.visible = true; }; }, 0);
  command('show', function (turtle, e, how) {
    refuseSet(how);
    return function () { turtle.visible = true; };
  }, 0);
  command('toggle', function (turtle, e, how) {
    refuseSet(how);
    return function () { turtle.visible = !turtle.visible; };
  }, 0);
  command('wear', function (turtle, e, look, size) {
    return function () {
      if (look && typeof look === 'object' && !(look instanceof shim.Query)) look = look.color || look.src;
      if (shim.isColor(look)) { turtle.color = look; turtle.shape = turtle.shape === 'box' ? 'box' : 'turtle'; }
      else if (typeof look === 'string') turtle.shape = 'picture';
      turtle.picture = typeof look === 'string' ? look : null;
    };
  }, 0);
  command('drawon', function () { return shim.nothing; }, 0);
  command('clip cutpath reload', function (turtle, e, action) { return typeof action === 'function' ? action : shim.nothing; }, 0);
  command('remove', function (turtle, element) {
    return function () { turtle.visible = false; turtle.isRemoved = true; if (element.parentNode) element.remove(); };
  }, 0);

  // Waiting ---------------------------------------------------------------------------------------------------------------
  command('pause', function (turtle, e, seconds) {
    if (typeof seconds === 'function') {
      shim.whenIdle([e], seconds);
      return null;
    }
    if (seconds instanceof shim.Query) return shim.nothing;
    shim.enqueue(e, 1000 * number(seconds, 1), shim.nothing);
    return null;
  }, 0);
  method('plan', function (action) {
    var set = this;
    var args = [].slice.call(arguments, 1);
    if (typeof action !== 'function') throw new TypeError("Cannot read properties of undefined (reading 'call')");
    return this.each(function (i) {
      var element = this;
      shim.enqueue(element, 0, function () { action.apply(shim.wrap([element]), args.length ? args : [i, element]); });
    });
  });
  method('sync', function () {
    return this;
  });
  method('done', function (action) {
    if (typeof action === 'function') shim.whenIdle([].slice.call(this), action);
    return this;
  });

  // Questions about the present, not about what is still waiting in the queue ------------------------------------------------
  function first(set) { return set.length ? shim.turtleOf(set[0]) : null; }
  method('getxy', function () { var t = first(this); return t && [tidy(t.x), tidy(t.y)]; });
  method('pagexy', function () {
    var t = first(this);
    return t && { pageX: shim.pageWidth / 2 + t.x, pageY: shim.pageHeight / 2 - t.y };
  });
  method('sizexy', function () { return [shim.pageWidth, shim.pageHeight]; });
  function tidy(value) { return Math.round(value * 1e9) / 1e9; }
  method('direction bearing', function (x, y) {
    var t = first(this), place = x === undefined ? null : shim.place(x, y);
    if (!t) return undefined;
    var degrees = t.direction;
    if (x instanceof shim.Query && arguments.length === 1 && x[0] === this[0]) place = null;
    if (place) degrees = Math.atan2(place[0] - t.x, place[1] - t.y) / DEGREE;
    degrees = tidy(degrees % 360);
    if (degrees > 180) degrees -= 360;
    if (degrees <= -180) degrees += 360;
    return degrees;
  });
  method('distance', function (x, y) {
    var t = first(this), place = shim.place(x, y);
    return t && place ? Math.sqrt(Math.pow(place[0] - t.x, 2) + Math.pow(place[1] - t.y, 2)) : NaN;
  });
  method('hidden', function () { var t = first(this); return !!t && !t.visible; });
  method('shown', function () { var t = first(this); return !!t && t.visible; });
  function isInside(set, container) {
    var t = first(set);
    if (!t) return false;
    if (container === global || container === global.document || container === shim.body || container === undefined) {
      return Math.abs(t.x) <= shim.pageWidth / 2 && Math.abs(t.y) <= shim.pageHeight / 2;
    }
    return shim.overlap(set, container, 0);
  }
  method('inside', function (container) { return isInside(this, container); });
  method('touches', function (what) {
    if (typeof what === 'string') return shim.inkUnder(first(this), what);
    if (what === global || what === global.document) return isInside(this, what);
    return shim.overlap(this, what, 20);
  });
  shim.overlap = function (set, other, reach) {
    var t = first(set), element = other instanceof shim.Query ? other[0] : other;
    if (!t || !element || !element.shim) return false;
    var o = shim.turtleOf(element), away = Math.sqrt(Math.pow(o.x - t.x, 2) + Math.pow(o.y - t.y, 2));
    return o.visible !== false && !o.isRemoved && away <= reach * (t.scaleX + o.scaleX) / 2;
  };
  function near(keep) {
    return function (distance, x, y) {
      if (distance && typeof distance === 'object') return this;
      var place = shim.place(x, y);
      return this.filter(function () {
        var t = shim.turtleOf(this), away = place ? Math.hypot(place[0] - t.x, place[1] - t.y) : Infinity;
        return (away <= distance) === keep;
      });
    };
  }
  method('within', function (distance, x, y) {
    if (typeof distance === 'number' && !isFinite(distance) && x === undefined) {
      throw new TypeError("Cannot use 'in' operator to search for 'getBoundingClientRect' in " + distance);
    }
    return near(true).call(this, distance, x, y);
  });
  method('notwithin', near(false));
  method('nearest', function (x, y) {
    var place = shim.place(x, y), best = null, least = Infinity;
    this.each(function () {
      var t = shim.turtleOf(this), away = place ? Math.hypot(place[0] - t.x, place[1] - t.y) : 0;
      if (away < least) { least = away; best = this; }
    });
    return shim.wrap(best ? [best] : []);
  });
  method('canvas', function () { return shim.canvas(); });
  method('imagedata', function () { return { width: 0, height: 0, data: [] }; });
  method('hatch', function (count, color) { return global.hatch(count, color); });
  method('cell', function (row, column) {
    var table = this, cells = table.find('td');
    if (row === undefined) return cells;
    var rows = table.find('tr');
    if (column === undefined) return row === null ? cells : rows.eq(row).find('td');
    return row === null ? shim.wrap(rows.get().map(function (r) { return shim.$(r).find('td').get(column); }).filter(Boolean))
      : rows.eq(row).find('td').eq(column);
  });
})(globalThis, globalThis.__shim);
