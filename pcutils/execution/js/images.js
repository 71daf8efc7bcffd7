// Pictures that are loaded, none of which comes: what is known of them is their address and, at times, their size. And
// the keys of a piano.
(function (global, shim) {
  'use strict';
  // What a program may have replaced by the end is kept from the start.
  var toNumber = parseFloat, toText = String, least = Math.min;
  var LENGTH = /^\s*\d*\.?\d+(px)?\s*$/, LONGEST_SIDE = 10000, UNKNOWN_SIDE = 40, NAMED_SIZE = /\/img\/(\d{1,4})x(\d{1,4})-/;
  var LONGEST_NAME = 300, left = 100000;

  // Addresses may be long, where they hold the picture itself; all of them together have a limit.
  function kept(address) {
    if (address.length > LONGEST_NAME && (left -= address.length) < 0) return address.slice(0, LONGEST_NAME);
    return address;
  }
  function pixels(value) {
    return LENGTH.test(value) ? least(toNumber(value), LONGEST_SIDE) : 0;
  }
  // Width, height and address; a side that is not known is as long as the other one, or 0.
  function describe(address, width, height) {
    var named = NAMED_SIZE.exec(address);
    width = pixels(width);
    height = pixels(height);
    if (!width && !height && named) { width = +named[1]; height = +named[2]; }
    return [width || height, height || width, kept(address)];
  }

  // A turtle that wears a picture has its size.
  shim.wornSize = function (address, size) {
    var side = shim.isPlain(size) ? size : { height: size }, worn = describe(address, side.width, side.height);
    if (!worn[0]) worn[0] = worn[1] = UNKNOWN_SIDE;
    return worn;
  };

  // A picture on the page, as long as its owner stands there. Its size is asked for at the end, when all styles are set.
  shim.showPicture = function (element, owner) {
    var item = { kind: 'picture', text: '', element: owner };
    Object.defineProperty(item, 'size', { get: function () {
      try {
        var a = element.attributes, style = element.style;
        return describe(toText(a.src || ''), style.width || a.width, style.height || a.height);
      } catch (hostile) {
        return [0, 0, ''];
      }
    } });
    shim.output[shim.output.length] = item;
  };

  // Keys of a piano that have a colour of their own. A key has a number, middle C being 60, or a name as in a tune.
  var NAMES = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }, SHARPER = { '^': 1, '_': -1 }, PRESSED = 'yellow';
  function keyNumber(key) {
    var name = /^([_^]?)([A-G])([,']*)$/i.exec(key);
    if (!name) return +key;
    var octaves = (name[2] > 'Z' ? 1 : 0) + name[3].split("'").length - name[3].split(',').length;
    return 60 + 12 * octaves + NAMES[name[2].toUpperCase()] + (SHARPER[name[1]] || 0);
  }
  var Piano = global.Piano.prototype;
  Piano.drawkey = function (key, color) {
    shim.count();
    var number = keyNumber(key);
    if (this[0] && isFinite(number)) shim.drawOn(this[0], ['key', number, String(color || PRESSED)], true);
    return this;
  };
  Piano.draw = function () {
    if (this[0] && this[0].shim.marks) this[0].shim.marks[2].length = this[0].shim.stand = 0;
    return this;
  };
})(globalThis, globalThis.__shim);
