// SPDX-License-Identifier: Apache-2.0
// What only the host's build of the core has: sizes for core_library.py, and long runs in one
// call for the tests that hold the Python twins to the C.
#include "board.h"

size_t host_board_size(void);
size_t host_configuration_size(void);
void host_track(const uint16_t *readings, size_t samples, int32_t zero,
    const struct tracker *tracker, int32_t *counts, float *angles, float *velocities);

size_t host_board_size(void)
{
    return sizeof(struct board);
}

size_t host_configuration_size(void)
{
    return sizeof(struct configuration);
}

// One encoder over many samples, the first of which starts it.
void host_track(const uint16_t *readings, size_t samples, int32_t zero,
    const struct tracker *tracker, int32_t *counts, float *angles, float *velocities)
{
    struct encoder encoder = sensing_start(readings[0]);
    for (size_t i = 0; i < samples; i++) {
        sensing_track(&encoder, readings[i], tracker);
        counts[i] = encoder.counts;
        angles[i] = sensing_angle(&encoder, zero, tracker);
        velocities[i] = sensing_velocity(&encoder, tracker);
    }
}
