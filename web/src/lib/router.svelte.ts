// The address bar as state, and nothing more: a path, a query, and links that do not reload the page.

import { routeOf } from './route';

class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  query = $derived(new URLSearchParams(this.search));
  route = $derived(routeOf(this.path));

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('click', (event) => this.#click(event));
  }

  go(url: string, { replace = false } = {}): void {
    if (url === location.pathname + location.search) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', url);
    this.#read();
  }

  #read(): void {
    const moved = this.path !== location.pathname;
    this.path = location.pathname;
    this.search = location.search;
    if (moved) scrollTo(0, 0);
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (routeOf(link.pathname).name === 'missing') return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();
