// Short messages after an action, read out by screen readers.

import { messageOf } from './api';

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'error';
}

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  done(text: string): void {
    this.#add(text, 'done', 4000);
  }

  error(text: string): void {
    this.#add(text, 'error', 9000);
  }

  /** Does something and says `done`, or what went wrong. */
  async tell(action: () => Promise<unknown>, done = ''): Promise<void> {
    try {
      await action();
      if (done) this.done(done);
    } catch (error) {
      this.error(messageOf(error));
    }
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(text: string, kind: Toast['kind'], milliseconds: number): void {
    const id = this.#next++;
    this.list = [...this.list, { id, text, kind }];
    setTimeout(() => this.dismiss(id), milliseconds);
  }
}

export const toasts = new Toasts();
