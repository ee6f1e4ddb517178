// SPDX-License-Identifier: Apache-2.0
#include "motor.h"

#include <stdint.h>

#include "driver/gpio.h"
#include "driver/ledc.h"
#include "esp_err.h"
#include "pins.h"

enum {
    PWM_HZ = 20000,     // above hearing
    PWM_FULL = 1 << 11, // 80 MHz / 20 kHz leaves 11 bits: 6 mV of 12 V
};

void motor_start(void)
{
    const gpio_config_t direction = {
        .pin_bit_mask = 1ULL << PIN_MOTOR_DIRECTION,
        .mode = GPIO_MODE_OUTPUT,
    };
    const ledc_timer_config_t timer = {
        .speed_mode = LEDC_LOW_SPEED_MODE,
        .duty_resolution = LEDC_TIMER_11_BIT,
        .timer_num = LEDC_TIMER_0,
        .freq_hz = PWM_HZ,
        .clk_cfg = LEDC_AUTO_CLK,
    };
    const ledc_channel_config_t channel = {
        .gpio_num = PIN_MOTOR_PWM,
        .speed_mode = LEDC_LOW_SPEED_MODE,
        .channel = LEDC_CHANNEL_0,
        .timer_sel = LEDC_TIMER_0,
        .duty = 0,
    };
    ESP_ERROR_CHECK(gpio_config(&direction));
    ESP_ERROR_CHECK(ledc_timer_config(&timer));
    ESP_ERROR_CHECK(ledc_channel_config(&channel));
}

void motor_drive(void *unused, float duty)
{
    (void)unused;
    const float part = duty < 0.0f ? -duty : duty;
    const uint32_t ticks = part < 1.0f ? (uint32_t)(part * (float)PWM_FULL + 0.5f) : PWM_FULL;
    gpio_set_level(PIN_MOTOR_DIRECTION, duty < 0.0f);
    ledc_set_duty(LEDC_LOW_SPEED_MODE, LEDC_CHANNEL_0, ticks);
    ledc_update_duty(LEDC_LOW_SPEED_MODE, LEDC_CHANNEL_0);
}
