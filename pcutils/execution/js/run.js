// The doors through which the worker comes in. This file is the last: it takes `shim` away from the program.
(function (global, shim, sources) {
  'use strict';
  // What `await` and `defer` are compiled to needs a small library, vendored beside the compiler.
  function load(name) {
    var module = { exports: {} };
    new Function('module', 'exports', 'require', 'process', sources[name]).call(
      module.exports, module, module.exports, function (path) { return load(path.replace('./', '')); }, undefined);
    return module.exports;
  }
  global.iced = load('runtime');

  var indirectEval = eval, parse = JSON.parse, stringify = shim.stringify, map = Array.prototype.map;

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
  global.__parses = function (source) {
    try {
      new Function(parse(source));
      return true;
    } catch (error) {
      return false;
    }
  };

  function turtle(element) {
    var t = shim.turtleOf(element);
    return { x: shim.round(t.x), y: shim.round(t.y), direction: shim.round(t.direction), scale: shim.round(t.scaleX),
      color: t.color, shape: t.picture && t.shape === 'picture' ? 'picture' : t.shape, size: t.size || null,
      opacity: t.opacity, visible: t.visible && !t.isRemoved };
  }
  function item(it) { return { kind: it.kind, text: it.text, size: it.size || null }; }
  global.__report = function () {
    var ended = shim.ended || (shim.failure ? { status: 'error', message: shim.failure.message } : { status: 'success', message: null });
    var shown = shim.output.filter(function (it) {
      return !it.element || it.kind === 'label' || it.element.parentNode || it.kind === 'button';
    });
    return stringify({
      status: ended.status, message: ended.message, ops: shim.ops, turtles: map.call(shim.turtles, turtle),
      items: shown.map(item), output: shown.map(function (it) { return it.text; }).filter(Boolean).join('\n'),
      seconds: shim.now / 1000, failed_at: shim.failure ? shim.failure.seconds : null
    });
  };
})(globalThis, globalThis.__shim, globalThis.__sources);
delete globalThis.__shim;
delete globalThis.__sources;
