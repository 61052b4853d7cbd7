/** Three ways to make calls: as many as can be answered, a few and how long each takes, and so many a second whatever happens. */

interface Pace {
  readonly seconds: number
  readonly inFlight: number
}

/** Calls a second, `inFlight` of them at any time. */
export async function byMany(pace: Pace, call: (index: number) => Promise<void>): Promise<number> {
  const start = performance.now()
  const times = await timesOf(pace, call)
  return times.length / ((performance.now() - start) / 1000)
}

/** Milliseconds of each call. */
export async function timesOf({ seconds, inFlight }: Pace, call: (index: number) => Promise<void>): Promise<number[]> {
  const end = performance.now() + seconds * 1000
  const times: number[] = []
  let index = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now()
      await call(index++)
      times.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return times
}

export interface Loop extends AsyncDisposable {
  sent(): number
  answered(): number
}

/** So many calls a second, whether or not those before are answered, until disposed of. */
export function openLoop(perSecond: number, call: (index: number) => Promise<unknown>): Loop {
  const start = performance.now()
  const underWay = new Set<Promise<unknown>>()
  let [sent, answered] = [0, 0]
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1000) * perSecond)
    for (; sent < due; sent++) {
      const one = call(sent)
        .catch(() => undefined)
        .finally(() => {
          answered++
          underWay.delete(one)
        })
      underWay.add(one)
    }
  }, 10)
  return {
    sent: () => sent,
    answered: () => answered,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await Promise.all(underWay)
    },
  }
}
