// The names of a browser's window: storage, loading, its members, and what needs a network and never answers.
(function (global, shim) {
  'use strict';
  var $ = shim.$;

  // Storage and loading: a page of its own, alone --------------------------------------------------------------------------
  function answer(action) { if (typeof action === 'function') shim.plan(100, function () { action(null, {}); }); }
  shim.word('load', function (url, action) { answer(action && typeof action !== 'function' ? shim.refuse('t') : action); return null; });
  shim.word('save', function (url, data, action) {
    if (!url) throw new Error('Missing url for save');
    answer(action);
  });
  global.save.loginCookie = function () { return null; };
  shim.word('loadscript', function (url, action) {
    if (typeof action === 'function') shim.plan(100, function () { action(); });
  });
  // Mixes pictures into a new one. Pictures of Pencil Code's own pages count as there; there are no others.
  var OWN = /^(https?:)?\/\/(\w+\.)?pencilcode\.net\/|^\/[^\/]/;
  global.recolor = function recolor(urls, mix) {
    if (!Array.isArray(urls)) {
      urls = [urls];
      if (typeof mix !== 'function') throw new TypeError('k.split is not a function');
    }
    if (!global.turtle) throw new ReferenceError('turtle is not defined');
    shim.plan(100, function () {
      if (!urls.every(function (url) { return OWN.test(String(url)); })) {
        document.createElement('canvas').getContext('2d').getImageData(0, 0, 0, 0);
      }
      if (typeof mix === 'function') mix.apply(null, urls.map(function () { return { r: 128, g: 128, b: 128, a: 255, valueOf: function () { return 128; } }; }));
    });
  };
  // Window ------------------------------------------------------------------------------------------------------------------
  function Storage() {}
  Storage.prototype = {
    getItem: function (k) { return Object.prototype.hasOwnProperty.call(this, k) ? this[k] : null; },
    setItem: function (k, v) { this[k] = String(v); },
    removeItem: function (k) { delete this[k]; },
    clear: function () { for (var k in this) delete this[k]; }
  };
  // What a program may overwrite, and what keeps its value whatever is assigned to it.
  Object.assign(global, { self: global, parent: global, frames: global, length: 0, opener: null, onerror: null, onload: null,
    innerWidth: shim.pageWidth, outerWidth: shim.pageWidth, innerHeight: shim.pageHeight, outerHeight: shim.pageHeight,
    screen: { width: 1280, height: 800, availWidth: 1280, availHeight: 800, colorDepth: 24, orientation: {} },
    screenX: 0, screenY: 0, screenLeft: 0, screenTop: 0, scrollX: 0, scrollY: 0, pageXOffset: 0, pageYOffset: 0,
    devicePixelRatio: 1, origin: 'https://page.example', external: {}, chrome: {}, clientInformation: {}, visualViewport: {},
    menubar: {}, toolbar: {}, locationbar: {}, personalbar: {}, scrollbars: {}, statusbar: {}, scheduler: {},
    event: { type: 'load', preventDefault: shim.nothing, stopPropagation: shim.nothing } });
  var fixed = { window: global, top: global, closed: false, frameElement: null, isSecureContext: true,
    crossOriginIsolated: false, localStorage: new Storage(), sessionStorage: new Storage(), customElements: {}, trustedTypes: {},
    crypto: { randomUUID: function () { return '00000000-0000-4000-8000-000000000000'; },
      getRandomValues: function (list) { for (var i = 0; i < list.length; i++) list[i] = shim.random() * 4294967296; return list; } },
    indexedDB: {}, styleMedia: {}, speechSynthesis: global.speechSynthesis,
    history: { length: 1, state: null, back: shim.nothing, forward: shim.nothing, go: shim.nothing, pushState: shim.nothing,
      replaceState: shim.nothing },
    navigator: { userAgent: 'Mozilla/5.0', language: 'en', languages: ['en'], onLine: false, platform: '', appName: 'Netscape' },
    location: { href: 'https://page.example/edit/program', host: 'page.example', hostname: 'page.example', port: '', hash: '',
      search: '', pathname: '/edit/program', protocol: 'https:', origin: 'https://page.example', reload: shim.nothing,
      assign: shim.nothing, replace: shim.nothing, toString: function () { return this.href; } } };
  delete global.speechSynthesis;
  Object.keys(fixed).forEach(function (name) {
    Object.defineProperty(global, name, { get: function () { return fixed[name]; }, set: shim.nothing, configurable: false, enumerable: true });
  });
  global.document.location = fixed.location;
  global.document.defaultView = global;
  // A window's name and status are always text.
  ['name', 'status'].forEach(function (name) {
    var value = '';
    Object.defineProperty(global, name, { get: function () { return value; }, set: function (v) { value = String(v); },
      configurable: false, enumerable: true });
  });
  Object.defineProperty(global, Symbol.toStringTag, { value: 'Window', configurable: true });

  // Functions of a window that do nothing here -----------------------------------------------------------------------------
  ('alert close focus blur moveTo moveBy resizeTo resizeBy scroll scrollTo scrollBy postMessage captureEvents releaseEvents ' +
    'cancelIdleCallback reportError').split(' ').forEach(function (name) {
    global[name] = { value: function () {} }.value;
    Object.defineProperty(global[name], 'name', { value: name });
  });
  global.confirm = function confirm() { return false; };
  global.prompt = function prompt() { return null; };
  global.open = function open() { return null; };
  global.find = function find() { return false; };
  global.addEventListener = function addEventListener(type, action) { shim.listen(global, type, action); };
  global.removeEventListener = function removeEventListener(type, action) { shim.unlisten(global, type, action); };
  global.dispatchEvent = function dispatchEvent(event) { shim.trigger(global, event); return true; };
  global.requestIdleCallback = function requestIdleCallback(action) { return global.setTimeout(action, 1); };
  global.matchMedia = function matchMedia(query) { return { matches: false, media: String(query), addListener: shim.nothing }; };
  global.getSelection = function getSelection() { return { toString: function () { return ''; }, removeAllRanges: shim.nothing }; };
  global.getComputedStyle = function getComputedStyle(element) {
    if (!element || element.nodeType !== 1) {
      throw new TypeError("Failed to execute 'getComputedStyle' on 'Window': parameter 1 is not of type 'Element'.");
    }
    return element.style;
  };
  global.structuredClone = function structuredClone(value) { return value === undefined ? value : JSON.parse(JSON.stringify(value)); };
  var LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  global.btoa = function btoa(text) {
    text = String(text);
    for (var out = '', i = 0; i < text.length; i += 3) {
      var bits = text.charCodeAt(i) << 16 | (text.charCodeAt(i + 1) || 0) << 8 | (text.charCodeAt(i + 2) || 0);
      for (var k = 0; k < 4; k++) out += i + k > text.length ? '=' : LETTERS[bits >> 18 - 6 * k & 63];
    }
    return out;
  };
  global.atob = function atob(text) {
    var out = '', bits = 0, count = 0;
    String(text).replace(/[\s=]/g, '').split('').forEach(function (letter) {
      bits = bits << 6 | LETTERS.indexOf(letter);
      if ((count += 6) >= 8) out += String.fromCharCode(bits >> (count -= 8) & 255);
    });
    return out;
  };

  // No network: what is sent is never answered -----------------------------------------------------------------------------
  global.fetch = function fetch() { return new Promise(shim.nothing); };
  function idle(names, members) {
    names.split(' ').forEach(function (name) {
      var made = { value: function () {} }.value;
      Object.defineProperty(made, 'name', { value: name });
      members.split(' ').forEach(function (member) { if (member) made.prototype[member] = function () {}; });
      global[name] = made;
    });
  }
  idle('XMLHttpRequest WebSocket EventSource Worker SharedWorker FileReader BroadcastChannel RTCPeerConnection Notification',
    'open send close abort setRequestHeader getResponseHeader addEventListener removeEventListener postMessage terminate readAsText');
  idle('MutationObserver ResizeObserver IntersectionObserver', 'observe disconnect unobserve');
  idle('SpeechSynthesisUtterance webkitSpeechRecognition', 'addEventListener start stop abort');
  idle('Event CustomEvent MouseEvent KeyboardEvent UIEvent TouchEvent EventTarget Node Text Comment Range Selection Document Window ' +
    'DocumentFragment HTMLCanvasElement HTMLImageElement HTMLDivElement HTMLInputElement HTMLButtonElement CanvasRenderingContext2D ' +
    'ImageData Path2D DOMParser DOMException Blob File FileList FormData Headers Request Response Option Plugin Storage Location ' +
    'History Navigator Screen TextEncoder TextDecoder AbortController Lock Touch Animation StyleSheet CSS', '');
  global.Event.prototype = $.Event.prototype;
  ['Event', 'CustomEvent', 'MouseEvent', 'KeyboardEvent'].forEach(function (name) { global[name] = $.Event; });
})(globalThis, globalThis.__shim);
