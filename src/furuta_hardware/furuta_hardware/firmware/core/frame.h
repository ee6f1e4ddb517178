// SPDX-License-Identifier: Apache-2.0
// Frames of PROTOCOL.md: COBS, checksum and version; what is in them is message.h's business.
#ifndef FURUTA_FRAME_H
#define FURUTA_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTOCOL_VERSION = 1,
    FRAME_PAYLOAD_MAX = 96,                    // longest message, and some
    FRAME_CONTENT_MAX = FRAME_PAYLOAD_MAX + 4, // version, type, payload, checksum
    FRAME_MAX = FRAME_CONTENT_MAX + 3,         // one byte of COBS, two delimiters
    FRAME_ENCODED_MAX = 128,                   // between two delimiters, of any version
};

struct frame {
    uint8_t type;
    const uint8_t *payload;
    size_t size;
};

// Collects bytes up to the next delimiter. Start with all zero.
struct receiver {
    uint8_t encoded[FRAME_ENCODED_MAX];
    size_t size;
    bool is_too_long;
    uint32_t bad;           // frames with wrong COBS, checksum or length
    uint32_t other_version; // sound frames of another version
};

// Writes the frame of a payload, delimiters included; `frame` has room for FRAME_MAX bytes.
// Returns its size.
size_t frame_encode(uint8_t type, const uint8_t *payload, size_t size, uint8_t *frame);

// Takes one byte. True if a sound frame of this version became whole; its payload lies in the
// receiver until the next byte.
bool receiver_take(struct receiver *receiver, uint8_t byte, struct frame *frame);

#endif
