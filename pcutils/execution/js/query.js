// `$`: sets of elements with the jQuery methods that pupils use. Turtles, sprites and tables are such sets too.
(function (global, shim) {
  'use strict';
  var Element = shim.Element;

  function Query(elements) {
    this.length = 0;
    for (var i = 0; i < elements.length; i++) this[this.length++] = elements[i];
  }
  shim.Query = Query;
  shim.wrap = function (elements) { return new Query(elements); };

  function collect(value, context) {
    if (value === undefined || value === null || value === '') return [];
    if (value instanceof Query) return list(value);
    if (typeof value === 'function') { shim.plan(0, function () { value.call(global.document, $); }); return [global.document]; }
    if (typeof value !== 'string') {
      return value !== global && typeof value !== 'string' && Array.isArray(value) ? value.slice() : [value];
    }
    if (/^\s*</.test(value)) return shim.parseHtml(value.trim());
    if (context !== undefined && context !== null) return $(context).find(value).get();
    return shim.select(value, shim.html);
  }
  function list(query) { return Array.prototype.slice.call(query); }
  function $(value, context) {
    return new Query(collect(value, context));
  }
  shim.$ = $;
  $.fn = Query.prototype;
  $.prototype = Query.prototype;
  Query.prototype.constructor = $;
  Query.prototype.jquery = '2.1.3';
  Query.prototype.splice = Array.prototype.splice;

  function method(names, action) {
    names.split(' ').forEach(function (name) {
      Object.defineProperty(action, 'name', { value: name, configurable: true });
      Query.prototype[name] = action;
    });
  }
  shim.method = method;
  // A method that does something to every element and returns the set.
  function each(names, action) {
    method(names, function () {
      for (var i = 0; i < this.length; i++) action.apply(this[i], arguments);
      return this;
    });
  }

  shim.each = each;

  // Members --------------------------------------------------------------------------------------------------------
  method('each', function (action) {
    for (var i = 0; i < this.length; i++) if (action.call(this[i], i, this[i]) === false) break;
    return this;
  });
  method('map', function (action) {
    var found = [];
    this.each(function (i, e) { var value = action.call(e, i, e); if (value != null) found = found.concat(value); });
    return shim.wrap(found);
  });
  method('get', function (i) { return i === undefined ? list(this) : this[i < 0 ? this.length + i : i]; });
  method('toArray', function () { return list(this); });
  method('eq', function (i) { i = +i < 0 ? this.length + +i : +i; return shim.wrap(i in this ? [this[i]] : []); });
  method('first', function () { return this.eq(0); });
  method('last', function () { return this.eq(-1); });
  method('slice', function (from, to) { return shim.wrap(list(this).slice(from, to)); });
  method('size', function () { return this.length; });
  method('add', function (other) { return shim.wrap(list(this).concat(collect(other))); });
  method('addBack andSelf end', function () { return this; });
  method('index', function (what) {
    if (what === undefined) return this[0] && this[0].parentNode ? this[0].parentNode.children.indexOf(this[0]) : -1;
    return list(this).indexOf(what instanceof Query ? what[0] : typeof what === 'string' ? $(what)[0] : what);
  });
  function passes(test) {
    if (typeof test === 'function') return function (e, i) { return test.call(e, i, e); };
    if (typeof test === 'string') return function (e) { return shim.matches(e, test); };
    return function (e) { return collect(test).indexOf(e) >= 0; };
  }
  method('filter', function (test) { return shim.wrap(list(this).filter(passes(test))); });
  method('not', function (test) {
    var pass = passes(test);
    return shim.wrap(list(this).filter(function (e, i) { return !pass(e, i); }));
  });
  method('is', function (test) { return list(this).some(passes(test)); });
  method('has', function (test) { return this.filter(function () { return $(this).find(test).length; }); });
  function related(name, step) {
    method(name, function (test) {
      var found = [];
      for (var i = 0; i < this.length; i++) {
        step(this[i]).forEach(function (e) { if (found.indexOf(e) < 0) found.push(e); });
      }
      var set = shim.wrap(found);
      return test === undefined ? set : set.filter(test);
    });
  }
  function up(e) {
    var found = [];
    for (e = e.parentNode; e; e = e.parentNode) found.push(e);
    return found;
  }
  function around(e, from, to) {
    var all = e.parentNode ? e.parentNode.children : [], at = all.indexOf(e);
    return all.slice(from === -1 ? 0 : at + 1, to === 0 ? at : undefined);
  }
  related('parent', function (e) { return e.parentNode ? [e.parentNode] : []; });
  related('parents parentsUntil', up);
  related('children', function (e) { return e.children || []; });
  related('contents', function (e) { return e.childNodes || []; });
  related('siblings', function (e) { return around(e, -1).filter(function (other) { return other !== e; }); });
  related('next', function (e) { return around(e).slice(0, 1); });
  related('nextAll', function (e) { return around(e); });
  related('prev', function (e) { return around(e, -1, 0).slice(-1); });
  related('prevAll', function (e) { return around(e, -1, 0).reverse(); });
  related('offsetParent', function (e) { return e.parentNode ? [e.parentNode] : []; });
  method('closest', function (test) {
    return this.map(function () { return [this].concat(up(this)).filter(passes(test))[0]; });
  });
  method('find', function (selector) {
    return this.map(function () { return typeof selector === 'string' ? shim.select(selector, this) : collect(selector); });
  });

  // Content ---------------------------------------------------------------------------------------------------------
  function nodes(content) {
    if (content instanceof Query) return list(content);
    if (content instanceof Element || (content && content.nodeType)) return [content];
    if (Array.isArray(content)) return [].concat.apply([], content.map(nodes));
    return content == null ? [] : shim.parseHtml(String(content));
  }
  each('append', function () {
    for (var i = 0; i < arguments.length; i++) nodes(arguments[i]).forEach(this.appendChild, this);
    shim.shown(this);
  });
  each('prepend', function (content) {
    var first = this.firstChild, self = this;
    nodes(content).forEach(function (node) { self.insertBefore(node, first); });
  });
  each('after', function (content) {
    var self = this, all = this.parentNode ? this.parentNode.childNodes : [];
    nodes(content).forEach(function (n) { if (self.parentNode) self.parentNode.insertBefore(n, all[all.indexOf(self) + 1]); });
  });
  each('before', function (content) {
    var self = this;
    nodes(content).forEach(function (n) { if (self.parentNode) self.parentNode.insertBefore(n, self); });
  });
  [['appendTo', 'append'], ['prependTo', 'prepend'], ['insertAfter', 'after'], ['insertBefore', 'before']]
    .forEach(function (pair) {
      method(pair[0], function (target) { $(target)[pair[1]](this); return this; });
    });
  each('empty', function () { this.childNodes = []; });
  each('detach replaceWith unwrap', function () { if (this.parentNode) this.parentNode.removeChild(this); });
  method('wrap wrapAll wrapInner', function () { return this; });
  method('clone', function () {
    return this.map(function () { return shim.parseHtml(this.outerHTML)[0]; });
  });
  method('html', function (value) {
    if (value === undefined) return this[0] ? this[0].innerHTML : undefined;
    return this.each(function (i) {
      this.innerHTML = typeof value === 'function' ? value.call(this, i, this.innerHTML) : String(value);
      shim.shown(this);
    });
  });
  method('text', function (value) {
    if (value === undefined) return list(this).map(function (e) { return e.textContent; }).join('');
    return this.each(function (i) {
      this.textContent = typeof value === 'function' ? value.call(this, i, this.textContent) : String(value);
      shim.shown(this);
    });
  });
  function field(name) { return this.tagName === 'INPUT' || this.value ? this.value : this.attributes.value || ''; }
  method('val', function (value) {
    if (value === undefined) return this[0] ? field.call(this[0]) : undefined;
    return this.each(function () { this.value = String(value); });
  });

  // Attributes, styles, data ------------------------------------------------------------------------------------------
  function getterSetter(name, get, set) {
    method(name, function (key, value) {
      if (key !== null && typeof key === 'object' && !Array.isArray(key)) {
        for (var k in key) this[name](k, key[k]);
        return this;
      }
      if (value === undefined) return this[0] ? get(this[0], key) : undefined;
      return this.each(function (i) {
        set(this, key, typeof value === 'function' && name !== 'data' ? value.call(this, i, get(this, key)) : value);
      });
    });
  }
  getterSetter('attr', function (e, key) { return e.attributes ? e.attributes[key] : undefined; },
    function (e, key, value) { if (e.attributes) e.attributes[key] = String(value); });
  getterSetter('prop', function (e, key) { return e[key]; }, function (e, key, value) { e[key] = value; });
  getterSetter('data', function (e, key) {
    var all = e.shim ? e.shim.data || {} : {};
    return key === undefined ? all : all[key];
  }, function (e, key, value) { if (e.shim) (e.shim.data = e.shim.data || {})[key] = value; });
  getterSetter('css', function (e, key) {
    var special = shim.turtleStyle(e, shim.camel(key));
    return special !== undefined ? special : e.style ? e.style[shim.camel(key)] || '' : '';
  }, function (e, key, value) {
    key = shim.camel(key);
    if (shim.turtleStyle(e, key, value) === undefined && e.style) {
      e.style[key] = typeof value === 'number' && !/opacity|zIndex|fontWeight/i.test(key) ? value + 'px' : String(value);
    }
  });
  // A style is known by its name; what is no name cannot be looked up.
  Query.prototype.css = (function (css) {
    return function (key, value) {
      var type = typeof key, names = Array.isArray(key) ? key : [key];
      if (type === 'object' && key && !Array.isArray(key) && !shim.isPlain(key)) return this;
      if (this.length && (key === undefined || key === null)) throw new TypeError("Cannot read properties of undefined (reading 'replace')");
      if (this.length && type !== 'object' && type !== 'string') throw new TypeError('e.replace is not a function');
      if (!Array.isArray(key)) return arguments.length > 1 ? css.call(this, key, value) : css.call(this, key);
      if (!names.every(function (name) { return typeof name === 'string'; })) throw new TypeError('e.replace is not a function');
      var found = {}, self = this;
      names.forEach(function (name) { found[name] = css.call(self, name); });
      return found;
    };
  })(Query.prototype.css);
  each('removeAttr', function (name) { if (this.attributes) delete this.attributes[name]; });
  each('removeData', function () { if (this.shim) this.shim.data = {}; });
  each('addClass', function (name) { if (this.classList) String(name).split(/\s+/).forEach(this.classList.add, this.classList); });
  each('removeClass', function (name) { if (this.classList) this.classList.remove(name); });
  each('toggleClass', function (name) { if (this.classList) this.classList.toggle(name); });
  method('hasClass', function (name) { return list(this).some(function (e) { return e.classList && e.classList.contains(name); }); });
  function measure(names, read) {
    names.split(' ').forEach(function (name) {
      method(name, function (value) {
        if (value !== undefined && value !== true) return this.css(name, value);
        return this.length ? read(this[0], name) : null;
      });
    });
  }
  measure('width innerWidth outerWidth', function (e) { return pixels(e, 'width', shim.pageWidth); });
  measure('height innerHeight outerHeight', function (e) { return pixels(e, 'height', shim.pageHeight); });
  measure('scrollTop scrollLeft', function () { return 0; });
  function pixels(e, name, page) {
    if (e === global || e === global.document || e === shim.body) return page;
    return parseFloat((e.style && e.style[name]) || (e.attributes && e.attributes[name])) || 0;
  }
  method('offset position', function (value) {
    if (value !== undefined) return this;
    return this.length ? shim.pagePosition(this[0]) : undefined;
  });
})(globalThis, globalThis.__shim);
