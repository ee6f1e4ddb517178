// SPDX-License-Identifier: Apache-2.0
#include "board.h"

enum {
    STATE_RATE_HZ = 500,
    RECEIVE_MAX = 128, // bytes a step, so that no host can hold up the loop; 921600 baud is 93
};

static const uint8_t FIRMWARE_VERSION[3] = {0, 1, 0};

static uint32_t loop_rate_hz(const struct board *board)
{
    return 1000000u / board->configuration->loop_period_us;
}

static bool send(struct board *board, uint8_t type, const uint8_t *payload, size_t size)
{
    uint8_t frame[FRAME_MAX];
    return board->io.send(board->io.context, frame, frame_encode(type, payload, size, frame));
}

// --- requests ----------------------------------------------------------------------------------

static enum result enable(struct board *board, uint16_t on)
{
    if (on > 1) {
        return RESULT_BAD_VALUE;
    }
    if (on && !board->zero_is_set) {
        return RESULT_ZERO_NOT_SET;
    }
    return safety_enable(&board->safety, on) ? RESULT_DONE : RESULT_FAULT_LATCHED;
}

static enum result set_zero(struct board *board)
{
    if (board->safety.enabled) {
        return RESULT_ENABLED;
    }
    for (int i = 0; i < JOINTS; i++) {
        board->zeros[i] = board->encoders[i].counts;
    }
    board->zero_is_set = true;
    return RESULT_DONE;
}

static enum result set_rate(struct board *board, uint16_t rate_hz)
{
    if (rate_hz == 0 || loop_rate_hz(board) % rate_hz != 0) {
        return RESULT_BAD_VALUE;
    }
    board->steps_per_state = loop_rate_hz(board) / rate_hz;
    board->steps_to_state = board->steps_per_state;
    return RESULT_DONE;
}

static enum result obey(struct board *board, const struct request *request)
{
    switch (request->type) {
    case MESSAGE_ENABLE:
        return enable(board, request->value);
    case MESSAGE_CLEAR_FAULT:
        return safety_clear_fault(&board->safety) ? RESULT_DONE : RESULT_FAULT_STILL_THERE;
    case MESSAGE_SET_ZERO:
        return set_zero(board);
    default:
        return set_rate(board, request->value);
    }
}

static struct counters count(const struct board *board)
{
    struct counters counters = board->counters;
    counters.frames_bad += board->receiver.bad;
    counters.frames_of_other_version = board->receiver.other_version;
    counters.commands_refused = board->safety.refused;
    counters.commands_limited = board->safety.limited;
    counters.command_timeouts = board->safety.timeouts;
    return counters;
}

static void answer(struct board *board, const struct request *request)
{
    uint8_t payload[FRAME_PAYLOAD_MAX];
    const struct configuration *configuration = board->configuration;
    const uint8_t id = request->request;
    uint8_t type;
    size_t size;
    if (request->type == MESSAGE_QUERY_IDENTITY) {
        type = MESSAGE_IDENTITY;
        size = message_pack_identity(id, &board->identity, configuration->robot, payload);
    } else if (request->type == MESSAGE_QUERY_CONFIGURATION) {
        type = MESSAGE_CONFIGURATION;
        size = message_pack_configuration(id, configuration, payload);
    } else if (request->type == MESSAGE_QUERY_COUNTERS) {
        const struct counters counters = count(board);
        type = MESSAGE_COUNTERS;
        size = message_pack_counters(id, &counters, payload);
    } else {
        type = MESSAGE_ACKNOWLEDGE;
        size = message_pack_acknowledge(request, obey(board, request), payload);
    }
    send(board, type, payload, size); // if there is no room for it, the host will ask again
}

static void handle(struct board *board, const struct frame *frame)
{
    struct command command;
    struct request request;
    if (message_unpack_command(frame->type, frame->payload, frame->size, &command)) {
        safety_command(&board->safety, command.voltage, board->step_us);
        board->echo = command.sequence;
        board->command_us = board->step_us;
        board->has_had_command = true;
    } else if (message_unpack_request(frame->type, frame->payload, frame->size, &request)) {
        answer(board, &request);
    } else {
        board->counters.frames_bad++;
        return;
    }
    board->counters.frames_received++;
}

static void hear(struct board *board)
{
    uint8_t bytes[RECEIVE_MAX];
    const size_t size = board->io.receive(board->io.context, bytes, sizeof bytes);
    struct frame frame;
    for (size_t i = 0; i < size; i++) {
        if (receiver_take(&board->receiver, bytes[i], &frame)) {
            handle(board, &frame);
        }
    }
}

// --- the loop ----------------------------------------------------------------------------------

