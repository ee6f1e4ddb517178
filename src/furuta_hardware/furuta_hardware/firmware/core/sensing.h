// SPDX-License-Identifier: Apache-2.0
// From the pulse counter's register to counts, angle and velocity: furuta_description/sensing.py
// on the board, equal to the last bit. Constants come from there too (sensing.make_tracker).
#ifndef FURUTA_SENSING_H
#define FURUTA_SENSING_H

#include <stdint.h>

struct tracker {
    float period;        // [s]
    float velocity_gain; // [1/s]
    float correction;    // [1]
    float resolution;    // [rad/count]
};

struct encoder {
    int32_t counts; // unwrapped
    float residual; // [counts] tracked position minus counts
    float velocity; // [counts/s]
};

// State at rest, from the first reading of the 16-bit register.
struct encoder sensing_start(uint16_t reading);

// One sampling period; the register may have moved by half its span at most.
void sensing_track(struct encoder *encoder, uint16_t reading, const struct tracker *tracker);

// Counts from the zero pose, `zero` being its place on the encoder.
int32_t sensing_counts(const struct encoder *encoder, int32_t zero);

float sensing_angle(const struct encoder *encoder, int32_t zero, const struct tracker *tracker);
float sensing_velocity(const struct encoder *encoder, const struct tracker *tracker);

#endif
