// Pictures that are loaded, none of which comes: what is known of them is their address and, at times, their size.
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

  // A turtle that wears a picture.
  shim.wear = (function (wear) {
    return function (turtle, look, shape, size) {
      wear(turtle, look, shape);
      if (turtle.shape !== 'picture') return;
      var side = shim.isPlain(size) ? size : { height: size };
      turtle.size = describe(turtle.picture, side.width, side.height);
      if (!turtle.size[0]) turtle.size[0] = turtle.size[1] = UNKNOWN_SIDE;
    };
  })(shim.wear);

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
})(globalThis, globalThis.__shim);
