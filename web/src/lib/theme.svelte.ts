// Light or dark: the system's choice, unless the reader made one.

export type Theme = 'light' | 'dark';

const KEY = 'tracklane-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

class ThemeState {
  chosen = $state<Theme | null>(read());
  #system = $state<Theme>(system.matches ? 'dark' : 'light');
  now = $derived<Theme>(this.chosen ?? this.#system);

  constructor() {
    system.addEventListener('change', (event) => (this.#system = event.matches ? 'dark' : 'light'));
  }

  toggle(): void {
    this.chosen = this.now === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = this.chosen;
    try {
      localStorage.setItem(KEY, this.chosen);
    } catch {
      // No storage: the choice lasts until the page is closed.
    }
  }
}

function read(): Theme | null {
  const theme = document.documentElement.dataset.theme;
  return theme === 'light' || theme === 'dark' ? theme : null;
}

export const theme = new ThemeState();
