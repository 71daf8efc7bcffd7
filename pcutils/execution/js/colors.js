// The colour names of CSS as global words, and the functions that make a colour.
(function (global, shim) {
  'use strict';
  var NAMES = ('aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown ' +
    'burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan ' +
    'darkgoldenrod darkgray darkgreen darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon ' +
    'darkseagreen darkslateblue darkslategray darkturquoise darkviolet deeppink deepskyblue dimgray dodgerblue ' +
    'firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow honeydew ' +
    'hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral ' +
    'lightcyan lightgoldenrodyellow lightgray lightgreen lightpink lightsalmon lightseagreen lightskyblue ' +
    'lightslategray lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue ' +
    'mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred ' +
    'midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid ' +
    'palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple ' +
    'rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue ' +
    'slateblue slategray snow springgreen steelblue tan teal thistle tomato transparent turquoise violet wheat white ' +
    'whitesmoke yellow yellowgreen').split(' ');
  var known = Object.create(null);
  NAMES.forEach(function (name) {
    known[name] = true;
    global[name] = name;
    var british = name.replace('gray', 'grey');
    known[british] = true;
    global[british] = british;
  });

  // Words that commands take, written without quotes.
  ['none', 'erase', 'path', 'up', 'down', 'on', 'off', 'color', 'position', 'normal', 'touch'].forEach(function (word) {
    if (word !== 'on' && word !== 'off') global[word] = word;
  });

  function numbers(name, count) {
    return function () {
      var parts = [];
      for (var i = 0; i < count; i++) {
        var value = arguments[i];
        parts[i] = name.slice(0, 3) === 'hsl' && (i === 1 || i === 2) && typeof value === 'number'
          ? Math.round(value * 100) + '%' : name.slice(0, 3) === 'rgb' && i < 3 && typeof value === 'number'
            ? Math.round(value) : value;
      }
      return name + '(' + parts.join(',') + ')';
    };
  }
  global.rgb = numbers('rgb', 3);
  global.rgba = numbers('rgba', 4);
  global.hsl = numbers('hsl', 3);
  global.hsla = numbers('hsla', 4);

  shim.randomColor = function (gray) {
    if (gray) {
      var level = Math.floor(shim.random() * 256);
      return 'rgb(' + level + ',' + level + ',' + level + ')';
    }
    return 'hsl(' + Math.floor(shim.random() * 360) + ',100%,50%)';
  };

  // What counts as a colour: a name, a hexadecimal number, or one of the functions.
  var VALUE = /^(#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(rgb|hsl)a?\([-\d.,%\s\/]+\))$/i;
  shim.isColor = function (value) {
    if (typeof value !== 'string' || value.length > 100) return false;
    var text = value.trim().toLowerCase();
    return known[text] === true || VALUE.test(text);
  };
})(globalThis, globalThis.__shim);
