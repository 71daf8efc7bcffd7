// Loads the vendored compiler as CommonJS modules and offers `compile(job as JSON text) -> JSON text`.
(function (global, sources) {
  'use strict';
  // How deeply a program's parts may lie in one another. Where a stack ends depends on what the engine has optimised by
  // then; this does not.
  var DEEPEST = 6000;
  var cache = {};
  // What the compiler asks of Node but never uses when it only compiles text.
  var absent = { fs: {}, vm: {}, path: {} };

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

  function refuseDepth(root) {
    var open = [{ node: root, depth: 1 }];
    while (open.length) {
      var place = open.pop(), parts = place.node.children || [];
      if (place.depth > DEEPEST) throw new RangeError('Maximum call stack size exceeded');
      for (var i = 0; i < parts.length; i++) add(open, place.node[parts[i]], place.depth + 1);
    }
  }
  function add(open, part, depth) {
    if (Array.isArray(part)) for (var i = 0; i < part.length; i++) add(open, part[i], depth);
    else if (part) open.push({ node: part, depth: depth });
  }

  var parser = load('parser').parser, parse = parser.parse;
  parser.parse = function (tokens) {
    var root = parse.call(parser, tokens);
    refuseDepth(root);
    return root;
  };
  var compiler = load('coffee-script');
  delete Error.prepareStackTrace;

  function couldBeJavaScript(text) {
    try {
      new Function(text);
      return true;
    } catch (error) {
      return false;
    }
  }

  global.compile = function (job) {
    var source = JSON.parse(job), answer = { parses_as_js: couldBeJavaScript(source.text) };
    try {
      answer.code = compiler.compile(source.text + source.end, { bare: true, runtime: 'none' });
    } catch (error) {
      if (error && error.location) {
        answer.line = error.location.first_line + 1;
        answer.column = error.location.first_column + 1;
      }
      answer.message = error instanceof Error ? error.name + ': ' + error.message : 'Error: ' + error;
    }
    return JSON.stringify(answer);
  };
})(globalThis, globalThis.__sources);
delete globalThis.__sources;