static void note_period(struct board *board, uint64_t now_us)
{
    const uint64_t period = now_us - board->step_us;
    const uint32_t period_us = period < UINT32_MAX ? (uint32_t)period : UINT32_MAX;
    struct counters *counters = &board->counters;
    counters->steps++;
    if (period_us > counters->longest_period_us) {
        counters->longest_period_us = period_us;
    }
    if (period_us > board->configuration->loop_period_us / 2 * 3) {
        counters->late_steps++;
    }
    board->step_us = now_us;
}

static void note_duration(struct board *board)
{
    const uint64_t duration = board->io.now_us(board->io.context) - board->step_us;
    if (duration > board->counters.longest_step_us) {
        board->counters.longest_step_us = duration < UINT32_MAX ? (uint32_t)duration : UINT32_MAX;
    }
}

static uint16_t command_age_us(const struct board *board)
{
    const uint64_t age = board->step_us - board->command_us;
    return board->has_had_command && age < UINT16_MAX ? (uint16_t)age : UINT16_MAX;
}

// Commands come at any step, states only every few: their voltage is the mean, so that none is lost.
static void note_voltage(struct board *board)
{
    board->mean_steps++;
    const float change = board->safety.voltage - board->mean_voltage;
    board->mean_voltage += change / (float)board->mean_steps;
}

static struct state report(struct board *board, float current)
{
    const struct safety *safety = &board->safety;
    struct state state = {
        .time_us = board->step_us,
        .sequence = board->sequence++,
        .echo = board->echo,
        .command_age_us = command_age_us(board),
        .flags = (uint8_t)((safety->enabled ? FLAG_ENABLED : 0)
                           | (safety->has_command ? FLAG_COMMAND_IS_LIVE : 0)
                           | (board->zero_is_set ? FLAG_ZERO_IS_SET : 0)),
        .faults = safety->faults,
        .voltage = board->mean_voltage,
        .current = current,
    };
    for (int i = 0; i < JOINTS; i++) {
        const struct encoder *encoder = &board->encoders[i];
        const struct tracker *tracker = &board->configuration->joints[i].tracker;
        state.counts[i] = sensing_counts(encoder, board->zeros[i]);
        state.velocity[i] = sensing_velocity(encoder, tracker);
    }
    return state;
}

static void push(struct board *board, const struct state *state)
{
    uint8_t payload[FRAME_PAYLOAD_MAX];
    if (!send(board, MESSAGE_STATE, payload, message_pack_state(state, payload))) {
        board->counters.states_dropped++;
    }
}

void board_start(struct board *board, const struct configuration *configuration,
    const struct board_io *io, uint64_t board_id, enum reset_reason reset_reason)
{
    *board = (struct board){.configuration = configuration, .io = *io};
    io->drive(io->context, 0.0f);
    board->identity = (struct identity){
        .board_id = board_id,
        .version = {FIRMWARE_VERSION[0], FIRMWARE_VERSION[1], FIRMWARE_VERSION[2]},
        .reset_reason = (uint8_t)reset_reason,
    };
    uint16_t registers[JOINTS];
    io->read_encoders(io->context, registers);
    for (int i = 0; i < JOINTS; i++) {
        board->encoders[i] = sensing_start(registers[i]);
    }
    board->safety = safety_start(&configuration->limits);
    board->step_us = io->now_us(io->context);
    set_rate(board, STATE_RATE_HZ);
}

void board_step(struct board *board)
{
    const struct board_io *io = &board->io;
    const struct configuration *configuration = board->configuration;
    note_period(board, io->now_us(io->context));

    uint16_t registers[JOINTS];
    io->read_encoders(io->context, registers);
    for (int i = 0; i < JOINTS; i++) {
        sensing_track(&board->encoders[i], registers[i], &configuration->joints[i].tracker);
    }
    hear(board);
    note_voltage(board);

    const struct encoder *arm = &board->encoders[ARM];
    const struct encoder *pendulum = &board->encoders[PENDULUM];
    const struct tracker *arm_tracker = &configuration->joints[ARM].tracker;
    const struct tracker *pendulum_tracker = &configuration->joints[PENDULUM].tracker;
    const struct measurement measured = {
        .arm_angle = sensing_angle(arm, board->zeros[ARM], arm_tracker),
        .arm_velocity = sensing_velocity(arm, arm_tracker),
        .pendulum_velocity = sensing_velocity(pendulum, pendulum_tracker),
        .current = io->read_current ? io->read_current(io->context) : 0.0f / 0.0f,
    };
    const bool is_due = --board->steps_to_state == 0;
    struct state state;
    if (is_due) { // before the update: the voltage that led to this sample
        state = report(board, measured.current);
        board->steps_to_state = board->steps_per_state;
        board->mean_voltage = 0.0f;
        board->mean_steps = 0;
    }
    const float voltage = safety_update(&board->safety, board->step_us, &measured);
    io->drive(io->context, voltage / configuration->supply_voltage);
    if (is_due) { // after driving: the motor does not wait for the wire
        push(board, &state);
    }
    note_duration(board);
}
