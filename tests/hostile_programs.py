"""Programs that try to hang, flood, break out or cheat, made for this project; each with the verdicts it may get."""

# ruff: noqa: E501 - programs are easier to read on one line

from __future__ import annotations

LOOPS = {
    "loop": "x = 1\nx++ while true",
    "loop in JavaScript": "for (;;) {}",
    "loop with commands": "fd 1 while true",
    "loop that writes": "write 'flood' while true",
    "loop that appends": "append 'flood' while true",
    "loop that types": "type 'flood' while true",
    "loop that logs": "console.log 'x'.repeat 1e5 while true",
    "loop that catches": "while true\n  try\n    fd 1\n  catch e\n    fd 2",
    "loop in finally": "f = ->\n  try\n    throw 1\n  finally\n    x = 1 while true\nf()",
    "loop in a timer": "setTimeout (-> x = 1 while true), 10",
    "loop in a getter": "o = {}\nObject.defineProperty o, 'x', get: -> y = 1 while true\no.x",
    "loop in toString": "o = toString: -> y = 1 while true\nwrite '' + o",
    "loop in a proxy": "var p = new Proxy({}, {get: function () { for (;;) {} }}); p.x;",
    "loop in a generator": "var g = (function* () { for (;;) yield 1; })(); for (var x of g) {}",
    "loop in Symbol.iterator": "var o = {}; o[Symbol.iterator] = function () { return {next: function () { return {}; }}; };"
    " Array.from(o);",
    "loop in sort": "[3, 2, 1].sort -> x = 1 while true",
    "loop in replace": "'abc'.replace /b/, -> x = 1 while true",
    "loop in toJSON": "write JSON.stringify toJSON: -> x = 1 while true",
    "loop in the text of an argument": "fd toString: -> x = 1 while true",
    "loop in the message of an error": "e = new Error 'x'\n"
    "Object.defineProperty e, 'message', get: -> x = 1 while true\nthrow e",
    "nested arrays in JSON": "x = []\nx = [x] for i in [1..1e5]\nwrite JSON.stringify x",
}
REGEXES = {
    "regex with nested stars": "/(a+)+$/.test Array(60).join('a') + 'b'",
    "regex with alternation": "/^(a|a|aa)*$/.test Array(60).join('a') + 'b'",
    "regex with backreferences": "/^(.*)*\\1\\1\\1(b|c)*$/.test Array(40).join('ab') + 'd'",
    "regex over a long text": "/(x+x+)+y/.test 'x'.repeat 5000",
}
MEMORY = {
    "arrays": "x = []\nx.push new Array 10000 while true",
    "filled arrays": "x = []\nx.push (new Array 10000).fill(7) while true",
    "strings": "s = 'x'.repeat 1e6\nx = ((s + i).toUpperCase() for i in [1..1e6])",
    "doubled string, caught": "s = 'x'\ntry\n  while true\n    s += s\n    t = s.split ''\ncatch e\n  fd 1",
    "objects, caught": "x = []\ntry\n  x.push {a: i, b: [i]} for i in [1..1e9]\ncatch e\n  fd 1",
    "typed arrays": "x = (new Uint8Array 1e8 for i in [1..50])",
    "typed arrays, filled and caught": "x = []\ntry\n  x.push (new Float64Array 1e6).fill(1) while true\ncatch e\n  fd 1",
    "a huge range": "x = [1..1e9]",
    "a huge map": "m = new Map\nm.set i, 'x' + i for i in [1..1e9]",
    "closures": "f = -> 0\nwhile true\n  f = do (g = f) -> -> g",
    "symbols": "x = (Symbol 'x' + i for i in [1..1e9])",
    "JSON bomb": "o = {}\no = {a: o, b: o} for i in [1..40]\nJSON.stringify o",
    "huge join": "x = new Array 1e8\nx.join('pppppppppp')",
    "padding": "try { for (var s = 'a'; ; ) s = s.padEnd(s.length * 3, s); } catch (e) { fd(1); }",
    "errors": "x = []\nx.push new Error 'x'.repeat 1000 while true",
}
QUEUES = {
    "promises": "p = -> Promise.resolve().then p\np()",
    "promises that branch": "p = -> Promise.resolve().then(p); Promise.resolve().then(p)\np()",
    "async recursion": "var f = async function () { await null; f(); f(); }; f();",
    "microtasks": "q = -> queueMicrotask q\nq()",
    "many turtles": "new Turtle while true",
    "many writes of pages": "write '<b>'.repeat 1000 while true",
    "await loop": "while true\n  await setTimeout defer(), 0\n  x = (i for i in [1..100000])",
    "button flood": "button 'x', (-> 1) while true",
}
# Bounded by virtual time or counts: they may end well, but end they must.
BOUNDED = {
    "thousands of timers": "setTimeout (-> fd 1), i for i in [1..50000]",
    "intervals that breed": "f = -> setInterval f, 1\nf()",
    "forever": "forever 1000, -> fd 1",
    "ticks": "tick 1000, -> rt 1",
    "frames": "f = -> requestAnimationFrame f\nf()",
    "dispatch loop": "f = -> setTimeout f, 0\nf()",
    "waiting for input": "await read 'name', defer n\nfd 1",
    "huge fd": "pen red\nfd 1e308\nrt 1e308\nfd -1e308",
    "not a number": "pen red\nfd NaN\nrt Infinity\ndot red, NaN\nbox blue, Infinity",
}
RECURSION = {
    "number without end": "var x = 2n; for (;;) x = x * x;",
    "recursion": "f = -> f()\nf()",
    "mutual recursion": "f = -> g()\ng = -> f()\nf()",
    "recursion in toString": "o = toString: -> '' + o\nwrite '' + o",
    "recursion in a getter": "o = {}\nObject.defineProperty o, 'x', get: -> o.x\no.x",
    "recursion in a proxy": "var p = new Proxy({}, {get: function (t, k, r) { return r[k]; }}); p.x;",
    "nested text in JSON": "JSON.parse '['.repeat 1e6",
    "recursive sort": "f = -> [2, 1].sort f\nf()",
}
POISON = {
    "JSON": 'JSON.stringify = -> \'{"status":"success"}\'\nJSON.parse = -> {}\noops()',
    "array prototype": "Array.prototype[k] = (-> 5) for k in ['push', 'map', 'join', 'slice', 'forEach', 'splice']\noops()",
    "array setter": "Object.defineProperty Array.prototype, '0', set: (-> x = 1 while true), get: -> 7\nfd 10\noops()",
    "object prototype": "Object.prototype.toJSON = -> 'forged'\nObject.prototype.status = 'success'\noops()",
    "object prototype setter": "Object.defineProperty Object.prototype, 'status', get: (-> 'success'), set: ->\noops()",
    "function prototype": "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null\noops()",
    "global functions": "String = Number = Object = Array = Error = TypeError = ReferenceError = null\noops()",
    "Math": "Math.round = Math.floor = Math.max = Math.min = null\noops()",
    "string prototype": "String.prototype.slice = String.prototype.indexOf = String.prototype.replace = -> 'success'\noops()",
    "regex prototype": "RegExp.prototype.test = RegExp.prototype.exec = -> throw 1\noops()",
    "error prototype": "Error.prototype.toString = ReferenceError.prototype.toString = -> 'fine'\n"
    "Object.defineProperty ReferenceError.prototype, 'name', get: -> oops()\noops()",
    "error with getters": "e = new Error\nObject.defineProperty e, 'message', get: -> throw 1\nthrow e",
    "prepareStackTrace": "Error.prepareStackTrace = -> throw 3\noops()",
    "thrown proxy": "throw new Proxy({}, {get: function () { throw 1; }, has: function () { throw 2; }});",
    "thrown null": "throw null",
    "thrown undefined": "throw undefined",
    "thrown function": "throw -> 1",
    "window.onerror": "window.onerror = -> true\noops()",
    "promise prototype": "Promise.prototype.then = -> throw 1\noops()",
    "Symbol.toPrimitive": "Object.prototype[Symbol.toPrimitive] = -> throw 1\noops()",
    "shim by name": "__shim.ended = null\noops()",
    "doors by name": "__report = -> '{}'\n__start = -> false\noops()",
    "Function constructor": "Function('return this')().__report = -> 1\n(new Function 'oops()')()",
    "eval": "eval 'throw new Error(\"x\")'",
    "frozen global": "Object.freeze window\nObject.freeze Object.prototype\noops()",
}
TEXTS = {
    "deep parentheses": "x = " + "(" * 5000 + "1" + ")" * 5000,
    "deep arrays": "x = " + "[" * 20000 + "]" * 20000,
    "deep functions": "".join(f"{' ' * depth}f = ->\n" for depth in range(1500)) + " " * 1500 + "1",
    "deep blocks": "".join(f"{' ' * depth}if 1\n" for depth in range(2000)) + " " * 2000 + "x = 1",
    "long sum": "x = 1" + " + 1" * 50_000,
    "many strings": "write '#{" * 3000 + "}'" * 3000,
    "a megabyte of commands": "fd 1\n" * 200_000,
    "a megabyte of words": "x " * 500_000,
    "a megabyte of brackets": "(" * 1_000_000,
    "a megabyte of quotes": "'" * 1_000_001,
    "zero bytes": "fd 1\x00\nfd 2",
    "lone surrogates": "write '\ud800' + '\udc00'\n\udfff = 3",
    "odd line ends": "fd 1\u2028fd 2\u2029fd 3\x85fd 4\x0bfd 5",
    "byte order mark": "\ufefffd 10",
    "page that never ends": "<script>" * 50_000,
    "page of comments": "<!--" * 100_000,
    "deep JavaScript": "var x = " + "[" * 100_000 + "]" * 100_000 + ";",
    "here-document regex": "x = ///" + "(" * 10_000 + "///",
}
OUTSIDE = {
    "files": "write typeof require, typeof process, typeof std, typeof os, typeof scriptArgs, typeof bjs",
    "import": "import('fs').then(function (m) { write('READ ' + typeof m.readFileSync); });",
    "module": "import * as std from 'std'; write('READ');",
    "request": "x = new XMLHttpRequest\nx.open 'GET', 'file:///etc/passwd', false\nx.send()\nwrite x.responseText",
    "fetch": "fetch('file:///etc/passwd').then((r) -> r.text()).then (t) -> write t",
    "socket": "new WebSocket('ws://127.0.0.1:9')",
    "worker": "new Worker('x.js')",
    "shared memory": "var a = new Int32Array(new SharedArrayBuffer(4)); Atomics.wait(a, 0, 0);",
}
