// The floor under every command: limits, the virtual clock, errors, seeded chance, text output.
// Everything private hangs on `shim`, which the last file removes from the global object.
(function (global, shim) {
  'use strict';
  var MILLISECONDS = 1000;
  var START_OF_TIME = Date.UTC(2020, 0, 1, 12);
  var stringify = JSON.stringify, call = Reflect.apply;

  shim.global = global;
  shim.limits = { output_characters: 1e6, commands: 1e6, tasks: 1e6, timer_seconds: 5,
    virtual_seconds: 600, watched_seconds: 5 };
  shim.now = 0;            // virtual milliseconds since the program started
  shim.ended = null;       // {status, message} once a limit was hit
  shim.failure = null;     // the first error nobody caught
  shim.stringify = stringify;

  // Limits ---------------------------------------------------------------------------------------------------
  function Limit() {}
  shim.Limit = Limit;
  shim.stop = function (status, message) {
    if (!shim.ended) shim.ended = { status: status, message: message };
    throw new Limit();
  };
  // Commands are counted in the main part only: what a timer repeats is bounded by the number of its steps.
  var commands = 0;
  shim.count = function () {
    if (++commands > shim.limits.commands) shim.stop('timeout', 'gave more commands than can run in its time');
  };

  // The clock: a heap of tasks ordered by time, then by the order in which they were planned -----------------------
  var heap = [], planned = 0;
  function before(a, b) { return a.time < b.time || (a.time === b.time && a.order < b.order); }
  function push(task) {
    var i = heap.length;
    heap[i] = task;
    while (i > 0) {
      var parent = (i - 1) >> 1;
      if (!before(task, heap[parent])) break;
      heap[i] = heap[parent];
      heap[parent] = task;
      i = parent;
    }
  }
  function pop() {
    var top = heap[0], last = heap[heap.length - 1], i = 0;
    heap.length--;
    if (!heap.length) return top;
    for (;;) {
      var child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return top;
  }

  // A task that a timer set off belongs to the timers; they go on for a bounded time after the main part has ended.
  shim.fromTimer = false;
  var mainEnded = 0;
  shim.plan = function (delay, action, isTimer) {
    delay = +delay;
    var task = {
      time: shim.now + (delay > 0 ? delay : 0), order: planned++, action: action, cancelled: false,
      isTimer: isTimer || shim.fromTimer
    };
    push(task);
    return task;
  };

  // Does the next task, and goes on as long as no code of the program runs: only that can leave promises behind, which
  // the worker has to keep before the next task.
  var done = 0, hasRunCode = false;
  shim.step = function () {
    hasRunCode = false;
    while (heap.length) {
      var task = pop();
      if (task.cancelled) continue;
      if (task.isTimer && task.time > mainEnded + shim.limits.timer_seconds * MILLISECONDS) {
        if (!heap.some(function (other) { return !other.isTimer && !other.cancelled; })) return false;
      }
      if (++done > shim.limits.tasks || task.time > shim.limits.virtual_seconds * MILLISECONDS) return false;
      shim.now = task.time;
      if (!task.isTimer) mainEnded = shim.now;
      shim.fromTimer = task.isTimer;
      if (task.isQuiet) {
        task.action();
        if (!hasRunCode && !shim.ended) continue;
      } else shim.guard(task.action);
      return !shim.ended;
    }
    return false;
  };

  // Moves the clock on to `time` where nothing else has to be done before it; false where the next task has to be looked for.
  shim.goOn = function (time) {
    if (hasRunCode || (heap.length && heap[0].time <= time)) return false;
    if (done >= shim.limits.tasks || time > shim.limits.virtual_seconds * MILLISECONDS) return false;
    done++;
    shim.now = mainEnded = time;
    shim.fromTimer = false;
    return true;
  };

  // Errors that reach nobody end one task, as in a browser; the first one decides the verdict -----------------------
  shim.guard = function (action, self, args) {
    hasRunCode = true;
    try {
      return call(action, self, args || []);
    } catch (error) {
      shim.uncaught(error);
    }
  };
  shim.uncaught = function (error) {
    // The interpreter throws null when there is no memory left to say so; a program may throw it, too.
    if ((error === null && !/\bthrow[\s(]+null\b/.test(String(shim.code))) || (error instanceof InternalError && error.message === 'out of memory')) {
      shim.ended = shim.ended || { status: 'limit', message: 'used more memory than its limit' };
    }
    if (error instanceof Limit || shim.ended) return;
    shim.fail(shim.describe(error));
  };
  shim.fail = function (message) {
    if (!shim.failure && shim.now <= shim.limits.watched_seconds * MILLISECONDS) {
      shim.failure = { message: message, seconds: shim.now / MILLISECONDS };
    }
  };
  shim.describe = function (error) {
    var text;
    try {
      if (error !== null && typeof error === 'object' && 'message' in error) {
        text = String(error.name || 'Error') + (error.message === '' ? '' : ': ' + String(error.message));
        if (shim.translate) text = shim.translate(text, String(error.stack));
      } else {
        text = 'Uncaught ' + String(error);
      }
    } catch (hostile) {
      text = 'Error';
    }
    return text.slice(0, 1000);
  };

  // Chance ------------------------------------------------------------------------------------------------------
  var state = 1;
  shim.seed = function (number) {
    state = (number ^ 0x9e3779b9) >>> 0;
    for (var i = 0; i < 4; i++) shim.random();
  };
  shim.random = function () {
    // mulberry32, 32 bits of state
    state = (state + 0x6d2b79f5) >>> 0;
    var t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  Math.random = function random() { return shim.random(); };

  // Dates move with the virtual clock; each look at it takes a little time, so that a waiting loop ends --------------
  var RealDate = Date, looks = 0;
  function today() { return START_OF_TIME + Math.floor(shim.now + (looks += 0.25)); }
  function VirtualDate() {
    if (!(this instanceof VirtualDate)) return new RealDate(today()).toString();
    var args = arguments.length ? arguments : [today()];
    return Reflect.construct(RealDate, args, new.target || VirtualDate);
  }
  VirtualDate.prototype = RealDate.prototype;
  VirtualDate.prototype.constructor = VirtualDate;
  Object.setPrototypeOf(VirtualDate, RealDate);
  VirtualDate.now = today;
  VirtualDate.parse = RealDate.parse;
  VirtualDate.UTC = RealDate.UTC;
  Object.defineProperty(VirtualDate, 'name', { value: 'Date' });
  global.Date = VirtualDate;
  global.performance = { now: function now() { return shim.now + (looks += 0.25); }, mark: nothing, measure: nothing };
  function nothing() {}
  shim.nothing = nothing;

  // Timers ------------------------------------------------------------------------------------------------------
  var timers = Object.create(null), timerCount = 0;
  function addTimer(action, delay, args, again) {
    var id = ++timerCount;
    var call = typeof action === 'function' ? action : function () { (0, eval)(String(action)); };
    function run() {
      if (again) timers[id] = shim.plan(Math.max(4, delay), run, true); else delete timers[id];
      call.apply(global, args);
    }
    timers[id] = shim.plan(again ? Math.max(4, delay) : delay, run, again);
    return id;
  }
  shim.addTimer = addTimer;
  global.setTimeout = function setTimeout(action, delay) {
    return addTimer(action, +delay || 0, Array.prototype.slice.call(arguments, 2), false);
  };
  global.setInterval = function setInterval(action, delay) {
    return addTimer(action, +delay || 0, Array.prototype.slice.call(arguments, 2), true);
  };
  global.clearTimeout = global.clearInterval = function (id) {
    if (timers[id]) timers[id].cancelled = true;
    delete timers[id];
  };
  global.requestAnimationFrame = function requestAnimationFrame(action) {
    return addTimer(function () { action(shim.now); }, 1000 / 60, [], false);
  };
  global.cancelAnimationFrame = global.clearTimeout;
  global.queueMicrotask = function queueMicrotask(action) { Promise.resolve().then(action); };

  // Text output -------------------------------------------------------------------------------------------------
  var written = 0;
  shim.output = [];        // {kind, text, element}
  shim.spend = function (characters) {
    written += characters + 1;
    if (written > shim.limits.output_characters || shim.output.length > 5000) {
      shim.stop('limit', 'wrote more than its limit');
    }
  };
  shim.write = function (item) {
    shim.spend(item.text.length);
    shim.output[shim.output.length] = item;
  };
  var logged = 0;
  function log() {
    for (var i = 0; i < arguments.length; i++) {
      if (typeof arguments[i] === 'string') logged += arguments[i].length;
      if (logged > 20 * shim.limits.output_characters) shim.stop('limit', 'wrote more than its limit');
    }
  }
  // What a program reports as an error counts as one.
  function error() {
    log.apply(null, arguments);
    shim.fail([].slice.call(arguments, 0, 20).map(function (part) { return String(part).slice(0, 200); }).join(' '));
  }
  global.console = { log: log, info: log, warn: log, error: error, debug: log, dir: log, table: log, trace: log,
    group: log, groupEnd: nothing, assert: log, count: nothing, clear: nothing, time: nothing, timeEnd: nothing };
})(globalThis, globalThis.__shim);
