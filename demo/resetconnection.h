// SPDX-License-Identifier: MIT
#pragma once

#include <interloop/uv/tcp.h>

// Closes `socket` the rude way: what was sent is thrown away and the peer gets a reset (SO_LINGER with 0 seconds).
void resetConnection(interloop::TcpSocket &socket);
