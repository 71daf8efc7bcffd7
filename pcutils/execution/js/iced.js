// Gives the global `iced`: the small library, vendored beside the compiler, that `await` and `defer` are compiled to.
(function (global, sources) {
  'use strict';
  function load(name) {
    var module = { exports: {} };
    new Function('module', 'exports', 'require', 'process', sources[name]).call(
      module.exports, module, module.exports, function (path) { return load(path.replace('./', '')); }, undefined);
    return module.exports;
  }
  if (!global.iced) global.iced = load('runtime');
})(globalThis, globalThis.__sources);
delete globalThis.__sources;
