// A page small enough for what pupils do with it: elements, attributes, styles, text, and a reader of simple HTML.
(function (global, shim) {
  'use strict';
  var VOID = /^(img|br|hr|input|meta|link|source|area|base|col|wbr)$/;
  var PAGE_WIDTH = 800, PAGE_HEIGHT = 600;
  shim.pageWidth = PAGE_WIDTH;
  shim.pageHeight = PAGE_HEIGHT;

  function Style() {}
  Style.prototype.setProperty = function (name, value) { this[name] = value; };
  Style.prototype.getPropertyValue = function (name) { return this[name] || ''; };
  Style.prototype.removeProperty = function (name) { delete this[name]; };

  function ClassList(element) { this.element = element; }
  ClassList.prototype = {
    names: function () { return (this.element.attributes['class'] || '').split(/\s+/).filter(Boolean); },
    contains: function (name) { return this.names().indexOf(name) >= 0; },
    add: function (name) {
      if (!this.contains(name)) this.element.attributes['class'] = this.names().concat(name).join(' ');
    },
    remove: function (name) {
      this.element.attributes['class'] = this.names().filter(function (other) { return other !== name; }).join(' ');
    },
    toggle: function (name) { if (this.contains(name)) this.remove(name); else this.add(name); }
  };

  function Text(text) { this.text = String(text); this.parentNode = null; }
  Text.prototype.nodeType = 3;
  Object.defineProperty(Text.prototype, 'textContent', { get: function () { return this.text; } });

  function Element(tag) {
    this.tagName = tag.toUpperCase();
    this.attributes = Object.create(null);
    this.childNodes = [];
    this.parentNode = null;
    this.style = new Style();
    this.value = '';
    this.listeners = Object.create(null);
    Object.defineProperty(this, 'shim', { value: Object.create(null) });
  }
  shim.Element = Element;

  function property(name, get, set) {
    Object.defineProperty(Element.prototype, name, { get: get, set: set, configurable: true });
  }
  Element.prototype.nodeType = 1;
  property('nodeName', function () { return this.tagName; });
  property('children', function () { return this.childNodes.filter(function (n) { return n.nodeType === 1; }); });
  property('parentElement', function () { return this.parentNode; });
  property('firstChild', function () { return this.childNodes[0] || null; });
  property('lastChild', function () { return this.childNodes[this.childNodes.length - 1] || null; });
  property('ownerDocument', function () { return global.document; });
  property('classList', function () { return new ClassList(this); });
  property('id', function () { return this.attributes.id || ''; }, function (v) { this.attributes.id = String(v); });
  property('className', function () { return this.attributes['class'] || ''; },
    function (v) { this.attributes['class'] = String(v); });
  ['src', 'href', 'title', 'name', 'type', 'width', 'height'].forEach(function (name) {
    property(name, function () { return this.attributes[name] === undefined ? '' : this.attributes[name]; },
      function (v) { this.attributes[name] = v; });
  });
  function textContent() { return this.childNodes.map(function (n) { return n.textContent; }).join(''); }
  function setText(value) { this.childNodes = []; this.appendChild(new Text(value == null ? '' : value)); }
  property('textContent', textContent, setText);
  property('innerText', textContent, setText);
  property('innerHTML', function () { return this.childNodes.map(toHtml).join(''); }, function (value) {
    this.childNodes = [];
    shim.parseHtml(String(value)).forEach(this.appendChild, this);
  });
  property('outerHTML', function () { return toHtml(this); });

  function escape(text) {
    return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  }
  function toHtml(node) {
    if (node.nodeType === 3) return escape(node.text);
    var tag = node.tagName.toLowerCase(), text = '<' + tag;
    for (var name in node.attributes) text += ' ' + name + '="' + String(node.attributes[name]).replace(/"/g, '&quot;') + '"';
    return text + '>' + (VOID.test(tag) ? '' : node.innerHTML + '</' + tag + '>');
  }

  Element.prototype.appendChild = function (child) {
    shim.count();
    if (child.parentNode) child.parentNode.removeChild(child);
    child.parentNode = this;
    this.childNodes[this.childNodes.length] = child;
    return child;
  };
  Element.prototype.insertBefore = function (child, other) {
    if (child.parentNode) child.parentNode.removeChild(child);
    var at = this.childNodes.indexOf(other);
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, child);
    child.parentNode = this;
    return child;
  };
  Element.prototype.removeChild = function (child) {
    var at = this.childNodes.indexOf(child);
    if (at >= 0) this.childNodes.splice(at, 1);
    child.parentNode = null;
    return child;
  };
  Element.prototype.remove = function () { if (this.parentNode) this.parentNode.removeChild(this); };
  Element.prototype.setAttribute = function (name, value) { this.attributes[name] = String(value); };
  Element.prototype.removeAttribute = function (name) { delete this.attributes[name]; };
  Element.prototype.hasAttribute = function (name) { return name in this.attributes; };
  Element.prototype.getAttribute = function (name) {
    return name in this.attributes ? this.attributes[name] : null;
  };
  Element.prototype.addEventListener = function (type, listener) {
    (this.listeners[type] = this.listeners[type] || []).push(listener);
  };
  Element.prototype.removeEventListener = function (type, listener) {
    this.listeners[type] = (this.listeners[type] || []).filter(function (other) { return other !== listener; });
  };
  Element.prototype.dispatchEvent = function () { return true; };
  Element.prototype.querySelectorAll = function (selector) { return shim.select(selector, this); };
  Element.prototype.querySelector = function (selector) { return shim.select(selector, this)[0] || null; };
  Element.prototype.getElementsByTagName = Element.prototype.querySelectorAll;
  Element.prototype.getElementsByClassName = function (name) { return shim.select('.' + name, this); };
  Element.prototype.contains = function (other) {
    for (; other; other = other.parentNode) if (other === this) return true;
    return false;
  };
  Element.prototype.getBoundingClientRect = function () {
    return { left: 0, top: 0, right: 0, bottom: 0, width: 0, height: 0, x: 0, y: 0 };
  };
  ['focus', 'blur', 'click', 'select', 'submit', 'load', 'pause', 'scrollIntoView', 'scrollTo', 'setSelectionRange',
    'requestFullscreen'].forEach(function (name) { Element.prototype[name] = function () {}; });
  Element.prototype.play = function play() {
    throw shim.error('NotSupportedError', 'Failed to load because no supported source was found.');
  };
  property('offsetWidth', function () { return 0; });
  property('offsetHeight', function () { return 0; });
  property('clientWidth', function () { return PAGE_WIDTH; });
  property('clientHeight', function () { return PAGE_HEIGHT; });

  shim.error = function (name, message) {
    var error = new Error(message);
    error.name = name;
    return error;
  };

  // HTML: tags, attributes, text; what does not fit is text, as browsers have it ---------------------------------------
  var TAG = /<(\/?)([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>|<!--[\s\S]*?-->/gi;
  var ATTRIBUTE = /([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
  var ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: '\u00a0', apos: "'" };
  function decode(text) {
    return text.replace(/&(#x?[0-9a-f]+|\w+);/gi, function (whole, name) {
      if (name[0] !== '#') return ENTITIES[name] || whole;
      var code = name[1] === 'x' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
      return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : whole;
    });
  }
  shim.parseHtml = function (html) {
    var root = new Element('root'), open = root, at = 0, match;
    function text(until) {
      if (until > at) open.appendChild(new Text(decode(html.slice(at, until))));
    }
    TAG.lastIndex = 0;
    while ((match = TAG.exec(html))) {
      text(match.index);
      at = TAG.lastIndex;
      if (!match[2]) continue;
      var tag = match[2].toLowerCase();
      if (match[1]) {
        for (var e = open; e !== root; e = e.parentNode) {
          if (e.tagName === tag.toUpperCase()) { open = e.parentNode; break; }
        }
        continue;
      }
      var element = new Element(tag), attribute;
      ATTRIBUTE.lastIndex = 0;
      while ((attribute = ATTRIBUTE.exec(match[3]))) {
        var value = attribute[2] || attribute[3] || attribute[4] || '';
        element.attributes[attribute[1].toLowerCase()] = decode(value);
        if (attribute[1].toLowerCase() === 'style') readStyle(element, value);
      }
      open.appendChild(element);
      if (!VOID.test(tag)) open = element;
    }
    text(html.length);
    return root.childNodes.map(function (node) { node.parentNode = null; return node; });
  };
  function readStyle(element, text) {
    text.split(';').forEach(function (part) {
      var colon = part.indexOf(':');
      if (colon > 0) element.style[shim.camel(part.slice(0, colon).trim())] = part.slice(colon + 1).trim();
    });
  }
  shim.camel = function (name) {
    return String(name).replace(/-([a-z])/g, function (_, letter) { return letter.toUpperCase(); });
  };

  // Text as it is read: a break and the edges of a block begin a new line, other white space is one blank.
  var BLOCK = /^(P|DIV|LI|UL|OL|TR|TABLE|H[1-6]|CENTER|PRE|BLOCKQUOTE|SECTION|FORM|HR)$/, UNSEEN = /^(SCRIPT|STYLE|TITLE)$/;
  function shownText(node, isExact) {
    if (node.nodeType === 3) return isExact ? node.text : node.text.replace(/[ \t\r\n\f]+/g, ' ');
    if (node.tagName === 'BR') return '\n';
    if (UNSEEN.test(node.tagName)) return '';
    for (var i = 0, text = ''; i < node.childNodes.length; i++) text += shownText(node.childNodes[i], isExact || node.tagName === 'PRE');
    return BLOCK.test(node.tagName) ? '\n' + text + '\n' : text;
  }
  var SPECIAL = /[\t\r\n\f]|  /;
  shim.shownText = function (nodes) {
    var only = nodes.length === 1 && nodes[0].childNodes && nodes[0].childNodes.length === 1 ? nodes[0].childNodes[0] : null;
    if (only && only.nodeType === 3 && !SPECIAL.test(only.text) && !UNSEEN.test(nodes[0].tagName)) return only.text;
    for (var i = 0, text = ''; i < nodes.length; i++) text += shownText(nodes[i], false);
    return text.replace(/ *\n[ \n]*/g, '\n').replace(/^\n|\n$/g, '');
  };
  // The words of what a command is given: HTML, an element or a set of them.
  shim.textOf = function (html) {
    if (html && html.textContent !== undefined) return html.nodeType ? shim.shownText([html]) : String(html.textContent);
    if (html instanceof shim.Query) return shim.shownText(html);
    html = String(html);
    return /[<&]/.test(html) ? shim.shownText(shim.parseHtml(html)) : html.replace(/[ \t\r\n\f]+/g, ' ');
  };

  // Selectors: tag, #id, .class, [attribute=value], pseudo-classes of position, lists and descendants -------------------
  var SIMPLE = /([#.]?)([\w-]+|\*)|\[([\w-]+)(?:[~^$*|]?=["']?([^\]"']*)["']?)?\]|:([\w-]+)(?:\(([^)]*)\))?/g;
  var VALID = /^[\s\w\-#.*,>+~:()\[\]="'^$|@\/]*$/;
  function matchesSimple(element, simple) {
    var match, good = true;
    SIMPLE.lastIndex = 0;
    while (good && (match = SIMPLE.exec(simple))) {
      if (match[3]) {
        good = match[3] in element.attributes && (match[4] === undefined || element.attributes[match[3]] === match[4]);
      } else if (match[5]) {
        continue;
      } else if (match[1] === '#') {
        good = element.attributes.id === match[2];
      } else if (match[1] === '.') {
        good = new ClassList(element).contains(match[2]);
      } else {
        good = match[2] === '*' || element.tagName === match[2].toUpperCase();
      }
    }
    return good;
  }
  shim.matches = function (element, selector) {
    return String(selector).split(',').some(function (one) {
      var parts = one.trim().split(/[\s>+~]+/), at = parts.length - 1;
      if (element.nodeType !== 1 || !matchesSimple(element, parts[at])) return false;
      for (var up = element.parentNode; at > 0; up = up.parentNode) {
        if (!up) return false;
        if (matchesSimple(up, parts[at - 1])) at--;
      }
      return true;
    });
  };
  shim.select = function (selector, root) {
    selector = String(selector);
    if (!VALID.test(selector) || /[#.]$|^[(,]/.test(selector.trim())) {
      throw new Error('Syntax error, unrecognized expression: ' + selector);
    }
    var found = root && root !== shim.html || !shim.matches(shim.html, selector) ? [] : [shim.html];
    (function visit(element) {
      element.childNodes.forEach(function (child) {
        if (child.nodeType !== 1) return;
        if (shim.matches(child, selector)) found[found.length] = child;
        visit(child);
      });
    })(root || shim.html);
    if (/:first/.test(selector)) return found.slice(0, 1);
    if (/:last/.test(selector)) return found.slice(-1);
    return found;
  };

  // The page ------------------------------------------------------------------------------------------------------
  shim.html = new Element('html');
  shim.head = shim.html.appendChild(new Element('head'));
  shim.body = shim.html.appendChild(new Element('body'));
  shim.field = new Element('samp');
  var page = new Element('#document');
  page.childNodes = [shim.html];
  page.body = shim.body;
  page.head = shim.head;
  page.documentElement = shim.html;
  page.cookie = '';
  page.title = '';
  page.readyState = 'complete';
  page.createElement = function (tag) { return new Element(String(tag)); };
  page.createTextNode = function (text) { return new Text(text); };
  page.getElementById = function (id) { return shim.select('[id="' + id + '"]', shim.html)[0] || null; };
  page.getElementsByTagName = page.querySelectorAll = function (selector) { return shim.select(selector, shim.html); };
  page.getElementsByClassName = function (name) { return shim.select('.' + name, shim.html); };
  page.querySelector = function (selector) { return shim.select(selector, shim.html)[0] || null; };
  page.write = function (html) { shim.parseHtml(String(html)).forEach(shim.body.appendChild, shim.body); };
  page.elementFromPoint = function () { return shim.body; };
  page.execCommand = function () { return false; };
  global.document = page;
  global.HTMLElement = global.Element = Element;
  global.Image = function Image() { return new Element('img'); };
  global.Audio = function Audio() { return new Element('audio'); };
})(globalThis, globalThis.__shim);
