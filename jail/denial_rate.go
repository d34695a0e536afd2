package jail

import "time"

// What one worker's denied calls may cost. Up to the budget each is told with its arguments. Beyond it they are answered, counted
// and summed, and answered more and more slowly: one takes the master some 0.1 ms, so a worker that does nothing else comes to cost a
// hundredth of a CPU. A site's loop over some thousand files still ends.
const (
	denialBurst = 100         // told at once
	denialRate  = 10          // told a second, in the long run
	denialSum   = time.Second // how long a sum is kept back
	denialEvery = time.Second / denialRate

	pauseLeast = time.Millisecond      // after each answer beyond the budget ...
	pauseMost  = 10 * time.Millisecond // ... and in the end
	pauseStep  = 1000                  // calls until it is a millisecond longer
)

// budget says which denials are told. The zero value is a full budget. Times are readings of one clock.
type budget struct {
	free  time.Duration // when the budget is full again
	since time.Duration // when the first of the unread was counted
	count uint64        // not told yet
	over  uint64        // not told since the budget was full
}

// take says whether a denial at now is told; if not, it is counted.
func (b *budget) take(now time.Duration) bool {
	if b.free <= now {
		b.free, b.over = now, 0
	}
	if b.free-now > (denialBurst-1)*denialEvery {
		if b.count == 0 {
			b.since = now
		}
		b.count++
		b.over++
		return false
	}
	b.free += denialEvery
	return true
}

// pause is how long the next call waits after one that was not told.
func (b *budget) pause() time.Duration {
	return min(pauseLeast+time.Duration(b.over/pauseStep)*time.Millisecond, pauseMost)
}

// sum gives the count of what was not told, once it is old enough, and forgets it; 0 if there is nothing to tell.
func (b *budget) sum(now time.Duration) uint64 {
	if b.count == 0 || now-b.since < denialSum {
		return 0
	}
	return b.rest()
}

// rest gives the count of what was not told, and forgets it.
func (b *budget) rest() uint64 {
	n := b.count
	b.count = 0
	return n
}
