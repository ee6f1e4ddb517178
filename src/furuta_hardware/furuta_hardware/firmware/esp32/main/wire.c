// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include "esp_err.h"
#include "sdkconfig.h"

enum { BUFFER_SIZE = 1024 }; // 20 states; what is older than that, nobody needs

#if CONFIG_FURUTA_WIRE_USB

#include "driver/usb_serial_jtag.h"

void wire_start(void)
{
    usb_serial_jtag_driver_config_t config = {
        .tx_buffer_size = BUFFER_SIZE,
        .rx_buffer_size = BUFFER_SIZE,
    };
    ESP_ERROR_CHECK(usb_serial_jtag_driver_install(&config));
}

size_t wire_receive(void *unused, uint8_t *bytes, size_t size)
{
    (void)unused;
    return (size_t)usb_serial_jtag_read_bytes(bytes, size, 0);
}

bool wire_send(void *unused, const uint8_t *bytes, size_t size)
{
    (void)unused; // without waiting the driver takes all or nothing
    return usb_serial_jtag_write_bytes(bytes, size, 0) == (int)size;
}

#else

#include "driver/uart.h"

enum {
    BAUD = 921600,
    QUIET_SYMBOLS = 2,  // after so much silence the received bytes are handed over
    ROOM_TO_SPARE = 64, // the driver's own headers in its ring buffer
};

void wire_start(void)
{
    const uart_config_t config = {
        .baud_rate = BAUD,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };
    ESP_ERROR_CHECK(uart_driver_install(UART_NUM_0, BUFFER_SIZE, BUFFER_SIZE, 0, NULL, 0));
    ESP_ERROR_CHECK(uart_param_config(UART_NUM_0, &config));
    ESP_ERROR_CHECK(uart_set_rx_timeout(UART_NUM_0, QUIET_SYMBOLS));
}

size_t wire_receive(void *unused, uint8_t *bytes, size_t size)
{
    (void)unused;
    const int received = uart_read_bytes(UART_NUM_0, bytes, size, 0);
    return received > 0 ? (size_t)received : 0;
}

bool wire_send(void *unused, const uint8_t *bytes, size_t size)
{
    (void)unused;
    size_t room = 0;
    if (uart_get_tx_buffer_free_size(UART_NUM_0, &room) != ESP_OK || room < size + ROOM_TO_SPARE) {
        return false; // uart_write_bytes would wait
    }
    return uart_write_bytes(UART_NUM_0, bytes, size) == (int)size;
}

#endif
