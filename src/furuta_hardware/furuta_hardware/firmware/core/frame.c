// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

_Static_assert(FRAME_CONTENT_MAX < 254, "longer frames need the long blocks of COBS");
_Static_assert(FRAME_CONTENT_MAX + 1 <= FRAME_ENCODED_MAX, "own frames must fit the receiver");

// CRC-16/CCITT, polynomial 0x1021, a byte at a time: what its eight shifts feed back, in closed
// form, so that neither a table nor a loop is needed.
static uint16_t crc_update(uint16_t crc, uint8_t byte)
{
    uint32_t x = (uint32_t)(crc >> 8) ^ byte;
    x ^= x >> 4;
    return (uint16_t)(((uint32_t)crc << 8) ^ (x << 12) ^ (x << 5) ^ x);
}

static uint16_t crc_of(const uint8_t *bytes, size_t size)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc = crc_update(crc, bytes[i]);
    }
    return crc;
}

size_t frame_encode(uint8_t type, const uint8_t *payload, size_t size, uint8_t *frame)
{
    uint8_t content[FRAME_CONTENT_MAX];
    size_t length = 0;
    content[length++] = PROTOCOL_VERSION;
    content[length++] = type;
    for (size_t i = 0; i < size; i++) {
        content[length++] = payload[i];
    }
    const uint16_t crc = crc_of(content, length);
    content[length++] = (uint8_t)(crc & 0xFF);
    content[length++] = (uint8_t)(crc >> 8);

    size_t to = 0;
    frame[to++] = 0;
    size_t code = to++; // the place that says where the next zero is
    for (size_t i = 0; i < length; i++) {
        if (content[i] == 0) {
            frame[code] = (uint8_t)(to - code);
            code = to++;
        } else {
            frame[to++] = content[i];
        }
    }
    frame[code] = (uint8_t)(to - code);
    frame[to++] = 0;
    return to;
}

// Undoes COBS in place; the size of what was in it, 0 if it points beyond its end.
static size_t cobs_decode(uint8_t *bytes, size_t size)
{
    size_t from = 0;
    size_t to = 0;
    while (from < size) {
        const size_t next = from + bytes[from];
        if (next > size) {
            return 0;
        }
        for (from++; from < next; from++) {
            bytes[to++] = bytes[from];
        }
        if (from < size) {
            bytes[to++] = 0;
        }
    }
    return to;
}

// A whole frame has been collected: what is in it?
static bool receiver_open(struct receiver *receiver, struct frame *frame)
{
    uint8_t *content = receiver->encoded;
    const size_t size = receiver->is_too_long ? 0 : cobs_decode(content, receiver->size);
    if (size < 4 || crc_of(content, size - 2) != (content[size - 2] | content[size - 1] << 8)) {
        receiver->bad++;
        return false;
    }
    if (content[0] != PROTOCOL_VERSION) {
        receiver->other_version++;
        return false;
    }
    *frame = (struct frame){.type = content[1], .payload = content + 2, .size = size - 4};
    return true;
}

bool receiver_take(struct receiver *receiver, uint8_t byte, struct frame *frame)
{
    if (byte != 0) {
        if (receiver->size < FRAME_ENCODED_MAX) {
            receiver->encoded[receiver->size++] = byte;
        } else {
            receiver->is_too_long = true;
        }
        return false;
    }
    const bool is_sound = receiver->size > 0 && receiver_open(receiver, frame);
    receiver->size = 0;
    receiver->is_too_long = false;
    return is_sound;
}
