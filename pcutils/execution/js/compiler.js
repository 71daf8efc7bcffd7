// Loads the vendored compiler as CommonJS modules and offers `compile(source as JSON text) -> JSON text`.
(function (global, sources) {
  'use strict';
  var cache = {};
  // What the compiler asks of Node but never uses when it only compiles text.
  var absent = { fs: {}, vm: {}, path: {} };

  // The generated parser picks its action in a switch of some three hundred cases, which this interpreter goes through
  // one by one; a list of functions with the same bodies is looked up at once.
  function withActionList(source) {
    var head = source.indexOf('switch (yystate) {'), tail = source.indexOf('\n},\ntable:', head);
    if (head < 0 || tail < 0) return source;
    var cases = source.slice(head, tail).split(/\ncase (?=\d+:)/).slice(1), bodies = [], together = [];
    for (var i = 0; i < cases.length; i++) {
      var colon = cases[i].indexOf(':'), body = cases[i].slice(colon + 1).trim();
      together.push(cases[i].slice(0, colon));
      if (body.replace(/case \d+:/g, '').trim() === '') return source;
      var labels = /^((?:\s*case \d+:)*)([\s\S]*)$/.exec(body);
      (labels[1].match(/\d+/g) || []).forEach(function (n) { together.push(n); });
      body = labels[2].replace(/\nbreak;\s*(\}\s*)?$/, '');
      if (/\bbreak\b/.test(body)) return source;
      together.forEach(function (n) { bodies[n] = body; });
      together = [];
    }
    var list = [];
    for (var n = 0; n < bodies.length; n++) {
      list.push(bodies[n] === undefined ? 'null' : 'function(yytext,yyleng,yylineno,yy,$$,_$,$0){' + bodies[n] + '\n}');
    }
    return 'var actionList = [' + list.join(',') + '];\n' + source.slice(0, head) +
      'var action = actionList[yystate];\n' +
      'if (action) return action.call(this, yytext, yyleng, yylineno, yy, $$, _$, $0);' + source.slice(tail);
  }

  function load(name) {
    if (name === 'iced-runtime') return { const: load('const') };
    if (absent[name]) return absent[name];
    if (cache[name]) return cache[name].exports;
    var module = cache[name] = { exports: {} };
    var source = name === 'parser' ? withActionList(sources[name]) : sources[name];
    var wrap = new Function('module', 'exports', 'require', 'process', source);
    wrap.call(module.exports, module, module.exports, function (path) {
      return load(path.replace(/^\.\//, ''));
    }, undefined);
    return module.exports;
  }

  var compiler = load('coffee-script');
  delete Error.prepareStackTrace;

  global.compile = function (source) {
    try {
      return JSON.stringify({ code: compiler.compile(JSON.parse(source), { bare: true, runtime: 'none' }) });
    } catch (error) {
      if (!(error instanceof Error)) return JSON.stringify({ name: 'Error', message: String(error) });
      return JSON.stringify({ name: error.name, message: error.message });
    }
  };
})(globalThis, globalThis.__sources);
delete globalThis.__sources;
