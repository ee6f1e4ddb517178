// SPDX-License-Identifier: Apache-2.0
// What compilers call by themselves, for linking the core with no library at all.
#include <stddef.h>

void *memset(void *to, int value, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

// Volatile, or the compiler would see a memset in the loop and call it.
void *memset(void *to, int value, size_t size)
{
    for (volatile unsigned char *byte = to; size > 0; size--) {
        *byte++ = (unsigned char)value;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    const unsigned char *source = from;
    for (volatile unsigned char *byte = to; size > 0; size--) {
        *byte++ = *source++;
    }
    return to;
}
