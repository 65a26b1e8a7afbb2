// Names a part of the page that the theme leaves without a name.

document.querySelector('.md-search[role=dialog]')?.setAttribute('aria-label', 'Search');
