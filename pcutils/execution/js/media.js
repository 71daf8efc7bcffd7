// Sound takes its time and is not heard. A few list functions under the name `_`.
(function (global, shim) {
  'use strict';
  var method = shim.method, BEAT = 500;

  // Length of a tune in milliseconds, as far as its letters tell.
  function tuneTime(args) {
    var beats = 0, tempo = 120;
    args.forEach(function (arg) {
      if (typeof arg === 'string') beats += Math.min(1000, (arg.replace(/\[[^\]]*\]/g, 'C').match(/[A-Ga-gz]/g) || []).length / 2);
      else if (arg && typeof arg === 'object' && arg.tempo > 0) tempo = arg.tempo;
    });
    return beats * BEAT * 120 / tempo;
  }
  method('play', function () {
    var args = [].slice.call(arguments), action = args[args.length - 1];
    if (args.length > 1 && typeof args[args.length - 1] === 'function') args.pop(); else action = undefined;
    args.slice(args.length && typeof args[0] === 'object' ? 1 : 0).forEach(function (tune) {
      if (tune === undefined || tune === null) throw new TypeError('Cannot read properties of ' + tune + " (reading 'split')");
      if (typeof tune !== 'string') throw new TypeError('g[r].split is not a function');
    });
    return this.each(function () {
      shim.enqueue(this, tuneTime(args), function () { if (action) action(); });
    });
  });
  method('tone', function (note, volume, seconds) {
    var time = typeof seconds === 'number' ? seconds : 0;
    return this.each(function () { shim.enqueue(this, 0, shim.nothing, time); });
  });
  method('silence', function () { return this; });
  method('say', function (text, action) {
    return this.each(function () {
      shim.enqueue(this, 0, function () { if (typeof action === 'function') shim.plan(500, action); });
    });
  });
  global.speechSynthesis = { speak: shim.nothing, cancel: shim.nothing, getVoices: function () { return []; } };

  // `_`: the list functions pupils meet -----------------------------------------------------------------------------------
  function by(key) { return typeof key === 'function' ? key : function (item) { return item[key]; }; }
  function values(all) { return Array.isArray(all) ? all : all == null ? [] : Object.keys(all).map(function (k) { return all[k]; }); }
  function shuffle(all) {
    var out = values(all).slice();
    for (var i = out.length - 1; i > 0; i--) {
      var j = Math.floor(shim.random() * (i + 1)), kept = out[i];
      out[i] = out[j];
      out[j] = kept;
    }
    return out;
  }
  function _(value) { return value; }
  Object.assign(_, {
    each: function (all, f) { if (Array.isArray(all)) all.forEach(f); else for (var k in all) f(all[k], k, all); return all; },
    map: function (all, f) { return values(all).map(by(f)); },
    filter: function (all, f) { return values(all).filter(f); },
    reject: function (all, f) { return values(all).filter(function (x) { return !f(x); }); },
    find: function (all, f) { return values(all).find(f); },
    reduce: function (all, f, start) { return arguments.length > 2 ? values(all).reduce(f, start) : values(all).reduce(f); },
    some: function (all, f) { return values(all).some(f || Boolean); },
    every: function (all, f) { return values(all).every(f || Boolean); },
    contains: function (all, x) { return values(all).indexOf(x) >= 0; },
    pluck: function (all, key) { return values(all).map(by(key)); },
    max: function (all) { return Math.max.apply(Math, values(all)); },
    min: function (all) { return Math.min.apply(Math, values(all)); },
    sortBy: function (all, key) {
      key = by(key);
      return values(all).slice().sort(function (a, b) { return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0; });
    },
    shuffle: shuffle,
    sample: function (all, n) { var out = shuffle(all); return n === undefined ? out[0] : out.slice(0, n); },
    size: function (all) { return values(all).length; },
    toArray: values,
    first: function (all, n) { return n === undefined ? all[0] : all.slice(0, n); },
    last: function (all, n) { return n === undefined ? all[all.length - 1] : all.slice(-n); },
    rest: function (all) { return all.slice(1); },
    initial: function (all) { return all.slice(0, -1); },
    compact: function (all) { return all.filter(Boolean); },
    flatten: function (all) { return all.flat(Infinity); },
    uniq: function (all) { return all.filter(function (x, i) { return all.indexOf(x) === i; }); },
    union: function () { return _.uniq([].concat.apply([], arguments)); },
    without: function (all) { var out = [].slice.call(arguments, 1); return all.filter(function (x) { return out.indexOf(x) < 0; }); },
    difference: function (a, b) { return a.filter(function (x) { return b.indexOf(x) < 0; }); },
    intersection: function (a, b) { return a.filter(function (x) { return b.indexOf(x) >= 0; }); },
    indexOf: function (all, x) { return all.indexOf(x); },
    zip: function () { var all = [].slice.call(arguments); return all[0].map(function (_, i) { return all.map(function (x) { return x[i]; }); }); },
    chunk: function (all, n) {
      var out = [];
      for (var i = 0; i < all.length && n > 0; i += n) out.push(all.slice(i, i + n));
      return out;
    },
    range: function (from, to, step) {
      var out = [];
      if (to === undefined) { to = from; from = 0; }
      step = step || (from > to ? -1 : 1);
      for (var i = from; step > 0 ? i < to : i > to; i += step) { out[out.length] = i; shim.count(); }
      return out;
    },
    times: function (n, f) { var out = []; for (var i = 0; i < n; i++) out.push(f(i)); return out; },
    keys: Object.keys,
    values: values,
    pairs: Object.entries,
    extend: Object.assign,
    clone: function (x) { return Array.isArray(x) ? x.slice() : x && typeof x === 'object' ? Object.assign({}, x) : x; },
    random: function (low, high) {
      if (high === undefined) { high = low; low = 0; }
      return low + Math.floor(shim.random() * (high - low + 1));
    },
    delay: function (f, time) { return global.setTimeout(f, time); },
    defer: function (f) { return global.setTimeout(f, 0); },
    debounce: function (f) { return f; },
    throttle: function (f) { return f; },
    once: function (f) { var did = false, v; return function () { if (!did) { did = true; v = f.apply(this, arguments); } return v; }; },
    bind: function (f, self) { return f.bind(self); },
    identity: _,
    noop: shim.nothing,
    now: function () { return Date.now(); },
    isArray: Array.isArray,
    isFunction: function (x) { return typeof x === 'function'; },
    isString: function (x) { return typeof x === 'string'; },
    isNumber: function (x) { return typeof x === 'number'; },
    isObject: function (x) { return x !== null && typeof x === 'object'; },
    isUndefined: function (x) { return x === undefined; },
    isNull: function (x) { return x === null; },
    isNaN: function (x) { return x !== x; },
    isEmpty: function (x) { return values(x).length === 0; },
    isEqual: function (a, b) { return shim.stringify(a) === shim.stringify(b); },
    escape: function (x) { return String(x).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'); }
  });
  global._ = _;
})(globalThis, globalThis.__shim);
