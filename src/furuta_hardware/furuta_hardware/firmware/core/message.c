// SPDX-License-Identifier: Apache-2.0
#include "message.h"

_Static_assert(sizeof(float) == sizeof(uint32_t), "f32 is IEEE 754 single precision");

union float_bits {
    float value;
    uint32_t bits;
};

// Little-endian, byte by byte: whatever the processor's own order and alignment.
static uint8_t *put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        *to++ = (uint8_t)(value >> (8 * i) & 0xFF);
    }
    return to;
}

static uint8_t *put_float(uint8_t *to, float value)
{
    return put(to, (union float_bits){.value = value}.bits, 4);
}

static uint32_t get(const uint8_t *from, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint32_t)from[i] << (8 * i);
    }
    return value;
}

static size_t request_size(uint8_t type)
{
    switch (type) {
    case MESSAGE_CLEAR_FAULT:
    case MESSAGE_SET_ZERO:
    case MESSAGE_QUERY_IDENTITY:
    case MESSAGE_QUERY_CONFIGURATION:
    case MESSAGE_QUERY_COUNTERS:
        return 1;
    case MESSAGE_ENABLE:
        return 2;
    case MESSAGE_SET_RATE:
        return 3;
    default:
        return 0; // none has this size
    }
}

bool message_unpack_command(
    uint8_t type, const uint8_t *payload, size_t size, struct command *command)
{
    if (type != MESSAGE_COMMAND || size != 6) {
        return false;
    }
    command->sequence = (uint16_t)get(payload, 2);
    command->voltage = (union float_bits){.bits = get(payload + 2, 4)}.value;
    return true;
}

bool message_unpack_request(
    uint8_t type, const uint8_t *payload, size_t size, struct request *request)
{
    if (size == 0 || size != request_size(type)) {
        return false;
    }
    request->type = type;
    request->request = payload[0];
    request->value = (uint16_t)get(payload + 1, (unsigned)size - 1);
    return true;
}

size_t message_pack_state(const struct state *state, uint8_t *payload)
{
    uint8_t *to = put(payload, state->time_us, 8);
    to = put(to, state->sequence, 2);
    to = put(to, state->echo, 2);
    to = put(to, state->command_age_us, 2);
    to = put(to, state->flags, 1);
    to = put(to, state->faults, 2);
    to = put(to, (uint32_t)state->counts[ARM], 4);
    to = put(to, (uint32_t)state->counts[PENDULUM], 4);
    to = put_float(to, state->velocity[ARM]);
    to = put_float(to, state->velocity[PENDULUM]);
    to = put_float(to, state->voltage);
    to = put_float(to, state->current);
    return (size_t)(to - payload);
}

size_t message_pack_acknowledge(
    const struct request *request, enum result result, uint8_t *payload)
{
    payload[0] = request->request;
    payload[1] = request->type;
    payload[2] = (uint8_t)result;
    return 3;
}

size_t message_pack_identity(
    uint8_t request, const struct identity *identity, const char *robot, uint8_t *payload)
{
    uint8_t *to = put(payload, request, 1);
    to = put(to, identity->board_id, 8);
    for (unsigned i = 0; i < sizeof identity->version; i++) {
        to = put(to, identity->version[i], 1);
    }
    to = put(to, identity->reset_reason, 1);
    for (unsigned i = 0; i < ROBOT_NAME_SIZE; i++) {
        to = put(to, (uint8_t)robot[i], 1);
    }
    return (size_t)(to - payload);
}

size_t message_pack_configuration(
    uint8_t request, const struct configuration *configuration, uint8_t *payload)
{
    uint8_t *to = put(payload, request, 1);
    to = put(to, configuration->loop_period_us, 4);
    for (unsigned i = 0; i < JOINTS; i++) {
        const struct joint_configuration *joint = &configuration->joints[i];
        to = put(to, (uint32_t)joint->counts_per_revolution, 4);
        to = put_float(to, joint->tracker.period);
        to = put_float(to, joint->tracker.velocity_gain);
        to = put_float(to, joint->tracker.correction);
        to = put_float(to, joint->tracker.resolution);
    }
    const struct safety_limits *limits = &configuration->limits;
    to = put_float(to, configuration->supply_voltage);
    to = put(to, limits->command_timeout_us, 4);
    to = put_float(to, limits->voltage_limit);
    to = put_float(to, limits->slew_rate);
    to = put_float(to, limits->arm_soft_limit);
    to = put_float(to, limits->arm_limit);
    to = put_float(to, limits->arm_lookahead);
    to = put_float(to, limits->arm_speed_limit);
    to = put_float(to, limits->pendulum_speed_limit);
    to = put_float(to, limits->current_limit);
    return (size_t)(to - payload);
}

size_t message_pack_counters(uint8_t request, const struct counters *counters, uint8_t *payload)
{
    const uint32_t values[] = {
        counters->frames_received,
        counters->frames_bad,
        counters->frames_of_other_version,
        counters->commands_refused,
        counters->commands_limited,
        counters->command_timeouts,
        counters->states_dropped,
        counters->steps,
        counters->late_steps,
        counters->longest_step_us,
        counters->longest_period_us,
    };
    uint8_t *to = put(payload, request, 1);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        to = put(to, values[i], 4);
    }
    return (size_t)(to - payload);
}
