// SPDX-License-Identifier: Apache-2.0
// The core on an ESP32: one task that steps the board at 1 kHz, woken by a hardware timer. All
// that is decided is decided in ../../core, which is tested on the host; nothing here is.
#include "board.h"
#include "encoders.h"
#include "esp_err.h"
#include "esp_mac.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "motor.h"
#include "robot_configuration.h" // made from the robot file: see README.md
#include "wire.h"

enum {
    WATCHDOG_MS = 50, // a loop that stands still must not leave the motor driven: reset, 0 V
    STACK_SIZE = 8192,
};

static struct board board;

static uint64_t now_us(void *unused)
{
    (void)unused;
    return (uint64_t)esp_timer_get_time();
}

static uint64_t board_id(void)
{
    uint8_t mac[6];
    uint64_t id = 0;
    ESP_ERROR_CHECK(esp_efuse_mac_get_default(mac));
    for (int i = 0; i < 6; i++) {
        id = id << 8 | mac[i];
    }
    return id;
}

static enum reset_reason reset_reason(void)
{
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON:
        return RESET_POWER_ON;
    case ESP_RST_BROWNOUT:
        return RESET_BROWN_OUT;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return RESET_WATCHDOG;
    case ESP_RST_SW:
    case ESP_RST_PANIC:
        return RESET_SOFTWARE;
    default:
        return RESET_UNKNOWN;
    }
}

static void wake(void *task)
{
    xTaskNotifyGive((TaskHandle_t)task);
}

static void loop(void *unused)
{
    (void)unused;
    const struct board_io io = {
        .now_us = now_us,
        .read_encoders = encoders_read,
        .drive = motor_drive,
        .receive = wire_receive,
        .send = wire_send,
    };
    const esp_timer_create_args_t ticking = {
        .callback = wake,
        .arg = xTaskGetCurrentTaskHandle(),
        .name = "tick",
    };
    esp_timer_handle_t timer;
    board_start(&board, &CONFIGURATION, &io, board_id(), reset_reason());
    ESP_ERROR_CHECK(esp_timer_create(&ticking, &timer));
    ESP_ERROR_CHECK(esp_timer_start_periodic(timer, CONFIGURATION.loop_period_us));
    ESP_ERROR_CHECK(esp_task_wdt_add(NULL));
    for (;;) {
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY); // steps that were missed are not made up for
        board_step(&board);
        esp_task_wdt_reset();
    }
}

void app_main(void)
{
    const esp_task_wdt_config_t watchdog = {.timeout_ms = WATCHDOG_MS, .trigger_panic = true};
    motor_start();
    encoders_start();
    wire_start();
    ESP_ERROR_CHECK(esp_task_wdt_reconfigure(&watchdog));
    const UBaseType_t priority = configMAX_PRIORITIES - 1;
    const BaseType_t core = portNUM_PROCESSORS - 1; // core 0 has the drivers' interrupts
    xTaskCreatePinnedToCore(loop, "loop", STACK_SIZE, NULL, priority, NULL, core);
}
