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
    [/^invalid array length$/, 'Invalid array length'],
    [/^empty array$/, 'Reduce of empty array with no initial value'],
    [/^invalid 'instanceof' right operand$/, "Right-hand side of 'instanceof' is not callable"],
    [/^invalid number of digits$/, 'toFixed() digits argument must be between 0 and 100']
  ];
  var LONGEST = 200000;

  shim.translate = function (text, stack) {
    if (text === 'InternalError: string too long') return 'RangeError: Invalid string length';
    var colon = text.indexOf(': '), name = text.slice(0, colon), message = text.slice(colon + 2);
    if (message === 'not a function' || message === 'not a constructor') {
      var subject = calledAt(stack);
      return subject ? name + ': ' + subject : text;
    }
    for (var i = 0; i < WORDS.length; i++) {
      if (WORDS[i][0].test(message)) return name + ': ' + message.replace(WORDS[i][0], WORDS[i][1]);
    }
    return text;
  };

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
        if (!isWord(code[from - 1]) && code[from - 1] !== ')' && code[from - 1] !== ']') return '[]' + text;
        text = code.slice(from, at) + text;
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

  // The brackets of calls around a place, innermost first, after the call that starts at the place itself.
  function callsNear(code, offset, partner) {
    var calls = [], at;
    for (at = offset; at < code.length && at < offset + 400; at++) {
      if (code[at] === '(') { calls[0] = at; break; }
      if (code[at] === '[' && partner[at] !== undefined) at = partner[at];
      else if (!isWord(code[at]) && code[at] !== '.' && code[at] !== ' ') break;
    }
    for (at = offset - 1; at >= 0; at--) {
      if (code[at] === '(' && partner[at] >= offset) calls[calls.length] = at;
    }
    if (!calls.length && (at = code.indexOf('(', offset)) >= 0) calls[0] = at;
    return calls.slice(0, 20);
  }

  // The stack says what was looked at last before the call: the start of its last link, or something among its arguments.
  function calledAt(stack) {
    var place = /^\s*at [^\n]*\(<input>:(\d+):(\d+)\)/.exec(stack), code = shim.code;
    if (!place || !code || code.length > LONGEST) return null;
    var offset = 0, likely = null;
    for (var line = 1; line < +place[1]; line++) {
      offset = code.indexOf('\n', offset) + 1;
      if (offset === 0) return null;
    }
    offset += +place[2] - 1;
    var partner = partners(code), calls = callsNear(code, offset, partner);
    for (var i = 0; i < calls.length; i++) {
      var found = expression(code, calls[i], partner);
      if (!found || /^(if|for|while|switch|function|return|catch|with)$/.test(found)) continue;
      var text = found.isNew ? found.text : found, wrong = isNoFunction(text);
      if (wrong === false) continue;
      text += found.isNew ? ' is not a constructor' : ' is not a function';
      if (wrong) return text;
      likely = likely || text;
    }
    return likely;
  }
})(globalThis, globalThis.__shim);
