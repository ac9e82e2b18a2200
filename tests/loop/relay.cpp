// SPDX-License-Identifier: MIT
//
// A function that calls back. It is in modules of its own, and in one without tables for unwinding.

extern "C" [[gnu::visibility("default")]] void interloopRelay(void (*function)(void *), void *argument);

void interloopRelay(void (*function)(void *), void *argument)
{
    function(argument);
    asm volatile("" ::: "memory"); // so that the call above is not a jump, which would leave no frame
}
