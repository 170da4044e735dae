package platform

import (
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// FoundLife is how long it is believed what an account was found to have or to lack: its people add and take away fields at any
// time, and to look again costs calls.
const FoundLife = time.Hour

// Found remembers by object what was found of an account, and when. The zero value knows nothing. It is safe for concurrent use.
type Found[T any] struct {
	mu    sync.Mutex
	known map[record.Object]found[T]
}

type found[T any] struct {
	value T
	at    time.Time
}

// Get gives what was found of an object less than age before now. ok is false where nothing was, or longer ago.
func (f *Found[T]) Get(object record.Object, now time.Time, age time.Duration) (value T, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.get(object, now, age)
}

func (f *Found[T]) get(object record.Object, now time.Time, age time.Duration) (value T, ok bool) {
	x, known := f.known[object]
	if !known || now.Sub(x.at) >= age {
		return value, false
	}
	return x.value, true
}

// Put notes what was found of an object now. change is given what is believed still, the zero value for nothing.
func (f *Found[T]) Put(object record.Object, now time.Time, change func(before T) T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[record.Object]found[T]{}
	}
	before, _ := f.get(object, now, FoundLife)
	f.known[object] = found[T]{value: change(before), at: now}
}

// Forget drops what was found of an object: it is looked for when it is next needed.
func (f *Found[T]) Forget(object record.Object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, object)
}
