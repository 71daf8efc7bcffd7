// What every turtle (and every other element) can be told: the methods of a set.
(function (global, shim) {
  'use strict';
  var method = shim.method, DEGREE = Math.PI / 180, DOT_SIZE = 8.8;

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
