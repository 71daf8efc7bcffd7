// Loads the vendored compiler, unmodified, as CommonJS modules and offers `compile(source as JSON text)`.
(function (global, sources) {
  'use strict';
  var cache = {};
  // What the compiler asks of Node but never uses when it only compiles text.
  var absent = { fs: {}, vm: {}, path: {}, 'iced-runtime': null };

  function load(name) {
    if (name === 'iced-runtime') return { const: load('const') };
    if (absent[name]) return absent[name];
    if (cache[name]) return cache[name].exports;
    var module = cache[name] = { exports: {} };
    var wrap = new Function('module', 'exports', 'require', 'process', sources[name]);
    wrap.call(module.exports, module, module.exports, function (path) {
      return load(path.replace(/^\.\//, ''));
    }, undefined);
    return module.exports;
  }
  load.main = null;

  var compiler = load('coffee-script');
  delete Error.prepareStackTrace;

  global.compile = function (source) {
    try {
      return JSON.stringify({ code: compiler.compile(JSON.parse(source), { bare: true, runtime: 'none' }) });
    } catch (error) {
      if (!(error instanceof Error)) return JSON.stringify({ name: 'Error', message: String(error) });
      var place = error.location || {};
      return JSON.stringify({ name: error.name, message: error.message, line: place.first_line });
    }
  };
})(globalThis, globalThis.__sources);
delete globalThis.__sources;
