/** What happens at a time: a binary heap over plain arrays, for a million of them. */
export class EventQueue<Event> {
  #times: number[] = []
  #events: Event[] = []

  push (time: number, event: Event): void {
    const [times, events] = [this.#times, this.#events]
    let at = times.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((times[parent] as number) <= time) break
      times[at] = times[parent] as number
      events[at] = events[parent] as Event
      at = parent
    }
    times[at] = time
    events[at] = event
  }

  get nextTime (): number { return this.#times[0] ?? Infinity }

  pop (): Event | undefined {
    const [times, events] = [this.#times, this.#events]
    const first = events[0]
    const [time, event] = [times.pop(), events.pop()]
    if (time === undefined || times.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= times.length) break
      if (child + 1 < times.length && (times[child + 1] as number) < (times[child] as number)) child += 1
      if ((times[child] as number) >= time) break
      times[at] = times[child] as number
      events[at] = events[child] as Event
      at = child
    }
    times[at] = time
    events[at] = event as Event
    return first
  }
}
