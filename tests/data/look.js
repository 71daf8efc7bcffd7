() => {
  const article = document.querySelector('article') || document.body;
  const words = element => (element ? element.textContent.trim() : '');
  const named = element => {
    const label = element.getAttribute('aria-label') || element.getAttribute('alt');
    const ids = (element.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean);
    const title = element.querySelector(':scope > title');
    return Boolean(label || words(title) || ids.some(id => words(document.getElementById(id))));
  };
  const hidden = element => element.closest('[aria-hidden="true"], button') !== null;
  const describe = element => element.outerHTML.slice(0, 160);
  const wide = () => {
    const scroll = element => {
      for (let box = element; box && box !== document.body; box = box.parentElement)
        if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(box).overflowX)) return true;
      return false;
    };
    return [...article.querySelectorAll('*')]
      .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scroll(e)).slice(0, 3).map(describe);
  };
  return {
    title: words(article.querySelector('h1')),
    figures: article.querySelectorAll('figure').length,
    without_caption: [...article.querySelectorAll('figure')]
      .filter(f => !words(f.querySelector('figcaption'))).map(describe),
    without_words: [...article.querySelectorAll('svg, img')]
      .filter(p => !hidden(p) && !named(p) && !p.parentElement.closest('svg, [role="img"]')).map(describe),
    errors: [...article.querySelectorAll('.output.traceback, .output.stderr')]
      .map(e => words(e).slice(0, 200)),
    too_wide: document.documentElement.scrollWidth > innerWidth ? wide() : [],
    page_width: document.documentElement.scrollWidth,
    links: [...document.querySelectorAll('a[href]')].map(a => a.href),
    ids: [...document.querySelectorAll('[id]')].map(e => e.id),
  };
}
