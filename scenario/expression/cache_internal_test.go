package expression

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()

	var numbers cache[int]

	for i := range 3 * maxCached {
		require.Equal(t, i, numbers.add(strconv.Itoa(i), i))
		require.LessOrEqual(t, len(numbers.values), maxCached)
	}

	last, isKnown := numbers.get(strconv.Itoa(3*maxCached - 1))
	require.True(t, isKnown)
	require.Equal(t, 3*maxCached-1, last)

	_, isKnown = numbers.get("1")
	require.False(t, isKnown)

	for i := range 10 {
		numbers.add(strings.Repeat(strconv.Itoa(i), maxCachedText/3), i)
		require.LessOrEqual(t, numbers.size, maxCachedText)
		require.LessOrEqual(t, len(numbers.values), 3)
	}
}

func TestCacheReturnsTheFirstValueOfAText(t *testing.T) {
	t.Parallel()

	var numbers cache[int]

	require.Equal(t, 1, numbers.add("a", 1))
	require.Equal(t, 1, numbers.add("a", 2), "as another goroutine would see it")
	require.Equal(t, 1, numbers.size)
}
