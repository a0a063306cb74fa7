// One WebSocket to /v1/live: subscribes, resumes after a break, waits longer after each failure.

import type { DeviceLatest, LogEvent } from '../types';

export type ConnectionState = 'connecting' | 'live' | 'waiting' | 'off';

export type ServerMessage =
  | { type: 'ready'; id?: string }
  | { type: 'position'; position: DeviceLatest }
  | { type: 'event'; id: string; event: LogEvent }
  | { type: 'error'; detail?: string; message?: string };

export interface Handlers {
  onState: (state: ConnectionState) => void;
  onPosition: (position: DeviceLatest) => void;
  onEvent: (event: LogEvent) => void;
  /** The connection came back: what has no log (positions) must be read again. */
  onResumed: () => void;
}

/** How long to wait before the given try (from 1), in milliseconds: doubles up to half a minute, and is spread. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(30_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** What this page wants to hear. `resume` is the place of the last event heard. */
export function subscribeMessage(resume: string | null): Record<string, unknown> {
  const wanted = { type: 'subscribe', all: true };
  return resume ? { ...wanted, resume } : wanted;
}

/** How long the server may take to answer a new connection, in milliseconds. */
const ANSWER_MS = 20_000;
/** Silence after which a connection is not trusted when the reader comes back to the page: it may have died in its sleep. */
const SILENCE_MS = 60_000;

export class LiveConnection {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #resume: string | null = null;
  #hadReady = false;
  #heardMs = 0;
  #wanted = false;

  constructor(private readonly handlers: Handlers) {}

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    addEventListener('online', this.#now);
    document.addEventListener('visibilitychange', this.#now);
    this.#open();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#timer);
    removeEventListener('online', this.#now);
    document.removeEventListener('visibilitychange', this.#now);
    this.#socket?.close();
    this.#socket = null;
    this.#resume = null;
    this.#hadReady = false;
    this.#attempt = 0;
    this.handlers.onState('off');
  }

  /** Tries at once instead of waiting on; a connection that has long been silent is made anew. */
  #now = (): void => {
    if (!this.#wanted || document.visibilityState === 'hidden') return;
    if (this.#socket && Date.now() - this.#heardMs < SILENCE_MS) return;
    this.#socket?.close();
    clearTimeout(this.#timer);
    this.#open();
  };

  #open(): void {
    this.handlers.onState('connecting');
    this.#heardMs = Date.now();
    const url = new URL('/v1/live', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    // A server that accepts the connection and then says nothing would otherwise hold the page for ever.
    const watchdog = setTimeout(() => socket.close(), ANSWER_MS);
    socket.onopen = () => socket.send(JSON.stringify(subscribeMessage(this.#resume)));
    socket.onmessage = ({ data }) => {
      clearTimeout(watchdog);
      this.#receive(String(data));
    };
    socket.onclose = () => {
      clearTimeout(watchdog);
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#wanted) this.#wait();
    };
  }

  #wait(): void {
    this.#attempt += 1;
    this.handlers.onState('waiting');
    this.#timer = setTimeout(() => this.#open(), backoffMs(this.#attempt, Math.random()));
  }

  #receive(text: string): void {
    this.#heardMs = Date.now();
    const message = parse(text);
    if (!message) return;
    switch (message.type) {
      case 'ready':
        this.#attempt = 0;
        this.#resume = message.id ?? this.#resume;
        this.handlers.onState('live');
        if (this.#hadReady) this.handlers.onResumed();
        this.#hadReady = true;
        break;
      case 'position':
        this.handlers.onPosition(message.position);
        break;
      case 'event':
        this.#resume = message.id;
        this.handlers.onEvent(message.event);
        break;
      case 'error':
        // The place to resume from may be too old: begin anew, and read everything again.
        this.#resume = null;
        break;
    }
  }
}

function parse(text: string): ServerMessage | null {
  try {
    return JSON.parse(text) as ServerMessage;
  } catch {
    return null;
  }
}
