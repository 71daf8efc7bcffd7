// Events, effects and the functions of `$` itself.
(function (global, shim) {
  'use strict';
  var $ = shim.$, method = shim.method, each = shim.each;
  function list(query) { return Array.prototype.slice.call(query); }

  // Events wait for a person, and nobody clicks here; those that the program triggers itself reach their handlers ------
  function listenersOf(target) {
    var kept = target.shim || (target === global ? shim.windowShim : target);
    if (!kept.listeners) Object.defineProperty(kept, 'listeners', { value: Object.create(null), configurable: true });
    return kept.listeners;
  }
  shim.windowShim = {};
  function bare(type) { return String(type).split('.')[0]; }
  // Finds the function among what stands behind the names of the events: (selector, data, action).
  function actionOf(args) { return args.filter(function (a) { return typeof a === 'function'; })[0]; }
  shim.listen = function (target, types, action, isOnce) {
    if (typeof action !== 'function' || !target || typeof target !== 'object') return;
    var listeners = listenersOf(target);
    String(types).split(/\s+/).forEach(function (type) {
      (listeners[bare(type)] = listeners[bare(type)] || []).push({ action: action, isOnce: isOnce });
    });
  };
  shim.unlisten = function (target, types, action) {
    var listeners = listenersOf(target);
    (types === undefined ? Object.keys(listeners) : String(types).split(/\s+/)).forEach(function (type) {
      listeners[bare(type)] = (listeners[bare(type)] || []).filter(function (one) { return action && one.action !== action; });
    });
  };
  shim.trigger = function (target, event, more) {
    event = event && typeof event === 'object' ? event : new $.Event(String(event));
    event.target = event.target || target;
    for (var e = target; e; e = e.parentNode || (e !== global && e.nodeType ? global : null)) {
      var all = listenersOf(e)[bare(event.type)] || [];
      event.currentTarget = e;
      all.slice().forEach(function (one) {
        if (one.isOnce) all.splice(all.indexOf(one), 1);
        if (one.action.apply(e, [event].concat(more || [])) === false) event.isStopped = true;
      });
      if (event.isStopped) return;
    }
  };
  function on(isOnce) {
    return function (types) {
      var args = list(arguments), map = types && typeof types === 'object' ? types : null;
      for (var i = 0; i < this.length; i++) {
        if (!map) shim.listen(this[i], types, actionOf(args.slice(1)), isOnce);
        else for (var type in map) shim.listen(this[i], type, map[type], isOnce);
      }
      return this;
    };
  }
  method('on bind', on(false));
  method('one', on(true));
  method('delegate', function (selector, types, data, action) { return this.on(types, action || data); });
  each('off unbind undelegate', function (types, action) { shim.unlisten(this, types, action); });
  each('trigger', function (event, more) { shim.trigger(this, event, more); });
  method('triggerHandler', function (event, more) { if (this[0]) shim.trigger(this[0], event, more); });
  ('click dblclick mousedown mouseup mousemove mouseover mouseout mouseenter mouseleave keydown keyup keypress ' +
    'change submit focus blur focusin focusout select resize scroll unload error contextmenu').split(' ').forEach(function (name) {
    method(name, function () { return arguments.length ? this.on(name, actionOf(list(arguments))) : this.trigger(name); });
  });
  method('load', function (what) { return this.on('load', what); });
  method('hover', function (enter, leave) { return this.on('mouseenter', enter).on('mouseleave', leave || enter); });
  method('ready', function (action) { $(action); return this; });

  // Effects take their time in the queue of the element and end -----------------------------------------------------------
  var SPEEDS = { slow: 600, fast: 200 };
  // Reads (duration, easing, done) in jQuery's way: each may be missing, and an object may hold them all.
  function readEffect(args) {
    var speed = args[0], easing = args[1], last = args[2];
    if (speed instanceof shim.Query) return { isSet: true };
    if (speed && typeof speed === 'object') {
      return { time: timeOf(speed.duration), done: speed.complete || speed.done, easing: speed.easing };
    }
    var done = [last, easing, speed].filter(function (a) { return typeof a === 'function'; })[0];
    return { time: timeOf(speed), done: done, easing: typeof easing === 'function' ? null : easing };
  }
  function timeOf(speed) { return typeof speed === 'number' ? speed : SPEEDS[speed] || 400; }
  function isEasing(name) { return !name || name === 'swing' || name === 'linear'; }
  // `changes` tells whether anything is to be seen of the effect: only then its easing is looked up.
  function effect(name, changes, change, isSilent) {
    method(name, function () {
      var args = list(arguments), properties = name === 'animate' ? args.shift() : null;
      var how = isSilent && !args.length ? { time: 0 } : readEffect(args);
      this.each(function () {
        var e = this;
        shim.enqueue(e, how.isSet || (!isEasing(how.easing) && !shim.turtleOf(e).isBusy) ? 0 : how.time, function () {
          if (how.isSet) throw new TypeError('this.each is not a function');
          if (!isEasing(how.easing) && changes(shim.turtleOf(e), properties)) {
            throw new TypeError('k.easing[this.easing] is not a function');
          }
          change(e, properties);
          if (typeof how.done === 'function') how.done.call(e);
        });
      });
      return isSilent ? undefined : this;
    });
  }
  function isShown(turtle) { return turtle.visible; }
  function isHidden(turtle) { return !turtle.visible; }
  function always() { return true; }
  function set(visible) { return function (e) { shim.turtleOf(e).visible = visible; }; }
  function toggle(e) { shim.turtleOf(e).visible = !shim.turtleOf(e).visible; }
  effect('animate', function (turtle, properties) { return !!properties; }, function (e, properties) {
    if (shim.isPlain(properties) && !Array.isArray(properties)) $(e).css(properties);
  });
  effect('fadeIn', isHidden, set(true));
  effect('slideDown', isHidden, set(true));
  effect('fadeOut', isShown, set(false));
  effect('slideUp', isShown, set(false));
  effect('fadeToggle', always, toggle);
  effect('slideToggle', always, toggle);
  // These three give nothing back, so that what is asked of their result is an error; `fadeTo` asks it itself.
  effect('show', isHidden, set(true), true);
  effect('hide', isShown, set(false), true);
  effect('toggle', always, toggle, true);
  method('fadeTo', function () { throw new TypeError("Cannot read properties of undefined (reading 'end')"); });
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
  $.Event = function Event(type, more) {
    if (!(this instanceof $.Event)) return new $.Event(type, more);
    this.type = type;
    Object.assign(this, more);
  };
  $.Event.prototype = { preventDefault: shim.nothing, stopPropagation: function () { this.isStopped = true; },
    stopImmediatePropagation: function () { this.isStopped = true; }, isDefaultPrevented: function () { return false; } };
  $.cssHooks = {};
  $.turtle = shim.nothing;
  global.$ = global.jQuery = $;
})(globalThis, globalThis.__shim);
