// What stands on the page: text, questions, buttons, tables; and the events that wait for a person.
(function (global, shim) {
  'use strict';
  var $ = shim.$;

  // The colour behind everything, which the eraser brings back.
  var paper = null;
  function showPaper(style) {
    var color = String(style).split(/\s+(?![^(]*\))/).filter(shim.isColor)[0];
    if (!color) return;
    if (!paper) paper = shim.ops[shim.ops.length] = ['page', ''];
    paper[1] = color;
  }
  ['background', 'backgroundColor'].forEach(function (name) {
    [shim.body, shim.html].forEach(function (element) {
      var value = '';
      Object.defineProperty(element.style, name, { enumerable: true, configurable: true, get: function () { return value; },
        set: function (style) { value = style; showPaper(style); } });
    });
  });

  // Writing ----------------------------------------------------------------------------------------------------------
  shim.shown = function (element) {
    if (element.shim && element.shim.item) element.shim.item.text = shim.shownText([element]);
  };
  // What is written is made at once, and comes on the page when the main turtle has done what was asked of it before.
  var mayHavePictures = { text: true, heading: true, picture: true };
  function put(kind, element, text) {
    var item = { kind: kind, text: text, element: element };
    element.shim.item = item;
    shim.spend(text.length);
    shim.inTurn(function () {
      shim.body.appendChild(element);
      if (kind !== 'picture') shim.output[shim.output.length] = item;
      if (mayHavePictures[kind] !== true) return;
      picturesIn(element, []).forEach(function (picture) { shim.showPicture(picture, element); });
    });
    return shim.wrap([element]);
  }
  function picturesIn(element, found) {
    if (element.tagName === 'IMG') found[found.length] = element;
    for (var i = 0; i < element.childNodes.length; i++) if (element.childNodes[i].nodeType === 1) picturesIn(element.childNodes[i], found);
    return found;
  }
  function writeBlock(content) {
    var nodes = content && content.nodeType ? [content] : shim.parseHtml(String(content));
    var block = nodes[0];
    if (nodes.length !== 1 || !block || block.nodeType !== 1) {
      block = new shim.Element('div');
      nodes.forEach(block.appendChild, block);
    }
    runScripts(block);
    return put(/^H[1-3]$/.test(block.tagName) ? 'heading' : 'text', block, shim.shownText([block]));
  }
  function runScripts(block) {
    if (block.tagName !== 'SCRIPT') return;
    var code = block.textContent;
    block.childNodes = [];
    if (code.trim()) shim.guard(function () { (0, eval)(code); });
  }
  shim.word('write', function () { return writeBlock([].slice.call(arguments).join(' ')); });
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
  // Text that goes on in the line that stands last on the page.
  var kept = { PRE: null, P: null };
  function goOn(tag, text) {
    var line = kept[tag];
    if (!line || shim.body.lastChild !== line) {
      line = kept[tag] = new shim.Element(tag);
      line.shim.item = { kind: 'text', text: '', element: line };
      shim.body.appendChild(line);
      shim.output[shim.output.length] = line.shim.item;
    }
    line.appendChild(global.document.createTextNode(text));
    line.shim.item.text += text;
  }
  function typed(name, textOf) {
    shim.turnCommand(name, function () {
      var text = textOf.apply(null, arguments);
      shim.spend(text.length);
      goOn('PRE', text);
    });
  }
  typed('type', function () { return [].map.call(arguments, String).join(''); });
  typed('typeline', function (text) { return (text || '') + '\n'; });
  typed('typebox', function (color, text) { return color === undefined || color === null ? ' ' : '\u25a0'; });
  // Bits without a line of their own; a program that never stops appending is one that hangs.
  var appended = 0;
  shim.turnCommand('append', function () {
    [].slice.call(arguments).forEach(function (content) {
      if (content === undefined || content === null || typeof content === 'function') return;
      var text = shim.textOf(content);
      if ((appended += text.length + 1) > shim.limits.output_characters) {
        shim.stop('timeout', 'gave more commands than can run in its time');
      }
      goOn('P', text);
    });
  });
  shim.word('img', function (url) {
    var element = new shim.Element('img');
    if (url) element.attributes.src = String(url);
    return put('picture', element, '');
  });
  function see() {}
  ['html', 'clear', 'init', 'loop', 'hide', 'show', 'scope', 'eval', 'repr', 'enter', 'visible', 'noconflict']
    .forEach(function (name) { see[name] = function () {}; });
  global.see = global.debug = see;
  global.log = function log() {};
  shim.word('help', shim.nothing);
  global.print = global.printpage = function print() {};

  // Questions wait for a person; none comes ----------------------------------------------------------------------------
  function ask(prompt) {
    var hasName = typeof prompt !== 'function' && (prompt || shim.isNumeric(prompt));
    var text = hasName ? shim.textOf(prompt).replace(/\n/g, ' ') : '', element = new shim.Element('label');
    element.appendChild(global.document.createTextNode(text));
    element.appendChild(new shim.Element('input'));
    return put('question', element, text);
  }
  ['read', 'readnum', 'readstr', 'listen'].forEach(function (name) { shim.word(name, function (prompt) { return ask(prompt); }); });
  shim.word('button', function (name, action) {
    if (typeof name === 'function' && action === undefined) { action = name; name = null; }
    var element = new shim.Element('button');
    element.textContent = name === undefined || name === null ? 'button' : String(name);
    shim.listen(element, 'click', action);
    return put('button', element, element.textContent);
  });
  shim.word('menu', function (choices, action) {
    var form = new shim.Element('form');
    var names = Array.isArray(choices) ? choices : shim.isPlain(choices) ? Object.keys(choices) : [choices];
    names.forEach(function (name, i) {
      var label = form.appendChild(new shim.Element('label'));
      label.textContent = typeof name === 'function' ? String(i + 1) : String(name);
      var outcome = Array.isArray(choices) || !shim.isPlain(choices) ? name : choices[name];
      shim.listen(label, 'click', function () { if (action) action(outcome); else if (typeof outcome === 'function') outcome(); });
    });
    return put('menu', form, names.map(function (n, i) { return typeof n === 'function' ? String(i + 1) : String(n); }).join('\n'));
  });
  function rowsOf(list) { return list.map(function (row) { return Array.isArray(row) ? row : [row]; }); }
  // What stands in the cells in the end, a line for each row, and which cells have a colour: [row, column, colour].
  var MOST_CELLS = 50;
  function cellsOf(element) {
    return element.children.slice(0, MOST_CELLS).map(function (row) { return row.children.slice(0, MOST_CELLS); });
  }
  function cellTexts(element) {
    return cellsOf(element).map(function (row) {
      return row.map(function (cell) { return cell.textContent.replace(/\s+/g, ' ').slice(0, 40); }).join('\t');
    }).join('\n').slice(0, 5000);
  }
  function cellColors(element) {
    var found = [];
    cellsOf(element).forEach(function (row, r) {
      row.forEach(function (cell, c) {
        var color = String(cell.style.backgroundColor || cell.style.background || '');
        if (shim.isColor(color)) found[found.length] = [+r, +c, color];
      });
    });
    return found;
  }
  // The end of a program is no time for errors, which a program may have prepared.
  function atTheEnd(item, name, read, otherwise) {
    Object.defineProperty(item, name, { set: shim.nothing, get: function () {
      try { return read(); } catch (hostile) { return otherwise; }
    } });
  }
  shim.word('table', function (rows, columns, cellStyle, tableStyle) {
    var content = Array.isArray(rows) ? rowsOf(rows) : [], element = new shim.Element('table');
    if (Array.isArray(rows)) {
      tableStyle = cellStyle;
      cellStyle = columns;
      columns = content.reduce(function (most, row) { return Math.max(most, row.length); }, 0);
      rows = content.length;
    }
    if (rows * Math.max(+columns || 0, 1) > 250000) shim.stop('timeout', 'asked for a table that cannot be made in its time');
    for (var r = 0; r < rows; r++) {
      var row = element.appendChild(new shim.Element('tr'));
      for (var c = 0; c < columns; c++) {
        var cell = row.appendChild(new shim.Element('td'));
        if (content[r] && c < content[r].length) cell.textContent = content[r][c] == null ? '' : String(content[r][c]);
      }
    }
    var made = put('table', element, ''), size = [element.children.length, element.children[0] ? element.children[0].children.length : 0];
    atTheEnd(element.shim.item, 'text', function () { return cellTexts(element); }, '');
    atTheEnd(element.shim.item, 'size', function () { return [size[0], size[1], cellColors(element)]; }, size);
    if (shim.isPlain(tableStyle)) made.css(tableStyle);
    if (shim.isPlain(cellStyle)) made.find('td').css(cellStyle);
    return made;
  });

  // Events are registered and wait ---------------------------------------------------------------------------------------
  ('click dblclick mousedown mouseup mousemove keydown keyup keypress').split(' ').forEach(function (name) {
    shim.word(name, function (filter, action) {
      shim.listen(global, name, action === undefined || action === null ? filter : action);
    });
    if (!/^key/.test(name)) global['last' + name] = new $.Event();
  });
  global.lastmouse = new $.Event();
  shim.word('pressed', function (key) {
    if (!key) return [];
    if (typeof key !== 'string') throw new TypeError('e.replace is not a function');
    return false;
  });
  global.pressed.list = function () { return []; };
  global.pressed.enable = shim.nothing;
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
})(globalThis, globalThis.__shim);
