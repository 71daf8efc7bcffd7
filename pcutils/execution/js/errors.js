// Says errors in a browser's words: what is missing is named by the text of the program, not by the interpreter.
(function (global, shim) {
  'use strict';
  var WORDS = [
    [/^cannot read property '([\s\S]*)' of (undefined|null)$/, "Cannot read properties of $2 (reading '$1')"],
    [/^cannot set property '([\s\S]*)' of (undefined|null)$/, "Cannot set properties of $2 (setting '$1')"],
    [/^'([\s\S]*)' is read-only$/, 'Assignment to constant variable.'],
    [/^(\S+) is not initialized$/, "Cannot access '$1' before initialization"],
    [/^break must be inside loop or switch$/, 'Illegal break statement'],
    [/^continue must be inside loop$/, 'Illegal continue statement: no surrounding iteration statement'],
    [/^return not in a function$/, 'Illegal return statement'],
    [/^invalid array length$/, 'Invalid array length'],
    [/^empty array$/, 'Reduce of empty array with no initial value'],
    [/^invalid 'instanceof' right operand$/, "Right-hand side of 'instanceof' is not callable"],
    [/^invalid number of digits$/, 'toFixed() digits argument must be between 0 and 100'],
    [/^bad normalization form$/, 'The normalization form should be one of NFC, NFD, NFKC, NFKD.'],
    [/^expecting (hex digit|surrogate pair)$/, 'URI malformed'],
    [/^invalid redefinition of lexical identifier$/, 'Identifier has already been declared'],
    [/^missing initializer for variable$/, 'Missing initializer in const declaration'],
    [/^invalid assignment left-hand side$/, 'Invalid left-hand side in assignment'],
    [/^(unexpected end of string|invalid number literal)$/, 'Invalid or unexpected token'],
    [/^unexpected token in expression: ''$/, 'Unexpected end of input'],
    [/^unexpected token in expression: '([\s\S]*)'$/, "Unexpected token '$1'"],
    [/^unexpected token: '([\s\S]*)'$/, "Unexpected token '$1'"]
  ];
  // What a regular expression may have wrong; the browser says it with the expression in front.
  var PATTERNS = { "expecting ')'": 'Unterminated group', 'unexpected end': 'Unterminated character class',
    'nothing to repeat': 'Nothing to repeat', 'invalid group': 'Invalid group' };
  var LONGEST = 200000;

  shim.translate = function (text, stack) {
    if (text === 'InternalError: string too long') return 'RangeError: Invalid string length';
    var colon = text.indexOf(': '), name = text.slice(0, colon), message = text.slice(colon + 2);
    if (message === 'not a function' || message === 'not a constructor') {
      var subject = calledAt(stack, message);
      return subject ? name + ': ' + subject : text;
    }
    for (var i = 0; i < WORDS.length; i++) {
      if (WORDS[i][0].test(message)) return name + ': ' + message.replace(WORDS[i][0], WORDS[i][1]);
    }
    return text;
  };

  // Some functions say in their own way what is wrong with what they are given --------------------------------------------
  function wrap(holder, name, explain) {
    var original = holder[name], call = Reflect.apply;
    var wrapped = { value: function () {
      try {
        return call(original, this, arguments);
      } catch (error) {
        throw explain(error, arguments, this) || error;
      }
    } }.value;
    Object.defineProperty(wrapped, 'name', { value: name });
    Object.defineProperty(wrapped, 'length', { value: original.length });
    Object.defineProperty(holder, name, { value: wrapped, writable: true, configurable: true });
  }
  var stringOf = String;
  wrap(JSON, 'parse', function (error, args) {
    if (!(error instanceof SyntaxError)) return null;
    var text = stringOf(args[0]), match = /^unexpected token: '([\s\S])/.exec(error.message);
    if (text === 'undefined' || text === '[object Object]') return new SyntaxError('"' + text + '" is not valid JSON');
    if (text.trim() === '') return new SyntaxError('Unexpected end of JSON input');
    if (match) return new SyntaxError("Unexpected token '" + match[1] + "', " + excerpt(text, text.indexOf(match[1])) + ' is not valid JSON');
    return null;
  });
  function excerpt(text, at) {
    if (text.length <= 40) return '"' + text + '"';
    return (at > 10 ? '..."' : '"') + text.slice(Math.max(0, at - 10), at + 10) + '"...';
  }
  wrap(JSON, 'stringify', function (error, args) {
    return error.message === 'circular reference' ? new TypeError(circle(args[0])) : null;
  });
  function classOf(value) { return value && value.constructor && value.constructor.name || 'Object'; }
  function circle(start) {
    var path = [start], keys = [], head = 'Converting circular structure to JSON\n    --> starting at object with constructor ';
    function step(key) { return /^\d+$/.test(key) ? 'index ' + key : "property '" + key + "'"; }
    for (var depth = 0; depth < 50; depth++) {
      var here = path[path.length - 1];
      for (var key in here) {
        var next = here[key], at = path.indexOf(next);
        if (at < 0) continue;
        var middle = keys.slice(at).map(function (k, i) {
          return '\n    |     ' + step(k) + " -> object with constructor '" + classOf(path[at + i + 1]) + "'";
        });
        if (middle.length > 2) middle = [middle[0], '\n    |     ...', middle[middle.length - 1]];
        return head + "'" + classOf(next) + "'" + middle.join('') + '\n    --- ' + step(key) + ' closes the circle';
      }
      for (key in here) if (here[key] && typeof here[key] === 'object') break;
      if (key === undefined) break;
      keys.push(key);
      path.push(here[key]);
    }
    return 'Converting circular structure to JSON';
  }
  wrap(String.prototype, 'repeat', function (error, args) {
    return /repeat count/.test(error.message) ? new RangeError('Invalid count value: ' + args[0]) : null;
  });
  wrap(Number.prototype, 'toPrecision', function (error) {
    return error instanceof RangeError ? new RangeError('toPrecision() argument must be between 1 and 100') : null;
  });
  wrap(Array.prototype, 'push', function (error, args, self) {
    return error.message === 'object is not extensible'
      ? new TypeError('Cannot add property ' + self.length + ', object is not extensible') : null;
  });
  wrap(Array.prototype, 'sort', function (error, args) {
    return error.message === 'not a function' && typeof args[0] !== 'function'
      ? new TypeError('The comparison function must be either a function or undefined') : null;
  });
  function named(value) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'string')) return stringOf(value);
    return typeof value === 'string' ? value : Array.isArray(value) ? stringOf(value) : '#<' + classOf(value) + '>';
  }
  ['forEach', 'map', 'filter', 'find', 'findIndex', 'some', 'every', 'reduce'].forEach(function (name) {
    wrap(Array.prototype, name, function (error, args) {
      return error.message === 'not a function' && typeof args[0] !== 'function' ? new TypeError(named(args[0]) + ' is not a function') : null;
    });
  });
  ['match', 'search'].forEach(function (name) {
    wrap(String.prototype, name, function (error, args) {
      var why = error instanceof SyntaxError && PATTERNS[error.message];
      return why ? new SyntaxError('Invalid regular expression: /' + args[0] + '/: ' + why) : null;
    });
  });
  var RealRegExp = RegExp;
  global.RegExp = new Proxy(RealRegExp, { construct: make, apply: make });
  RealRegExp.prototype.constructor = global.RegExp;
  function make(target, self, args) {
    args = Array.isArray(args) ? args : self;
    try {
      return Reflect.construct(RealRegExp, args);
    } catch (error) {
      if (PATTERNS[error.message]) throw new SyntaxError('Invalid regular expression: /' + args[0] + '/: ' + PATTERNS[error.message]);
      if (/flags/.test(error.message)) throw new SyntaxError("Invalid flags supplied to RegExp constructor '" + args[1] + "'");
      throw error;
    }
  }

  // Finds the partner of every bracket, strings and comments left out.
  function partners(code) {
    var partner = Object.create(null), open = [];
    for (var i = 0; i < code.length; i++) {
      var c = code[i];
      if (c === '"' || c === "'" || c === '`') {
        var start = i;
        for (i++; i < code.length && code[i] !== c; i++) if (code[i] === '\\') i++;
        partner[i] = start;
      } else if (c === '/' && code[i + 1] === '/') {
        while (i < code.length && code[i] !== '\n') i++;
      } else if (c === '/' && code[i + 1] === '*') {
        i = code.indexOf('*/', i) + 1;
        if (i === 0) break;
      } else if (c === '(' || c === '[' || c === '{') {
        open[open.length] = i;
      } else if ((c === ')' || c === ']' || c === '}') && open.length) {
        var begin = open.pop();
        partner[i] = begin;
        partner[begin] = i;
      }
    }
    return partner;
  }
  function isWord(c) { return c !== undefined && /[\w$\u0080-\uffff]/.test(c); }

  // Writes the expression that ends before `end`, with arguments as "(...)".
  function expression(code, end, partner) {
    var text = '', at = end;
    for (;;) {
      var c = code[at - 1];
      if (isWord(c)) {
        var start = at;
        while (isWord(code[start - 1])) start--;
        text = code.slice(start, at) + text;
        at = start;
      } else if (c === ')' && partner[at - 1] !== undefined) {
        at = partner[at - 1];
        if (!isWord(code[at - 1]) && code[at - 1] !== ')' && code[at - 1] !== ']') return '(intermediate value)' + text;
        text = '(...)' + text;
        continue;
      } else if (c === ']' && partner[at - 1] !== undefined) {
        var from = partner[at - 1];
        if (!isWord(code[from - 1]) && code[from - 1] !== ')' && code[from - 1] !== ']') return code.slice(from, at).replace(/\s+/g, '') + text;
        text = /^\[(['"])[^'"]*\1\]$/.test(code.slice(from, at)) ? '.' + code.slice(from + 2, at - 2) + text : code.slice(from, at) + text;
        at = from;
        continue;
      } else if ((c === '"' || c === "'") && partner[at - 1] !== undefined) {
        return '"' + code.slice(partner[at - 1] + 1, at - 1) + '"' + text;
      } else {
        return text === '' ? null : '(intermediate value)' + text;
      }
      if (code[at - 1] !== '.') break;
      text = '.' + text;
      at--;
      while (/\s/.test(code[at - 1])) at--;
    }
    if (/(^|[^\w$.])new\s+$/.test(code.slice(Math.max(0, at - 6), at))) return { isNew: true, text: text };
    return text;
  }

  // Looks a plain chain of names up: false when it is a function, true when it is none, null when that is unknown.
  function isNoFunction(chain) {
    if (!/^[\w$]+(\.[\w$]+)*$/.test(chain)) return null;
    var names = chain.split('.'), value = global;
    for (var i = 0; i < names.length; i++) {
      if (value === null || value === undefined || (i === 0 && !(names[0] in global))) return null;
      value = value[names[i]];
    }
    return typeof value !== 'function';
  }

  // The brackets of the calls in the rest of the statement, in the order in which they are made: inner ones first.
  function callsNear(code, offset, partner) {
    var calls = [], at, end = code.length;
    for (at = offset; at < code.length && at < offset + 2000; at++) {
      var c = code[at];
      if (c === ';' || c === ')' || c === '}' || (c === '{' && at > offset)) { end = at; break; }
      if ((c === '(' || c === '[') && partner[at] !== undefined) at = partner[at];
    }
    for (at = offset; at < end && calls.length < 50; at++) if (code[at] === '(' && partner[at] !== undefined) calls[calls.length] = at;
    for (at = offset - 1; at >= 0 && at > offset - 20000; at--) {
      if (code[at] === '(' && partner[at] >= offset) calls[calls.length] = at;
    }
    return calls.sort(function (a, b) { return partner[a] - partner[b]; });
  }
  function offsetOf(code, line, column) {
    var offset = 0;
    for (var i = 1; i < line; i++) {
      offset = code.indexOf('\n', offset) + 1;
      if (offset === 0) return -1;
    }
    return offset + column - 1;
  }

  // The stack says what was looked at last before the call: the name of a method, or the start of the last plain call.
  function calledAt(stack, message) {
    var place = /^\s*at [^\n]*\(<input>:(\d+):(\d+)\)/.exec(stack), code = shim.code;
    if (!place || typeof code !== 'string' || code.length > LONGEST) return null;
    var offset = offsetOf(code, +place[1], +place[2]), likely = null;
    if (offset < 0) return null;
    var made = /^[\w$.]+/.exec(code.slice(offset, offset + 100));
    if (made && /(^|[^\w$.])new\s+$/.test(code.slice(Math.max(0, offset - 6), offset)) &&
        (message === 'not a constructor' || isNoFunction(made[0]))) {
      return made[0] + ' is not a constructor';
    }
    var partner = partners(code), calls = callsNear(code, offset, partner);
    if (code[offset - 1] === '.') {
      var open = offset;
      while (isWord(code[open])) open++;
      if (code[open] === '(') calls.unshift(open);
    }
    for (var i = 0; i < calls.length; i++) {
      var found = expression(code, calls[i], partner);
      if (!found || /^(if|for|while|switch|function|return|catch|with)$/.test(found)) continue;
      var text = found.isNew ? found.text : found, wrong = isNoFunction(text);
      if (wrong === false) continue;
      if (found.isNew && text.indexOf('(...)') >= 0) {
        text = text.replace(/^[^(]*\(\.\.\.\)/, '(intermediate value)') + ' is not a function';
      } else {
        text += found.isNew ? ' is not a constructor' : ' is not a function';
      }
      if (wrong) return text;
      likely = likely || text;
    }
    return likely;
  }
})(globalThis, globalThis.__shim);
