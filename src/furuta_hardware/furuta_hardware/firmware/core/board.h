// SPDX-License-Identifier: Apache-2.0
// The board: one step of its loop, and what it does with the frames of the host. Everything it
// needs of the hardware comes in through `struct board_io`.
#ifndef FURUTA_BOARD_H
#define FURUTA_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "configuration.h"
#include "frame.h"
#include "message.h"
#include "safety.h"
#include "sensing.h"

// None of these waits.
struct board_io {
    void *context;                     // handed to each of them
    uint64_t (*now_us)(void *context); // since the start, never running backwards
    void (*read_encoders)(void *context, uint16_t registers[JOINTS]);
    float (*read_current)(void *context); // of the motor [A]; NULL where it is not measured
    // Part of the supply voltage on the motor, -1..1; positive turns the arm counter-clockwise
    // seen from above. 0 joins its terminals.
    void (*drive)(void *context, float duty);
    // Copies at most `size` bytes that have arrived; returns how many.
    size_t (*receive)(void *context, uint8_t *bytes, size_t size);
    // Sends all bytes or, if there is no room, none and returns false.
    bool (*send)(void *context, const uint8_t *bytes, size_t size);
};

struct board {
    const struct configuration *configuration;
    struct board_io io;
    struct identity identity;
    struct encoder encoders[JOINTS];
    int32_t zeros[JOINTS];
    bool zero_is_set;
    struct safety safety;
    struct receiver receiver;
    struct counters counters;
    uint64_t step_us; // when the newest step began
    uint64_t command_us;
    bool has_had_command;
    float mean_voltage; // applied since the newest state [V]
    uint32_t mean_steps;
    uint16_t echo;
    uint16_t sequence;
    uint32_t steps_per_state;
    uint32_t steps_to_state;
};

// Starts with the motor off and disabled. The pose at the start is zero, but only `set_zero` makes
// it one that the board lets the motor be enabled with. `configuration` must outlive the board.
void board_start(struct board *board, const struct configuration *configuration,
    const struct board_io *io, uint64_t board_id, enum reset_reason reset_reason);

// One period of the loop: sample, hear the host, apply the safety rules, drive, report.
void board_step(struct board *board);

#endif
