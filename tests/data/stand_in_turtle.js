// A stand-in for Pencil Code's runtime, written for our tests: a handful of commands, queued as the real ones are.
(function (global) {
  'use strict';
  var SECONDS_A_MOVE = 0.5, queue = [], isBusy = false;

  function next() {
    var task = queue.shift();
    isBusy = Boolean(task);
    if (task) setTimeout(function () { task(); next(); }, 1000 * SECONDS_A_MOVE);
  }
  function later(task) {
    queue.push(task);
    if (!isBusy) next();
  }
  function element(name, text) {
    var made = document.createElement(name);
    made.textContent = text;
    return document.body.appendChild(made);
  }

  global.$ = { turtle: function () { return 'window.turtleIsReady = true'; } };
  ['fd', 'rt', 'pen', 'dot'].forEach(function (name) { global[name] = function () { later(function () {}); }; });
  ['red', 'blue'].forEach(function (name) { global[name] = name; });
  global.random = function (n) { return Math.floor(Math.random() * n); };
  global.write = function (text) { element('div', text); };
  global.img = function (address) { element('img', '').src = address; };
  global.done = function (callback) { later(callback); };
  global.read = function (question, callback) {
    element('label', question);
    element('input', '').onchange = function (event) { callback(event.target.value); };
  };
  global.forever = function (callback) { setInterval(callback, 100); };
})(window);
