// Text, questions, buttons, tables and the names of a browser's window.
(function (global, shim) {
  'use strict';
  var $ = shim.$, Query = shim.Query;

  // Writing ----------------------------------------------------------------------------------------------------------
  shim.shown = function (element) {
    if (element.shim && element.shim.item) element.shim.item.text = element.textContent;
  };
  function put(kind, element, text) {
    var item = { kind: kind, text: text, element: element };
    element.shim.item = item;
    shim.body.appendChild(element);
    shim.write(item);
    return shim.wrap([element]);
  }
  function writeBlock(content) {
    var nodes = content instanceof Query ? content.get() : content && content.nodeType ? [content]
      : shim.parseHtml(content === undefined ? '' : String(content));
    var block = nodes[0];
    if (nodes.length !== 1 || !block || block.nodeType !== 1) {
      block = new shim.Element('div');
      nodes.forEach(block.appendChild, block);
    }
    runScripts(block);
    return put(/^H[1-3]$/.test(block.tagName) ? 'heading' : 'text', block, block.textContent);
  }
  function runScripts(block) {
    if (block.tagName !== 'SCRIPT') return;
    var code = block.textContent;
    block.childNodes = [];
    if (code.trim()) shim.guard(function () { (0, eval)(code); });
  }
  global.write = function write() {
    var made = null;
    for (var i = 0; i < arguments.length; i++) made = writeBlock(arguments[i]);
    return made || writeBlock('');
  };
  // A state that is a web page: its markup is shown, then its scripts run one after the other.
  shim.runPage = function (page) {
    var body = /<body[^>]*>([\s\S]*?)(<\/body>|$)/i.exec(page.markup);
    shim.parseHtml(body ? body[1] : page.markup).forEach(function (node) {
      if (node.nodeType === 1 && !/^(HTML|HEAD|STYLE|TITLE|META|LINK)$/.test(node.tagName)) writeBlock(node);
    });
    page.scripts.forEach(function (script) {
      if (script.error) { if (!shim.failure) shim.failure = { message: script.error, seconds: 0 }; return; }
      shim.code = script.code;
      shim.guard(function () { (0, eval)(script.code); });
    });
  };
  var line = null;
  function type(text) {
    if (!line || !line.parentNode) {
      line = new shim.Element('pre');
      put('text', line, '');
    }
    text = text === undefined ? '' : String(text);
    shim.spend(text.length);
    line.textContent = line.textContent + text;
    line.shim.item.text = line.textContent;
    return shim.wrap([line]);
  }
  global.type = type;
  global.typeline = function typeline(text) { return type((text === undefined ? '' : text) + '\n'); };
  global.typebox = function typebox(color) { return type(color ? '\u25a0' : ' '); };
  global.print = function print(text) { return global.typeline(text); };
  global.append = function append(content) {
    type(shim.textOf(content === undefined ? '' : content));
  };
  global.img = function img(url) {
    var element = new shim.Element('img');
    element.attributes.src = String(url);
    return put('picture', element, '');
  };
  function see() {}
  see.html = see.clear = see.init = see.loop = see.hide = see.show = see.scope = see.linestyle = shim.nothing;
  global.see = see;
  global.debug = see;
  global.log = shim.nothing;
  global.help = shim.nothing;

  // Questions wait for a person; none comes ----------------------------------------------------------------------------
  function ask(name, kind) {
    return function (prompt, action) {
      var text = typeof prompt === 'function' || prompt === undefined || prompt === null ? '' : shim.textOf(prompt);
      var element = new shim.Element('form');
      element.appendChild(new shim.Element('input'));
      return put('question', element, text);
    };
  }
  ['read', 'readnum', 'readstr', 'readvoice', 'listen'].forEach(function (name) { global[name] = ask(name); });
  global.button = function button(name, action) {
    var text = typeof name === 'function' || name === undefined ? '\u25ce' : shim.textOf(name);
    var element = new shim.Element('button');
    element.textContent = text;
    return put('button', element, text);
  };
  global.menu = function menu(choices) {
    var form = new shim.Element('form');
    var names = Array.isArray(choices) ? choices : choices && typeof choices === 'object' ? Object.keys(choices) : [choices];
    names.forEach(function (name) { put('button', new shim.Element('button'), String(name)); });
    return shim.wrap([form]);
  };
  global.alert = shim.nothing;
  global.confirm = function confirm() { return false; };
  global.prompt = function prompt() { return null; };
  global.table = function table(rows, columns, style) {
    var element = new shim.Element('table'), size = [];
    if (Array.isArray(rows)) { size = rows; style = columns; rows = size.length; columns = size[0] ? size[0].length : 0; }
    rows = Math.min(Math.max(0, Math.floor(+rows) || 0), 500);
    columns = Math.min(Math.max(0, Math.floor(+columns) || 0), 500);
    for (var r = 0; r < rows; r++) {
      var row = element.appendChild(new shim.Element('tr'));
      for (var c = 0; c < columns; c++) {
        var cell = row.appendChild(new shim.Element('td'));
        if (size[r]) cell.textContent = size[r][c] === undefined ? '' : String(size[r][c]);
      }
    }
    var made = put('table', element, '');
    element.shim.item.size = [rows, columns];
    if (style && typeof style === 'object') made.css(style);
    return made;
  };

  // Events are registered and wait ---------------------------------------------------------------------------------------
  ('click dblclick mousedown mouseup mousemove keydown keyup keypress').split(' ').forEach(function (name) {
    global[name] = function (filter, action) { return undefined; };
    global['last' + name] = new $.Event(name);
  });
  global.lastmouse = global.lastmousemove;
  global.lasttouch = new $.Event('touch');
  global.pressed = function pressed(key) {
    if (key === undefined || key === null || typeof key === 'string' || typeof key === 'function') return false;
    throw new TypeError('e.replace is not a function');
  };
  global.pressed.list = function () { return []; };
  var channels = Object.create(null);
  global.send = function send(name) {
    var args = [].slice.call(arguments, 1), key = String(name);
    (channels[key] = channels[key] || { sent: [], waiting: [] }).sent.push(args);
    deliver(channels[key]);
  };
  global.recv = function recv(name, action) {
    var key = String(name);
    (channels[key] = channels[key] || { sent: [], waiting: [] }).waiting.push(action);
    deliver(channels[key]);
  };
  function deliver(channel) {
    while (channel.sent.length && channel.waiting.length) {
      (function (args, action) {
        if (typeof action === 'function') shim.plan(0, function () { action.apply(null, args); });
      })(channel.sent.shift(), channel.waiting.shift());
    }
  }

  // Storage and loading: a page of its own, alone --------------------------------------------------------------------------
  ['load', 'save', 'loadjs'].forEach(function (name) {
    global[name] = function () {
      var action = [].slice.call(arguments).filter(function (a) { return typeof a === 'function'; })[0];
      if (action) shim.plan(100, function () { action({ error: 'offline' }); });
    };
  });
  global.loadscript = function loadscript(url, action) {
    if (typeof action === 'function') shim.plan(100, function () { action(); });
  };
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
      if (typeof mix === 'function') mix.apply(null, urls.map(function () { return 128; }));
    });
  };
  global.promise = function (what) { return what instanceof Query ? what.promise() : turtlePromise(); };
  function turtlePromise() { return global.turtle.promise(); }

  // Window ------------------------------------------------------------------------------------------------------------------
  function Storage() {}
  Storage.prototype = {
    getItem: function (k) { return Object.prototype.hasOwnProperty.call(this, k) ? this[k] : null; },
    setItem: function (k, v) { this[k] = String(v); },
    removeItem: function (k) { delete this[k]; },
    clear: function () { for (var k in this) delete this[k]; }
  };
  global.localStorage = new Storage();
  global.sessionStorage = new Storage();
  global.window = global.self = global.top = global.parent = global.frames = global;
  global.innerWidth = global.outerWidth = shim.pageWidth;
  global.innerHeight = global.outerHeight = shim.pageHeight;
  global.screen = { width: 1280, height: 800, availWidth: 1280, availHeight: 800 };
  global.location = { href: 'https://page.example/edit/program', host: 'page.example', hash: '', search: '',
    pathname: '/edit/program', protocol: 'https:', reload: shim.nothing, assign: shim.nothing, replace: shim.nothing };
  global.history = { length: 1, back: shim.nothing, forward: shim.nothing, pushState: shim.nothing };
  global.navigator = { userAgent: 'Mozilla/5.0', language: 'en', onLine: false, platform: '' };
  global.event = { type: 'load', preventDefault: shim.nothing, stopPropagation: shim.nothing };
  global.length = 0;
  global.opener = null;
  global.onerror = global.onload = null;
  global.open = function () { return null; };
  ['close', 'focus', 'blur', 'moveTo', 'moveBy', 'resizeTo', 'scroll', 'scrollTo', 'scrollBy', 'postMessage', 'find',
    'removeEventListener', 'addEventListener', 'dispatchEvent'].forEach(function (name) { global[name] = shim.nothing; });
  global.getComputedStyle = function (e) { return e.style; };
  global.fetch = function () { return new Promise(shim.nothing); };
  global.XMLHttpRequest = function XMLHttpRequest() {};
  global.XMLHttpRequest.prototype = { open: shim.nothing, send: shim.nothing, setRequestHeader: shim.nothing };
  // A window's name and status are always text.
  ['name', 'status'].forEach(function (name) {
    var value = '';
    Object.defineProperty(global, name, { get: function () { return value; }, set: function (v) { value = String(v); },
      configurable: false, enumerable: true });
  });
})(globalThis, globalThis.__shim);
