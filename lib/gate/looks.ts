/**
 * The room for looks at upstreams that are not known to be up: a look is a connection that has no
 * place in the pool, and with those of clients there are never more than places. So it begins where
 * a place is free, or its client has no connection, or has just lost it; and a client who gets a
 * place meanwhile has its connection when there is room again.
 *
 * @module
 */

/** Counts the looks that are under way. */
export class Looks {
  #room: () => number;
  #underWay = 0;
  /** What is to be called when there may be room. */
  #later = new Set<() => void>();
  /** 1 while the connection of a client has just ended that still has its place. */
  #leaving = 0;
  #onEnd: () => void;

  /**
   * @param room How many connections there may be beside those of clients.
   * @param onEnd Called when a look is over.
   */
  constructor(room: () => number, onEnd: () => void) {
    this.#room = room;
    this.#onEnd = onEnd;
  }

  /**
   * Begins a look, where there is room.
   *
   * @param later Called once when there may be room, where there is none now. That may also never
   *   be.
   * @returns Whether it has begun. Then it has to {@linkcode end}.
   */
  begin(later: () => void): boolean {
    if (this.#underWay >= this.#room() + this.#leaving) {
      this.#later.add(later);
      return false;
    }
    this.#later.delete(later);
    this.#underWay++;
    return true;
  }

  /** A look is over: its connection has ended. */
  end(): void {
    this.#underWay--;
    this.#onEnd();
  }

  /**
   * Whether looks leave no room for the connection of one more client.
   *
   * @param counted 1 where the client counts among those who have a connection, else 0.
   */
  crowd(counted: 0 | 1): boolean {
    return this.#underWay > 0 && this.#underWay >= this.#room() + counted;
  }

  /** The connection of a client has ended: a look may have its room, one at the most. */
  offer(): void {
    const [later] = this.#later;
    if (later === undefined) return;
    this.#later.delete(later);
    this.#leaving = 1;
    try {
      later();
    } finally {
      this.#leaving = 0;
    }
  }
}
