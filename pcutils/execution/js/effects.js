// Events, effects and the functions of `$` itself.
(function (global, shim) {
  'use strict';
  var $ = shim.$, method = shim.method, each = shim.each;
  function list(query) { return Array.prototype.slice.call(query); }

  // Events are registered and wait; nobody clicks here ------------------------------------------------------------------
  method('on bind one delegate live off unbind undelegate die', function () { return this; });
  each('trigger triggerHandler', function () {});
  ('click dblclick mousedown mouseup mousemove mouseover mouseout mouseenter mouseleave hover keydown keyup keypress ' +
    'change submit focus blur focusin focusout select resize scroll load unload error touchstart touchend touchmove ' +
    'contextmenu').split(' ').forEach(function (name) { method(name, function () { return this; }); });
  method('ready', function (action) { $(action); return this; });

  // Effects take their time in the queue of the element and end -----------------------------------------------------------
  function effect(names, fallback, change) {
    method(names, function (properties, duration, easing, done) {
      var args = [].slice.call(arguments, names === 'animate' ? 1 : 0);
      if (args[1] && typeof args[1] !== 'function' && args[1] !== 'swing' && args[1] !== 'linear') {
        throw new TypeError('k.easing[this.easing] is not a function');
      }
      var call = args.filter(function (a) { return typeof a === 'function'; })[0];
      var time = args.filter(function (a) { return typeof a === 'number'; })[0];
      if (args[0] && typeof args[0] === 'object') {
        time = args[0].duration;
        call = args[0].complete || args[0].done;
      }
      return this.each(function () {
        var e = this;
        shim.enqueue(e, time === undefined ? fallback : +time || 0, function () {
          change(e, properties);
          if (typeof call === 'function') call.call(e);
        });
      });
    });
  }
  function fade(visible) { return function (e) { shim.turtleOf(e).visible = visible; }; }
  effect('animate', 400, function (e, properties) {
    if (properties && typeof properties === 'object' && properties !== global) $(e).css(properties);
  });
  effect('fadeIn', 400, fade(true));
  effect('slideDown', 400, fade(true));
  effect('fadeOut', 400, fade(false));
  effect('slideUp', 400, fade(false));
  effect('fadeTo', 400, shim.nothing);
  effect('fadeToggle', 400, shim.nothing);
  effect('slideToggle', 400, shim.nothing);
  each('delay', function (time) { shim.enqueue(this, +time || 0, shim.nothing); });
  each('queue', function (name, action) {
    var e = this, call = typeof name === 'function' ? name : action;
    if (typeof call === 'function') shim.enqueue(e, 0, function () { call.call(e, shim.nothing); });
  });
  each('stop finish clearQueue', function () { shim.clearQueue(this); });
  method('dequeue', function () { return this; });
  method('promise', function () { return deferred(this); });
  method('serialize', function () { return ''; });
  method('serializeArray', function () { return []; });

  function deferred(set) {
    var promise = {};
    promise.done = promise.always = promise.then = function (action) {
      if (typeof action === 'function') shim.whenIdle(list(set), action);
      return promise;
    };
    promise.fail = promise.progress = function () { return promise; };
    promise.promise = function () { return promise; };
    promise.state = function () { return 'pending'; };
    return promise;
  }

  // `$` itself -----------------------------------------------------------------------------------------------------------
  function request() { return deferred([]); }   // answers never come: there is no network
  $.ajax = $.get = $.post = $.getJSON = $.getScript = function () {
    var action = list(arguments).filter(function (a) { return typeof a === 'function'; })[0];
    if (action) shim.plan(100, function () { action('', 'success', {}); });
    var never = {};
    ['done', 'fail', 'always', 'then', 'success', 'error', 'progress'].forEach(function (n) { never[n] = function () { return never; }; });
    return never;
  };
  $.Deferred = $.when = request;
  $.each = function (all, action) {
    if (all && typeof all.length === 'number') {
      for (var i = 0; i < all.length; i++) if (action.call(all[i], i, all[i]) === false) break;
    } else for (var k in all) if (action.call(all[k], k, all[k]) === false) break;
    return all;
  };
  $.map = function (all, action) { return list(all).map(action).filter(function (x) { return x != null; }); };
  $.grep = function (all, test) { return all.filter(test); };
  $.extend = $.fn.extend = function () {
    var args = list(arguments);
    if (typeof args[0] === 'boolean') args.shift();
    if (args.length === 1) args.unshift(this);
    return Object.assign.apply(Object, args);
  };
  $.inArray = function (value, all) { return all.indexOf(value); };
  $.isArray = Array.isArray;
  $.isFunction = function (x) { return typeof x === 'function'; };
  $.isNumeric = function (x) { return !Array.isArray(x) && x - parseFloat(x) >= 0; };
  $.isPlainObject = function (x) { return !!x && Object.getPrototypeOf(x) === Object.prototype; };
  $.isEmptyObject = function (x) { for (var k in x) return false; return true; };
  $.type = function (x) { return x === null ? 'null' : Array.isArray(x) ? 'array' : typeof x; };
  $.trim = function (x) { return String(x == null ? '' : x).trim(); };
  $.makeArray = list;
  $.merge = function (a, b) { [].push.apply(a, b); return a; };
  $.unique = function (a) { return a; };
  $.noop = shim.nothing;
  $.now = function () { return Date.now(); };
  $.proxy = function (action, self) { return action.bind(self); };
  $.parseJSON = function (text) { return JSON.parse(text); };
  $.parseHTML = function (text) { return shim.parseHtml(String(text)); };
  $.fx = { off: false, speeds: { slow: 600, fast: 200, _default: 400 } };
  $.Event = function Event(type) { this.type = type; };
  $.cssHooks = {};
  $.turtle = shim.nothing;
  global.$ = global.jQuery = $;
})(globalThis, globalThis.__shim);
