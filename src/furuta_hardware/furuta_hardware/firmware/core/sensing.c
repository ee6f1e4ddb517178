// SPDX-License-Identifier: Apache-2.0
// Compile with -ffp-contract=off: a fused multiply-add would round otherwise than sensing.py.
#include "sensing.h"

// Sums and differences of counts go round like the register does; on int32_t that is undefined.
static int32_t difference(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static int32_t lowest_16_bits_signed(int32_t counts)
{
    return (int16_t)(uint16_t)((uint32_t)counts & 0xFFFFu);
}

struct encoder sensing_start(uint16_t reading)
{
    return (struct encoder){.counts = lowest_16_bits_signed(reading)};
}

void sensing_track(struct encoder *encoder, uint16_t reading, const struct tracker *tracker)
{
    const int32_t moved = lowest_16_bits_signed(difference(reading, encoder->counts));
    const float error = (float)moved - encoder->residual - encoder->velocity * tracker->period;
    encoder->counts = difference(encoder->counts, -moved);
    encoder->residual = -(tracker->correction * error);
    encoder->velocity = encoder->velocity + tracker->velocity_gain * error;
}

int32_t sensing_counts(const struct encoder *encoder, int32_t zero)
{
    return difference(encoder->counts, zero);
}

float sensing_angle(const struct encoder *encoder, int32_t zero, const struct tracker *tracker)
{
    return (float)sensing_counts(encoder, zero) * tracker->resolution;
}

float sensing_velocity(const struct encoder *encoder, const struct tracker *tracker)
{
    return encoder->velocity * tracker->resolution;
}
