// Who is logged in.

import { api, ApiError, onUnauthorized } from './api';
import { router } from './router.svelte';
import type { Me } from './types';

class Session {
  me = $state<Me | null>(null);
  /** False until the first answer of the server. */
  known = $state(false);
  unreachable = $state(false);

  /** True for who may change shipments, drivers, zones and webhooks. */
  canWrite = $derived(this.me !== null && ['admin', 'operator'].includes(this.me.role));
  isAdmin = $derived(this.me?.role === 'admin');

  async load(): Promise<void> {
    try {
      this.me = await api.get<Me>('/v1/me');
      this.unreachable = false;
    } catch (error) {
      this.me = null;
      this.unreachable = !(error instanceof ApiError && error.status === 401);
    }
    this.known = true;
  }

  async login(email: string, password: string): Promise<void> {
    await api.post('/v1/login', { email, password });
    await this.load();
  }

  async logout(): Promise<void> {
    await api.post('/v1/logout').catch(() => {});
    this.me = null;
    router.go('/login');
  }
}

export const session = new Session();
onUnauthorized.handler = () => {
  session.me = null;
};
