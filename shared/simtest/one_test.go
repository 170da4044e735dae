package simtest

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

func TestOne(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	if err != nil {
		t.Skip("no SEED")
	}
	h := Draw(seed)
	if i := os.Getenv("INV"); i != "" {
		h = Shrink(h, Invariant(i), Options{})
		fmt.Printf("%+v\n%+v\n", h.Setup, h.Weather)
	}
	var story []string
	r := Run(h, Options{Story: &story})
	for _, line := range story {
		fmt.Println(line)
	}
	fmt.Printf("%+v\n", r)
}
