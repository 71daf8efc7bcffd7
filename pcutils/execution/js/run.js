// The doors through which the worker comes in. This file is the last: it takes `shim` away from the program.
(function (global, shim) {
  'use strict';
  var indirectEval = eval, parse = JSON.parse, stringify = shim.stringify;

  global.__start = function (source, kind, seed, limits) {
    shim.limits = parse(limits);
    shim.seed(seed);
    var code = parse(source);
    shim.code = code;
    if (kind === 'html') shim.runPage(code);
    else shim.guard(function () { indirectEval(code); });
    shim.plan(0, shim.nothing);
    return !shim.ended;
  };
  global.__step = function () { return shim.step(); };

  function turtle(element) {
    var t = shim.turtleOf(element), across = t.scaleX / t.scaleY * (t.isMirrored ? -1 : 1);
    return { x: shim.round(t.x), y: shim.round(t.y), direction: shim.round(t.direction + (t.twist || 0)), scale: shim.round(t.scaleY),
      across: shim.round(across), color: t.color, shape: t.shape, size: t.size || null, opacity: t.opacity,
      visible: t.visible && !t.isRemoved };
  }
  function isShown(item) { return !item.element || item.element.parentNode; }

  // Writes JSON without asking any prototype: the program may have changed them all. The parts are joined at once, since
  // the worker cannot take a string that is still a chain of pieces.
  // A list without a prototype asks nobody where to put a value.
  function list() { return setPrototype([], null); }
  var setPrototype = Object.setPrototypeOf, isArray = Array.isArray, keysOf = Object.keys, finite = isFinite, call = Reflect.apply, join = Array.prototype.join;
  function append(parts, value) {
    var i, keys;
    if (typeof value === 'string') parts[parts.length] = stringify(value);
    else if (typeof value === 'number') parts[parts.length] = finite(value) ? '' + value : '0';
    else if (typeof value === 'boolean') parts[parts.length] = value ? 'true' : 'false';
    else if (typeof value !== 'object' || value === null) parts[parts.length] = 'null';
    else if (isArray(value)) {
      for (i = 0; i < value.length; i++) {
        parts[parts.length] = i ? ',' : '[';
        append(parts, value[i]);
      }
      parts[parts.length] = value.length ? ']' : '[]';
    } else {
      keys = keysOf(value);
      for (i = 0; i < keys.length; i++) {
        parts[parts.length] = (i ? ',' : '{') + stringify(keys[i]) + ':';
        append(parts, value[keys[i]]);
      }
      parts[parts.length] = keys.length ? '}' : '{}';
    }
    return parts;
  }
  // The interpreter's own writer is much faster, but asks for `toJSON`, keeps a list of the lists it is in (a drawing is
  // less deep than these places), and writes null for a number without end.
  var arrays = Array.prototype, objects = Object.prototype, prototypeOf = Object.getPrototypeOf, hasOwn = objects.hasOwnProperty;
  var ASKED_FOR = ['toJSON', '0', '1', '2', '3', '4', '5', '6', '7'], NULL = ['null'], find = String.prototype.indexOf;
  function isUntouched() {
    for (var i = 0; i < ASKED_FOR.length; i++) {
      if (call(hasOwn, arrays, [ASKED_FOR[i]]) || call(hasOwn, objects, [ASKED_FOR[i]])) return false;
    }
    return prototypeOf(arrays) === objects;
  }
  function appendDrawing(parts) {
    var text = isUntouched() ? stringify(shim.ops) : 'null';
    if (call(find, text, NULL) < 0) parts[parts.length] = text; else append(parts, shim.ops);
  }

  global.__report = function () {
    var ended = shim.ended || { status: shim.failure ? 'error' : 'success', message: shim.failure ? shim.failure.message : null };
    var turtles = list(), items = list(), lines = list(), i, item;
    for (i = 0; i < shim.turtles.length; i++) turtles[i] = turtle(shim.turtles[i]);
    for (i = 0; i < shim.output.length; i++) {
      item = shim.output[i];
      if (!isShown(item)) continue;
      items[items.length] = { kind: item.kind, text: '' + item.text, size: item.size || null };
      if (item.text) lines[lines.length] = '' + item.text;
    }
    var parts = append(list(), { status: ended.status, message: ended.message, turtles: turtles, items: items,
      output: call(join, lines, ['\n']), seconds: shim.now / 1000, failed_at: shim.failure ? shim.failure.seconds : null });
    parts[parts.length - 1] = ',"ops":';
    appendDrawing(parts);
    parts[parts.length] = '}';
    return call(join, parts, ['']);
  };
})(globalThis, globalThis.__shim);
delete globalThis.__shim;
