// SPDX-License-Identifier: Apache-2.0
#include "encoders.h"

#include "driver/pulse_cnt.h"
#include "esp_err.h"
#include "pins.h"

enum {
    SPAN = 30000,     // the counter starts again at 0 when it reaches this or its negative
    GLITCH_NS = 1000, // shorter pulses are none; the fastest true ones last 10 us
};

static struct {
    pcnt_unit_handle_t unit;
    int counter; // as last read, -SPAN..SPAN
    uint16_t reading;
} encoders[2];

static pcnt_channel_handle_t add_channel(pcnt_unit_handle_t unit, int edge, int level)
{
    const pcnt_chan_config_t config = {.edge_gpio_num = edge, .level_gpio_num = level};
    pcnt_channel_handle_t channel;
    ESP_ERROR_CHECK(pcnt_new_channel(unit, &config, &channel));
    ESP_ERROR_CHECK(pcnt_channel_set_level_action(
        channel, PCNT_CHANNEL_LEVEL_ACTION_KEEP, PCNT_CHANNEL_LEVEL_ACTION_INVERSE));
    return channel;
}

// Counts up where A leads B.
static pcnt_unit_handle_t make_counter(int pin_a, int pin_b)
{
    const pcnt_unit_config_t config = {.low_limit = -SPAN, .high_limit = SPAN};
    const pcnt_glitch_filter_config_t filter = {.max_glitch_ns = GLITCH_NS};
    pcnt_unit_handle_t unit;
    ESP_ERROR_CHECK(pcnt_new_unit(&config, &unit));
    ESP_ERROR_CHECK(pcnt_unit_set_glitch_filter(unit, &filter));
    ESP_ERROR_CHECK(pcnt_channel_set_edge_action(add_channel(unit, pin_a, pin_b),
        PCNT_CHANNEL_EDGE_ACTION_DECREASE, PCNT_CHANNEL_EDGE_ACTION_INCREASE));
    ESP_ERROR_CHECK(pcnt_channel_set_edge_action(add_channel(unit, pin_b, pin_a),
        PCNT_CHANNEL_EDGE_ACTION_INCREASE, PCNT_CHANNEL_EDGE_ACTION_DECREASE));
    ESP_ERROR_CHECK(pcnt_unit_enable(unit));
    ESP_ERROR_CHECK(pcnt_unit_clear_count(unit));
    ESP_ERROR_CHECK(pcnt_unit_start(unit));
    return unit;
}

void encoders_start(void)
{
    encoders[0].unit = make_counter(PIN_ARM_A, PIN_ARM_B);
    encoders[1].unit = make_counter(PIN_PENDULUM_A, PIN_PENDULUM_B);
}

// The hardware goes from SPAN - 1 to 0 and from -SPAN + 1 to 0, so a step of half a span or more
// is one that lost a whole span. The driver's own accumulation needs interrupts for that, which
// may come between the reading of the two parts.
static int moved(int before, int now)
{
    const int step = now - before;
    return step < -SPAN / 2 ? step + SPAN : step > SPAN / 2 ? step - SPAN : step;
}

void encoders_read(void *unused, uint16_t registers[2])
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        int now = encoders[i].counter;
        pcnt_unit_get_count(encoders[i].unit, &now);
        encoders[i].reading = (uint16_t)(encoders[i].reading + moved(encoders[i].counter, now));
        encoders[i].counter = now;
        registers[i] = encoders[i].reading;
    }
}
