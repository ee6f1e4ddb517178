// SPDX-License-Identifier: Apache-2.0
// A hostile host at the other end of the wire: whatever it sends, the board must not crash, must
// not drive the motor against its rules, and must hear the next sound frame.
//
//   clang -fsanitize=fuzzer,address,undefined    searches for inputs by itself (libFuzzer)
//   gcc -DSTANDALONE -fsanitize=address,undefined    BYTES of noise and broken frames: see main
#include "board.h"
#include "host_configuration.h" // made from a robot file

#define CHECK(claim) ((claim) ? (void)0 : __builtin_trap())

struct world {
    const uint8_t *bytes; // on their way to the board
    size_t size;
    uint64_t now_us;
    uint16_t registers[JOINTS];
    float duty;
    bool has_room;
    struct receiver host; // hears what the board sends
    uint32_t answers;     // that were no states
};

static uint64_t now_us(void *context)
{
    return ((struct world *)context)->now_us;
}

static void read_encoders(void *context, uint16_t registers[JOINTS])
{
    for (int i = 0; i < JOINTS; i++) {
        registers[i] = ((struct world *)context)->registers[i];
    }
}

static void drive(void *context, float duty)
{
    ((struct world *)context)->duty = duty;
}

static size_t receive(void *context, uint8_t *bytes, size_t size)
{
    struct world *world = context;
    const size_t moved = world->size < size ? world->size : size;
    for (size_t i = 0; i < moved; i++) {
        bytes[i] = world->bytes[i];
    }
    world->bytes += moved;
    world->size -= moved;
    return moved;
}

static bool send(void *context, const uint8_t *bytes, size_t size)
{
    struct world *world = context;
    struct frame frame;
    bool is_heard = false;
    for (size_t i = 0; i < size; i++) {
        is_heard |= receiver_take(&world->host, bytes[i], &frame);
    }
    CHECK(is_heard && frame.type >= MESSAGE_STATE && world->host.bad == 0);
    world->answers += frame.type != MESSAGE_STATE;
    return world->has_room;
}

static void step(struct board *board, struct world *world, uint32_t elapsed_us)
{
    world->now_us += elapsed_us;
    board_step(board);
    const struct safety *safety = &board->safety;
    const float limit = safety->limits.voltage_limit / CONFIGURATION.supply_voltage;
    CHECK(world->duty <= limit && world->duty >= -limit);
    if (world->duty > 0.0f || world->duty < 0.0f) {
        CHECK(safety->enabled && safety->faults == 0 && board->zero_is_set);
        CHECK(world->now_us - board->command_us <= safety->limits.command_timeout_us);
    }
}

static void deliver(
    struct board *board, struct world *world, const uint8_t *bytes, size_t size, uint32_t step_us)
{
    world->bytes = bytes;
    world->size = size;
    do {
        step(board, world, step_us);
    } while (world->size > 0);
}

static void send_request(struct board *board, struct world *world, uint8_t type, uint8_t value)
{
    const uint8_t payload[] = {1, value};
    uint8_t frame[FRAME_MAX];
    const size_t size = frame_encode(type, payload, type == MESSAGE_ENABLE ? 2 : 1, frame);
    deliver(board, world, frame, size, 1000);
}

// A piece as it is, or put into a sound frame so as to get past the checksum; in half of these
// the payload has the size that belongs to the type.
static void send_piece(
    struct board *board, struct world *world, uint8_t kind, const uint8_t *piece, size_t size)
{
    static const uint8_t SIZES[] = {0, 6, 2, 1, 1, 3, 1, 1, 1, 0, 41, 3};
    if (kind < 128 || size == 0) {
        deliver(board, world, piece, size, kind == 0 ? 60000 : 1000);
        return;
    }
    uint8_t payload[FRAME_PAYLOAD_MAX] = {0};
    uint8_t frame[FRAME_MAX];
    for (size_t i = 1; i < size; i++) {
        payload[i - 1] = piece[i];
    }
    const uint8_t type = piece[0] % (uint8_t)sizeof SIZES;
    const size_t length = kind < 192 ? size - 1 : SIZES[type];
    deliver(board, world, frame, frame_encode(type, payload, length, frame), 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The input is a list of pieces: one byte that says what it is and how long, two that move the
// encoders, then the bytes to send. Half of the inputs find the motor enabled.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {.has_room = true};
    const struct board_io io = {
        .context = &world,
        .now_us = now_us,
        .read_encoders = read_encoders,
        .drive = drive,
        .receive = receive,
        .send = send,
    };
    struct board board;
    board_start(&board, &CONFIGURATION, &io, 1, RESET_POWER_ON);
    if (size > 0 && data[0] % 2) {
        send_request(&board, &world, MESSAGE_SET_ZERO, 0);
        send_request(&board, &world, MESSAGE_ENABLE, 1);
        CHECK(board.safety.enabled);
    }
    while (size >= 3) {
        const uint8_t kind = data[0];
        world.registers[ARM] = (uint16_t)(world.registers[ARM] + data[1] / 16 - 8);
        world.registers[PENDULUM] = (uint16_t)(world.registers[PENDULUM] + data[2] / 16 - 8);
        world.has_room = data[1] % 16 != 0;
        data += 3;
        size -= 3;
        const size_t length = kind % 64u < size ? kind % 64u : size;
        send_piece(&board, &world, kind, data, length);
        data += length;
        size -= length;
    }
    // However the stream broke off, a sound frame behind it is heard and answered.
    world.has_room = true;
    world.answers = 0;
    send_request(&board, &world, MESSAGE_QUERY_COUNTERS, 0);
    CHECK(world.answers >= 1); // its delimiter may have ended another one before
    return 0;
}

#ifdef STANDALONE
#include <stdio.h>
#include <stdlib.h>

static uint32_t draw(uint32_t *state, uint32_t below) // xorshift, Marsaglia 2003
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % below;
}

// usage: fuzz_board BYTES SEED <FRAMES: that many bytes, noise and mutations of the frames
int main(int argc, char **argv)
{
    static uint8_t frames[65536];
    uint8_t input[1024];
    const size_t known = fread(frames, 1, sizeof frames, stdin);
    const long bytes = argc > 1 ? atol(argv[1]) : 1000000;
    uint32_t state = argc > 2 ? (uint32_t)atol(argv[2]) * 2 + 1 : 1;
    long fed = 0;
    while (fed < bytes) {
        const size_t size = 1 + draw(&state, sizeof input);
        const bool is_noise = known < sizeof input || draw(&state, 3) == 0;
        const size_t from = is_noise ? 0 : draw(&state, (uint32_t)(known - size));
        for (size_t i = 0; i < size; i++) {
            const bool is_changed = is_noise || draw(&state, 40) == 0;
            input[i] = is_changed ? (uint8_t)draw(&state, 256) : frames[from + i];
        }
        LLVMFuzzerTestOneInput(input, size);
        fed += (long)size;
    }
    printf("%ld bytes\n", fed);
    return 0;
}
#endif
