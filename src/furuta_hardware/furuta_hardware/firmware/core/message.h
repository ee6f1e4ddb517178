// SPDX-License-Identifier: Apache-2.0
// What host and board say to each other: the tables of PROTOCOL.md, fields in the order of the
// wire. Every function packs or unpacks the payload of one message.
#ifndef FURUTA_MESSAGE_H
#define FURUTA_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "configuration.h"

enum message_type {
    MESSAGE_COMMAND = 0x01,
    MESSAGE_ENABLE = 0x02,
    MESSAGE_CLEAR_FAULT = 0x03,
    MESSAGE_SET_ZERO = 0x04,
    MESSAGE_SET_RATE = 0x05,
    MESSAGE_QUERY_IDENTITY = 0x06,
    MESSAGE_QUERY_CONFIGURATION = 0x07,
    MESSAGE_QUERY_COUNTERS = 0x08,
    MESSAGE_STATE = 0x81,
    MESSAGE_ACKNOWLEDGE = 0x82,
    MESSAGE_IDENTITY = 0x86,
    MESSAGE_CONFIGURATION = 0x87,
    MESSAGE_COUNTERS = 0x88,
};

enum flag {
    FLAG_ENABLED = 1,
    FLAG_COMMAND_IS_LIVE = 2,
    FLAG_ZERO_IS_SET = 4,
};

enum result {
    RESULT_DONE = 0,
    RESULT_FAULT_LATCHED = 1,
    RESULT_FAULT_STILL_THERE = 2,
    RESULT_ENABLED = 3,
    RESULT_ZERO_NOT_SET = 4,
    RESULT_BAD_VALUE = 5,
};

enum reset_reason {
    RESET_UNKNOWN = 0,
    RESET_POWER_ON = 1,
    RESET_BROWN_OUT = 2,
    RESET_WATCHDOG = 3,
    RESET_SOFTWARE = 4,
};

struct command {
    uint16_t sequence;
    float voltage;
};

// Any message of the host but a command; `value` is 0 where it has none.
struct request {
    uint8_t type;
    uint8_t request;
    uint16_t value;
};

struct state {
    uint64_t time_us;
    uint16_t sequence;
    uint16_t echo;
    uint16_t command_age_us;
    uint8_t flags;
    uint16_t faults;
    int32_t counts[JOINTS];
    float velocity[JOINTS];
    float voltage;
    float current;
};

struct identity {
    uint64_t board_id;
    uint8_t version[3];
    uint8_t reset_reason;
};

struct counters {
    uint32_t frames_received;
    uint32_t frames_bad;
    uint32_t frames_of_other_version;
    uint32_t commands_refused;
    uint32_t commands_limited;
    uint32_t command_timeouts;
    uint32_t states_dropped;
    uint32_t steps;
    uint32_t late_steps;
    uint32_t longest_step_us;
    uint32_t longest_period_us;
};

// False if type or size are not those of the message.
bool message_unpack_command(
    uint8_t type, const uint8_t *payload, size_t size, struct command *command);
bool message_unpack_request(
    uint8_t type, const uint8_t *payload, size_t size, struct request *request);

// Each returns the size of the payload, at most FRAME_PAYLOAD_MAX.
size_t message_pack_state(const struct state *state, uint8_t *payload);
size_t message_pack_acknowledge(
    const struct request *request, enum result result, uint8_t *payload);
size_t message_pack_identity(
    uint8_t request, const struct identity *identity, const char *robot, uint8_t *payload);
size_t message_pack_configuration(
    uint8_t request, const struct configuration *configuration, uint8_t *payload);
size_t message_pack_counters(uint8_t request, const struct counters *counters, uint8_t *payload);

#endif
